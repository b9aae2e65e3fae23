"""Localized Narratives of drawn scenes: what a person says who describes an image at length, and where the pointer is meanwhile.

https://google.github.io/localized-narratives/docs: one JSON object a line. Times are seconds from the beginning of the recording.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import numpy as np

from larvseg.miniature.chance import choose
from larvseg.miniature.classes import drawn_classes
from larvseg.miniature.scenes import Scene
from larvseg.miniature.words import draw_word, with_article, words

Generator = np.random.Generator

THING, SURFACE = 0.92, 0.7  # how probable it is that one that can be seen is told of
WRONG = 0.03  # of the names
SMALLEST = 0.006  # share of the image below which nobody notices a thing
WORDS_A_SECOND = 2.6
STEP = 0.1  # seconds between points of a trace
ANNOTATORS = 150

_OPENINGS = (
    "In this image we can see", "In this picture there is", "In the foreground of this image there is", "This image consists of",
    "Here I can see", "In this picture we can observe", "In the center of the image there is",
)  # fmt: skip
_SIDES = (
    ("On the left side of the image", "To the left", "At the left"),
    ("In the middle of the image", "In the center"),
    ("On the right side of the image", "To the right", "At the right corner"),
)
_SEES = ("there is", "we can see", "I can see", "we have")
_JOINTS = ("and", "and also", "along with", "beside it", "and near to it")
_BACK = ("In the background", "Behind them", "In the background of the image")
_GROUND = ("At the bottom of the image", "On the ground", "At the bottom")


class Utterance(NamedTuple):
    """Some words, and the instance of the scene that the pointer is on while they are said; None: it is on its way."""

    text: str
    instance: int | None = None


def narrative(rng: Generator, drawn: Scene, dataset_id: str, image_id: str) -> str:
    """A line of a file of Localized Narratives, with its end, about `drawn`."""
    annotator = int(rng.integers(ANNOTATORS))
    utterances = tell(rng, drawn)
    timed, traces = _record(rng, drawn, utterances)
    content = {
        "dataset_id": dataset_id,
        "image_id": image_id,
        "annotator_id": annotator,
        "caption": " ".join(utterance.text for utterance in utterances),
        "timed_caption": timed,
        "traces": traces,
        "voice_recording": f"coco_train/coco_train_{image_id}_{annotator}.ogg",
    }
    return json.dumps(content) + "\n"


def tell(rng: Generator, drawn: Scene) -> list[Utterance]:
    """What is said: the things from the largest to the smallest with their places, then what is behind and below them."""
    by_label = {one.label: one for one in drawn_classes()}
    numbers, pixels = np.unique(drawn.instances[drawn.instances > 0], return_counts=True)
    seen = [(number, by_label[int(drawn.labels[drawn.instances == number][0])], size) for number, size in zip(numbers, pixels, strict=True)]
    things = [one for one in sorted(seen, key=lambda one: -one[2]) if one[1].kind == "thing" and one[2] >= SMALLEST * drawn.labels.size]
    told = [one for index, one in enumerate(things) if index == 0 or rng.random() < THING]
    said: list[Utterance] = []
    for position, (number, drawing, _) in enumerate(told):
        name = with_article(_word(rng, drawing.name))
        if position == 0:
            said.append(Utterance(_one_of(rng, _OPENINGS)))
        elif position % 2 and rng.random() < 0.7:
            said[-1] = said[-1]._replace(text=said[-1].text.rstrip("."))
            said.append(Utterance(_one_of(rng, _JOINTS)))
        else:
            said += [Utterance(_one_of(rng, _SIDES[_side(drawn, number)])), Utterance(_one_of(rng, _SEES))]
        said.append(Utterance(f"{name}.", int(number)))
    for number, drawing, _ in seen:
        if drawing.kind == "surface" and (rng.random() < SURFACE or not said):
            rows = np.nonzero(drawn.instances == number)[0]
            where = _BACK if rows.mean() < 0.5 * len(drawn.labels) else _GROUND
            said += [Utterance(_one_of(rng, where)), Utterance(_one_of(rng, _SEES))]
            said.append(Utterance(f"the {_word(rng, drawing.name)}.", int(number)))
    return said


def _word(rng: Generator, name: str) -> str:
    if rng.random() < WRONG:
        others = [other for other in words() if other != name]
        name = others[int(rng.integers(len(others)))]
    return draw_word(rng, name)


def _side(drawn: Scene, number: int) -> int:
    """0 left, 1 middle, 2 right."""
    columns = np.nonzero(drawn.instances == number)[1]
    return min(int(3 * (columns.mean() + 0.5) / drawn.labels.shape[1]), 2)


def _record(rng: Generator, drawn: Scene, utterances: list[Utterance]) -> tuple[list[dict[str, Any]], list[list[dict[str, float]]]]:
    """timed_caption and traces: while a thing is named, the pointer goes over it; after a sentence it may leave the image."""
    timed, traces, points = [], [], []
    now = float(rng.uniform(0, 0.8))
    for utterance in utterances:
        start = now
        now += max(len(utterance.text.split()) / WORDS_A_SECOND * rng.uniform(0.8, 1.3), 4 * STEP)
        timed.append({"utterance": utterance.text, "start_time": round(start, 3), "end_time": round(now, 3)})
        if utterance.instance is not None:
            points += _over(rng, drawn.instances == utterance.instance, start, now)
        if utterance.text.endswith("."):
            now += float(rng.uniform(0.1, 0.9))
            if rng.random() < 0.3:  # the pointer leaves the image
                traces.append(points)
                points = []
    return timed, [segment for segment in (*traces, points) if segment]


def _over(rng: Generator, mask: np.ndarray, start: float, stop: float) -> list[dict[str, float]]:
    """Points on `mask` (H, W) from `start` to `stop`, round its centre; the hand trembles by a third of a pixel."""
    rows, columns = np.nonzero(mask)
    times = np.arange(start, stop - STEP / 2, STEP)
    chosen = rng.integers(len(rows), size=len(times))
    chosen = chosen[np.argsort(np.arctan2(rows[chosen] - rows.mean(), columns[chosen] - columns.mean()))]
    x, y = (columns[chosen] + 0.5 + rng.normal(0, 0.3, len(times))), (rows[chosen] + 0.5 + rng.normal(0, 0.3, len(times)))
    height, width = mask.shape
    return [
        {"x": round(float(a) / width, 4), "y": round(float(b) / height, 4), "t": round(float(t), 3)}
        for a, b, t in zip(x, y, times, strict=True)
    ]


def _one_of(rng: Generator, options: tuple[str, ...]) -> str:
    return options[choose(rng, [1.0] * len(options))]
