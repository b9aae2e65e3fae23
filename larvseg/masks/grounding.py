"""Grounding: the captions of a batch are told apart by the regions of its images, without anyone saying which region shows which word."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def pad_words(words: list[Tensor]) -> tuple[Tensor, Tensor]:
    """(W_c, D) for each of C captions → (C, W, D) padded with zeros, and which are words (C, W) bool. Some caption must have a word."""
    count = torch.tensor([len(own) for own in words], device=words[0].device)
    padded = torch.nn.utils.rnn.pad_sequence(words, batch_first=True)
    return padded, torch.arange(padded.shape[1], device=count.device) < count[:, None]


def caption_scores(regions: Tensor, words: Tensor, present: Tensor, scale: Tensor | float) -> Tensor:
    """How well image b shows caption c: (B, Q, D) regions, (C, W, D) words, (C, W) present → (B, C).

    Each word looks for its regions, s(b, w) = Σ_q softmax_q(scale·cos)·cos, and the caption is as good as its words are on average.
    """
    cosines = torch.einsum("bqd,cwd->bcwq", regions, words)
    found = ((cosines * scale).softmax(-1) * cosines).sum(-1)  # (B, C, W)
    return (found * present).sum(-1) / present.sum(-1).clamp(min=1)


def grounding_loss(regions: Tensor, words: list[Tensor], scale: Tensor | float) -> Tensor:
    """Contrastive loss of B images and their captions, both ways: which image belongs to the caption, which caption to the image.

    regions: (B, Q, D); words[b]: (W_b, D). Images whose caption has no word take no part; 0 if fewer than two remain.
    """
    chosen = [image for image, own in enumerate(words) if len(own)]
    if len(chosen) < 2:
        return regions.sum() * 0
    padded, present = pad_words([words[image] for image in chosen])
    logits = caption_scores(regions[chosen], padded, present, scale) * scale
    own = torch.arange(len(chosen), device=logits.device)
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2
