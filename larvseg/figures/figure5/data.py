"""What models over all of ImageNet-21K find of a synset in an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from larvseg.config.figures import Figure5Config, Row
from larvseg.errors import LarvSegError
from larvseg.figures.arrays import read_arrays_of
from larvseg.vocabulary.synsets import imagenet_synsets


class Model(NamedTuple):
    """The label maps of one model. about: what `recognise` says of them."""

    row: Row
    arrays: Mapping[str, np.ndarray]
    about: Mapping[str, Any]

    @property
    def images(self) -> Sequence[Mapping[str, Any]]:
        """What is known of each image."""
        return self.about["images"]


def read(config: Figure5Config, inputs: Mapping[str, Path]) -> list[Model]:
    """The models of the figure; LarvSegError for those of another profile or run, or of other images than the first model's."""
    models: list[Model] = []
    for row in config.models:
        arrays, about = read_arrays_of(inputs[row.run], run=row.run, profile=config.profile)
        if models and about["images"] != models[0].images:
            raise LarvSegError(f"{inputs[row.run]}: other images than in {inputs[config.models[0].run]}; make both again")
        models.append(Model(row, arrays, about))
    return models


def lemma(name: str) -> str:
    """The first word that WordNet has for a synset; names of C171 that are none as they are."""
    return imagenet_synsets()[name].lemmas[0] if name in imagenet_synsets() else name


def is_novel(model: Model, number: int) -> bool:
    """Whether `model` had image labels alone of the synset of image `number`."""
    return model.images[number]["synset"] not in model.about["known"]


def found(model: Model, number: int) -> np.ndarray:
    """(H, W) bool: where `model` finds the synset of image `number`."""
    names, synset = model.about["names"], model.images[number]["synset"]
    labels = model.arrays[f"{number}.labels"]
    return labels == names.index(synset) if synset in names else np.zeros(labels.shape, bool)


def verdict(model: Model, number: int) -> str:
    """How much of the image was found, or how well; of what was not found, what it was taken for."""
    where, synset = found(model, number), model.images[number]["synset"]
    if synset not in model.about["names"]:
        return "none of its categories"
    region = model.arrays.get(f"{number}.region")
    if not where.any():
        labels = model.arrays[f"{number}.labels"]
        inside = labels if region is None else labels[region]
        return f"not found; mostly {lemma(model.about['names'][int(np.bincount(inside.ravel()).argmax())])}"
    if region is None:
        share = 100 * where.mean()
        return f"{share:.0f} % of the image" if share >= 1 else "less than 1 % of the image"
    return f"IoU {100 * (where & region).sum() / (where | region).sum():.0f}"
