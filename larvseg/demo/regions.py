"""A segmented picture as SVG: where the pointer is, the class and score of the region are shown. It needs no script."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from html import escape
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy import ndimage

from larvseg.pictures.overlay import at_size, colours_of
from larvseg.pictures.pictures import printable
from larvseg.pictures.result import Segmentation

SIDE = 640  # pixels of the longer side of the grid that regions have
SMALLEST = 0.0005  # share of the picture; smaller regions are drawn, but do not answer the pointer
STYLE = """
.regions { width: 100%; height: auto; max-height: 80vh; display: block }
.regions path { fill-opacity: 0.5 }
.regions g:hover path { fill-opacity: 0.8; stroke: #222222; stroke-width: 1 }
.regions text { display: none; pointer-events: none; font: 600 18px system-ui, sans-serif; fill: #222222; stroke: white;
  stroke-width: 4px; paint-order: stroke }
.regions g:hover text { display: block }
#areas { border-spacing: 12px 2px } #areas td:nth-child(n + 3) { text-align: right; font-variant-numeric: tabular-nums }
#areas i { display: inline-block; width: 16px; height: 16px }
"""


class Region(NamedTuple):
    """Connected pixels of one class, (h, w) bool."""

    label: int
    score: float  # the mean
    pixels: np.ndarray


def regions_of(found: Segmentation, side: int = SIDE) -> Iterator[Region]:
    """The regions of `found` on a grid of at most `side` pixels a side, class by class."""
    factor = max(1.0, max(found.labels.shape) / side)
    size = tuple(max(1, round(length / factor)) for length in found.labels.shape)
    labels, scores = at_size(found.labels, size), at_size(found.scores, size)
    for label in np.unique(labels).tolist():
        numbered, count = ndimage.label(labels == label)
        for number in range(1, count + 1):
            pixels = numbered == number
            if pixels.mean() >= SMALLEST:
                yield Region(label, float(scores[pixels].mean()), pixels)


def svg(found: Segmentation) -> str:
    """The picture and its regions. Names of classes are text in it, whatever letters they have."""
    regions, colours = list(regions_of(found)), colours_of(found.names)
    height, width = regions[0].pixels.shape
    shapes = "".join(_shape(region, found.names[region.label], colours[region.label], width, height) for region in regions)
    image = f'<image href="{_data_url(found.picture)}" width="{width}" height="{height}" preserveAspectRatio="none"/>'
    return f'<svg class="regions" viewBox="0 0 {width} {height}" role="img">{image}{shapes}</svg>'


def table(found: Segmentation, top: int) -> str:
    """The classes as a table in HTML: colour, name, share of the pixels, mean score."""
    colours = colours_of(found.names)
    rows = (
        f'<tr><td><i style="background: {_hex(colours[area.label])}"></i></td><td>{escape(printable(area.name))}</td>'
        f"<td>{area.share:.1%}</td><td>{area.mean_score:.2f}</td></tr>"
        for area in found.areas()[:top]
    )
    return f'<table id="areas"><tr><td></td><td>class</td><td>area</td><td>score</td></tr>{"".join(rows)}</table>'


def _shape(region: Region, name: str, colour: np.ndarray, width: int, height: int) -> str:
    """The region, and its name where its middle is, anchored so that it stays in the picture."""
    (top, bottom), (left, right) = ((int(places.min()), int(places.max()) + 1) for places in np.nonzero(region.pixels))
    x, y = (left + right) / 2, min(max((top + bottom) / 2, 20), height - 8)
    anchor = "start" if x < width / 3 else "end" if x > 2 * width / 3 else "middle"
    said = escape(f"{printable(name)} {region.score:.2f}")
    text = f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}">{said}</text>'
    return f'<g><title>{said}</title><path fill="{_hex(colour)}" d="{_path(region.pixels)}"/>{text}</g>'


def _path(pixels: np.ndarray) -> str:
    """The rows of `pixels` as rectangles; runs that go on in the next rows unchanged are one."""
    open_runs: dict[tuple[int, int], int] = {}
    parts = []
    for row, line in enumerate([*pixels, np.zeros(pixels.shape[1], bool)]):
        edges = np.flatnonzero(np.diff(line.astype(np.int8), prepend=0, append=0)).tolist()
        runs = set(zip(edges[::2], edges[1::2], strict=True))
        for start, end in sorted(open_runs.keys() - runs):
            top = open_runs.pop((start, end))
            parts.append(f"M{start} {top}H{end}V{row}H{start}Z")
        for run in sorted(runs - open_runs.keys()):
            open_runs[run] = row
    return "".join(parts)


def _data_url(picture: np.ndarray) -> str:
    image, data = Image.fromarray(picture), io.BytesIO()
    image.thumbnail((2 * SIDE, 2 * SIDE))
    image.save(data, "JPEG", quality=90)
    return f"data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode()}"


def _hex(colour: np.ndarray) -> str:
    return "#" + bytes(colour).hex()
