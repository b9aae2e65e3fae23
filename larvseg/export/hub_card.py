"""The model card of an exported folder: what the Hub reads of it, and what people read."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from larvseg.config import TrainConfig
from larvseg.training.label_space import RunVocabulary
from larvseg.training.segmenter_card import card_text

MEASURES = {"all": "mIoU (%)", "base": "mIoU of base categories (%)", "novel": "mIoU of novel categories (%)"}
MARKUP = "".join(sorted(set(string.punctuation) - set(",'-")))  # what Markdown and HTML may give a meaning to within a line
USE = """    import larvseg

    run = larvseg.load("FOLDER")  # where this file lies
    print(run.segment("picture.jpg").to_pandas())"""


def readme(
    config: TrainConfig,
    vocabulary: RunVocabulary,
    opened: Mapping[str, Mapping[str, int]],
    parameters: int,
    metrics: Mapping[str, Any] | None,
) -> str:
    """README.md: YAML front matter as the Hub wants it, and the card. metrics: those of the evaluation, None if there was none."""
    _, summary, sections = _parts(card_text(config, vocabulary, parameters, opened))
    sections |= {"Numbers": _numbers(metrics), "Licence": _licence(config)}
    ordered = {"Use": USE, "Numbers": "", "Categories": _categories(config, vocabulary), **sections}
    body = "\n\n".join([f"# {config.run}", summary, *(f"## {heading}\n\n{text}" for heading, text in ordered.items())])
    return f"---\n{_front_matter(config, metrics)}\n---\n\n{body}\n"


def _parts(card: str) -> tuple[str, str, dict[str, str]]:
    """Title, summary and sections of a run's card."""
    head, *rest = card.split("\n## ")
    title, summary = head.removeprefix("# ").split("\n", 1)
    sections = (text.split("\n", 1) for text in rest)
    return title, summary.strip(), {heading: text.strip() for heading, text in sections}


def _front_matter(config: TrainConfig, metrics: Mapping[str, Any] | None) -> str:
    task = "image-segmentation"
    results = [
        EvalResult(
            task_type=task,
            dataset_type=config.benchmark,
            dataset_name=config.benchmark,
            metric_type="mean_iou",
            metric_name=name,
            metric_value=metrics[measure],
        )
        for measure, name in MEASURES.items()
        if metrics and metrics[measure] is not None
    ]
    # the Hub's identifier of terms that it has no name for is "other"
    terms = {"license": "mit"} if config.drawn else {"license": "other", "license_name": "terms-of-the-training-data"}
    data = ModelCardData(
        **terms,
        library_name="larvseg",
        pipeline_tag=task,
        tags=["semantic-segmentation", config.method],
        datasets=[each.name for each in config.training_sets],
        metrics=["mean_iou"],
        **({"model_name": config.run, "eval_results": results} if results else {}),
    )
    return data.to_yaml().strip()


def _numbers(metrics: Mapping[str, Any] | None) -> str:
    if metrics is None:
        return "This run was not evaluated."
    rows = [
        f"| {rule} | {' | '.join('–' if numbers[measure] is None else f'{numbers[measure]:.1f}' for measure in MEASURES)} |"
        for rule, numbers in metrics["rules"].items()
    ]
    head = ["| rule | " + " | ".join(MEASURES.values()) + " |", "| --- |" + " --- |" * len(MEASURES)]
    said = f"On the {metrics['images']} validation images of {metrics['benchmark']}; `metrics.json` has them for each category."
    return "\n".join([f"{said} The rules say which categories are base and which novel.", "", *head, *rows])


def _categories(config: TrainConfig, vocabulary: RunVocabulary) -> str:
    """The names of the classes as text, whatever they contain."""
    names = vocabulary["classes"][config.benchmark]
    return f"{len(names)} categories: {' · '.join(map(escaped, names))}"


def escaped(name: str) -> str:
    """`name` in one line, so that Markdown and HTML show it as it is."""
    return re.sub(f"([{re.escape(MARKUP)}])", r"\\\1", " ".join(name.split()))


def _licence(config: TrainConfig) -> str:
    if config.drawn:
        return "The code is under the MIT licence. So are these weights: they have learned from images that this code has drawn."
    sources = [each.name for each in config.training_sets]
    sources += [f"the published weights of {config.backbone.title}"] if config.backbone.weights != "pretrain" else []
    return (
        "The code is under the MIT licence. The weights follow the terms of what they have learned from: "
        f"{', '.join(sources)}. Read these terms before you use or pass on the weights."
    )
