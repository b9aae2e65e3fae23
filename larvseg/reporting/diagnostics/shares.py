"""Where pixels go: from confusion counts to shares of right, other novel and base predictions, and to pairs of classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from larvseg.config.diagnostics import Measured, SharesConfig
from larvseg.reporting.diagnostics.measured import Counts, counts_of
from larvseg.reporting.tables import read_csv, write_csv

KINDS = ("novel", "base")


def shares(config: SharesConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write `table`, a line for each run and kind of category (novel, base; rule S).

    inputs: the metrics of each run and seed by `<run>.seed<k>`, their confusion counts by `<run>.seed<k>.confusion`. right, same_kind and
    other_kind are the percent of the kind's validation pixels that are predicted right, as another category of the kind, and as one of the
    other kind; mean_right is the first of them for each category alone, in the mean. The counts of several seeds are added up. Empty where
    no pixel is of the kind. Raises LarvSegError for metrics of another
    run, seed, profile or benchmark, and for counts of other classes.
    """
    rows = [row for run in config.runs for row in _rows(config, run, counts_of(run, inputs, config))]
    write_csv(outputs["table"], rows, "%.2f")


def _rows(config: SharesConfig, run: Measured, counts: Counts) -> Iterator[dict[str, str | float]]:
    for kind in KINDS:
        found = shares_of(counts.matrix, counts.novel == (kind == "novel"))
        about = {"run": run.run, "model": run.title, "training_data": run.training_data, "pixels_of": kind}
        yield about | found._asdict() | {"profile": config.profile, "seeds": " ".join(map(str, run.seeds))}


def read_shares(path: Path) -> dict[tuple[str, str], Shares]:
    """{(run, kind): shares} of a table that `shares` wrote; nan for empty cells."""
    return {(row["run"], row["pixels_of"]): Shares(*(float(row[name] or "nan") for name in Shares._fields)) for row in read_csv(path)}


class Shares(NamedTuple):
    """Of the pixels of novel or of base categories, in percent: predicted right, as another of the same kind, as one of the other kind.

    mean_right: the share of each category's pixels that are predicted right, in the mean over those that have pixels.
    """

    right: float
    same_kind: float
    other_kind: float
    mean_right: float


def shares_of(matrix: np.ndarray, kind: np.ndarray) -> Shares:
    """Where the pixels of the categories `kind` (N,) bool go; nan without such pixels. `matrix`: (N, N) pixels of target × prediction."""
    rows, right = matrix[kind], np.diag(matrix)[kind]
    total = rows.sum(1)
    if not total.any():
        return Shares(*[float("nan")] * len(Shares._fields))
    parts = (right.sum(), rows[:, kind].sum() - right.sum(), rows[:, ~kind].sum())
    mean_right = (right[total > 0] / total[total > 0]).mean()
    return Shares(*(100 * float(part / total.sum()) for part in parts), 100 * float(mean_right))


class Swallowed(NamedTuple):
    """Which base categories take the pixels of which novel ones: shares of each novel category's pixels, in percent."""

    novel: tuple[int, ...]  # R novel categories, those first that lose most pixels to base categories
    base: tuple[int, ...]  # C base categories, those first that take most of these pixels
    taken: np.ndarray  # (R, C) by each base category
    right: np.ndarray  # (R,)
    other_base: np.ndarray  # (R,) by base categories that are not among the C
    other_novel: np.ndarray  # (R,)
    weight: np.ndarray  # (R,) the category's share of all pixels of novel categories


def swallowed(matrix: np.ndarray, novel: np.ndarray, rows: int, columns: int) -> Swallowed:
    """The `rows` novel categories that lose most pixels to base ones, and the `columns` base categories that take most of those."""
    lost = matrix * (novel[:, None] & ~novel)
    losers = _largest(lost.sum(1), rows)
    takers = _largest(lost[losers].sum(0), columns)
    percent = 100 * matrix[losers] / matrix[losers].sum(1, keepdims=True)
    right = np.array([percent[place, category] for place, category in enumerate(losers)])
    taken = percent[:, takers]
    other_base = percent[:, ~novel].sum(1) - taken.sum(1)
    weight = 100 * matrix[losers].sum(1) / max(matrix[novel].sum(), 1)
    return Swallowed(tuple(losers), tuple(takers), taken, right, other_base, percent[:, novel].sum(1) - right, weight)


def _largest(values: Sequence[int], count: int) -> list[int]:
    """The places of the `count` largest `values` above 0, the largest first; of equal ones the earlier first."""
    return [int(place) for place in np.argsort(-np.asarray(values), kind="stable")[:count] if values[place] > 0]
