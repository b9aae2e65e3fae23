"""Label maps of several methods on images of three kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from larvseg.config import OverlaysConfig
from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError
from larvseg.evaluation.select_by_gain import KINDS
from larvseg.figures.arrays import read_arrays_of
from larvseg.figures.figure4.data import Comparison, compared


class Kind(NamedTuple):
    """Images of one kind, and by how many points of mIoU each is better."""

    title: str
    images: Comparison
    gains: Sequence[float]


def read(config: OverlaysConfig, inputs: Mapping[str, Path], manifest: Manifest) -> tuple[list[Kind], int]:
    """The images of each kind with the predictions of each method, and their seed; errors as in the stage."""
    maps, first = [], None
    for column in config.methods:
        arrays, about = read_arrays_of(inputs[column.run], run=column.run, profile=config.profile, benchmark=config.benchmark)
        first = first or about
        if (about["kinds"], about["seed"]) != (first["kinds"], first["seed"]):
            raise LarvSegError(f"{inputs[column.run]}: other images than in {inputs[config.methods[0].run]}; make both again")
        maps.append(arrays)
    titles = [column.title for column in config.methods]
    kinds = []
    for title in KINDS:
        rows = first["kinds"][title]
        own = [{str(row): arrays[str(row)] for row in rows} for arrays in maps]
        kinds.append(Kind(title, compared(manifest, own, titles, rows), [first["gains"][str(row)] for row in rows]))
    return kinds, first["seed"]
