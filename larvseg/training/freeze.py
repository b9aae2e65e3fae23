"""The `freeze` stage: the weights of the frozen network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from larvseg.config import FreezeConfig
from larvseg.models.extractor import build_extractor
from larvseg.sources.packages import weights_file
from larvseg.training.checkpoint import save_tensors
from larvseg.training.fitting import load_published


def freeze(config: FreezeConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write the weights of `config.backbone` to outputs["model"].

    They come from inputs["weights"] where the DAG fetched them, from a package of Python ("package:<name>"), or from a file of the user's.
    Raises LarvSegError for a package that is not installed and for weights of another network.
    """
    weights, extractor = config.backbone.weights, build_extractor(config.backbone)
    network = getattr(extractor.network, "model", extractor.network)  # timm wraps transformers
    load_published(network, inputs.get("weights") or weights_file(weights) or Path(weights), pruned=True)
    save_tensors(outputs["model"], extractor.state_dict(), {"weights": weights})
