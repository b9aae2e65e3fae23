"""Learning rate over time, and the optimiser it drives."""

from collections.abc import Iterable

import torch
from torch import nn

from larvseg.config import Optimiser


def learning_rate(config: Optimiser, step: int, steps: int) -> float:
    """Learning rate of 0-based `step` of `steps`: (lr − min_lr)·(1 − step/steps)^power + min_lr.

    While step < warmup_steps this is multiplied by (step + 1)/warmup_steps.
    """
    poly = (config.lr - config.min_lr) * (1 - step / steps) ** config.power + config.min_lr
    return poly * min(1.0, (step + 1) / config.warmup_steps) if config.warmup_steps else poly


def build_optimiser(config: Optimiser, backbone: Iterable[nn.Parameter], head: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """SGD with momentum, or AdamW, with one schedule; the learning rate of `head` is `config.head_factor` times that of `backbone`."""
    groups = [{"params": list(backbone), "factor": 1.0}, {"params": list(head), "factor": config.head_factor}]
    groups = [{**group, "params": [parameter for parameter in group["params"] if parameter.requires_grad]} for group in groups]
    if config.name == "sgd":
        return torch.optim.SGD(groups, config.lr, momentum=config.momentum, weight_decay=config.weight_decay, fused=True)
    return torch.optim.AdamW(groups, config.lr, weight_decay=config.weight_decay, fused=True)


def set_learning_rate(optimiser: torch.optim.Optimizer, value: float) -> None:
    """The rate of the backbone; that of the head follows by its factor."""
    for group in optimiser.param_groups:
        group["lr"] = value * group["factor"]
