"""From the configuration files to the jobs of the DAG, and how one runs.

`stages.py` lists the stages, `project.py` reads the configuration, `jobs/` says what each stage runs on, `dag.py` gathers all jobs and
writes their recipes, `execute.py` runs one.
"""

from larvseg.pipeline.dag import Dag
from larvseg.pipeline.job import Job
from larvseg.pipeline.project import CONFIG, Project, selected

__all__ = ["CONFIG", "Dag", "Job", "Project", "selected"]
