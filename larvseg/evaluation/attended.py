"""One image with image labels as a training step sees it: the maps behind its attentive loss, which training itself never keeps."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from larvseg.config import TrainingSet
from larvseg.evaluation.bank_contents import BankedRun
from larvseg.models.attention import CategoryAttention, mean_cosines, others_mean, pairs_of, standardise
from larvseg.models.bank import MemoryBank
from larvseg.models.classifier import Classified
from larvseg.models.upsampling import upsample
from larvseg.training.losses import attentive_loss, image_label_loss
from larvseg.training.objective import Group, push


class AttendedImage(NamedTuple):
    """What the category-wise attentive classifier makes of L ≥ 2 labels of an image of h·w = n patches and N classes."""

    out: Classified
    foreground: Tensor  # s_fg (L, n), mean cosines to the bank of each label
    background: Tensor  # s_bg (L, n), the same for its other labels
    attention: Tensor  # A (L, H, W), at the size of the losses
    log_probability: Tensor  # (L, N) of the attentively pooled logits; −inf for the image's other labels
    scored: Tensor  # (L,) bool: the bank of the label is warm
    contrast: Tensor  # (L,) standard deviation over the patches of s_fg − s_bg
    loss_cls: Tensor  # (L,) of logits that are averaged
    loss_aux: Tensor  # (L,) of logits that are pooled attentively; 0 where not scored


def attend(run: BankedRun, training_set: TrainingSet, bank: MemoryBank, image: Tensor, labels: Sequence[int]) -> AttendedImage:
    """The next step of the training, if it saw `image` (1, 3, H, W) of `training_set` with `labels`; `bank` stays as it is."""
    bank, config = copy.deepcopy(bank), run.config
    index, banked = run.index[training_set.name], run.banked[run.index[training_set.name]]
    out = run.classify(image, training_set.name)
    pairs = pairs_of([tuple(labels)], banked.cpu().numpy(), lambda tensor: tensor.to(image.device))
    padded = pairs.labels
    size = image.shape[2] // config.loss_downsample, image.shape[3] // config.loss_downsample
    group = Group(training_set, torch.zeros(1, device=image.device), index, out, size, None, pairs, bank, banked)
    pushed, (positions,) = push([group], group.bank, shared=False)
    attended = CategoryAttention(config.attention, config.switches).attend(out, padded, index, size, bank, pushed, positions, banked)

    # the maps that `attend` went through
    before, after = (mean_cosines(out.pixels, F.pad(means, (0, 0, 0, 1))[positions]) for means in (pushed.before, pushed.after))
    foreground = after if config.attention.variant == "push_first" else before
    background = others_mean(before, after, positions >= 0, empty=1 - foreground)
    attention = torch.sigmoid(upsample(standardise(foreground - background).unflatten(2, out.logits.shape[2:]), size))

    return AttendedImage(
        out,
        foreground[0],
        background[0],
        attention[0],
        _log_probability(run, out, attended.weights[0], padded[0]),
        attended.scored[0],
        attended.contrast[0],
        image_label_loss(out, padded, size)[0],
        attentive_loss(out, padded, attended, run.segmenter.classifier, config.switches.attention_on)[0],
    )


def _log_probability(run: BankedRun, out: Classified, weights: Tensor, labels: Tensor) -> Tensor:
    """(L, n) weights, (L,) labels → (L, N)."""
    if run.config.switches.attention_on == "similarity":
        pooled = run.segmenter.classifier.normalise(weights @ out.cosines[0])
    else:
        pooled = weights @ out.logits[0].flatten(1).T
    others = torch.zeros_like(pooled, dtype=torch.bool)
    others[:, labels] = True
    others[range(len(labels)), labels] = False
    return pooled.masked_fill(others, -torch.inf).log_softmax(1)


def principal_components(embeddings: Tensor, count: int = 3) -> Tensor:
    """(D, h, w) → (count, h, w): projections on the directions in which the embeddings of an image differ most.

    The sign of a direction is such that its largest entry is positive.
    """
    rows = embeddings.flatten(1).T.double()
    centred = rows - rows.mean(0)
    directions = torch.linalg.eigh(centred.T @ centred).eigenvectors.flip(1)[:, :count]
    directions = directions * directions.gather(0, directions.abs().argmax(0, keepdim=True)).sign()
    return (centred @ directions).T.unflatten(1, embeddings.shape[1:]).float()
