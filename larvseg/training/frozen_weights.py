"""The frozen network with the weights that the `freeze` stage wrote."""

from __future__ import annotations

from pathlib import Path

import torch

from larvseg.config import Backbone
from larvseg.models.extractor import Extractor, build_extractor
from larvseg.training.checkpoint import load_into


def load_frozen(config: Backbone, path: Path, device: torch.device | str) -> Extractor:
    """The network of `config` with the weights that the stage wrote to `path`; LarvSegError where they are of another network."""
    extractor = build_extractor(config)
    load_into(extractor, path)
    return extractor.to(device)
