"""Every printed number computed again: confusion counts → metrics → cells → table, and confusion counts → claims."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from larvseg.audit.reach import alterations, altered_cells, cells_of, name_of
from larvseg.audit.tree import Tree
from larvseg.config import ClaimsConfig, parse
from larvseg.errors import LarvSegError
from larvseg.evaluation.metrics import load_metrics
from larvseg.evaluation.recompute import recomputed
from larvseg.files import sha256_of
from larvseg.lineage.recipes import Recipe
from larvseg.reporting.cells import Cell, pointed
from larvseg.reporting.claims import tested
from larvseg.reporting.tables import measured, read_csv


def wrong_numbers(tree: Tree, doubtful: Collection[str]) -> Iterator[tuple[str, str]]:
    """(file, what is wrong in it) for each number that does not follow from what it says it follows from.

    Nothing is said of the files `doubtful`, nor of what stands directly on them: those are findings already.
    """
    below = set(tree.below)
    for recipe in tree.recipes:
        present = all(path in below and Path(path).is_file() for path in recipe.outputs.values())
        if not present or not doubtful.isdisjoint([*recipe.outputs.values(), *(path for _, path in recipe.made_of)]):
            continue
        if {"confusion", "metrics"} <= set(recipe.outputs):
            yield from _wrong_metrics(recipe)
        elif "cells" in recipe.outputs:
            yield from _wrong_cells(recipe)
        elif "claims" in recipe.outputs and (record := tree.record(recipe.outputs["claims"])):
            yield from _wrong_claims(recipe.outputs["claims"], record)


def _wrong_metrics(recipe: Recipe) -> Iterator[tuple[str, str]]:
    path = recipe.outputs["metrics"]
    try:
        metrics = load_metrics(Path(path))
        counted = recomputed(Path(recipe.outputs["confusion"]), metrics)
    except (ValueError, LarvSegError) as error:
        yield path, str(error)
        return
    for key, value in counted.items():
        if metrics.get(key) != value:
            found, wanted = ("other values", "") if isinstance(value, dict | list) else (metrics.get(key), f" {value}")
            yield path, f"{key} is {found}, the confusion counts give{wanted or ' others'}"


def _wrong_cells(recipe: Recipe) -> Iterator[tuple[str, str]]:
    path, cells = recipe.outputs["cells"], cells_of(recipe)
    if not cells:
        yield path, "holds no cells"
        return
    documents: dict[str, Any] = {}
    for cell in cells:
        if problem := _problem(cell, documents):
            yield path, f"{cell.column} of {name_of(cell)} {problem}"
    if altered := altered_cells(recipe, cells):
        yield recipe.outputs["table"], f"differs from {path} in {alterations(recipe, altered)}"


def _wrong_claims(path: str, record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Tested again as they were, on what they were tested on."""
    inputs = {item["role"]: Path(item["path"]) for item in record["inputs"]}
    try:
        config = parse(ClaimsConfig, record["recipe"]["config"], path)
        expected, found = tested(config, inputs), read_csv(Path(path))
    except LarvSegError as error:
        yield path, str(error)
        return
    if len(found) != len(expected):
        yield path, f"{len(found)} lines for {len(expected)} claims"
    elif wrong := [line["statement"] for line, printed in zip(expected, found, strict=True) if line != printed]:
        yield path, f"not what the confusion counts give: {', '.join(wrong)}"


def _problem(cell: Cell, documents: dict[str, Any]) -> str | None:
    """What is wrong with `cell`; nothing if a source has changed, which the record of the table tells."""
    numbers = []
    for source in cell.sources:
        file = Path(source.path)
        if not file.is_file() or sha256_of(file) != source.sha256:
            return None
        try:
            if source.path not in documents:
                documents[source.path] = read_csv(file) if file.suffix == ".csv" else json.loads(file.read_text(encoding="utf-8"))
            numbers.append(pointed(documents[source.path], source.pointer))
        except (LarvSegError, KeyError, IndexError, ValueError, TypeError, RecursionError):
            return f"points to {source.pointer} of {source.path}, where nothing is"
    if cell.aggregate:
        raw, text = measured(cell.aggregate, numbers)
        if (cell.raw, cell.value) != (raw, text):
            return f"is {cell.value}, {cell.aggregate} of its sources is {text} ({raw})"
    elif numbers and cell.value != numbers[0]:
        return f"is {cell.value!r}, its source says {numbers[0]!r}"
    return None
