"""What lies in the memory banks of a trained run: the images behind its slots.

Which crops a step sees is a function of the seed and the step, so the last pushes of a training can be drawn again from its data sets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from larvseg.config import TrainConfig
from larvseg.datasets import sampler
from larvseg.datasets.loader import JointLoader
from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError
from larvseg.models.bank import MemoryBank
from larvseg.models.classifier import Classified
from larvseg.models.segmenter import Segmenter, build_segmenter
from larvseg.training.checkpoint import load_into
from larvseg.training.saved import vocabulary_in
from larvseg.training.segmenters import load_segmenter


@dataclass(frozen=True)
class BankedRun:
    """A trained segmenter with the memory banks that its training left."""

    segmenter: Segmenter
    config: TrainConfig
    names: tuple[str, ...]  # of the union
    index: Mapping[str, Tensor]  # of each data set: the row in the union of each of its classes

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.segmenter.classifier.table.device

    def classify(self, images: Tensor, dataset: str) -> Classified:
        """Images (B, 3, H, W) against the classes of `dataset`."""
        return self.segmenter.classifier(self.segmenter.backbone(images), self.index[dataset])

    def dataset_of(self, rank: int) -> str:
        """The data set that `rank` draws from."""
        return self.config.training_sets[sampler.dataset_of(rank, len(self.config.training_sets))].name

    def bank_of(self, rank: int) -> MemoryBank:
        """The bank that `rank` writes to."""
        return self.segmenter.banks[rank if len(self.segmenter.banks) > 1 else 0]

    def writers(self, bank: MemoryBank) -> list[int]:
        """The ranks that write to `bank`."""
        attending = {training_set.name for training_set in self.config.training_sets if training_set.lambda_aux > 0}
        return [rank for rank in range(self.config.ranks) if self.dataset_of(rank) in attending and self.bank_of(rank) is bank]

    @property
    def novel(self) -> Tensor:
        """(names,) bool: no data set with pixel labels has the category."""
        novel = torch.ones(len(self.names), dtype=torch.bool, device=self.device)
        for training_set in self.config.training_sets:
            if training_set.kind == "pixel":
                novel[self.index[training_set.name]] = False
        return novel

    @property
    def banked(self) -> Tensor:
        """(names,) bool: the category is pushed to the banks."""
        return self.novel if self.config.switches.bank_classes == "novel" else torch.ones_like(self.novel)


def load_banked(inputs: Mapping[str, Path], device: torch.device | str) -> BankedRun:
    """The run of `inputs` ("model", "config") with its banks; errors as in load_segmenter, and LarvSegError if it keeps none."""
    model, config = load_segmenter(inputs["model"], inputs["config"])
    if config.attention.variant not in ("cross_image", "push_first"):
        raise LarvSegError(f"{inputs['config']}: {config.run} keeps no memory bank; choose a run with cross-image attention")
    segmenter = build_segmenter(config, len(model.segmenter.classifier.table))
    load_into(segmenter, inputs["model"])
    vocabulary = vocabulary_in(inputs["config"])
    index = {name: torch.tensor(rows, device=device) for name, rows in vocabulary.index.items()}
    return BankedRun(segmenter.to(device).eval(), config, vocabulary.names, index)


class Push(NamedTuple):
    """A crop whose pixels were pushed to a category."""

    step: int
    dataset: str
    name: str  # of the image
    image: Tensor  # (3, C, C), normalised, as the network saw it
    label: int  # the category among the classes of the data set


def last_pushes(run: BankedRun, manifests: Mapping[str, Manifest], bank: MemoryBank, category: int) -> Iterator[Push]:
    """What was pushed to row `category` of `bank`, the last first, as the loader of the training draws it.

    `manifests`: of each training set of the run.
    """
    config = run.config
    writers = [rank for rank in run.writers(bank) if category in run.index[run.dataset_of(rank)]] if run.banked[category] else []
    rows = {run.dataset_of(rank): manifests[run.dataset_of(rank)].split("training") for rank in writers}
    labels = {name: set((run.index[name] == category).nonzero()[:, 0].tolist()) for name in rows}
    loader = JointLoader(config, manifests)
    for step in reversed(range(config.steps)):
        drawn = {}
        for rank in writers:
            name = run.dataset_of(rank)
            drawn[rank] = [int(rows[name][position]) for position in loader.positions(step, rank)]
        # labels of whole images: crops have no others, so most steps need not be drawn
        if not any(
            labels[run.dataset_of(rank)] & {*manifests[run.dataset_of(rank)].labels(row)} for rank, own in drawn.items() for row in own
        ):
            continue
        batches = loader[step]
        for rank in reversed(writers):
            batch = batches[rank]
            for row, image, own in reversed([*zip(drawn[rank], batch.images, batch.labels, strict=True)]):
                for label in reversed(own):
                    if label in labels[batch.dataset]:
                        yield Push(step, batch.dataset, manifests[batch.dataset].name(row), image, label)


class Slot(NamedTuple):
    """One slot of a category's ring and the crop behind it."""

    push: Push
    grid: tuple[int, int]  # patches of the crop
    top: Tensor  # (K,) its patches of highest cosine to the category, by the trained network
    agreement: float  # cosine between the slot and the mean of these patches: 1 if the network has not changed since


@torch.no_grad()
def slots_of(run: BankedRun, manifests: Mapping[str, Manifest], bank: MemoryBank, category: int, limit: int) -> list[Slot]:
    """The `limit` latest slots of row `category` of `bank`, the latest first; fewer if it was pushed to less often.

    Raises LarvSegError if the data sets of `manifests` are not those that the run was trained on.
    """
    count = int(bank.pushed[category])
    wanted = min(count, bank.memory_size, limit)
    found = []
    for age, push in enumerate(islice(last_pushes(run, manifests, bank, category), wanted)):
        out = run.classify(push.image[None].to(run.device), push.dataset)
        scores = out.cosines[:, :, push.label]
        slot = bank.slots[category, (count - 1 - age) % bank.memory_size]
        agreement = F.cosine_similarity(bank.summarise(out.pixels, scores)[0], slot, dim=0)
        found.append(Slot(push, tuple(out.logits.shape[2:]), top_patches(bank, scores)[0], float(agreement)))
    if len(found) < wanted:
        raise LarvSegError(
            f"{run.config.run}: {run.names[category]} was pushed {count} times, its images explain {len(found)}; train the run again"
        )
    return found


def top_patches(bank: MemoryBank, scores: Tensor) -> Tensor:
    """(P, n) cosines → (P, K) the patches that `bank` takes of them."""
    return scores.topk(min(bank.top_k, scores.shape[1]), dim=1).indices
