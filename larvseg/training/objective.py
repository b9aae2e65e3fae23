"""The objective of one joint step: L = (1/R)·Σ_r L_r over the virtual ranks, each with images of one dataset.

Images of one size go through the backbone together, and ranks of one dataset through the classifier and the losses; every loss is averaged
over its rank's own pixels or pairs first, as R processes that average their gradients would.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from larvseg.config import Attention, Switches, TrainConfig, TrainingSet, nearest
from larvseg.datasets.loader import RankBatch
from larvseg.datasets.sampler import dataset_of
from larvseg.errors import LarvSegError
from larvseg.models.attention import Attended, CategoryAttention, Pairs, pairs_of
from larvseg.models.bank import MemoryBank, Pushed
from larvseg.models.classifier import Classified, CosineClassifier
from larvseg.models.drop_path import shared_rows
from larvseg.models.segmenter import Segmenter
from larvseg.training.losses import IGNORE, TERMS, attentive_loss, image_label_loss, segmentation_loss
from larvseg.training.processes import add_up, gathered, gathered_objects, hand_round, own_ranks, owner


@dataclass(frozen=True)
class Group:
    """Images of one dataset that share an index list and a memory bank."""

    training_set: TrainingSet
    ranks: Tensor  # (B,) position of each image's rank in the step
    index: Tensor  # (N,) union ids; (B, N) where each rank has drawn classes of its own, filled up with -1
    out: Classified
    size: tuple[int, int]  # of the maps that losses are taken on
    masks: Tensor | None  # (B, H, W), already of that size
    pairs: Pairs | None  # of image and label, a label being a column of `index`
    bank: MemoryBank | None = None
    banked: Tensor | None = None  # like `index`, bool: columns that have a bank; None: all
    valid: Tensor | None = None  # (B, H, W) bool: not padding; None: no padding


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
        # what follows from labels alone is found by numpy before it goes to the device, so that a GPU is not waited for
        self.columns = {name: np.asarray(indices[name]) for name in self.sets}
        self.indices = {name: torch.as_tensor(columns, device=self.device) for name, columns in self.columns.items()}
        self.novel = np.ones(len(segmenter.classifier.table), bool)
        for training_set in config.training_sets:
            if training_set.kind == "pixel":
                self.novel[self.columns[training_set.name]] = False
        self.own = own_ranks(config.ranks)
        self._shapes: list[tuple[int, ...]] = []  # of the images of all ranks, the same in every step

    def __call__(self, batches: Sequence[RankBatch], step: int) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of one step; `batches[i]` is what the i-th virtual rank of this process sees. `step` seeds the sampling of classes.

        On several processes the losses of all of them add up to the loss; the summands and `loss` among them are those of all already.
        """
        self._shapes = self._shapes or sum(gathered_objects([tuple(batch.images.shape) for batch in batches]), [])
        features = forward_by_size(
            self.segmenter.backbone, [batch.images.to(self.device, non_blocking=True) for batch in batches], self._shapes, self.own.start
        )
        with torch.autocast(self.device.type, enabled=False):  # mixed precision ends with the backbone
            groups = self._groups(batches, features, step)
            attended = attend_and_push(groups, self.config.attention, self.config.switches, self._shared_bank)
            parts = self._parts(groups, attended, len(self._shapes))
            contrast, pairs = sum_of_contrasts(attended, groups)
        measured = torch.stack([*(value.detach() for value in parts.values()), contrast, pairs])
        add_up([measured])
        *summands, contrast, pairs = measured.unbind()
        named = dict(zip(parts, summands, strict=True)) | {"contrast": contrast / pairs.clamp(min=1)}
        return sum(parts.values()), {"loss": sum(summands), **named}

    def _parts(self, groups: Sequence[Group], attended: Sequence[Attended | None], count: int) -> dict[str, Tensor]:
        switches = self.config.switches
        names = ("loss_seg", "loss_cls", "loss_aux", *(f"loss_{name}" for name in self.config.losses))
        parts = dict.fromkeys(names, groups[0].out.logits.new_zeros(()))
        for group, attention in zip(groups, attended, strict=True):
            weights = group.training_set
            for name, weight in self.config.losses.items():
                labels = None if group.pairs is None else group.pairs.labels
                if (term := TERMS[name](group.out, group.masks, labels)) is not None:
                    parts[f"loss_{name}"] = parts[f"loss_{name}"] + weight * mean_of_ranks(*term, group.ranks, count)
            if group.masks is not None:
                parts["loss_seg"] = parts["loss_seg"] + self._segmentation(group, count)
                continue
            cls, aux = weak_losses(group, attention, self.segmenter.classifier, switches)
            present = group.pairs.labels >= 0
            parts["loss_cls"] = parts["loss_cls"] + weights.lambda_cls * mean_of_ranks(cls, present, group.ranks, count)
            if aux is not None:
                counted = attention.scored if switches.aux_denominator == "warm_pairs" else present
                parts["loss_aux"] = parts["loss_aux"] + weights.lambda_aux * mean_of_ranks(aux, counted, group.ranks, count)
        return parts

    def bank_state(self) -> dict[str, float]:
        """Of the categories that can be pushed to `warm`: the share whose ring has wrapped; of their slots `fill`: the share that was.

        In the mean over the banks that can be pushed to: those of ranks whose set has an attentive loss, each with the categories of its
        own sets, with the switch bank_classes = novel the novel ones alone. 0 without such a bank.
        """
        self.collect_banks()
        shares = []
        for place, names in sorted(self._pushing().items()):
            bank, columns = self.segmenter.banks[place], np.unique(np.concatenate([self.columns[name] for name in sorted(names)]))
            if self.config.switches.bank_classes == "novel":
                columns = columns[self.novel[columns]]
            if len(columns):
                categories = torch.as_tensor(columns, device=self.device)
                fill = (bank.pushed[categories] / bank.memory_size).clamp(max=1)
                shares.append(torch.stack([bank.warm(categories).to(fill.dtype).mean(), fill.mean()]))
        warm, fill = torch.stack(shares).mean(0).tolist() if shares else (0.0, 0.0)
        return {"warm": warm, "fill": fill}

    def collect_banks(self) -> None:
        """Have the bank of each rank, which only the process of that rank pushes to, in all processes."""
        if len(self.segmenter.banks) > 1:
            for rank, bank in enumerate(self.segmenter.banks):
                hand_round(bank, owner(rank, self.config.ranks))

    @property
    def _shared_bank(self) -> MemoryBank | None:
        """The bank that all ranks push to."""
        banks = self.segmenter.banks
        return banks[0] if len(banks) == 1 and any(map(self._pushes, self.sets.values())) else None

    def _pushing(self) -> dict[int, set[str]]:
        """Number of a bank → the data sets that push to it."""
        count, names = len(self.segmenter.banks), list(self.sets)
        if count == 1:
            of_bank = {0: set(names)}
        else:
            of_bank = {rank: {names[dataset_of(rank, len(names))]} for rank in range(count)}
        pushing = {bank: {name for name in of if self._pushes(self.sets[name])} for bank, of in of_bank.items()}
        return {bank: of for bank, of in pushing.items() if of}

    @staticmethod
    def _pushes(training_set: TrainingSet) -> bool:
        return training_set.kind != "pixel" and training_set.lambda_aux > 0

    def _segmentation(self, group: Group, count: int) -> Tensor:
        counted = group.masks != IGNORE
        if self.config.switches.pixel_denominator == "all_pixels":
            counted = torch.ones_like(counted)
        return mean_of_ranks(segmentation_loss(group.out.logits, group.masks), counted, group.ranks, count)

    def _groups(self, batches: Sequence[RankBatch], features: list[Tensor], step: int) -> list[Group]:
        members: dict[tuple, list[int]] = defaultdict(list)
        for rank, batch in enumerate(batches):
            own_bank = len(self.segmenter.banks) > 1 and self.sets[batch.dataset].kind != "pixel"
            members[batch.dataset, rank if own_bank else None].append(rank)
        return [self._group(batches, features, ranks, step) for ranks in members.values()]

    def _group(self, batches: Sequence[RankBatch], features: list[Tensor], ranks: list[int], step: int) -> Group:
        own, banks = [batches[rank] for rank in ranks], self.segmenter.banks
        training_set = self.sets[own[0].dataset]
        columns, index = self.columns[training_set.name], self.indices[training_set.name]
        stride = self.config.loss_downsample
        pixel = training_set.kind == "pixel"
        masks = self._moved(torch.cat([batch.masks[:, ::stride, ::stride] for batch in own])).long() if pixel else None
        labels = [image for batch in own for image in batch.labels]
        if self.config.sample_classes is not None and len(columns) > self.config.sample_classes:
            drawn = [self._drawn(batch, len(columns), (step, self.own[rank])) for rank, batch in zip(ranks, own, strict=True)]
            position, drawn = positions_among(drawn, len(columns), [len(batch.images) for batch in own])
            columns = np.where(drawn >= 0, columns[drawn], -1)
            index = self._moved(torch.from_numpy(columns))
            if pixel:
                masks = self._moved(torch.from_numpy(position)).gather(1, (masks % position.shape[1]).flatten(1)).view_as(masks)
            labels = [tuple(of[np.array(image, int)].tolist()) for of, image in zip(position, labels, strict=True)]
        banked = self.novel[columns] & (columns >= 0) if self.config.switches.bank_classes == "novel" else None
        bank = None
        if self._pushes(training_set) and len(banks):
            bank = banks[self.own[ranks[0]] if len(banks) > 1 else 0]
        height, width = own[0].size
        return Group(
            training_set,
            self._moved(torch.tensor([self.own[rank] for rank, batch in zip(ranks, own, strict=True) for _ in batch.images])),
            index,
            self.segmenter.classifier(torch.cat([features[rank] for rank in ranks]), index),
            (height // stride, width // stride),
            masks,
            None if pixel else pairs_of(labels, banked, self._moved),
            bank,
            None if banked is None else self._moved(torch.from_numpy(banked)),
            None if pixel else valid_positions(own, stride, self._moved),
        )

    def _moved(self, tensor: Tensor) -> Tensor:
        """`tensor` on the device; a GPU copies it while this process goes on."""
        return tensor if self.device.type == "cpu" else tensor.pin_memory().to(self.device, non_blocking=True)

    def _drawn(self, batch: RankBatch, classes: int, seed: tuple[int, int]) -> np.ndarray:
        """The classes that one rank compares its images with: those that it sees, of whole masks, and as many more as are drawn."""
        labels = [label for image in batch.labels for label in image]
        present = np.array(labels, int) if batch.masks is None else np.unique(batch.masks)
        return sample_classes(present, classes, self.config.sample_classes, (self.config.seed, *seed))


def forward_by_size(
    backbone: nn.Module, images: Sequence[Tensor], shapes: Sequence[tuple[int, ...]] | None = None, first: int = 0
) -> list[Tensor]:
    """Features of each rank's images, one forward pass of the backbone for each image size.

    The largest comes last: the pass backward begins with it, and frees most before it holds the gradients of all weights.

    `shapes`: of the images of all ranks, of which `images` are those from rank `first` on. What is drawn for an image does not depend on
    which ranks a process has: all of them draw for all images, and one without images of a size passes none forward.
    """
    shapes = [tuple(each.shape) for each in images] if shapes is None else shapes
    ranks_of: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for rank, shape in enumerate(shapes):
        ranks_of[shape[2:]].append(rank)
    features: list[Tensor] = [images[0]] * len(images)
    for size, ranks in sorted(ranks_of.items(), key=lambda item: math.prod(item[0]) * len(item[1])):
        own = [rank - first for rank in ranks if 0 <= rank - first < len(images)]
        if len(images) < len(shapes):
            before = sum(shapes[rank][0] for rank in ranks if rank < first)
            shared_rows(backbone, (sum(shapes[rank][0] for rank in ranks), before))
        joint = backbone(torch.cat([images[place] for place in own]) if own else images[0].new_zeros(0, shapes[ranks[0]][1], *size))
        for place, part in zip(own, joint.split([len(images[place]) for place in own]), strict=True):
            features[place] = part
    return features


def valid_positions(batches: Sequence[RankBatch], stride: int, moved: Callable[[Tensor], Tensor]) -> Tensor | None:
    """(B, H, W) bool of the size of the losses: image, not padding; None if nothing is padded."""
    if all(batch.valid is None for batch in batches):
        return None
    valid = [torch.ones(len(batch.images), *batch.size) if batch.valid is None else batch.valid for batch in batches]
    return moved(torch.cat(valid)[:, ::stride, ::stride] > 0)


def sample_classes(present: np.ndarray, classes: int, limit: int, seed: tuple[int, ...]) -> np.ndarray:
    """Sorted ids: `limit` of `classes` drawn uniformly without replacement, and those that are `present` (-1 is none)."""
    drawn = np.random.default_rng(seed).choice(classes, limit, replace=False)
    return np.union1d(drawn, present[present >= 0])


def positions_among(drawn: Sequence[np.ndarray], classes: int, images: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """From the classes that each rank has drawn, for each image: (B, classes + 1) the position of a class, and (B, N) the class there.

    IGNORE stands for a class that was not drawn, as for -1, which the last entry is for; and for positions beyond the rank's classes.
    """
    position = np.full((len(drawn), classes + 1), IGNORE)
    padded = np.full((len(drawn), max(map(len, drawn))), IGNORE)
    for row, own in enumerate(drawn):
        position[row, own] = np.arange(len(own))
        padded[row, : len(own)] = own
    return position.repeat(images, 0), padded.repeat(images, 0)


def mean_of_ranks(values: Tensor, counted: Tensor, ranks: Tensor, count: int) -> Tensor:
    """(1/count)·Σ_r (Σ values of rank r / number counted in rank r); `values` and `counted` (B, …), `ranks` (B,)."""
    numerator = values.new_zeros(count).index_add(0, ranks, values.flatten(1).sum(1))
    denominator = values.new_zeros(count).index_add(0, ranks, counted.flatten(1).sum(1).to(values.dtype))
    return (numerator / denominator.clamp(min=1)).sum() / count


def sum_of_contrasts(attended: Sequence[Attended | None], groups: Sequence[Group]) -> tuple[Tensor, Tensor]:
    """The sum of the contrasts of the pairs that attention saw, and how many these are."""
    seen = [each.contrast[group.pairs.image, group.pairs.place] for each, group in zip(attended, groups, strict=True) if each is not None]
    values = torch.cat([groups[0].out.logits.new_zeros(0), *seen])
    return values.sum(), values.new_full((), len(values))


def weak_losses(group: Group, attended: Attended | None, classifier: CosineClassifier, switches: Switches) -> tuple[Tensor, Tensor | None]:
    """Image-level and attentive loss of every pair, (B, L) each."""
    cls = image_label_loss(group.out, group.pairs.labels, group.size)
    return cls, None if attended is None else attentive_loss(group.out, group.pairs.labels, attended, classifier, switches.attention_on)


@torch.no_grad()
def attend_and_push(
    groups: Sequence[Group], config: Attention, switches: Switches, shared: MemoryBank | None = None
) -> list[Attended | None]:
    """The attention of each group, and what the groups saw written to their banks; None for groups without an attentive loss.

    `shared`: the bank that all processes push to, also those without a group that does.
    """
    attention = CategoryAttention(config, switches)
    attended: list[Attended | None] = [None] * len(groups)
    sharing: dict[MemoryBank, list[int]] = {} if shared is None else {shared: []}
    for place, group in enumerate(groups):
        if group.bank is not None:
            sharing.setdefault(group.bank, []).append(place)
        elif config.variant == "single_image" and group.pairs is not None and group.training_set.lambda_aux > 0:
            attended[place] = attention.attend(group.out, group.pairs.labels, group.index, group.size, valid=group.valid)
    for bank, places in sharing.items():
        pushed, positions = push([groups[place] for place in places], bank, bank is shared)
        for place, own in zip(places, positions, strict=True):
            group = groups[place]
            labels, alone = group.pairs.labels, group.pairs.alone
            attended[place] = attention.attend(
                group.out, labels, group.index, group.size, group.bank, pushed, own, group.banked, alone=alone
            )
    return attended


def push(groups: Sequence[Group], bank: MemoryBank, shared: bool) -> tuple[Pushed, list[Tensor]]:
    """Write the top-K pixels of every pair to the bank that `groups` share, in the order of ranks, images and labels.

    With `shared` those of all processes: each writes them all. Returns what the bank went through and, for each group, where its pairs
    (B, L) are in it (-1: not pushed).
    """
    nothing = bank.pushed.new_zeros(0), bank.pushed.new_zeros(0), bank.means.new_zeros(0, bank.means.shape[1])
    ranks, categories, entries = (torch.cat(parts) for parts in zip(nothing, *map(bank_entries, groups), strict=True))
    own, start = len(ranks), 0
    if shared:
        (ranks, start), (categories, _), (entries, _) = map(gathered, (ranks, categories, entries))
    order = ranks.argsort(stable=True)
    pushed = bank.push(categories[order], entries[order])
    positions = order.argsort()[start : start + own].split([len(group.pairs.image) for group in groups])
    at = [torch.full_like(group.pairs.labels, -1) for group in groups]
    for group, whole, part in zip(groups, at, positions, strict=True):
        whole[group.pairs.image, group.pairs.place] = part
    return pushed, at


def bank_entries(group: Group) -> tuple[Tensor, Tensor, Tensor]:
    """What a group's P pairs write to their bank: ranks (P,), categories (P,), entries (P, D)."""
    image, column = group.pairs.image, group.pairs.column
    scores = group.out.cosines[image, :, column]
    return (
        group.ranks[image],
        group.index.expand(len(group.ranks), -1)[image, column],
        group.bank.summarise(group.out.pixels[image], scores),
    )
