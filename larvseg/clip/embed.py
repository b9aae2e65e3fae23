"""The `embed` stage: text tables, an embedding for each class of a vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from larvseg.clip.model import load_clip
from larvseg.clip.sentences import sentence_table
from larvseg.config.clip import TextConfig
from larvseg.training.checkpoint import save_tensors
from larvseg.training.runtime import prepare
from larvseg.vocabulary import read_vocabulary


def embed(config: TextConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write the text table of config.dataset to outputs["text"]; `inputs["clip"]` is the CLIP model, where config.sentences names no other.

    A table: {"text": (N, D) float32, unit rows in the order of the classes}, with the metadata clip, prompts, dataset and classes.
    """
    device = prepare(config.runtime)
    classes = read_vocabulary(config.dataset, config.classes, config.drawn).names
    if config.sentences:
        table = sentence_table(config.sentences, classes, device)
    else:
        table = load_clip(inputs["clip"], device).table(classes, config.prompts)
    metadata = {"clip": config.clip, "prompts": config.prompts, "dataset": config.dataset, "classes": list(classes)}
    save_tensors(outputs["text"], {"text": table}, metadata)
