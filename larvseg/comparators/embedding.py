"""The `embed` stage: text tables, an embedding for each class of a vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from larvseg.comparators.clip import load_clip
from larvseg.config.comparators import TextConfig
from larvseg.training.checkpoint import save_tensors
from larvseg.training.runtime import prepare
from larvseg.vocabulary import load_vocabulary


def embed(config: TextConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write the text table of each of config.datasets to `outputs`, where its name is the role; `inputs["clip"]` is the CLIP model.

    A table: {"text": (N, D) float32, unit rows in the order of the classes}, with the metadata clip, prompts, dataset and classes.
    """
    clip = load_clip(inputs["clip"], prepare(config.runtime))
    for dataset in config.datasets:
        classes = load_vocabulary(dataset, drawn=config.drawn).names
        metadata = {"clip": config.clip, "prompts": config.prompts, "dataset": dataset, "classes": list(classes)}
        save_tensors(outputs[dataset], {"text": clip.table(classes, config.prompts)}, metadata)
