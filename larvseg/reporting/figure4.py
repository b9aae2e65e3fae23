"""Figure 4: what several methods see in the same pictures, with the mIoU of each picture, and which novel categories they find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from larvseg.config.figures import Figure4Config
from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError
from larvseg.evaluation.confusion import ConfusionCounts
from larvseg.evaluation.metrics import class_iou, mean_iou
from larvseg.files import replacing
from larvseg.reporting.arrays import read_arrays_of
from larvseg.reporting.drawing import (
    BASE,
    GREY,
    INK,
    NOVEL,
    Box,
    Colour,
    class_colour,
    fitted,
    fitting,
    flowing,
    font,
    heading,
    meet,
    outlined,
    paste,
    pill,
    stacked,
    width_of,
)

CELL, GAP, CAPTION, TITLE = (264, 198), 12, 30, 40  # pixels
SMALLEST = 0.015  # share of a picture that a novel category must cover to be marked
LISTED = 0.01  # share of one label map that a class must cover to stand in the legend
OPACITY = 0.72  # of the colours of classes over the picture
RIGHT, WRONG, FRAME = (30, 120, 60), (178, 24, 43), (150, 150, 150)


class Shown(NamedTuple):
    """One picture of the figure."""

    name: str
    picture: np.ndarray  # (H, W, 3) uint8
    truth: np.ndarray  # (H, W) class, −1 without a label
    predictions: tuple[np.ndarray, ...]  # (H, W) of each method


def figure4(config: Figure4Config, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Draw `figure`, a PNG, from the `manifest` and each method's `predictions`, by the name of its run.

    Raises LarvSegError for predictions of another benchmark, profile or run, or of other pictures.
    """
    manifest = Manifest(inputs["manifest"])
    maps = []
    for column in config.methods:
        arrays, about = read_arrays_of(inputs[column.run], run=column.run, profile=config.profile, benchmark=config.benchmark)
        if maps and arrays.keys() != maps[0].keys():
            raise LarvSegError(f"{inputs[column.run]}: other pictures than in {inputs[config.methods[0].run]}; make both again")
        maps.append(arrays)
    pictures = [
        Shown(manifest.name(row), manifest.image(row), manifest.mask(row), tuple(each[str(row)] for each in maps))
        for row in sorted(map(int, maps[0]))
    ]
    page = sheet(
        pictures,
        [column.title for column in config.methods],
        manifest.header["classes"],
        frozenset(manifest.novel()),
        f"{config.benchmark}, profile “{config.profile}”, seed {about['seed']}",
    )
    with replacing(outputs["figure"]) as path:
        page.save(path, "PNG")


def picture_miou(truth: np.ndarray, prediction: np.ndarray, classes: int) -> float:
    """mIoU of one picture in percent: the mean over the classes that its mask or the prediction has, where the mask has a label."""
    counts = ConfusionCounts(classes)
    counts.add(0, truth, prediction)
    return 100 * mean_iou(class_iou(counts.matrix()))


def sheet(pictures: Sequence[Shown], methods: Sequence[str], names: Sequence[str], novel: frozenset[int], where: str) -> Image.Image:
    """The figure: a row for each picture, a column for each method, then the legend."""
    titles = ["picture", "ground truth", *methods]
    width = len(titles) * (CELL[0] + GAP) - GAP
    row = Image.new("RGB", (width, TITLE), "white")
    for column, title in enumerate(titles):
        place = column * (CELL[0] + GAP) + CELL[0] / 2, TITLE / 2
        ImageDraw.Draw(row).text(place, title, fill=INK if column > 1 else GREY, font=fitting(title, 21, CELL[0]), anchor="mm")
    explanation = (
        f"{where}. Outlined in every column: novel categories, those that C171 has not (rule S). In a prediction the outline carries the",
        "class that most of it was given: green if that is right, red if not. Below: mIoU of the picture in percent, the best in a frame.",
    )
    rows = [_row(shown, names, novel) for shown in pictures]
    return stacked([heading("Figure 4 · What the methods see", explanation, width), row, *rows, _legend(pictures, names, novel, width)], 10)


def _row(shown: Shown, names: Sequence[str], novel: frozenset[int]) -> Image.Image:
    labels = [shown.truth, *shown.predictions]
    row = Image.new("RGB", ((len(labels) + 1) * (CELL[0] + GAP) - GAP, CELL[1] + CAPTION), "white")
    draw = ImageDraw.Draw(row)

    def at(column: int) -> tuple[float, float]:
        return column * (CELL[0] + GAP) + CELL[0] / 2, CELL[1] / 2

    paste(row, fitted(shown.picture, CELL, Image.Resampling.BICUBIC), at(0), "mm")
    draw.text((at(0)[0], CELL[1] + CAPTION / 2), shown.name, fill=GREY, font=font(15), anchor="mm")
    scores = [picture_miou(shown.truth, prediction, len(names)) for prediction in shown.predictions]
    for column, map_ in enumerate(labels, 1):
        paste(row, _map(shown, map_, names, novel, is_truth=column == 1), at(column), "mm")
        place = at(column)[0], CELL[1] + CAPTION / 2
        if column > 1:
            score = scores[column - 2]
            best = score == max(scores)
            if best:
                paste(row, pill(f"mIoU {score:.1f}", INK, 16, filled=False), place, "mm")
            else:
                draw.text(place, f"mIoU {score:.1f}", fill=INK, font=font(16), anchor="mm")
    return row


def _map(shown: Shown, labels: np.ndarray, names: Sequence[str], novel: frozenset[int], is_truth: bool) -> Image.Image:
    """`labels` (H, W) in colours over the picture in grey; novel categories of the ground truth outlined and named."""
    palette = np.array([*map(class_colour, range(len(names))), (235, 235, 235)], np.uint8)  # −1 is the last
    colours = fitted(palette[labels], CELL, Image.Resampling.NEAREST)
    light = Image.fromarray(shown.picture).resize(colours.size, Image.Resampling.BICUBIC).convert("L").convert("RGB")
    image = Image.blend(light, colours, OPACITY)
    present, counts = np.unique(shown.truth[shown.truth >= 0], return_counts=True)
    marked = [int(label) for label, count in zip(present, counts, strict=True) if label in novel and count >= SMALLEST * shown.truth.size]
    for label in marked:
        outlined(image, shown.truth == label)
    taken: list[Box] = []
    for label in marked:
        region = shown.truth == label
        given = label if is_truth else int(np.bincount(labels[region]).argmax())
        colour = NOVEL if is_truth else RIGHT if given == label else WRONG
        name = pill(names[given], colour, 14)
        _place(image, name, region, taken)
    return image


def _place(image: Image.Image, name: Image.Image, region: np.ndarray, taken: list[Box]) -> None:
    """Paste `name` at the middle of `region`, inside the image and beside the boxes `taken`, of which it becomes one."""
    ys, xs = np.nonzero(region)
    x = np.median(xs) / region.shape[1] * image.width
    y = np.median(ys) / region.shape[0] * image.height
    x = min(max(x, name.width / 2 + 2), image.width - name.width / 2 - 2)
    step = name.height + 2
    tops = [min(max(y + shift * step, name.height / 2 + 2), image.height - name.height / 2 - 2) for shift in (0, 1, -1, 2, -2, 3, -3)]
    boxes = [
        (round(x - name.width / 2), round(top - name.height / 2), round(x + name.width / 2), round(top + name.height / 2)) for top in tops
    ]
    free = [box for box in boxes if not any(meet(box, other) for other in taken)]
    box = (free or boxes)[0]
    taken.append(box)
    paste(image, name, box[:2])


def _legend(pictures: Sequence[Shown], names: Sequence[str], novel: frozenset[int], width: int) -> Image.Image:
    """The colours of all classes that are to be seen, base and novel ones apart."""
    seen: set[int] = set()
    for shown in pictures:
        for labels in (shown.truth, *shown.predictions):
            found, counts = np.unique(labels[labels >= 0], return_counts=True)
            seen |= set(found[counts >= LISTED * labels.size].tolist())
    lines = []
    for title, colour, classes in (("base", BASE, sorted(seen - novel)), ("novel", NOVEL, sorted(seen & novel))):
        items = [pill(title, colour, 15), *(_chip(names[index], class_colour(index)) for index in classes)]
        lines.append(flowing(items, width, 22))
    page = Image.new("RGB", (width, sum(line.height for line in lines) + 34), "white")
    top = 14
    for line in lines:
        paste(page, line, (0, top))
        top += line.height + 10
    return page


def _chip(name: str, colour: Colour) -> Image.Image:
    chip = Image.new("RGB", (32 + width_of(name, 17), 25), "white")
    draw = ImageDraw.Draw(chip)
    draw.rectangle((0, 3, 22, 20), colour, FRAME)
    draw.text((30, 12), name, fill=INK, font=font(17), anchor="lm")
    return chip
