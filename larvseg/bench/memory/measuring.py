"""The measurements of all stages at several numbers of images, kept as a CSV file."""

from __future__ import annotations

import csv
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from larvseg.bench.memory.stage import Stage
from larvseg.bench.memory.watched import peak_of
from larvseg.errors import LarvSegError
from larvseg.files import replacing

IMAGES = (10**4, 10**5, 10**6)


class Measured(NamedTuple):
    """What a stage took at its peak beyond what its process began with, in MB (10⁶ bytes)."""

    stage: str
    keeps: str
    images: int
    anonymous_mb: float  # that no file backs
    resident_mb: float  # with the pages of mapped files
    seconds: float


def measure(stages: Sequence[Stage], images: Sequence[int] = IMAGES) -> Iterator[Measured]:
    """Each of `stages` with each number of images, in the order of the stages; instead of more than it can do with as many as it can."""
    for stage in tqdm(stages, desc="memory", unit="stage", file=sys.stderr, disable=None):
        for number in sorted({min(number, stage.most) for number in images}):
            with tempfile.TemporaryDirectory(prefix="larvseg-memory-") as folder:
                peak_of(stage.prepare, number, Path(folder))
                peak = peak_of(stage.run, number, Path(folder))
            yield Measured(
                stage.name, stage.keeps, number, round(peak.anonymous / 1e6, 1), round(peak.resident / 1e6, 1), round(peak.seconds, 1)
            )


def write(path: Path, found: Sequence[Measured]) -> None:
    """Write `found` to the CSV file `path`."""
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Measured._fields)
        writer.writerows(found)


def read(path: Path) -> list[Measured]:
    """What `write` wrote; LarvSegError for another file."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            rows = [
                Measured(row["stage"], row["keeps"], int(row["images"]), *map(float, list(row.values())[3:]))
                for row in csv.DictReader(file)
            ]
    except FileNotFoundError:
        raise LarvSegError(f"{path}: no such file; measure it first: larvseg bench --memory") from None
    except (KeyError, ValueError, TypeError) as error:
        raise LarvSegError(f"{path}: not what larvseg bench --memory writes ({error}); measure it again") from None
    if not rows:
        raise LarvSegError(f"{path}: no measurement in it; measure it again: larvseg bench --memory")
    return rows
