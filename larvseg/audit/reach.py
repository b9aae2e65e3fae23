"""Which printed numbers stand on a file."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from larvseg.audit.tree import Tree
from larvseg.errors import LarvSegError
from larvseg.lineage.recipes import Recipe
from larvseg.reporting.cells import Cell, read_cells, rows_of
from larvseg.reporting.tables import read_csv

SPELT_OUT = 3  # altered cells


def cells_of(recipe: Recipe) -> list[Cell]:
    """The cells of the table that `recipe` writes; none if it writes no table or its cells cannot be read."""
    try:
        return read_cells(Path(recipe.outputs["cells"])) if "cells" in recipe.outputs else []
    except LarvSegError:
        return []


def reach(tree: Tree, paths: Collection[str]) -> tuple[str, ...]:
    """What is printed and stands on `paths`: cells where a table has them, otherwise whole files."""
    affected = {*paths, *tree.above(paths)}
    lines = []
    for recipe in tree.recipes:
        hit = [path for path in recipe.outputs.values() if path in affected]
        if not hit or not tree.shown(recipe):
            continue
        own = [path for path in hit if path in paths]
        if not own and _repeats(tree, recipe):
            continue
        cells = cells_of(recipe)
        if not cells:
            lines += hit
            continue
        if own == [recipe.outputs["table"]] and Path(own[0]).is_file():
            lines.append(alterations(recipe, altered_cells(recipe, cells)))
            continue
        if own:
            reached = [cell for cell in cells if cell.sources]
        else:
            reached = [cell for cell in cells if any(source.path in affected for source in cell.sources)]
        if reached:
            lines.append(described(recipe.outputs["table"], reached))
    return tuple(lines)


def _repeats(tree: Tree, recipe: Recipe) -> bool:
    """`recipe` only shows output that is already reported: the report, and whatever is made of such output alone."""
    return recipe.rule == "page" or all(path in tree.recipe_of and tree.wanted(tree.recipe_of[path]) for _, path in recipe.made_of)


def altered_cells(recipe: Recipe, cells: Iterable[Cell]) -> list[tuple[Cell, str | None]]:
    """The cells whose text in the CSV is another, with that text; all, with None, if the CSV is no table of the same form."""
    cells = list(cells)
    try:
        printed = read_csv(Path(recipe.outputs["table"]))
    except (LarvSegError, UnicodeDecodeError):
        return [(cell, None) for cell in cells]
    if [list(row) for row in printed] != [list(row) for row in rows_of(cells)]:
        return [(cell, None) for cell in cells]
    return [(cell, text) for cell in cells if (text := printed[cell.row][cell.column]) != cell.value]


def alterations(recipe: Recipe, altered: Sequence[tuple[Cell, str | None]]) -> str:
    """The `altered` cells of the table of `recipe`; few of them with both texts."""
    if not altered:
        return recipe.outputs["table"]
    texts = [f"made as {cell.value!r}, now {text!r}" for cell, text in altered if text is not None]
    spelt_out = f" ({', '.join(texts)})" if 0 < len(texts) <= SPELT_OUT else ""
    return described(recipe.outputs["table"], [cell for cell, _ in altered]) + spelt_out


def described(table: str, cells: Iterable[Cell]) -> str:
    """ "6 cells of results/table3.csv: all, base, novel of larvseg-a150; …"."""
    cells = list(cells)
    columns: dict[str, list[str]] = {}
    for cell in cells:
        columns.setdefault(name_of(cell), []).append(cell.column)
    rows: dict[tuple[str, ...], list[str]] = {}
    for name, names in columns.items():
        rows.setdefault(tuple(dict.fromkeys(names)), []).append(name)
    texts = [f"{', '.join(names)} of {', '.join(rows_)}" for names, rows_ in rows.items()]
    return f"{len(cells)} cell{'s' * (len(cells) != 1)} of {table}: {'; '.join(texts)}"


def name_of(cell: Cell) -> str:
    """The row of `cell` as people call it."""
    return cell.key.get("run") or " / ".join(cell.key.values())
