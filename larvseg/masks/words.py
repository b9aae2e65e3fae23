"""Words as a frozen text tower sees them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from larvseg.clip.model import Clip
from larvseg.config.clip import Prompts


class WordTable:
    """`table(words)` → (W, D) unit vectors.

    Each word is embedded once and by itself: rounding may depend on what shares a batch, and a resumed run has other words left to embed.
    """

    def __init__(self, clip: Clip, prompts: Prompts) -> None:
        self.clip, self.prompts = clip, prompts
        self._known: dict[str, Tensor] = {}

    @torch.no_grad()
    def __call__(self, words: Sequence[str]) -> Tensor:
        for word in words:
            if word not in self._known:
                self._known[word] = self.clip.table([word], self.prompts)[0].float()
        if not words:
            return torch.zeros(0, self.clip.dim)
        return torch.stack([self._known[word] for word in words])
