"""Figure 5: fine-grained categories of ImageNet-21K on object pictures and scenes: where each is found, everything else grey."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from larvseg.columns import grouped
from larvseg.config.figures import Figure5Config, Row
from larvseg.errors import LarvSegError
from larvseg.files import replacing
from larvseg.reporting.arrays import read_arrays_of
from larvseg.reporting.drawing import GREY, INK, RULE, fitted, fitting, font, heading, kind_colour, outlined, paste, pill, stacked
from larvseg.vocabulary.synsets import imagenet_synsets

CELL, GAP, TITLE, CAPTION, LABEL = (190, 190), 12, 40, 26, 204  # pixels
COLUMNS = 6  # pictures beside each other
PALE = 0.45  # how far everything but the category fades into white
OPACITY = 0.72  # of the colour of the category
LINE = 132  # letters of the explanation


class Model(NamedTuple):
    """The label maps of one model. about: what `recognise` says of them."""

    row: Row
    arrays: Mapping[str, np.ndarray]
    about: Mapping[str, Any]


def figure5(config: Figure5Config, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Draw `figure`, a PNG, from the `recognitions` of each model, by the name of its run.

    Raises LarvSegError for those of another profile or run, or of other pictures than the first model's.
    """
    models: list[Model] = []
    for row in config.models:
        arrays, about = read_arrays_of(inputs[row.run], run=row.run, profile=config.profile)
        if models and about["pictures"] != models[0].about["pictures"]:
            raise LarvSegError(f"{inputs[row.run]}: other pictures than in {inputs[config.models[0].run]}; make both again")
        models.append(Model(row, arrays, about))
    with replacing(outputs["figure"]) as path:
        sheet(models, config.profile).save(path, "PNG")


def sheet(models: Sequence[Model], profile: str) -> Image.Image:
    """The figure: object pictures, then scenes; a column for each picture, a row for each model."""
    arrays, pictures = models[0].arrays, models[0].about["pictures"]
    scenes = [number for number in range(len(pictures)) if f"{number}.region" in arrays]
    objects = [number for number in range(len(pictures)) if number not in scenes]
    explanation = textwrap.wrap(
        f"Profile “{profile}”, seed {models[0].about['seed']}. Above each picture a category, by the first word that WordNet has for it. "
        "Coloured: the pixels that a model gives to it, of all categories that it knows; everything else is grey. Orange: the model had "
        "image labels of it alone; blue: pixel labels, too. No model was trained on these pictures but where they say so. Outlined in "
        "scenes: where the category is; its IoU is that of this one picture, which does not rank the models.",
        LINE,
    )
    blocks = [heading("Figure 5 · Fine-grained categories", explanation, LABEL + COLUMNS * (CELL[0] + GAP) - GAP)]
    for title, numbers in (("Object pictures", objects), (f"Scenes: validation pictures of {_dataset(pictures, scenes)}", scenes)):
        bands = [numbers[start : start + COLUMNS] for start in range(0, len(numbers), COLUMNS)]
        blocks += [_band(models, band, title if first == 0 else "") for first, band in enumerate(bands)]
    return stacked(blocks, 24)


def _dataset(pictures: Sequence[Mapping[str, Any]], numbers: Sequence[int]) -> str:
    return pictures[numbers[0]]["dataset"] if numbers else ""


def _band(models: Sequence[Model], numbers: Sequence[int], title: str) -> Image.Image:
    """Some pictures beside each other, and below them what each model finds."""
    first = models[0]
    shapes = [first.arrays[f"{number}.picture"].shape for number in numbers]
    tall = max(round(height * min(CELL[0] / width, CELL[1] / height)) for height, width, _ in shapes)
    pitch = tall + CAPTION + 8
    top = 34 if title else 0
    page = Image.new("RGB", (LABEL + COLUMNS * (CELL[0] + GAP) - GAP, top + TITLE + (len(models) + 1) * pitch), "white")
    draw = ImageDraw.Draw(page)
    if title:
        draw.line((0, 0, page.width, 0), fill=RULE)
        draw.text((0, 24), title, fill=INK, font=font(19), anchor="ls")
    _names(page, models, top + TITLE, tall, pitch)
    for column, number in enumerate(numbers):
        about = first.about["pictures"][number]
        middle = LABEL + column * (CELL[0] + GAP) + CELL[0] / 2

        def put(image: Image.Image, text: str, row: int, ink: tuple[int, int, int], middle: float = middle) -> None:
            paste(page, image, (middle, top + TITLE + row * pitch + tall / 2), "mm")
            place = middle, top + TITLE + row * pitch + tall + CAPTION / 2
            draw.text(place, text, fill=ink, font=fitting(text, 16, CELL[0]), anchor="mm")

        name = lemma(about["synset"])
        size = fitting(name, 18, CELL[0] - 24).size
        paste(page, pill(name, kind_colour(_novel(first, about["synset"])), size), (middle, top + TITLE / 2 - 2), "mm")
        picture = first.arrays[f"{number}.picture"]
        put(fitted(picture, (CELL[0], tall), Image.Resampling.BICUBIC), f"{about['name']}{_seen(about)}", 0, GREY)
        for row, model in enumerate(models, 1):
            put(panel(model, number, (CELL[0], tall)), verdict(model, number), row, INK)
    return page


def _names(page: Image.Image, models: Sequence[Model], top: int, tall: int, pitch: int) -> None:
    """At the left of each row: which model it is of, how it stands to the paper, and how many categories compete in it."""
    draw = ImageDraw.Draw(page)
    for row, model in enumerate(models, 1):
        middle = top + row * pitch + tall / 2
        synsets = model.about["synsets"]
        others = len(model.about["names"]) - synsets
        lines = (
            (model.row.title, 20, INK),
            (model.row.note, 16, GREY),
            (f"{grouped(synsets)} synsets and {grouped(others)} names", 16, GREY),
            ("of C171 compete", 16, GREY),
        )
        for number, (text, size, ink) in enumerate(lines):
            draw.text((0, middle + 24 * (number - 1.5)), text, fill=ink, font=fitting(text, size, LABEL - 10), anchor="lm")


def lemma(name: str) -> str:
    """The first word that WordNet has for a synset; names of C171 that are none as they are."""
    return imagenet_synsets()[name].lemmas[0] if name in imagenet_synsets() else name


def _seen(about: Mapping[str, Any]) -> str:
    """Whether an object picture is one that the models were trained on; scenes never are."""
    return ", trained on" if about["seen"] else ""


def _novel(model: Model, synset: str) -> bool:
    return synset not in model.about["known"]


def found(model: Model, number: int) -> np.ndarray:
    """(H, W) bool: where `model` finds the synset of picture `number`."""
    names, synset = model.about["names"], model.about["pictures"][number]["synset"]
    labels = model.arrays[f"{number}.labels"]
    return labels == names.index(synset) if synset in names else np.zeros(labels.shape, bool)


def verdict(model: Model, number: int) -> str:
    """How much of the picture was found, or how well; of what was not found, what it was taken for."""
    where, synset = found(model, number), model.about["pictures"][number]["synset"]
    if synset not in model.about["names"]:
        return "none of its categories"
    region = model.arrays.get(f"{number}.region")
    if not where.any():
        labels = model.arrays[f"{number}.labels"]
        inside = labels if region is None else labels[region]
        return f"not found; mostly {lemma(model.about['names'][int(np.bincount(inside.ravel()).argmax())])}"
    if region is None:
        share = 100 * where.mean()
        return f"{share:.0f} % of the picture" if share >= 1 else "less than 1 % of the picture"
    return f"IoU {100 * (where & region).sum() / (where | region).sum():.0f}"


def panel(model: Model, number: int, size: tuple[int, int]) -> Image.Image:
    """The picture in pale grey, the category in its colour; in a scene the outline of where it is."""
    grey = fitted(model.arrays[f"{number}.picture"], size, Image.Resampling.BICUBIC).convert("L").convert("RGB")
    image = Image.blend(grey, Image.new("RGB", grey.size, "white"), PALE)
    mask = Image.fromarray(found(model, number)).resize(grey.size, Image.Resampling.NEAREST)
    colour = kind_colour(_novel(model, model.about["pictures"][number]["synset"]))
    image.paste(Image.blend(grey, Image.new("RGB", grey.size, colour), OPACITY), mask=mask)
    if (region := model.arrays.get(f"{number}.region")) is not None:
        outlined(image, region)
    return image
