"""Figures inside the page."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

HEAVY = 300_000  # bytes of a PNG above which it stands in the page as WebP, which takes a fraction of them
QUALITY = 88


@dataclass(frozen=True)
class Embedded:
    """`uri` (data:…) of an image of `width` × `height` pixels; None where the file does not say."""

    uri: str
    width: int | None = None
    height: int | None = None


def embedded(path: Path) -> Embedded:
    """The PNG or SVG file `path` as it stands in the page."""
    content = path.read_bytes()
    if path.suffix == ".svg":
        return Embedded(_uri("image/svg+xml", content))
    with Image.open(io.BytesIO(content)) as image:
        size = image.size
        if len(content) > HEAVY:
            smaller = io.BytesIO()
            image.convert("RGB").save(smaller, "WEBP", quality=QUALITY, method=6)
            if smaller.tell() < len(content):
                return Embedded(_uri("image/webp", smaller.getvalue()), *size)
    return Embedded(_uri("image/png", content), *size)


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
