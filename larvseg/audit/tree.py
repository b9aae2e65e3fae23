"""The artifacts of one profile: what the configuration and the code ask for beside what the records say."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from larvseg.config import nearest
from larvseg.errors import LarvSegError
from larvseg.lineage.recipes import Recipe
from larvseg.lineage.records import read_record, record_path
from larvseg.pipeline.stages import WANTED

# Within one job: the output of the first role is computed from that of the second.
WITHIN = {"metrics": "confusion", "table": "cells"}


class Tree:
    """Jobs, the artifacts they write, and the records beside these.

    `wanted`: the stages whose outputs people ask for themselves, not only for what is made of them.
    """

    def __init__(self, recipes: Iterable[Recipe], wanted: Collection[str] = WANTED):
        self.recipes, self._wanted = tuple(recipes), wanted
        self.recipe_of = {path: recipe for recipe in self.recipes for path in recipe.outputs.values()}
        self._records: dict[str, dict[str, Any] | None] = {}

    def wanted(self, recipe: Recipe) -> bool:
        """People ask for what `recipe` writes."""
        return recipe.rule in self._wanted

    def shown(self, recipe: Recipe) -> bool:
        """People ask for what `recipe` writes, or it was made although nothing is made of it."""
        return self.wanted(recipe) or (made(recipe) and not self.feeds(recipe))

    def recipe(self, path: str) -> Recipe:
        """The recipe of `path`; LarvSegError if there is none."""
        if path not in self.recipe_of:
            raise LarvSegError(f"{path}: no rule of the selected profile writes it{nearest(path, list(self.recipe_of))}")
        return self.recipe_of[path]

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
        record, recipe = self.record(path), self.recipe_of.get(path)
        outputs = recipe.outputs if recipe else {}
        within = [(role, outputs[role]) for made, role in WITHIN.items() if role in outputs and outputs.get(made) == path]
        if record is None:
            return [*(recipe.made_of if recipe else ()), *within]
        return [*((item["role"], item["path"]) for item in record["inputs"] if item["role"] != "reference"), *within]

    @cached_property
    def below(self) -> tuple[str, ...]:
        """Every artifact at or below the wanted ones, and the others of the same jobs: first what the later ones are made of."""
        order: dict[str, None] = {}
        for recipe in self.recipes:
            if self.shown(recipe):
                for path in recipe.outputs.values():
                    order.update(dict.fromkeys(self._from_the_source(path, order)))
        return tuple(order)

    @cached_property
    def _fed(self) -> frozenset[str]:
        return frozenset(path for recipe in self.recipes for _, path in recipe.made_of)

    def feeds(self, recipe: Recipe) -> bool:
        """Something is made of what `recipe` writes."""
        return any(path in self._fed for path in recipe.outputs.values())

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
                siblings = self.recipe_of[path].outputs.values() if path in self.recipe_of else ()
                waiting += [(other, False) for other in (*siblings, *(path for _, path in self.read_by(path))) if other not in seen]

    def sorted(self, paths: Iterable[str]) -> tuple[str, ...]:
        """`paths` in the order of the jobs, and of each job's outputs; what no job writes comes first."""
        order = {path: number for number, path in enumerate(self.recipe_of)}
        return tuple(sorted(paths, key=lambda path: order.get(path, -1)))

    def above(self, paths: Iterable[str]) -> set[str]:
        """The artifacts that are made of `paths`, directly or not, without `paths`."""
        paths = set(paths)
        reached = set(paths)
        for path in self.below:
            if any(read in reached for _, read in self.read_by(path)):
                reached.add(path)
        return reached - paths


def made(recipe: Recipe) -> bool:
    """Something of what `recipe` writes is there."""
    paths = [Path(path) for path in recipe.outputs.values()]
    return any(path.is_file() or record_path(path).is_file() for path in paths)
