"""Why a file would be made again."""

from __future__ import annotations

from pathlib import Path

from larvseg.audit.changes import Made, changes, listed
from larvseg.audit.tree import Tree
from larvseg.audit.verify import other_bytes
from larvseg.lineage.kernels import other_cpu
from larvseg.lineage.recipes import Recipe
from larvseg.lineage.records import known_hash


def why(tree: Tree, path: str) -> str:
    """The reasons why `path` would be made again, root causes first, or that it is up to date. LarvSegError if no rule writes it.

    What was made on another kind of CPU is told, too, although that alone makes nothing again. Files that are large and were not hashed
    since they changed are not read; `verify` reads everything.
    """
    ancestors = _ancestors(tree, tree.recipe(path))
    lines = [f"  {ancestor.title}: {reason}" for ancestor in ancestors for reason in reasons(tree, ancestor)]
    verdict = f"{path} would be made again:" if lines else f"{path} is up to date"
    return "\n".join([verdict, *lines, *_moved(tree, ancestors)])


def reasons(tree: Tree, recipe: Recipe) -> list[str]:
    """Why the job of `recipe` would run, its inputs being what they are: each reason once for all its outputs."""
    found: dict[str, None] = {}
    for path in recipe.outputs.values():
        file, record = Path(path), tree.record(path)
        if not file.is_file():
            found[f"{path} is missing"] = None
        elif record is None:
            found[f"{path} has no record"] = None
        else:
            found.update(dict.fromkeys(changes(Made.by_record(record), Made.by_recipe(recipe))))
            for read, was, now in other_bytes(tree, path):
                found[f"{read} has other bytes than it was made of (sha256 {was[:12]}… → {now[:12]}…)"] = None
            if file.stat().st_size != record["artifact"]["size"] or known_hash(file) not in (None, record["artifact"]["sha256"]):
                found[f"{path} was changed by hand; `larvseg audit verify --repair` deletes it"] = None
    return list(found)


def _moved(tree: Tree, recipes: list[Recipe]) -> list[str]:
    """One line for each other kind of CPU that some of the jobs of `recipes` ran on."""
    found: dict[str, list[str]] = {}
    for recipe in recipes:
        for text in {other_cpu(record) for path in recipe.outputs.values() if (record := tree.record(path))} - {None}:
            found.setdefault(text, []).append(recipe.title)
    return [f"  {text}, no reason to make it again: {listed(titles)}" for text, titles in found.items()]


def _ancestors(tree: Tree, recipe: Recipe) -> list[Recipe]:
    """`recipe` and those whose outputs it is, or would be, made of; those first that run first."""
    order: dict[str, Recipe] = {}

    def visit(recipe: Recipe) -> None:
        if recipe.title not in order:
            order[recipe.title] = recipe  # jobs make no cycle
            for path in dict.fromkeys(path for _, path in recipe.made_of):
                if path in tree.recipe_of:
                    visit(tree.recipe_of[path])
            order[recipe.title] = order.pop(recipe.title)  # after its inputs

    visit(recipe)
    return list(order.values())
