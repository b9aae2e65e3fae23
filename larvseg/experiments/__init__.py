"""From the configuration files to jobs. The Snakefile asks a `Project` for the inputs of its rules and has it write their recipes."""

from larvseg.experiments.comparators import TEXT_DATASETS
from larvseg.experiments.diagnostics import DIAGNOSTIC_FIGURES
from larvseg.experiments.job import Job
from larvseg.experiments.project import Project, selected
from larvseg.experiments.setup import CONFIG, PREPARED

__all__ = ["CONFIG", "DIAGNOSTIC_FIGURES", "PREPARED", "TEXT_DATASETS", "Job", "Project", "selected"]
