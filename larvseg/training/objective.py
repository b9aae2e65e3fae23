"""The objective of one joint step: L = (1/R)·Σ_r L_r over the virtual ranks, each with images of one dataset.

Images of one size go through the backbone together, and ranks of one dataset through the classifier and the losses; every loss is averaged
over its rank's own pixels or pairs first, as R processes that average their gradients would.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from larvseg.config import Attention, Switches, TrainConfig, TrainingSet, nearest
from larvseg.datasets.loader import RankBatch
from larvseg.errors import LarvSegError
from larvseg.models.attention import Attended, CategoryAttention, pad_labels
from larvseg.models.bank import MemoryBank, Pushed
from larvseg.models.classifier import Classified, CosineClassifier
from larvseg.models.segmenter import Segmenter
from larvseg.training.losses import IGNORE, TERMS, attentive_loss, image_label_loss, segmentation_loss


@dataclass(frozen=True)
class Group:
    """Images of one dataset that share an index list and a memory bank."""

    training_set: TrainingSet
    ranks: Tensor  # (B,) position of each image's rank in the step
    index: Tensor  # (N,) union ids
    out: Classified
    size: tuple[int, int]  # of the maps that losses are taken on
    masks: Tensor | None  # (B, H, W), already of that size
    labels: Tensor | None  # (B, L) columns of `index`, padded with -1
    bank: MemoryBank | None = None
    banked: Tensor | None = None  # (N,) bool: columns that have a bank; None: all
    valid: Tensor | None = None  # (B, H, W) bool: not padding; None: no padding

    @property
    def chosen(self) -> Tensor:
        """(B, L) bool: pairs that have a bank."""
        present = self.labels >= 0
        return present if self.banked is None else present & self.banked[self.labels]


class Objective:
    """`loss, parts = objective(batches, step)`: the loss with its graph; its detached summands loss_seg, loss_cls, loss_aux
    and loss_<name> of each further term; `contrast`.

    `contrast`: of the attention, the mean over the pairs of the step that it saw; 0 without attention.

    `indices`: for each training set the rows of the union that its classes have. Ranks that share a memory bank use it one after
    the other. A dataset with lambda_aux = 0 neither scores nor pushes. Rows that no pixel-labelled set has are the novel categories.
    """

    def __init__(self, config: TrainConfig, segmenter: Segmenter, indices: Mapping[str, Sequence[int]]) -> None:
        self.config, self.segmenter = config, segmenter
        self.device = segmenter.classifier.table.device
        for name in config.losses:
            if name not in TERMS:
                raise LarvSegError(
                    f"{config.run}: no loss {name!r}{nearest(name, list(TERMS))}; TERMS of larvseg/training/losses.py has them"
                )
        self.sets = {training_set.name: training_set for training_set in config.training_sets}
        self.indices = {name: torch.as_tensor(indices[name], device=self.device) for name in self.sets}
        self.novel = torch.ones(len(segmenter.classifier.table), dtype=torch.bool, device=self.device)
        for training_set in config.training_sets:
            if training_set.kind == "pixel":
                self.novel[self.indices[training_set.name]] = False
        self._pushing: dict[int, set[str]] = defaultdict(set)  # number of a bank → the sets that push to it

    def __call__(self, batches: Sequence[RankBatch], step: int) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of one step; `batches[r]` is what rank r sees. `step` seeds the sampling of classes."""
        features = forward_by_size(self.segmenter.backbone, [batch.images.to(self.device) for batch in batches])
        with torch.autocast(self.device.type, enabled=False):  # mixed precision ends with the backbone
            groups = self._groups(batches, features, step)
            attended = attend_and_push(groups, self.config.attention, self.config.switches)
            parts = self._parts(groups, attended, len(batches))
        measured = {name: value.detach() for name, value in parts.items()} | {"contrast": mean_contrast(attended, groups)}
        return sum(parts.values()), measured

    def _parts(self, groups: Sequence[Group], attended: Sequence[Attended | None], count: int) -> dict[str, Tensor]:
        switches = self.config.switches
        names = ("loss_seg", "loss_cls", "loss_aux", *(f"loss_{name}" for name in self.config.losses))
        parts = dict.fromkeys(names, groups[0].out.logits.new_zeros(()))
        for group, attention in zip(groups, attended, strict=True):
            weights = group.training_set
            for name, weight in self.config.losses.items():
                if (term := TERMS[name](group.out, group.masks, group.labels)) is not None:
                    parts[f"loss_{name}"] = parts[f"loss_{name}"] + weight * mean_of_ranks(*term, group.ranks, count)
            if group.masks is not None:
                parts["loss_seg"] = parts["loss_seg"] + self._segmentation(group, count)
                continue
            cls, aux = weak_losses(group, attention, self.segmenter.classifier, switches)
            present = group.labels >= 0
            parts["loss_cls"] = parts["loss_cls"] + weights.lambda_cls * mean_of_ranks(cls, present, group.ranks, count)
            if aux is not None:
                counted = attention.scored if switches.aux_denominator == "warm_pairs" else present
                parts["loss_aux"] = parts["loss_aux"] + weights.lambda_aux * mean_of_ranks(aux, counted, group.ranks, count)
        return parts

    def bank_state(self) -> dict[str, float]:
        """Of the categories that can be pushed to `warm`: the share whose ring has wrapped; of their slots `fill`: the share that was.

        In the mean over the banks that can be pushed to: as far as the steps so far tell, those of ranks whose set has an attentive loss,
        each with the categories of its own sets, with the switch bank_classes = novel the novel ones alone. 0 without such a bank.
        """
        shares = []
        for place, names in sorted(self._pushing.items()):
            bank, categories = self.segmenter.banks[place], torch.cat([self.indices[name] for name in sorted(names)]).unique()
            if self.config.switches.bank_classes == "novel":
                categories = categories[self.novel[categories]]
            if len(categories):
                fill = (bank.pushed[categories] / bank.memory_size).clamp(max=1)
                shares.append(torch.stack([bank.warm(categories).to(fill.dtype).mean(), fill.mean()]))
        warm, fill = torch.stack(shares).mean(0).tolist() if shares else (0.0, 0.0)
        return {"warm": warm, "fill": fill}

    def _segmentation(self, group: Group, count: int) -> Tensor:
        counted = group.masks != IGNORE
        if self.config.switches.pixel_denominator == "all_pixels":
            counted = torch.ones_like(counted)
        return mean_of_ranks(segmentation_loss(group.out.logits, group.masks), counted, group.ranks, count)

    def _groups(self, batches: Sequence[RankBatch], features: list[Tensor], step: int) -> list[Group]:
        members: dict[tuple, list[int]] = defaultdict(list)
        for rank, batch in enumerate(batches):
            own_bank = len(self.segmenter.banks) > 1 and self.sets[batch.dataset].kind != "pixel"
            members[batch.dataset, rank if own_bank or self._samples(batch) else None].append(rank)
        return [self._group(batches, features, ranks, step) for ranks in members.values()]

    def _group(self, batches: Sequence[RankBatch], features: list[Tensor], ranks: list[int], step: int) -> Group:
        own, banks, device = [batches[rank] for rank in ranks], self.segmenter.banks, self.device
        training_set = self.sets[own[0].dataset]
        index = self.indices[training_set.name]
        stride = self.config.loss_downsample
        pixel = training_set.kind == "pixel"
        first = 1 if self._samples(own[0]) else stride  # sampling counts the classes of the whole masks
        masks = torch.cat([batch.masks[:, ::first, ::first] for batch in own]).to(device) if pixel else None
        labels = None if pixel else pad_labels([image for batch in own for image in batch.labels], device)
        if self._samples(own[0]):
            present = (masks if pixel else labels).unique()
            columns = sample_classes(present, len(index), self.config.sample_classes, (self.config.seed, step, ranks[0]))
            position = torch.full((len(index) + 1,), IGNORE, device=device)  # the last entry is where -1 (ignored, padding) points
            position[columns] = torch.arange(len(columns), device=device)
            index = index[columns]
            masks, labels = (position[masks], None) if pixel else (None, position[labels])
        bank = None
        if not pixel and training_set.lambda_aux > 0 and len(banks):
            place = ranks[0] if len(banks) > 1 else 0
            bank = banks[place]
            self._pushing[place].add(training_set.name)
        height, width = own[0].size
        return Group(
            training_set,
            torch.tensor([rank for rank, batch in zip(ranks, own, strict=True) for _ in batch.images], device=device),
            index,
            self.segmenter.classifier(torch.cat([features[rank] for rank in ranks]), index),
            (height // stride, width // stride),
            None if masks is None else masks[:, :: stride // first, :: stride // first],
            labels,
            bank,
            self.novel[index] if self.config.switches.bank_classes == "novel" else None,
            None if pixel else valid_positions(own, stride, device),
        )

    def _samples(self, batch: RankBatch) -> bool:
        limit = self.config.sample_classes
        return limit is not None and len(self.indices[batch.dataset]) > limit


def forward_by_size(backbone: nn.Module, images: Sequence[Tensor]) -> list[Tensor]:
    """Features of each rank's images, one forward pass of the backbone for each image size.

    The largest comes last: the pass backward begins with it, and frees most before it holds the gradients of all weights.
    """
    ranks_of: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for rank, tensor in enumerate(images):
        ranks_of[tuple(tensor.shape[2:])].append(rank)
    features: list[Tensor] = [images[0]] * len(images)
    for _, ranks in sorted(ranks_of.items(), key=lambda item: math.prod(item[0]) * len(item[1])):
        joint = backbone(torch.cat([images[rank] for rank in ranks]))
        for rank, part in zip(ranks, joint.split([len(images[rank]) for rank in ranks]), strict=True):
            features[rank] = part
    return features


def valid_positions(batches: Sequence[RankBatch], stride: int, device: torch.device) -> Tensor | None:
    """(B, H, W) bool of the size of the losses: image, not padding; None if nothing is padded."""
    if all(batch.valid is None for batch in batches):
        return None
    valid = [torch.ones(len(batch.images), *batch.size) if batch.valid is None else batch.valid for batch in batches]
    return torch.cat(valid)[:, ::stride, ::stride].to(device) > 0


def sample_classes(present: Tensor, classes: int, limit: int, seed: tuple[int, ...]) -> Tensor:
    """Sorted ids: `limit` of `classes` drawn uniformly without replacement, and those that are `present` (-1 is none)."""
    drawn = np.random.default_rng(seed).choice(classes, limit, replace=False)
    return torch.cat([torch.from_numpy(drawn).to(present.device), present[present >= 0]]).unique()


def mean_of_ranks(values: Tensor, counted: Tensor, ranks: Tensor, count: int) -> Tensor:
    """(1/count)·Σ_r (Σ values of rank r / number counted in rank r); `values` and `counted` (B, …), `ranks` (B,)."""
    numerator = values.new_zeros(count).index_add(0, ranks, values.flatten(1).sum(1))
    denominator = values.new_zeros(count).index_add(0, ranks, counted.flatten(1).sum(1).to(values.dtype))
    return (numerator / denominator.clamp(min=1)).sum() / count


def mean_contrast(attended: Sequence[Attended | None], groups: Sequence[Group]) -> Tensor:
    """The mean contrast of the pairs that attention saw; 0 if it saw none."""
    seen = [each.contrast[group.chosen] for each, group in zip(attended, groups, strict=True) if each is not None]
    values = torch.cat([groups[0].out.logits.new_zeros(0), *seen])
    return values.sum() / max(len(values), 1)


def weak_losses(group: Group, attended: Attended | None, classifier: CosineClassifier, switches: Switches) -> tuple[Tensor, Tensor | None]:
    """Image-level and attentive loss of every pair, (B, L) each."""
    cls = image_label_loss(group.out, group.labels, group.size)
    return cls, None if attended is None else attentive_loss(group.out, group.labels, attended, classifier, switches.attention_on)


@torch.no_grad()
def attend_and_push(groups: Sequence[Group], config: Attention, switches: Switches) -> list[Attended | None]:
    """The attention of each group, and what the groups saw written to their banks; None for groups without an attentive loss."""
    attention = CategoryAttention(config, switches)
    attended: list[Attended | None] = [None] * len(groups)
    sharing: dict[int, list[int]] = defaultdict(list)
    for place, group in enumerate(groups):
        if group.bank is not None:
            sharing[id(group.bank)].append(place)
        elif config.variant == "single_image" and group.labels is not None and group.training_set.lambda_aux > 0:
            attended[place] = attention.attend(group.out, group.labels, group.index, group.size, valid=group.valid)
    for places in sharing.values():
        pushed, positions = push([groups[place] for place in places])
        for place, own in zip(places, positions, strict=True):
            group = groups[place]
            attended[place] = attention.attend(group.out, group.labels, group.index, group.size, group.bank, pushed, own, group.banked)
    return attended


def push(groups: Sequence[Group]) -> tuple[Pushed, list[Tensor]]:
    """Write the top-K pixels of every pair to the bank that `groups` share, in the order of ranks, images and labels.

    Returns what the bank went through and, for each group, where its pairs (B, L) are in it (-1: not pushed).
    """
    ranks, categories, entries = (torch.cat(parts) for parts in zip(*map(bank_entries, groups), strict=True))
    order = ranks.argsort(stable=True)
    pushed = groups[0].bank.push(categories[order], entries[order])
    own = order.argsort().split([int(group.chosen.sum()) for group in groups])
    return pushed, [torch.full_like(group.labels, -1).masked_scatter(group.chosen, part) for group, part in zip(groups, own, strict=True)]


def bank_entries(group: Group) -> tuple[Tensor, Tensor, Tensor]:
    """What a group's P pairs write to their bank: ranks (P,), categories (P,), entries (P, D)."""
    image, place = group.chosen.nonzero(as_tuple=True)
    column = group.labels[image, place]
    scores = group.out.cosines[image, :, column]
    return group.ranks[image], group.index[column], group.bank.summarise(group.out.pixels[image], scores)
