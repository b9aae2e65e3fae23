"""Trained networks of mask proposals, ready to be asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from larvseg.config import parse
from larvseg.config.masks import ProposeConfig
from larvseg.errors import LarvSegError
from larvseg.training.checkpoint import load_into
from larvseg.training.saved import settings_in

Builder = Callable[[ProposeConfig, int], nn.Module]


def load_network(
    build: Builder, method: str, model: Path, config: Path, dim: int, device: torch.device | str
) -> tuple[nn.Module, ProposeConfig]:
    """The network that `build` makes for texts of `dim` numbers with the weights of `model`, in evaluation mode, and its configuration.

    Raises:
        LarvSegError: unreadable files, a run of another method, or tensors of other names or shapes.
    """
    settings = parse(ProposeConfig, settings_in(Path(config)), config)
    if settings.method != method:
        raise LarvSegError(f"{config}: a run of {settings.method}, not of {method}")
    network = build(settings, dim)
    load_into(network, model)
    return network.to(device).eval(), settings
