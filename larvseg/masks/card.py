"""The model card of a network of mask proposals."""

from __future__ import annotations

from collections.abc import Mapping

from larvseg.config.masks import ProposeConfig
from larvseg.training.card import card, schedule, times

_CLASSIFIED = (
    "ZSBaseline: masks from learned queries, classified against the text of class names; at test CLIP classifies the same masks, too. "
    "A reproduction: the backbone is a plain vision transformer with a simple feature pyramid."
)
_GROUNDED = (
    "An OpenSeg-style model, not OpenSeg itself, whose weights and data are not public: masks without classes, grounded in nouns of "
    "captions by the frozen text tower of CLIP. No masks are transferred to the images with captions."
)


def card_text(config: ProposeConfig, classes: int, parameters: int, opened: Mapping[str, Mapping[str, int]]) -> str:
    """The card. opened: how many times which annotations of each data set were opened."""
    head, annotated = config.head, config.training_sets[0].name
    summary = f"""{_CLASSIFIED if config.classification else _GROUNDED}
Trained in the profile `{config.profile}`, seed {config.seed}. Backbone {config.backbone.title}, {head.queries} queries of width \
{head.width}, {head.layers} decoder layers ({parameters:,} parameters)."""
    sets = [f"- {dataset.name}: {times(opened.get(dataset.name, {}))} opened" for dataset in config.training_sets]
    data = "\n".join([*sets, "", f"Masks are of the {classes} classes of {annotated}."])
    training = schedule(config.steps, f"{config.ranks} × {config.images_per_rank} images", config.optimiser, config.runtime)
    limits = [f"It names any class that it is given by name, but its masks follow what {annotated} calls a segment."]
    return card(config.run, summary, {"Data": data, "Training": training}, limits, drawn=config.drawn)
