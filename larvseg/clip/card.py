"""The model card of a CLIP model."""

from __future__ import annotations

from collections.abc import Mapping

from larvseg.config.clip import ClipConfig
from larvseg.training.card import card, schedule, times

USE = """An image tower and a text tower with one space of embeddings. Methods take pixel features (DenseCLIP, ReCo), classes of masked
crops (ZSBaseline) and embeddings of class names (LSeg, OpenSeg) from it. None of them trains it further."""


def card_text(config: ClipConfig, parameters: int, opened: Mapping[str, Mapping[str, int]]) -> str:
    """The card. opened: how many times which annotations of each data set were opened."""
    model, training = config.model, config.training
    summary = (
        f"{model.title}: a CLIP model ({parameters:,} parameters) in open_clip's architecture, for images of {model.image_size} pixels."
    )
    if training is None:
        origin = f"OpenAI's published weights `{model.weights}`, trained on image-text pairs (ITPair in the paper) that are not public."
    else:
        where = f"Trained on the images and captions of {config.dataset} ({times(opened.get(config.dataset, {}))} opened)"
        how = schedule(training.steps, f"{training.batch_size} pairs", training.optimiser, config.runtime)
        origin = f"{where}, in the profile `{config.profile}`, seed {training.seed}:\n{how}"
    return card(config.name, summary, {"Origin": origin, "Use": USE}, [], drawn=config.drawn and training is not None)
