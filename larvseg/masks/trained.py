"""Trained networks of mask proposals, ready to be asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from larvseg.config import parse
from larvseg.config.masks import ProposeConfig
from larvseg.errors import LarvSegError
from larvseg.training.checkpoint import load_into

Builder = Callable[[ProposeConfig, int], nn.Module]


def load_network(
    build: Builder, method: str, model: Path, config: Path, dim: int, device: torch.device | str
) -> tuple[nn.Module, ProposeConfig]:
    """The network that `build` makes for texts of `dim` numbers with the weights of `model`, in evaluation mode, and its configuration.

    Raises:
        LarvSegError: unreadable files, a run of another method, or tensors of other names or shapes.
    """
    try:
        settings = parse(ProposeConfig, json.loads(Path(config).read_text(encoding="utf-8"))["train"], config)
    except FileNotFoundError:
        raise LarvSegError(f"{config}: no such file; train the run first") from None
    except (ValueError, KeyError, TypeError) as error:
        raise LarvSegError(f"{config}: not the config.json of a run ({error}); train the run again") from None
    if settings.method != method:
        raise LarvSegError(f"{config}: a run of {settings.method}, not of {method}")
    network = build(settings, dim)
    load_into(network, model)
    return network.to(device).eval(), settings
