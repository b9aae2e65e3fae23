"""The model card of a segmenter. It says what the resolved configuration says, so that it holds for every run."""

from __future__ import annotations

from collections.abc import Mapping

from larvseg.config import Switches, TrainConfig
from larvseg.training.card import card, schedule, times
from larvseg.training.label_space import RunVocabulary

_KINDS = {
    "pixel": "a category for every pixel",
    "multi_label": "the categories that are in an image",
    "single_label": "one category for an image",
}
_ATTENDS = {
    "cross_image": "pooled where its features are near those that a memory bank of other images holds of the label",
    "push_first": "pooled where its features are near those that a memory bank holds of the label, the image's own among them",
    "single_image": "pooled over the patches whose own similarity to the label stands out in the image",
}


def card_text(config: TrainConfig, vocabulary: RunVocabulary, parameters: int, opened: Mapping[str, Mapping[str, int]]) -> str:
    """The card. opened: how many times which annotations of each data set were opened."""
    named = config.benchmark if config.benchmark in vocabulary["index"] else next(iter(vocabulary["index"]))
    made = f"trained in the profile `{config.profile}` with the method `{config.method}`, seed {config.seed}"
    size = f"{parameters:,} parameters with the classifier"
    trained = (
        f"A neck on the features of the network {config.backbone.title}" if config.backbone.neck else f"Backbone {config.backbone.title}"
    )
    summary = f"""A semantic segmenter for the classes of {named}, {made}.
{trained} ({size}), {len(vocabulary["names"])} distinct category names."""
    known = "any list that it has embeddings of" if config.table == "text" else "its data sets"
    patch = f"{config.backbone.patch_size} × {config.backbone.patch_size} pixels"
    limits = [
        f"It names only the categories of {known}, and answers one of them for every pixel, also where none is right.",
        f"Categories without pixel labels are found less well, and their borders are coarse: one feature covers {patch}.",
    ]
    images = f"{config.ranks} × {config.images_per_rank} images"
    training = [_supervision(config), schedule(config.steps, images, config.optimiser, config.runtime), _switches(config.switches)]
    return card(config.run, summary, {"Data": _data(config, opened), "Training": "\n\n".join(training)}, limits, drawn=config.drawn)


def _data(config: TrainConfig, opened: Mapping[str, Mapping[str, int]]) -> str:
    rows = (
        f"| {each.name} | {_KINDS[each.kind]} | {times(opened.get(each.name, {}))} | {each.ranks} of {config.ranks} "
        f"| {each.lambda_cls:g} | {each.lambda_aux:g} |"
        for each in config.training_sets
    )
    return "\n".join(["| data set | labels | opened | share of a step | λ_cls | λ_aux |", "| --- | --- | --- | --- | --- | --- |", *rows])


def _supervision(config: TrainConfig) -> str:
    """What teaches the segmenter, in a sentence for each kind of label."""
    attention, said = config.attention, []
    for each in config.training_sets:
        if each.kind == "pixel":
            said.append(f"{each.name}: the cross entropy of every labelled pixel.")
            continue
        said.append(f"{each.name}: the logits of each label of an image, averaged over the whole image")
        said[-1] += f", and {_ATTENDS[attention.variant]}." if each.lambda_aux else "."
    if attention.variant in ("cross_image", "push_first"):
        said.append(f"Memory bank: {attention.memory_size} images for each category, {attention.top_k} patches of each.")
    if config.losses:
        said.append(f"Further terms of the loss: {', '.join(f'{name}, weighted {weight:g}' for name, weight in config.losses.items())}.")
    if config.table == "text":
        said.append(
            "The embeddings of the classes are those of their names by the text tower of a CLIP model. They stay as they are; "
            "another vocabulary is segmented by its embeddings in their place."
        )
    return "\n".join(said)


def _switches(switches: Switches) -> str:
    """Where paper and official code disagree, and which this run follows."""
    chosen, default = switches.model_dump(), Switches().model_dump()
    others = [f"`{name}`" for name in sorted(default) if chosen[name] != default[name]]
    differ = f"Other than the defaults: {', '.join(others)}." if others else "All are the defaults."
    lines = "\n".join(f"- `{name}`: {value}" for name, value in chosen.items())
    return f"Where paper and official code disagree this run says (docs/paper-and-code.md). {differ}\n\n{lines}"
