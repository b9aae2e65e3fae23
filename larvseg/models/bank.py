"""The memory bank: for each category, what its M most recent images looked like where it was most certain."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Pushed(NamedTuple):
    """A sequence of P pushes, and the bank around each of them. The rings of one category change one push at a time."""

    categories: Tensor  # (P,)
    count: Tensor  # (P,) how often the category had been pushed to before
    before: Tensor  # (P, D) mean of the category's slots before the push
    after: Tensor  # (P, D) and after it


class MemoryBank(nn.Module):
    """A ring of M slots for each of N categories, D numbers a slot.

    The score of a pixel is its mean cosine to all M·K stored unit vectors, so it is the dot product with their mean; the top-K pixels of an
    image enter and leave the ring together, so a slot keeps only *their* mean. A slot never pushed to holds the mean of K random unit
    vectors. Everything is in buffers: a checkpoint holds the bank.
    """

    slots: Tensor  # (N, M, D)
    means: Tensor  # (N, D), of the slots
    pushed: Tensor  # (N,) how often each category was pushed to

    def __init__(self, classes: int, dim: int, memory_size: int, top_k: int, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.memory_size, self.top_k = memory_size, top_k
        slots = torch.empty(classes, memory_size, dim)
        for category in slots:  # one category at a time: N·M·K·D numbers do not fit for a large vocabulary
            noise = torch.randn(memory_size, top_k, dim, generator=generator)
            category.copy_(F.normalize(noise, dim=-1).mean(1))
        self.register_buffer("slots", slots)
        self.register_buffer("means", slots.mean(1))
        self.register_buffer("pushed", torch.zeros(classes, dtype=torch.int64))

    @property
    def full(self) -> Tensor:
        """(N,) how often each category's ring has wrapped."""
        return self.pushed // self.memory_size

    def warm(self, categories: Tensor, warm_up: int = 1) -> Tensor:
        """(…) categories → (…) bool: has the ring wrapped at least `warm_up` times?"""
        return self.pushed[categories] >= warm_up * self.memory_size

    def category_means(self, categories: Tensor) -> Tensor:
        """(…) categories → (…, D) mean of the stored vectors; its dot product with a unit vector is the mean cosine to all of them."""
        return self.means[categories]

    def summarise(self, pixels: Tensor, scores: Tensor) -> Tensor:
        """Mean of the K pixels of highest score: `pixels` (P, n, D) unit vectors, `scores` (P, n) → (P, D)."""
        best = scores.topk(min(self.top_k, scores.shape[1]), dim=1).indices
        return pixels.gather(1, best[..., None].expand(-1, -1, pixels.shape[2])).mean(1)

    @torch.no_grad()
    def push(self, categories: Tensor, entries: Tensor) -> Pushed:
        """Write `entries` (P, D), of `summarise`, to the rings of `categories` (P,), one after the other; a category may come again."""
        same = categories[:, None] == categories
        earlier = same.tril(-1)
        nth = earlier.sum(1)
        count = self.pushed[categories] + nth
        slot = count % self.memory_size
        # what each push overwrites: the ring's content, or the push of this very sequence that came M before it
        lap = same & (nth == nth[:, None] - self.memory_size)
        overwritten = torch.where(lap.any(1, keepdim=True), lap.to(entries.dtype) @ entries, self.slots[categories, slot])
        change = (entries - overwritten) / self.memory_size
        before = self.means[categories] + earlier.to(entries.dtype) @ change

        # a slot that is written to several times gets the last of them every time: which those are is not known outside the device
        at_slot = same & (slot[:, None] == slot)
        last = (at_slot * torch.arange(1, len(slot) + 1, device=slot.device)).argmax(1) if len(slot) else slot
        self.slots[categories, slot] = entries[last]
        self.pushed.index_add_(0, categories, torch.ones_like(categories))
        self.means[categories] = self.slots[categories].mean(1)  # from the slots, so that rounding never accumulates
        return Pushed(categories, count, before, before + change)
