"""The three files that are written of a picture: its labels, the overlay, and what is in it as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from larvseg.files import json_text, replacing, write_text
from larvseg.loading import LoadedRun
from larvseg.pictures.areas import Area, Areas
from larvseg.pictures.overlay import SIDE, colours_of, overlay
from larvseg.pictures.pictures import printable, read
from larvseg.segment.listing import ENDINGS

PALETTE = 256  # classes; the labels of more have 16 bits and no palette


def write_results(run: LoadedRun, picture: Path, target: Path, chosen: Sequence[int] | None, top: int) -> None:
    """Segment the file `picture` and write `target` with each of ENDINGS; the JSON, which is the last, has the `top` largest classes.

    Of a huge picture nothing but the picture itself, and then nothing but the map of its labels, is in memory as a whole.
    Raises LarvSegError for a picture that cannot be read.
    """
    paths = [target.with_name(target.name + ending) for ending in ENDINGS]
    opened = read(picture)
    shown, inputs, notes = opened.shrunk(SIDE), run.cut(opened), opened.notes
    del opened
    labels = np.empty(inputs.size, np.uint8 if len(run.names) <= PALETTE else np.uint16)
    areas = Areas(run.names)
    for band in run.bands(inputs, chosen):
        labels[band.rows] = band.labels
        areas.add(band.labels, band.scores)
    found = areas.largest()
    with replacing(paths[0]) as temporary:
        _label_image(labels, run.names).save(temporary, "PNG")
    with replacing(paths[1]) as temporary:
        overlay(shown, labels, found, run.names, top).save(temporary, "PNG")
    choice = None if chosen is None else [run.names[position] for position in chosen]
    write_text(paths[2], json_text(_said(picture, labels.shape, found, run.names, top, notes, choice)))


def _label_image(labels: np.ndarray, names: Sequence[str]) -> Image.Image:
    image = Image.fromarray(labels)  # mode L, or I;16
    if labels.dtype == np.uint8:
        image.putpalette(colours_of(names).tobytes())
    return image


def _said(
    picture: Path, size: tuple[int, int], areas: Sequence[Area], names: Sequence[str], top: int, notes: Sequence[str], choice: Any
) -> dict[str, Any]:
    colours = colours_of(names)
    return {
        "picture": printable(picture.name),
        "height": size[0],
        "width": size[1],
        "notes": list(notes),
        "chosen_from": choice,
        "classes": [
            {
                "id": area.label,
                "name": area.name,
                "colour": "#" + bytes(colours[area.label]).hex(),
                "pixels": area.pixels,
                "share": round(area.share, 6),
                "mean_score": round(area.mean_score, 4),
            }
            for area in areas[:top]
        ],
        "others": {"classes": len(areas[top:]), "pixels": sum(area.pixels for area in areas[top:])},
    }
