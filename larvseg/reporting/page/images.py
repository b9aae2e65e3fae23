"""Figures inside the page: as small as they can be without being read worse."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

HEAVY = 300_000  # bytes of a PNG above which it holds images and not lines: WebP that loses what nobody sees takes a fraction of them
QUALITIES = (88, 75, 60, 45)  # of that WebP, the best one first
ROOM = 6_000_000  # bytes for all figures together, so that the page stays below 8 MB


@dataclass(frozen=True)
class Embedded:
    """`uri` (data:…) of an image of `width` × `height` pixels; None where the file does not say."""

    uri: str
    width: int | None = None
    height: int | None = None

    @property
    def tall(self) -> bool:
        """Whether it is higher than wide: shown whole beside text, nothing in it could be read."""
        return bool(self.width and self.height and self.height > self.width)


def embedded(paths: Sequence[Path]) -> list[Embedded]:
    """The PNG and SVG files `paths` as they stand in the page: in the best quality in which all of them fit in ROOM, or in the lowest."""
    for quality in QUALITIES:
        images = [_embedded(path, quality) for path in paths]
        if sum(len(image.uri) for image in images) <= ROOM:
            break
    return images


def _embedded(path: Path, quality: int) -> Embedded:
    content = path.read_bytes()
    if path.suffix == ".svg":
        return Embedded(_uri("image/svg+xml", content))
    with Image.open(io.BytesIO(content)) as image:
        size, smaller = image.size, io.BytesIO()
        if len(content) > HEAVY:
            image.convert("RGB").save(smaller, "WEBP", quality=quality, method=6)
        else:
            image.save(smaller, "WEBP", lossless=True)
    if smaller.tell() < len(content):
        return Embedded(_uri("image/webp", smaller.getvalue()), *size)
    return Embedded(_uri("image/png", content), *size)


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
