"""Images of real size for the rehearsal's archives: mosaics with a class for each region, and object images in every odd encoding.

They are cheap to draw and mean nothing; their formats are what matters. Everything depends on the generator that is handed in alone.
"""

from __future__ import annotations

import gzip
import io
from typing import NamedTuple

import numpy as np
from PIL import Image

from larvseg.miniature.packing import jpeg, png

Generator = np.random.Generator

_CELL = 4  # pixels; borders between regions follow this grid
_ORIENTATION = 0x0112  # EXIF tag


class Mosaic(NamedTuple):
    """An image and the regions in it."""

    image: Image.Image  # RGB
    regions: np.ndarray  # (H, W) uint8: 0 … n−1, each of which occurs


def mosaic(rng: Generator, width: int, height: int, regions: int) -> Mosaic:
    """`regions` (at most 255) patches of colour around random points, `width`×`height` pixels."""
    columns, rows = -(-width // _CELL), -(-height // _CELL)
    # one point in each field of a grid, so that no region is so small that it vanishes
    across = int(np.ceil(np.sqrt(regions * columns / rows)))
    down = -(-regions // across)
    fields = np.arange(regions)
    x = (fields % across + rng.uniform(0.2, 0.8, regions)) / across * columns
    y = (fields // across + rng.uniform(0.2, 0.8, regions)) / down * rows
    distances = (np.arange(columns)[:, None] - x) ** 2 + (np.arange(rows)[:, None, None] - y) ** 2
    coarse = distances.argmin(2).astype(np.uint8)
    colours = rng.integers(40, 216, (regions, 3))
    shaded = colours[coarse] + rng.normal(0, 10, (rows, columns, 1))
    image = Image.fromarray(shaded.clip(0, 255).astype(np.uint8)).resize((columns * _CELL, rows * _CELL), Image.Resampling.BILINEAR)
    labels = coarse.repeat(_CELL, 0).repeat(_CELL, 1)
    return Mosaic(image.crop((0, 0, width, height)), np.ascontiguousarray(labels[:height, :width]))


def grey(image: Image.Image) -> bytes:
    """`image` as a greyscale JPEG file."""
    return jpeg(image.convert("L"))


def object_images(rng: Generator) -> tuple[bytes, ...]:
    """Files of object images: plain, upright, small, greyscale, CMYK, with an EXIF orientation, gzip-compressed, a PNG and a GIF."""
    drawn = [mosaic(rng, *size, 12).image for size in ((500, 375), (375, 500), (500, 333), (120, 90)) for _ in range(3)]
    exif = Image.Exif()
    exif[_ORIENTATION] = 6  # turned to the left; viewers turn it back
    return (
        *(jpeg(image) for image in drawn),
        grey(drawn[0]),
        _saved(drawn[1].convert("CMYK"), "JPEG"),
        _saved(drawn[2], "JPEG", exif=exif.tobytes()),
        gzip.compress(jpeg(drawn[3]), mtime=0),
        png(np.asarray(drawn[9])),
        _saved(drawn[10].convert("P"), "GIF"),
    )


def _saved(image: Image.Image, format: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()
