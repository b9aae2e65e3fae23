"""The model card that lies beside every model: one template, and the sentences that several models share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from larvseg.config import Optimiser, Runtime

DRAWN = "It has seen drawn images only and knows nothing of photographs."
REAL = "It carries the biases of the images and texts that it learned from, and is meant for research."
NUMBERS = (
    "In `metrics.json` of each evaluation of this model; how training went is in `curves.csv`, the resolved configuration in `config.json`."
)


def card(name: str, summary: str, sections: Mapping[str, str], limits: Sequence[str], *, drawn: bool) -> str:
    """Markdown: what the model is, `sections` by their headings, where its numbers are, its limits. drawn: it saw no photograph."""
    said = {**sections, "Numbers": NUMBERS, "Limits": "\n".join(f"- {limit}" for limit in (*limits, DRAWN if drawn else REAL))}
    return "\n\n".join([f"# {name}", summary, *(f"## {heading}\n\n{text}" for heading, text in said.items())]) + "\n"


def schedule(steps: int, images: str, optimiser: Optimiser, runtime: Runtime) -> str:
    """How long, on how many `images` a step, and by which optimiser a model was trained."""
    head = f", {optimiser.head_factor:g} times that for all but the backbone" if optimiser.head_factor != 1 else ""
    rate = f"learning rate {optimiser.lr:g} to {optimiser.min_lr:g}, power {optimiser.power:g}, {optimiser.warmup_steps} warm-up steps"
    how = f"{optimiser.name}, weight decay {optimiser.weight_decay:g}, {rate}{head}"
    return f"{steps} steps of {images}, {runtime.precision} on {runtime.device}; {how}."


def times(opened: Mapping[str, int]) -> str:
    """How many times which annotations of a data set were opened."""
    return ", ".join(f"{annotation.replace('_', ' ')} {count:,} times" for annotation, count in sorted(opened.items())) or "nothing"
