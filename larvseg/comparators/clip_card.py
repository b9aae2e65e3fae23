"""The card that lies beside a CLIP model."""

from __future__ import annotations

from collections.abc import Mapping

from larvseg.config.comparators import ClipConfig


def card_text(config: ClipConfig, parameters: int, opened: Mapping[str, Mapping[str, int]]) -> str:
    """Markdown: what the model is, where its weights come from, its limits. opened: how many times which annotations were."""
    model, training = config.model, config.training
    if training is None:
        origin = f"OpenAI's published weights `{model.weights}`, trained on image-text pairs (ITPair in the paper) that are not public."
    else:
        optimiser, times = training.optimiser, opened.get(config.dataset, {}).get("captions", 0)
        origin = (
            f"Trained on the pictures and captions of {config.dataset} ({times:,} captions opened), in the profile `{config.profile}`, "
            f"seed {training.seed}: {training.steps} steps of {training.batch_size} pairs, {optimiser.name}, learning rate "
            f"{optimiser.lr:g} to {optimiser.min_lr:g}, weight decay {optimiser.weight_decay:g}."
        )
    limits = (
        "It carries the biases of its pictures and texts, and is meant for research."
        if training is None
        else "It has seen the miniature's drawn pictures and generated sentences only, and knows nothing of photographs."
    )
    return f"""# {config.name}

{model.title}: a CLIP model ({parameters:,} parameters) in open_clip's architecture, for pictures of {model.image_size} pixels.

## Origin

{origin}

## Use

An image tower and a text tower with one space of embeddings. Comparators take pixel features (DenseCLIP, ReCo), classes of masked crops
(ZSBaseline) and embeddings of class names (LSeg, OpenSeg) from it. None of them trains it further.

## Limits

{limits}
"""
