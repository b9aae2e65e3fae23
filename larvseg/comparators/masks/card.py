"""The card that lies beside a network of mask proposals."""

from __future__ import annotations

from collections.abc import Mapping

from larvseg.config.masks import ProposeConfig

_METHODS = {
    "zsbaseline": (
        "ZSBaseline: masks from learned queries, classified against the text of class names; at test CLIP classifies the same masks, too. "
        "A reproduction: the backbone is a plain vision transformer with a simple feature pyramid"
    ),
    "openseg": (
        "An OpenSeg-style model, not OpenSeg itself, whose weights and data are not public: masks without classes, grounded in nouns of "
        "captions by the frozen text tower of CLIP. No masks are transferred to the pictures with captions"
    ),
}


def card_text(config: ProposeConfig, classes: int, parameters: int, opened: Mapping[str, Mapping[str, int]]) -> str:
    """Markdown: what the network is, its data, how it was trained, its limits.

    opened: how many times which annotations of each data set were opened.
    """
    sets = "\n".join(
        f"- {dataset.name}: {', '.join(f'{kind} opened {times:,} times' for kind, times in sorted(opened.get(dataset.name, {}).items()))}"
        for dataset in config.training_sets
    )
    head, optimiser = config.head, config.optimiser
    drawn = "It has seen drawn pictures only and knows nothing of photographs."
    real = "It carries the biases of its pictures, its labels and its CLIP model, and is meant for research."
    return f"""# {config.run}

{_METHODS[config.method]}.
Trained in the profile `{config.profile}`, seed {config.seed}. Backbone {config.backbone.title}, \
{head.queries} queries of width {head.width}, {head.layers} decoder layers ({parameters:,} parameters).

## Data

{sets}

Masks are of the {classes} classes of {config.training_sets[0].name}.

## Training

{config.steps} steps of {config.ranks} × {config.images_per_rank} pictures, {config.runtime.precision} on {config.runtime.device}; \
{optimiser.name}, learning rate {optimiser.lr:g} to {optimiser.min_lr:g}, power {optimiser.power:g}, \
{optimiser.warmup_steps} warm-up steps, {optimiser.head_factor:g} times that for all but the backbone.

## Numbers

In `metrics.json` of each evaluation; how training went is in `curves.csv`, the resolved configuration in `config.json`.

## Limits

- It names any class that it is given by name, but its masks follow what {config.training_sets[0].name} calls a segment.
- {drawn if config.profile in ("mini", "smoke") else real}
"""
