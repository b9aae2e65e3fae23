"""The loader of joint training steps: for every step, one small batch for each virtual rank."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch.utils.data import Dataset

from larvseg.config import Kind, TrainConfig, TrainingSet
from larvseg.datasets import sampler
from larvseg.datasets.annotations import TrainingImages, permitted
from larvseg.datasets.feature_files import Features
from larvseg.datasets.manifest import Manifest
from larvseg.datasets.orders import order_of, read_as
from larvseg.datasets.prefetch import prefetched
from larvseg.datasets.transforms import Sample
from larvseg.datasets.views import FeatureViews, PixelViews, Views
from larvseg.errors import LarvSegError
from larvseg.sources.encodings import IGNORE


@dataclass(frozen=True)
class RankBatch:
    """What one virtual rank sees: b images of one data set, cropped to C×C pixels. Classes are those of the data set's own list.

    Of a frozen backbone `images` are features (b, F, c, c) of cells of `cell`×`cell` pixels, C = c·cell.
    """

    dataset: str
    kind: Kind
    images: torch.Tensor  # (b, 3, C, C) float32, normalised
    masks: torch.Tensor | None  # (b, C, C) int16 train ids, −1 ignored; None unless kind is "pixel"
    labels: list[tuple[int, ...]]  # classes of each image, ascending; of the crop for "pixel" and with weak_labels = "crop"
    valid: torch.Tensor | None  # (b, C, C) float32, 1 image and 0 padding; None if nothing is padded
    opened: Mapping[str, int] = field(default_factory=dict)  # "masks" and "image_labels": how many were opened for it
    cell: int = 1

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        height, width = self.images.shape[2:]
        return height * self.cell, width * self.cell

    def to(self, device: torch.device | str) -> RankBatch:
        """The same batch with its tensors on `device`."""
        moved = {name: value.to(device) for name, value in vars(self).items() if isinstance(value, torch.Tensor)}
        return replace(self, **moved)

    def pin_memory(self) -> RankBatch:
        """The same batch in memory that a GPU copies from by itself."""
        pinned = {name: value.pin_memory() for name, value in vars(self).items() if isinstance(value, torch.Tensor)}
        return replace(self, **pinned)


class JointLoader(Dataset):
    """Iterates over the steps start_step … config.steps − 1; each is a list of the RankBatches of the virtual ranks `own`, or of all.

    manifests: one for each training set, by name; features: of each, by view, where the backbone is frozen. Every image has its own
    generator, so none of `num_workers` (processes that prefetch), `start_step` and `own` changes a byte. Raises LarvSegError for a missing
    manifest or one without training images.
    """

    def __init__(
        self,
        config: TrainConfig,
        manifests: Mapping[str, Manifest],
        start_step: int = 0,
        num_workers: int = 0,
        features: Mapping[str, Mapping[str, Features]] | None = None,
        own: range | None = None,
    ):
        self.config, self.start_step, self.num_workers = config, start_step, num_workers
        self.own = range(config.ranks) if own is None else own
        for training_set in config.training_sets:
            if training_set.name not in manifests:
                raise LarvSegError(f"{config.run}: no manifest of {training_set.name}; derive it first")
        read = {each.name: read_as(each, manifests[each.name]) for each in config.training_sets}
        self._images = {
            training_set.name: TrainingImages(
                read[training_set.name],
                training_set.name,
                permitted(training_set, config.switches),
                config.runtime.decoded_mb,
                training_set.kind,
            )
            for training_set in config.training_sets
        }
        self._orders = {
            each.name: order_of(each, read[each.name], len(self._images[each.name]), config, num_workers) for each in config.training_sets
        }
        self._views: dict[str, Views] = {
            each.name: FeatureViews(self._images[each.name], features[each.name], each.augmentation, config.backbone.patch_size)
            if features
            else PixelViews(self._images[each.name], each.augmentation, config.switches.normalisation)
            for each in config.training_sets
        }
        drawn = [sampler.dataset_of(rank, len(config.training_sets)) for rank in range(config.ranks)]
        for index, training_set in enumerate(config.training_sets):
            if training_set.ranks != (expected := drawn.count(index)):
                raise LarvSegError(f"{config.run}: {training_set.name} has {expected} of {config.ranks} ranks, not {training_set.ranks}")

    def __len__(self) -> int:
        return self.config.steps

    def __iter__(self) -> Iterator[list[RankBatch]]:
        return prefetched(self, range(self.start_step, len(self)), self.num_workers, pinned=self.config.runtime.device == "cuda")

    def __getitem__(self, step: int) -> list[RankBatch]:
        """The batches of step `step`."""
        return [self._rank_batch(step, rank) for rank in self.own]

    def positions(self, step: int, rank: int) -> list[int]:
        """Which training images of its data set `rank` sees at `step`."""
        return self._orders[self._set_of(rank).name].positions(step, rank)

    def _set_of(self, rank: int) -> TrainingSet:
        return self.config.training_sets[sampler.dataset_of(rank, len(self.config.training_sets))]

    def _rank_batch(self, step: int, rank: int) -> RankBatch:
        config = self.config
        training_set = self._set_of(rank)
        images = self._images[training_set.name]
        samples: list[Sample] = []
        labels: list[tuple[int, ...]] = []
        for slot, position in enumerate(self._orders[training_set.name].visit(step, rank)):
            sample, classes = self._sample(training_set, position, sampler.generator(config.seed, step, rank, slot))
            samples.append(sample)
            labels.append(classes)
        masks = np.stack([sample.mask for sample in samples]).astype(np.int16) if training_set.kind == "pixel" else None
        return RankBatch(
            dataset=training_set.name,
            kind=training_set.kind,
            images=torch.from_numpy(np.stack([sample.image for sample in samples])),
            masks=None if masks is None else torch.from_numpy(masks),
            labels=labels,
            valid=_valid(samples, training_set.augmentation.crop),
            opened=images.take_opened(),  # in the process that opened them
            cell=self._views[training_set.name].cell,
        )

    def _sample(self, training_set: TrainingSet, position: int, rng: np.random.Generator) -> tuple[Sample, tuple[int, ...]]:
        images = self._images[training_set.name]
        mask = images.mask(position) if images.permitted == "masks" else None
        sample = self._views[training_set.name].sample(position, mask, rng)
        if mask is None:
            return sample, images.labels(position)
        # the released code takes the labels of a crop from its mask at the size of the loss
        step = self.config.loss_downsample
        return sample, tuple(label for label in np.unique(sample.mask[::step, ::step]).tolist() if label != IGNORE)


def _valid(samples: list[Sample], crop: int) -> torch.Tensor | None:
    if all(sample.size == (crop, crop) for sample in samples):
        return None
    valid = np.zeros((len(samples), crop, crop), np.float32)
    for image, sample in zip(valid, samples, strict=True):
        image[: sample.size[0], : sample.size[1]] = 1
    return torch.from_numpy(valid)
