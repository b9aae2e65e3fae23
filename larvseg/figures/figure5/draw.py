"""The page of Figure 5: object images, then scenes; a column for each image, a row for each model."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure, SubFigure

from larvseg.columns import grouped
from larvseg.figures.colours import GREY, INK, kind_colour
from larvseg.figures.figure5.data import Model, found, is_novel, lemma, verdict
from larvseg.figures.images import OPACITY, cover, faded, outline, show
from larvseg.figures.kit import MARGIN, SMALL, TEXT, parted, ruled, section, styled
from larvseg.figures.words import pill

CELL, CAPTION, LABEL = 202, 28, 204  # pixels: of an image with the space around it, its caption, what is said of a model
TITLES = 64  # of a band
COLUMNS = 6  # images beside each other
PALE = 0.55  # opacity of everything but the category
LETTERS = 30  # of a line of a caption


@styled()
def draw(models: Sequence[Model], profile: str) -> Figure:
    """The figure."""
    arrays, images = models[0].arrays, models[0].images
    scenes = [number for number in range(len(images)) if f"{number}.region" in arrays]
    objects = [number for number in range(len(images)) if number not in scenes]
    explanation = (
        f"Profile “{profile}”, seed {models[0].about['seed']}. Above each image a category, by the first word that WordNet has for it. "
        "Coloured: the pixels that a model gives to it, of all categories that it knows; everything else is grey. Orange: the model had "
        "image labels of it alone; blue: pixel labels, too. No model was trained on these images but where they say so. Outlined in "
        "scenes: where the category is; its IoU is that of this one image, which does not rank the models."
    )
    of = images[scenes[0]]["dataset"] if scenes else ""
    sections = (("Object images", objects), (f"Scenes: validation images of {of}", scenes))
    bands = [(title, numbers[start : start + COLUMNS]) for title, numbers in sections for start in range(0, len(numbers), COLUMNS)]
    heights = [TITLES + (len(models) + 1) * (_tall(arrays, numbers) + CAPTION) for _, numbers in bands]
    width = LABEL + COLUMNS * CELL + 2 * MARGIN
    figure, parts = parted("Figure 5 · Fine-grained categories", explanation, heights, width, apart=(12, 14))
    for part, (title, numbers) in zip(parts, bands, strict=True):
        ruled(part)
        section(part, title)
        _band(part, models, numbers)
    return figure


def _tall(arrays: dict[str, np.ndarray], numbers: Sequence[int]) -> float:
    """Pixels that the tallest image needs, none being taller than wide."""
    return (CELL - 12) * max(min(arrays[f"{number}.image"].shape[0] / arrays[f"{number}.image"].shape[1], 1) for number in numbers)


def _band(part: SubFigure, models: Sequence[Model], numbers: Sequence[int]) -> None:
    """Some images beside each other, and below them what each model finds."""
    panels = part.subplots(len(models) + 1, COLUMNS + 1, width_ratios=(LABEL, *[CELL] * COLUMNS), subplot_kw={"anchor": "S"})
    for axes in panels.flat:
        axes.axis("off")
    for axes, model in zip(panels[1:, 0], models, strict=True):
        _about(axes, model)
    for column, number in enumerate(numbers, 1):
        about, image = models[0].images[number], models[0].arrays[f"{number}.image"]
        top = panels[0, column]
        show(top, image)
        novel = is_novel(models[0], number)
        top.set_title(
            textwrap.shorten(lemma(about["synset"]), 24, placeholder="…"), loc="center", size=15, pad=14, **pill(kind_colour(novel))
        )
        _caption(top, about["name"] + ", trained on" * about["seen"], GREY)  # scenes never are
        for axes, model in zip(panels[1:, column], models, strict=True):
            found_in(axes, model, number)
            _caption(axes, verdict(model, number), INK)


def _about(axes: Axes, model: Model) -> None:
    """Which model a row is of, how it stands to the paper, and how many categories compete in it."""
    synsets = model.about["synsets"]
    others = len(model.about["names"]) - synsets
    axes.text(0, 0.55, model.row.title, size=16, in_layout=False)
    lines = f"{model.row.note}\n{grouped(synsets)} synsets and\n{grouped(others)} names of C171\ncompete"
    axes.text(0, 0.5, lines, size=TEXT, color=GREY, va="top", in_layout=False)


def _caption(axes: Axes, text: str, colour: str) -> None:
    axes.axis("on")
    axes.set_xlabel(textwrap.fill(text, LETTERS), size=SMALL, color=colour)


def found_in(axes: Axes, model: Model, number: int) -> None:
    """The image in pale grey, the category in its colour; in a scene the outline of where it is."""
    where = found(model, number)
    faded(axes, model.arrays[f"{number}.image"], PALE)
    cover(axes, np.full((*where.shape, 3), to_rgb(kind_colour(is_novel(model, number)))), opacity=OPACITY * where)
    if (region := model.arrays.get(f"{number}.region")) is not None:
        outline(axes, region)
