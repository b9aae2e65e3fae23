"""Response maps of several models to the same pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from larvseg.config.figures import Figure2Config
from larvseg.errors import LarvSegError
from larvseg.figures.arrays import read_arrays_of


class Model(NamedTuple):
    """The response maps of one model, as the stage `respond` writes them."""

    title: str
    arrays: Mapping[str, np.ndarray]
    images: Sequence[Mapping[str, Any]]


def read(config: Figure2Config, inputs: Mapping[str, Path]) -> tuple[list[Model], int]:
    """The models of the figure, and their seed; LarvSegError if they are of other images or pixels than those of the first."""
    models: list[Model] = []
    for column in config.models:
        arrays, about = read_arrays_of(inputs[column.run], run=column.run, profile=config.profile, benchmark=config.benchmark)
        models.append(Model(column.title, arrays, about["images"]))
        if not _same(models[0], models[-1]):
            raise LarvSegError(f"{inputs[column.run]}: other images or pixels than in {inputs[config.models[0].run]}; make both again")
    return models, about["seed"]


def _same(one: Model, other: Model) -> bool:
    points = [f"{number}.points" for number in range(len(one.images))]
    return one.images == other.images and all(np.array_equal(one.arrays[name], other.arrays[name]) for name in points)
