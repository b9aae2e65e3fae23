"""The artifacts of one profile: what the configuration and the code ask for beside what the records say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from larvseg.config import nearest
from larvseg.errors import LarvSegError
from larvseg.experiments.products import products, wanted
from larvseg.lineage.recipes import Recipe
from larvseg.lineage.records import read_record, record_path

# Within one job: the output of the first role is computed from that of the second.
WITHIN = {"metrics": "confusion", "table": "cells"}


@dataclass(frozen=True)
class Job:
    """One job as it would run now. `wanted`: somebody asks for its outputs themselves, not only for what is made of them."""

    recipe: Recipe
    outputs: Mapping[str, str]  # role → path
    wanted: bool = False

    @property
    def title(self) -> str:
        """The job as people call it."""
        return f"{self.recipe.rule} {self.recipe.name}"

    @property
    def inputs(self) -> tuple[tuple[str, str], ...]:
        """(role, path) of the artifacts it reads."""
        return (*self.recipe.inputs.items(), *(("read", path) for path in self.recipe.reads))

    @property
    def made(self) -> bool:
        """Something of it is there."""
        paths = [Path(path) for path in self.outputs.values()]
        return any(path.is_file() or record_path(path).is_file() for path in paths)


class Tree:
    """Jobs, the artifacts they write, and the records beside these."""

    def __init__(self, jobs: Iterable[Job]):
        self.jobs = tuple(jobs)
        self.job_of = {path: job for job in self.jobs for path in job.outputs.values()}
        self._records: dict[str, dict[str, Any] | None] = {}

    @classmethod
    def of(cls, project: Any) -> Tree:
        """The tree of a larvseg.experiments.Project."""
        return cls(
            Job(recipe, products(project, recipe.rule, recipe.name), wanted(project, recipe.rule, recipe.name))
            for recipe in project.recipes()
        )

    def job(self, path: str) -> Job:
        """The job that writes `path`; LarvSegError if none does."""
        if path not in self.job_of:
            raise LarvSegError(f"{path}: no rule of the selected profile writes it{nearest(path, list(self.job_of))}")
        return self.job_of[path]

    def record(self, path: str) -> dict[str, Any] | None:
        """The record of the artifact `path`; None if there is none or it is damaged."""
        if path not in self._records:
            try:
                self._records[path] = read_record(Path(path))
            except LarvSegError:
                self._records[path] = None
        return self._records[path]

    def read_by(self, path: str) -> list[tuple[str, str]]:
        """(role, path) of the artifacts that `path` was made of; without a record, of those it would be made of."""
        record, job = self.record(path), self.job_of.get(path)
        outputs = job.outputs if job else {}
        within = [(role, outputs[role]) for made, role in WITHIN.items() if role in outputs and outputs.get(made) == path]
        if record is None:
            return [*(job.inputs if job else ()), *within]
        return [*((item["role"], item["path"]) for item in record["inputs"] if item["role"] != "reference"), *within]

    @cached_property
    def below(self) -> tuple[str, ...]:
        """Every artifact at or below the wanted ones, and the others of the same jobs: first what the later ones are made of."""
        order: dict[str, None] = {}
        for job in self.jobs:
            if job.wanted or (job.made and not self.feeds(job)):
                for path in job.outputs.values():
                    order.update(dict.fromkeys(self._from_the_source(path, order)))
        return tuple(order)

    @cached_property
    def _fed(self) -> frozenset[str]:
        return frozenset(path for job in self.jobs for _, path in job.inputs)

    def feeds(self, job: Job) -> bool:
        """Something is made of what `job` writes."""
        return any(path in self._fed for path in job.outputs.values())

    def _from_the_source(self, path: str, known: Mapping[str, None]) -> Iterator[str]:
        """`path`, its siblings and all they are made of, in an order in which they can be made."""
        waiting, seen = [(path, False)], set(known)
        while waiting:
            path, ready = waiting.pop()
            if ready:
                yield path
            elif path not in seen:
                seen.add(path)
                waiting.append((path, True))
                siblings = self.job_of[path].outputs.values() if path in self.job_of else ()
                waiting += [(other, False) for other in (*siblings, *(path for _, path in self.read_by(path))) if other not in seen]

    def sorted(self, paths: Iterable[str]) -> tuple[str, ...]:
        """`paths` in the order of the jobs, and of each job's outputs; what no job writes comes first."""
        order = {path: number for number, path in enumerate(self.job_of)}
        return tuple(sorted(paths, key=lambda path: order.get(path, -1)))

    def above(self, paths: Iterable[str]) -> set[str]:
        """The artifacts that are made of `paths`, directly or not, without `paths`."""
        paths = set(paths)
        reached = set(paths)
        for path in self.below:
            if any(read in reached for _, read in self.read_by(path)):
                reached.add(path)
        return reached - paths
