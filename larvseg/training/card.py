"""The model card that lies beside every checkpoint."""

from collections.abc import Mapping

from larvseg.config import Switches, TrainConfig

_METHODS = {
    "supervised": "pixel labels only",
    "baseline": "pixel labels and image labels, averaged over the whole picture",
    "larvseg": "pixel labels and image labels, pooled where a memory bank of other images says the category is",
    "lseg": "pixel labels only, against fixed embeddings of the category names",
}
_TEXT_TOWER = """
The embeddings are those of the text tower of a CLIP model, which was trained on the pictures and captions of ITPair. They stay as they are;
another vocabulary is segmented by its embeddings in their place.
"""
_KINDS = {
    "pixel": "a category for every pixel",
    "multi_label": "the categories that are in a picture",
    "single_label": "one category for a picture",
}


def card_text(config: TrainConfig, categories: int, parameters: int, opened: Mapping[str, Mapping[str, int]]) -> str:
    """Markdown: what the model is, its data, how it was trained, its limits. Its numbers are in the metrics.json of its evaluations.

    opened: how many times which annotations of each data set were opened.
    """
    sets = "\n".join(
        f"| {s.name} | {_KINDS[s.kind]} | {_times(opened.get(s.name, {}))} | {s.ranks} of {config.ranks} "
        f"| {s.lambda_cls:g} | {s.lambda_aux:g} |"
        for s in config.training_sets
    )
    chosen = config.switches.model_dump()
    switches = "\n".join(f"- `{name}`: {value}" for name, value in chosen.items())
    others = sorted(name for name, value in Switches().model_dump().items() if chosen[name] != value)
    differ = f"Other than the defaults: {', '.join(f'`{name}`' for name in others)}." if others else "All are the defaults."
    attention, optimiser = config.attention, config.optimiser
    memory = f"\nMemory bank: {attention.memory_size} images for each category, {attention.top_k} patches of each ({attention.variant}).\n"
    return f"""# {config.run}

A semantic segmenter for the {config.benchmark} vocabulary, trained in the profile `{config.profile}`, seed {config.seed}.
Method `{config.method}`: {_METHODS[config.method]}.
Backbone {config.backbone.title} ({parameters:,} parameters with the classifier), {categories} distinct category names.

## Data

| data set | labels | opened | share of a step | λ_cls | λ_aux |
| --- | --- | --- | --- | --- | --- |
{sets}
{_TEXT_TOWER if config.method == "lseg" else ""}
## Training

{config.steps} steps of {config.ranks} × {config.images_per_rank} pictures, {config.runtime.precision} on {config.runtime.device}; \
{optimiser.name}, learning rate {optimiser.lr:g} to {optimiser.min_lr:g}, power {optimiser.power:g}, {optimiser.warmup_steps} warm-up steps.
{memory if attention.variant != "none" else ""}
Where paper and official code disagree this run says (README, "Paper and code"). {differ}

{switches}

## Numbers

In `metrics.json` of each evaluation of this run; how training went is in `curves.csv`, the resolved configuration in `config.json`.

## Limits

- It names only the categories of its data sets, and answers one of them for every pixel, also where none is right.
- Categories without pixel labels are found less well, and their borders are coarse: one feature covers \
{config.backbone.patch_size} × {config.backbone.patch_size} pixels.
- {
        "It has seen drawn pictures only and knows nothing of photographs."
        if config.profile in ("mini", "smoke")
        else "It carries the biases of its pictures and labels, and is meant for research."
    }
"""


def _times(opened: Mapping[str, int]) -> str:
    return ", ".join(f"{annotation.replace('_', ' ')} {times:,} times" for annotation, times in sorted(opened.items()))
