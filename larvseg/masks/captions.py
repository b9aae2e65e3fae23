"""Images with captions, as batches of training steps: pure functions of the seed and the step, as the loader of labelled images is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from larvseg.config import TrainingSet
from larvseg.datasets import sampler
from larvseg.datasets.transforms import draw_window, normalise
from larvseg.masks.nouns import drop_words


class CaptionedImages(Protocol):
    """What is read of a data set (`TrainingImages` of one with captions)."""

    def __len__(self) -> int: ...

    def image(self, position: int) -> np.ndarray: ...

    def captions(self, position: int) -> tuple[str, ...]: ...

    def take_opened(self) -> dict[str, int]: ...


@dataclass(frozen=True)
class CaptionBatch:
    """What a step sees of one data set with captions: b images, cropped to C×C pixels."""

    dataset: str
    images: Tensor  # (b, 3, C, C) float32, normalised
    words: list[tuple[str, ...]]  # nouns of a caption of each image, those that are kept at this step
    valid: Tensor  # (b, C, C) float32, 1 image and 0 padding
    opened: Mapping[str, int] = field(default_factory=dict)  # how many captions were opened for it


class CaptionLoader:
    """`loader[step]`: the CaptionBatch of a step: images randomly scaled, cut and flipped. Colours stay, since captions name them, and so
    does the caption, whatever the crop shows of it.

    rank: the place of the data set in a joint step, so that no two data sets share their random numbers.
    """

    def __init__(
        self,
        training_set: TrainingSet,
        captioned: CaptionedImages,
        nouns: Callable[[str], Sequence[str]],
        *,
        images: int,
        keep: float,
        normalisation: str,
        rank: int,
        seed: int,
    ) -> None:
        self.training_set, self.captioned, self.nouns = training_set, captioned, nouns
        self.images, self.keep, self.normalisation, self.rank, self.seed = images, keep, normalisation, rank, seed

    def __getitem__(self, step: int) -> CaptionBatch:
        chosen = sampler.positions(self.training_set.name, len(self.captioned), step, 0, 1, self.images, self.seed)
        augmentation = self.training_set.augmentation
        images = np.zeros((self.images, 3, augmentation.crop, augmentation.crop), np.float32)
        valid, words = np.zeros_like(images[:, 0]), []
        for slot, position in enumerate(chosen):
            rng = sampler.generator(self.seed, step, self.rank, slot)
            image = self.captioned.image(position)
            window = draw_window(image.shape[1], image.shape[0], None, augmentation, rng)
            images[slot, :, : window.height, : window.width] = normalise(window.cut_image(image), self.normalisation)
            valid[slot, : window.height, : window.width] = 1
            captions = self.captioned.captions(position)
            caption = captions[int(rng.integers(len(captions)))] if captions else ""
            words.append(drop_words(self.nouns(caption), self.keep, rng))
        opened = self.captioned.take_opened()
        return CaptionBatch(self.training_set.name, torch.from_numpy(images), words, torch.from_numpy(valid), opened)
