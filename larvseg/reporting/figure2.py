"""Figure 2: where else is what one pixel shows? Response maps of a pixel of some classes, for several models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from PIL import Image, ImageDraw

from larvseg.config.figures import Figure2Config
from larvseg.errors import LarvSegError
from larvseg.files import replacing
from larvseg.reporting.arrays import read_arrays_of
from larvseg.reporting.drawing import (
    GREY,
    INK,
    RULE,
    Box,
    Colour,
    fitted,
    fitting,
    font,
    heading,
    kind_colour,
    meet,
    outlined,
    paste,
    pill,
    stacked,
)

MAP, GAP = (232, 174), 10  # of one response map, pixels
PICTURE = (2 * MAP[0], 2 * MAP[1] + GAP)
LABEL = 40  # room for a model's name, written upwards
TITLE = 58  # room for the names of classes
_COLOURS = np.round(matplotlib.colormaps["magma"](np.linspace(0, 1, 256))[:, :3] * 255).astype(np.uint8)


class Model(NamedTuple):
    """The response maps of one model."""

    title: str
    arrays: Mapping[str, np.ndarray]
    pictures: Sequence[Mapping[str, Any]]


def figure2(config: Figure2Config, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Draw `figure`, a PNG, from the response maps of each model's run (`responses`), by the name of the run.

    Raises LarvSegError if they are of other pictures or pixels than those of the first.
    """
    models = []
    for column in config.models:
        arrays, about = read_arrays_of(inputs[column.run], run=column.run, profile=config.profile, benchmark=config.benchmark)
        models.append(Model(column.title, arrays, about["pictures"]))
        first = models[0]
        same = about["pictures"] == first.pictures and all(
            np.array_equal(arrays[f"{number}.points"], first.arrays[f"{number}.points"]) for number in range(len(first.pictures))
        )
        if not same:
            raise LarvSegError(f"{inputs[column.run]}: other pictures or pixels than in {inputs[config.models[0].run]}; make both again")
    with replacing(outputs["figure"]) as path:
        sheet(models, f"{config.benchmark}, profile “{config.profile}”, seed {about['seed']}").save(path, "PNG")


def sheet(models: Sequence[Model], where: str) -> Image.Image:
    """The figure: for each picture its dots, and beside them a row of response maps of each model."""
    blocks = [_block(models, number) for number in range(len(models[0].pictures))]
    width = max(block.width for block in blocks)
    explanation = (
        f"{where}. One pixel of each class is marked. Colours: cosines of all pixels' embeddings to that pixel's, from the smallest",
        "(dark) to the largest (light) of each map; outlined: where the class is. Base: C171 has the class; novel: it has not (rule S).",
    )
    return stacked([heading("Figure 2 · Do pixel embeddings group classes that were never labelled?", explanation, width), *blocks], 26)


def _block(models: Sequence[Model], number: int) -> Image.Image:
    first = models[0]
    about, points = first.pictures[number], first.arrays[f"{number}.points"]
    classes = about["classes"]
    height = TITLE + max(len(models) * (MAP[1] + GAP) - GAP, PICTURE[1])
    left = PICTURE[0] + GAP + LABEL
    block = Image.new("RGB", (left + len(classes) * (MAP[0] + GAP) - GAP, height), "white")
    draw = ImageDraw.Draw(block)
    draw.line((0, 0, block.width, 0), RULE)
    draw.text((0, 30), about["name"], fill=GREY, font=font(17), anchor="lm")
    _dotted(block, first.arrays[f"{number}.picture"], points, classes)
    for line, model in enumerate(models):
        top = TITLE + line * (MAP[1] + GAP)
        name = Image.new("RGB", (MAP[1], LABEL), "white")
        ImageDraw.Draw(name).text((MAP[1] / 2, LABEL / 2), model.title, fill=INK, font=fitting(model.title, 17, MAP[1]), anchor="mm")
        paste(block, name.rotate(90, expand=True), (left - LABEL, top))
        regions = first.arrays[f"{number}.regions"]
        for column, (response, region) in enumerate(zip(model.arrays[f"{number}.responses"], regions, strict=True)):
            x = left + column * (MAP[0] + GAP)
            box = paste(block, _coloured(response, region), (x + MAP[0] / 2, top + MAP[1] / 2), "mm")
            _dot(block, box, points[column], response.shape, kind_colour(classes[column]["novel"]), 6)
    for column, shown in enumerate(classes):
        middle = left + column * (MAP[0] + GAP) + MAP[0] / 2
        draw.text((middle, 20), shown["name"], fill=INK, font=fitting(shown["name"], 20, MAP[0]), anchor="mm")
        paste(block, pill("novel" if shown["novel"] else "base", kind_colour(shown["novel"]), 13), (middle, 42), "mm")
    return block


def _dotted(block: Image.Image, picture: np.ndarray, points: np.ndarray, classes: Sequence[Mapping[str, Any]]) -> None:
    """The picture with a dot for each class and its name beside it, where nothing else is if there is such a place."""
    image = fitted(picture, PICTURE, Image.Resampling.BICUBIC)
    frame = paste(block, image, (PICTURE[0] / 2, TITLE + PICTURE[1] / 2), "mm")
    colours = [kind_colour(about["novel"]) for about in classes]
    dots = [_dot(block, frame, point, picture.shape, colour, 9) for point, colour in zip(points, colours, strict=True)]
    taken = list(dots)
    for dot, about, colour in zip(dots, classes, colours, strict=True):
        name = pill(about["name"], colour, 16)
        middle = (dot[1] + dot[3] - name.height) // 2
        centre = min(max((dot[0] + dot[2] - name.width) // 2, frame[0]), frame[2] - name.width)
        places = [(dot[2] + 3, middle), (dot[0] - 3 - name.width, middle), (centre, dot[1] - 3 - name.height), (centre, dot[3] + 3)]
        boxes = [(x, y, x + name.width, y + name.height) for x, y in places]
        inside = [box for box in boxes if box[0] >= frame[0] and box[1] >= frame[1] and box[2] <= frame[2] and box[3] <= frame[3]]
        free = [box for box in inside if not any(meet(box, other) for other in taken)]
        taken.append(paste(block, name, (free or inside or boxes)[0][:2]))


def _dot(block: Image.Image, frame: Box, point: np.ndarray, shape: Sequence[int], colour: Colour, radius: int) -> Box:
    """A ringed dot at pixel `point` (row, column) of a picture of `shape` that fills `frame`; returns the box it fills."""
    x = frame[0] + (point[1] + 0.5) / shape[1] * (frame[2] - frame[0])
    y = frame[1] + (point[0] + 0.5) / shape[0] * (frame[3] - frame[1])
    scale, side = 4, 2 * (radius + 3)  # Pillow draws curves without antialiasing
    dot = Image.new("RGBA", (side * scale, side * scale))
    draw = ImageDraw.Draw(dot)
    for size, ink in ((radius + 2.5, INK), (radius + 1.5, (255, 255, 255)), (radius - 1, colour)):
        draw.ellipse([(side / 2 + sign * size) * scale for sign in (-1, -1, 1, 1)], fill=(*ink, 255))
    return paste(block, dot.resize((side, side), Image.Resampling.LANCZOS), (x, y), "mm")


def _coloured(response: np.ndarray, region: np.ndarray) -> Image.Image:
    """(H, W) cosines in colours, and their range; (H, W) bool as an outline."""
    low, high = float(response.min()), float(response.max())
    levels = np.round((response - low) / max(high - low, 1e-12) * 255).astype(np.uint8)
    # colours after enlarging, so that no colour appears that the scale has not
    image = Image.fromarray(_COLOURS[np.asarray(fitted(levels, MAP, Image.Resampling.BILINEAR))])
    outlined(image, region)
    text = f"{low:.2f} to {high:.2f}"
    ImageDraw.Draw(image).text((6, image.height - 6), text, fill="white", font=font(13), anchor="ls", stroke_width=2, stroke_fill=INK)
    return image
