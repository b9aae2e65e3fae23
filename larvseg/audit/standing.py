"""Whether an artifact stands, as far as the records say."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from larvseg.audit.changes import Made, changes
from larvseg.audit.tree import Tree
from larvseg.audit.verify import other_bytes
from larvseg.lineage.recipes import Recipe
from larvseg.lineage.records import record_path


def stands(tree: Tree, path: str, known: dict[str, bool] | None = None) -> bool:
    """`path` is there, and it and all that it is made of was made by what would make it now, from each other.

    Only records are read, no file is hashed: `verify` does that. `known`: what was found of this tree before, which is added to.
    """
    found = {} if known is None else known

    def made(path: str) -> bool:
        if path not in tree.recipe_of:
            return True
        if path not in found:
            record, recipe = tree.record(path), tree.recipe_of[path]
            found[path] = (
                record is not None
                and not changes(Made.by_record(record), Made.by_recipe(recipe))
                and not any(other_bytes(tree, path))
                and all(made(read) for _, read in recipe.made_of)
            )
        return found[path]

    return Path(path).is_file() and made(path)


class Standing:
    """Which of `paths` stand in the tree of `recipes`, for one who looks again and again: records are read again only after a change."""

    def __init__(self, recipes: Iterable[Recipe], paths: Iterable[str]):
        self._recipes, self._paths = tuple(recipes), tuple(paths)
        self._files = [
            each for recipe in self._recipes for path in recipe.outputs.values() for each in (Path(path), record_path(Path(path)))
        ]
        self._written: list[tuple[int, int] | None] = []
        self._there: frozenset[str] = frozenset()

    def look(self) -> frozenset[str]:
        """Those that stand now."""
        written = [_written(file) for file in self._files]
        if written != self._written:
            tree, known = Tree(self._recipes), {}
            self._there = frozenset(path for path in self._paths if stands(tree, path, known))
            self._written = written
        return self._there


def _written(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns
