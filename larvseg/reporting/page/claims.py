"""The claims of the paper beside what was measured, each difference drawn around 0."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from larvseg.lineage.records import read_record
from larvseg.reporting.layout import VERDICTS
from larvseg.reporting.tables import read_csv

LIMITS = (1, 2, 5, 10, 20, 50, 100)  # points that the drawing reaches to either side
WITHIN = 0.85  # share of all numbers that have a place in it; the others stand at its edge
WIDTH, MARGIN = 200, 8  # of the drawing, in its own units


class Drawn(NamedTuple):
    """Places from left to right in a drawing WIDTH wide, None for what there is not; `margin` is where "not worse" ends."""

    low: float | None
    high: float | None
    measured: float | None
    published: float | None
    margin: float | None


class Claim(NamedTuple):
    """A row of claims.csv, its drawing, and the files that it was tested on."""

    row: Mapping[str, str]
    drawn: Drawn
    files: Sequence[str]


class Claims(NamedTuple):
    """Those of the file `path`; `counts`: verdict → how many; `limit`: points to either side of 0 in the drawings."""

    path: str
    claims: Sequence[Claim]
    counts: Mapping[str, int]
    limit: int

    def counted(self, verdict: str) -> str:
        """`verdict` after its number: one holds, six hold."""
        return verdict if self.counts[verdict] == 1 else VERDICTS.get(verdict, verdict)

    def as_data(self) -> list[dict[str, Any]]:
        """What the page's script knows of them."""
        return [{"statement": claim.row["statement"], "files": claim.files} for claim in self.claims]


def claims_of(path: str) -> Claims:
    """The claims in the CSV file `path`, drawn to one scale; its record names the files behind each run."""
    rows = read_csv(Path(path))
    inputs = [(item["role"], item["path"]) for item in read_record(Path(path))["inputs"]]
    limit = _limit(abs(number) for row in rows for column in ("published", "measured", "low", "high") for number in _numbers(row, column))
    counts = Counter(row["verdict"] for row in rows)
    found = [Claim(row, _drawn(row, limit), _files(row["runs"].split(), inputs)) for row in rows]
    return Claims(path, found, {verdict: counts[verdict] for verdict in dict.fromkeys((*VERDICTS, *counts)) if counts[verdict]}, limit)


def _files(runs: Iterable[str], inputs: Iterable[tuple[str, str]]) -> list[str]:
    """Those `inputs` (role, path) that belong to `runs`: their role is <run>.seed<k>, and what follows."""
    starts = tuple(f"{run}.seed" for run in runs)
    return list(dict.fromkeys(path for role, path in inputs if role.startswith(starts)))


def _numbers(row: Mapping[str, str], column: str) -> list[float]:
    return [float(row[column])] if row[column] else []


def _limit(sizes: Iterable[float]) -> int:
    sizes = sorted(sizes)
    return next((limit for limit in LIMITS if sum(size <= limit for size in sizes) >= WITHIN * len(sizes)), LIMITS[-1])


def _drawn(row: Mapping[str, str], limit: int) -> Drawn:
    def place(column: str, sign: int = 1) -> float | None:
        numbers = _numbers(row, column)
        share = max(-1.0, min(1.0, sign * numbers[0] / limit)) if numbers else None
        return None if share is None else round(WIDTH / 2 + share * (WIDTH / 2 - MARGIN), 1)

    return Drawn(place("low"), place("high"), place("measured"), place("published"), place("margin", -1))
