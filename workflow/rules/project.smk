# The jobs of the selected profile, by the rules that run them. Their recipes are written when Snakemake reads this file.
import sys
from collections import defaultdict

from larvseg.errors import LarvSegError
from larvseg.lineage.process import clear_stale_locks, share_lock
from larvseg.pipeline import Dag, Project
from larvseg.pipeline.account import name_account
from larvseg.pipeline.checksums import remember_checksums
from larvseg.pipeline.clock import bring_back
from larvseg.pipeline.order import priorities
from larvseg.pipeline.persistence import forget_the_damaged, remember_other_locks, remember_the_unfinished
from larvseg.pipeline.project import selection
from larvseg.pipeline.stages import STAGES

try:
    CHOSEN = selection(config)
    config |= CHOSEN.model_dump()  # for the captions of Snakemake's own report
    PROJECT = Project(CHOSEN.profile, seeds=CHOSEN.seeds)
    JOBS = Dag(PROJECT)
    # One that another Snakemake has sent to a host runs a job; to clear up and to write recipes is up to the one that plans.
    ALONE = clear_stale_locks() if not workflow.remote_exec else share_lock()
    JOBS.write_recipes(ALONE)
    if ALONE:
        bring_back(JOBS.files)
    name_account()
    remember_checksums()
    remember_the_unfinished()
    remember_other_locks()
    forget_the_damaged()
except (LarvSegError, OSError) as error:
    # One line, no traceback: what is wrong lies in a configuration file or on the disk, not in the workflow.
    print(f"error: {error}", file=sys.stderr)
    sys.exit(1)

# The backbone, and CLIP with the images it is trained on, take minutes and are made one after the other, the backbone first: then CLIP does not
# hold a core that the first rows of Table 3 could have. Said here, it holds with every profile of Snakemake, beside any --resources.
workflow.register_resource("foundation", 1)

PROFILE = PROJECT.name
PRIORITIES = priorities(JOBS)

# A job is its own shell and ends with Snakemake: no orphan writes after a kill. Nor is there a shell between them that dies of the SIGTERM of a
# scheduler, and the job with it, while the job saves its state.
shell.prefix("set -euo pipefail; exec ")


def jobs_of_rules():
    """Name of a rule → recipe → job. A stage has one rule; where no pattern says what its jobs write, one for each job."""
    rules = defaultdict(dict)
    for job in JOBS.jobs:
        rules[job.rule if STAGES[job.rule].outputs else f"{job.rule}_{job.name}"][JOBS.recipe_path(job)] = job
    return rules


def inputs_from(jobs, pattern):
    """The function that says what the job with the recipe `pattern` reads."""
    return lambda wildcards: list(jobs[pattern.format(**wildcards)].inputs.values())


def outputs_of(stage, job):
    """role → path, with the wildcards of the stage."""
    outputs = {role: PROJECT.pattern(path) for role, path in (stage.outputs or job.outputs).items()}
    for role, (file, category, labels) in stage.captions.items():
        outputs[role] = report(outputs[role], caption=f"../report/{file}.rst", category=category, labels=dict(labels))
    return outputs


def asked_by(*targets):
    """The outputs of all jobs that one of `targets` asks for. The prepared archive is made only for a profile that reads it."""
    jobs = [job for job in JOBS.jobs if STAGES[job.rule].target in targets and (job.rule != "prepare" or PROJECT.prepared)]
    return [path for job in jobs for path in job.outputs.values()]
