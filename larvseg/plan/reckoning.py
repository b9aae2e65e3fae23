"""What the DAG of a profile costs on its machine, reckoned from what its jobs compute."""

from __future__ import annotations

from collections.abc import Set

from larvseg.config import Runtime
from larvseg.pipeline import Dag, Project
from larvseg.pipeline.order import Key, needs_of, priorities
from larvseg.plan.operations import operations
from larvseg.plan.schedule import finished

TRAINING = ("train", "propose")  # stages that train runs


def precision_of(runtime: Runtime) -> str:
    """What most of the arithmetic is done in: the name of a field of Teraflops."""
    return "tf32" if runtime.tf32 and runtime.precision == "float32" else runtime.precision


class Reckoning:
    """Hours of groups of jobs, each on one GPU at a time, in a precision (a field of Teraflops). Archives are there."""

    def __init__(self, project: Project) -> None:
        dag, self.machine = Dag(project), project.profile.machine
        self.operations = {(job.rule, job.name): operations(project, job) for job in dag.jobs}
        self.needs = needs_of(dag.jobs)
        order = priorities(dag)
        self.priority = {(job.rule, job.name): order[dag.recipe_path(job)] for job in dag.jobs}

    def before(self, *last: Key) -> frozenset[Key]:
        """The jobs `last` and all that they need."""
        found, waiting = set(), list(last)
        while waiting:
            key = waiting.pop()
            if key not in found:
                found.add(key)
                waiting += self.needs[key]
        return frozenset(found)

    def groups(self) -> dict[str, frozenset[Key]]:
        """What each table of trained runs, and Figure 5 where it is drawn, takes; and all jobs."""
        shown = [key for key in self.needs if key[0] in ("table1", "table", "figure5")]
        return {name: self.before((rule, name)) for rule, name in shown} | {"all": frozenset(self.needs)}

    def training(self, precision: str) -> float:
        """Hours of the longest training of a run."""
        return self.hours(max((done for (rule, _), done in self.operations.items() if rule in TRAINING), default=0.0), precision)

    def hours(self, operations: float, precision: str) -> float:
        """Of one GPU."""
        return operations / (getattr(self.machine.teraflops, precision) * 1e12 * 3600)

    def alone(self, jobs: Set[Key], precision: str) -> float:
        """Hours of `jobs` one after the other."""
        return self.hours(sum(self.operations[key] for key in jobs), precision)

    def together(self, jobs: Set[Key], precision: str) -> float:
        """Hours of `jobs`, and what they need, on all GPUs, in the order in which the DAG starts them."""
        needs = {key: before for key, before in self.needs.items() if key in jobs}
        return self.hours(finished(self.operations, needs, self.priority, self.machine.gpus), precision)
