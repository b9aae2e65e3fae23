"""What the figures share: type, colours of classes, labels, and pages of rows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

INK, GREY, RULE = (34, 34, 34), (112, 112, 112), (214, 214, 214)
BASE, NOVEL = (43, 108, 176), (200, 80, 20)  # of the words "base" and "novel", wherever they stand
MARGIN = 28
COLOURS, FIRST_COLOUR = 1000, (0.85, 0.03, 0.04)  # of classes; the first, in most vocabularies that of walls, is a light sand

Colour = tuple[int, int, int]
Box = tuple[int, int, int, int]  # left, top, right, bottom


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """The typeface of all figures."""
    return ImageFont.load_default(size)


def width_of(text: str, size: int) -> int:
    """Pixels that `text` is wide."""
    return round(font(size).getlength(text))


def fitting(text: str, size: int, width: int) -> ImageFont.FreeTypeFont:
    """The typeface in the largest size up to `size` in which `text` is at most `width` wide, or in the smallest that can be read."""
    return font(next((smaller for smaller in range(size, 9, -1) if width_of(text, smaller) <= width), 9))


def class_colour(index: int) -> Colour:
    """The colour of class `index` of a vocabulary, in every figure the same; those of the first few dozen are easy to tell apart."""
    return _palette()[index % COLOURS]


@cache
def _palette() -> tuple[Colour, ...]:
    """Each colour is that which differs most from those before it, in the perceptual space OKLab; none is glaring, grey or nearly black."""
    levels = np.linspace(20, 250, 24).round()
    candidates = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1).reshape(-1, 3)
    places = _oklab(candidates / 255)
    chroma = np.hypot(places[:, 1], places[:, 2])
    soft = (chroma > 0.035) & (chroma < 0.14) & (places[:, 0] > 0.42) & (places[:, 0] < 0.9)
    candidates, places = candidates[soft], places[soft]
    chosen = [int(np.abs(places - FIRST_COLOUR).sum(1).argmin())]
    nearest = np.full(len(places), np.inf)
    while len(chosen) < COLOURS:
        nearest = np.minimum(nearest, ((places - places[chosen[-1]]) ** 2).sum(1))
        chosen.append(int(nearest.round(9).argmax()))
    return tuple(tuple(int(part) for part in candidates[i]) for i in chosen)


def _oklab(colours: np.ndarray) -> np.ndarray:
    """(N, 3) sRGB in [0, 1] → (N, 3) lightness and two hue axes, in which distance is about what the eye sees (Ottosson, 2020)."""
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    cones = linear @ np.array([[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]]).T
    return np.cbrt(cones) @ np.array([[0.2105, 0.7936, -0.0041], [1.9780, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]]).T


def kind_colour(novel: bool) -> Colour:
    """Of novel and of base categories."""
    return NOVEL if novel else BASE


def fitted(picture: np.ndarray, size: tuple[int, int], resampling: Image.Resampling) -> Image.Image:
    """(H, W[, 3]) uint8 as large as fits into `size` (width, height), its ratio kept."""
    scale = min(size[0] / picture.shape[1], size[1] / picture.shape[0])
    return Image.fromarray(picture).resize((round(picture.shape[1] * scale), round(picture.shape[0] * scale)), resampling)


def outlined(image: Image.Image, region: np.ndarray) -> None:
    """Draw the border of `region` (H, W) bool, which covers `image`, as a white line with a dark one on each side."""
    smooth = Image.fromarray(region.astype(np.uint8) * 255).resize(image.size, Image.Resampling.BICUBIC)
    inside = smooth.point(lambda value: 255 * (value > 127))
    for outer, inner, ink in ((5, 5, INK), (3, 1, (255, 255, 255))):  # the difference of a region that grew and one that shrank
        image.paste(ink, mask=ImageChops.subtract(inside.filter(ImageFilter.MaxFilter(outer)), inside.filter(ImageFilter.MinFilter(inner))))


def pill(text: str, colour: Colour, size: int, filled: bool = True) -> Image.Image:
    """`text` on a rounded ground of `colour`, or in `colour` with a line around it."""
    width, height = width_of(text, size) + round(size * 1.1), round(size * 1.65)
    scale = 4  # Pillow draws curves without antialiasing
    ground = Image.new("RGBA", (width * scale, height * scale))
    box, line = (0, 0, width * scale - 1, height * scale - 1), None if filled else (*colour, 255)
    ImageDraw.Draw(ground).rounded_rectangle(box, height * scale // 2, (*colour, 255) if filled else (255, 255, 255, 255), line, 2 * scale)
    image = ground.resize((width, height), Image.Resampling.LANCZOS)
    ink = ("white" if sum(colour) < 420 else INK) if filled else colour
    ImageDraw.Draw(image).text((width / 2, height / 2), text, fill=ink, font=font(size), anchor="mm")
    return image


def paste(page: Image.Image, image: Image.Image, at: tuple[float, float], anchor: str = "lt") -> Box:
    """Paste `image` with its `anchor` (l, m, r; t, m, b) at `at`; its transparency counts. Return the box it fills."""
    left = round(at[0] - image.width * "lmr".index(anchor[0]) / 2)
    top = round(at[1] - image.height * "tmb".index(anchor[1]) / 2)
    page.paste(image, (left, top), image if image.mode == "RGBA" else None)
    return left, top, left + image.width, top + image.height


def meet(a: Box, b: Box) -> bool:
    """Whether two boxes overlap."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def flowing(items: Sequence[Image.Image], width: int, gap: int) -> Image.Image:
    """`items` one after the other, in as many lines as `width` asks for, on white."""
    places, x, y, line = [], 0, 0, 0
    for item in items:
        if x and x + item.width > width:
            x, y, line = 0, y + line + gap // 2, 0
        places.append((x, y))
        x, line = x + item.width + gap, max(line, item.height)
    page = Image.new("RGB", (width, y + line), "white")
    for item, place in zip(items, places, strict=True):
        paste(page, item, place)
    return page


def stacked(rows: Sequence[Image.Image], gap: int) -> Image.Image:
    """`rows` below each other on white, with margins around them."""
    width = max(row.width for row in rows) + 2 * MARGIN
    page = Image.new("RGB", (width, sum(row.height for row in rows) + gap * (len(rows) - 1) + 2 * MARGIN), "white")
    top = MARGIN
    for row in rows:
        paste(page, row, (MARGIN, top))
        top += row.height + gap
    return page


def heading(title: str, explanation: Sequence[str], width: int) -> Image.Image:
    """The title of a figure and the lines that explain it."""
    row = Image.new("RGB", (width, 40 + 24 * len(explanation)), "white")
    draw = ImageDraw.Draw(row)
    draw.text((0, 26), title, fill=INK, font=font(26), anchor="ls")
    for number, line in enumerate(explanation):
        draw.text((0, 56 + 24 * number), line, fill=GREY, font=font(17), anchor="ls")
    return row
