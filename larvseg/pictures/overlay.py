"""The overlay: a picture under the colours of its classes, and a legend below it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from larvseg.figures.colours import INK, class_colours
from larvseg.pictures.areas import Area
from larvseg.pictures.pictures import printable

SIDE = 4096  # pixels; a larger picture is shown smaller
SMALL = 480  # pixels; a smaller one larger, by a whole factor
OPACITY = 0.6
TOP = 20  # classes of a legend, unless one asks for others
_COLUMN, _LINE, _MARGIN, _TEXT = 250, 24, 10, 15  # pixels


def colours_of(names: Sequence[str]) -> np.ndarray:
    """(N, 3) uint8: the colour of each class, as figures of these classes have it."""
    return class_colours(names, names)[:-1]


def at_size(labels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """`labels` (H, W) at `size` (height, width): those in the middles of the new pixels."""
    rows, columns = ((2 * np.arange(new) + 1) * old // (2 * new) for old, new in zip(labels.shape, size, strict=True))
    return labels[rows[:, None], columns]


def overlay(picture: np.ndarray, labels: np.ndarray, areas: Sequence[Area], names: Sequence[str], top: int = TOP) -> Image.Image:
    """`picture` (h, w, 3) uint8 under `labels` (H, W) of the same scene, and the `top` first of `areas` named below.

    It is as large as `picture`, or, of one below SMALL pixels, a whole number of times that.
    """
    colours = colours_of(names)
    factor = max(1, SMALL // max(picture.shape[:2]))
    size = picture.shape[0] * factor, picture.shape[1] * factor
    ground = Image.fromarray(picture).resize(size[::-1], Image.Resampling.BICUBIC) if factor > 1 else Image.fromarray(picture)
    tinted = Image.blend(ground, Image.fromarray(colours[at_size(labels, size)]), OPACITY)
    legend = _legend(areas, colours, max(size[1], _COLUMN), top)
    whole = Image.new("RGB", (legend.width, size[0] + legend.height), "white")
    whole.paste(tinted, ((legend.width - size[1]) // 2, 0))
    whole.paste(legend, (0, size[0]))
    return whole


def _legend(areas: Sequence[Area], colours: np.ndarray, width: int, top: int) -> Image.Image:
    """Column by column, `width` pixels wide."""
    lines = [(tuple(colours[area.label].tolist()), printable(area.name), f"{area.share:.1%}") for area in areas[:top]]
    if rest := areas[top:]:
        lines.append((None, f"{len(rest)} other{'s' if len(rest) > 1 else ''}", f"{sum(area.share for area in rest):.1%}"))
    columns = max(1, width // _COLUMN)
    rows = -(-len(lines) // columns)
    image = Image.new("RGB", (width, 2 * _MARGIN + rows * _LINE), "white")
    draw, font = ImageDraw.Draw(image), _font()
    for number, (colour, name, share) in enumerate(lines):
        column, row = divmod(number, rows)
        left, y = column * (width // columns), _MARGIN + row * _LINE + _LINE // 2
        right = left + min(width // columns, _COLUMN + 100) - _MARGIN
        if colour:
            draw.rectangle((left + _MARGIN, y - 8, left + _MARGIN + 16, y + 8), fill=colour)
        draw.text((right, y), share, INK, font, anchor="rm")
        room = right - draw.textlength(share, font) - left - 2 * _MARGIN - 26
        draw.text((left + _MARGIN + 26, y), _fitted(name, room, font), INK, font, anchor="lm")
    return image


def _fitted(name: str, room: float, font: ImageFont.FreeTypeFont) -> str:
    """`name`, or its beginning and …, no wider than `room` pixels."""
    if font.getlength(name[:200]) <= room and len(name) <= 200:
        return name
    ends = range(min(len(name), 200), -1, -1)
    return next((short for end in ends if font.getlength(short := f"{name[:end].rstrip()}…") <= room), "…")


@cache
def _font() -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which matplotlib brings and which has the letters of most alphabets."""
    import matplotlib

    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf"), _TEXT)
