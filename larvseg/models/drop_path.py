"""Stochastic depth whose draws do not depend on which images of a batch a process computes."""

from __future__ import annotations

from torch import Tensor, nn


class DropPath(nn.Module):
    """(B, …): each image's branch is dropped with probability `drop_prob` in training, and the others are scaled by 1 / (1 − drop_prob).

    `rows` = (Σ B, start): the images are those from `start` on of a batch of Σ B that several processes share. All of them draw for the
    whole batch, so that each image has the draw that one process would give it. None: the batch is whole.
    """

    def __init__(self, drop_prob: float) -> None:
        super().__init__()
        self.drop_prob = drop_prob
        self.rows: tuple[int, int] | None = None

    def forward(self, branch: Tensor) -> Tensor:
        if not self.training or self.drop_prob == 0:
            return branch
        total, start = self.rows or (len(branch), 0)
        kept = branch.new_empty(total, *[1] * (branch.ndim - 1)).bernoulli_(1 - self.drop_prob)
        if self.drop_prob < 1:
            kept.div_(1 - self.drop_prob)
        return branch * kept[start : start + len(branch)]


def share_draws(network: nn.Module) -> None:
    """Have every stochastic depth of timm in `network` draw as DropPath does."""
    from timm.layers import DropPath as Timms

    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, Timms):
                setattr(module, name, DropPath(child.drop_prob))


def shared_rows(network: nn.Module, rows: tuple[int, int] | None) -> None:
    """Say of the next batch which of its images this process has (DropPath.rows)."""
    for module in network.modules():
        if isinstance(module, DropPath):
            module.rows = rows
