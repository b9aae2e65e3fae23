"""From the bytes of pictures and masks to arrays: RGB pixels, and the train ids that the official label encodings stand for."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image

from larvseg.errors import LarvSegError

IGNORE = -1  # train id of pixels without a label
LARGEST_PICTURE = 256 * 2**20  # bytes; a few ImageNet pictures are compressed a second time, with gzip

_OUTSIDE = -2
_COCO_GAPS = {11, 25, 28, 29, 44, 65, 67, 68, 70, 82, 90}  # COCO ids that COCO-Stuff never uses
_FORMATS = ("JPEG", "PNG", "GIF")  # ImageNet names a few PNG and GIF pictures .JPEG
_UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, Image.DecompressionBombError)


@dataclass(frozen=True)
class Encoding:
    """How a data set writes labels: PNG modes, values of classes, values of unlabelled pixels."""

    modes: tuple[str, ...]
    classes: frozenset[int]
    unlabelled: int
    description: str


ENCODINGS = {
    # 8 bits, the COCO id counted from 0
    "coco-stuff": Encoding(("L", "P"), frozenset(range(182)) - _COCO_GAPS, 255, "171 ids of 0..181, 255"),
    # 8 bits, label_id
    "ade-challenge": Encoding(("L", "P"), frozenset(range(1, 151)), 0, "0..150"),
    # RGB: R // 10 * 256 + G is the ade_id; B tells instances apart
    "ade-full": Encoding(("RGB",), frozenset(range(1, 3689)), 0, "0..3688"),
}


def decode_mask(data: bytes, encoding: str, raw_ids: tuple[int, ...], name: str) -> np.ndarray:
    """Train ids (H, W) int16 of the mask PNG `data`: the position of each pixel's value in `raw_ids`, or IGNORE.

    IGNORE are unlabelled pixels and classes of `encoding` that are not among `raw_ids` (a restricted vocabulary).
    Raises LarvSegError, naming the picture `name`, for a value outside the encoding and for data that is no such mask.
    """
    table = _table(encoding, raw_ids)
    known = ENCODINGS[encoding]
    picture = _open(data, name, ("PNG",))
    if picture.mode not in known.modes:
        raise LarvSegError(f"{name}: the mask is a {picture.mode} picture; the encoding {encoding} needs {' or '.join(known.modes)}")
    stored = np.asarray(picture)
    if picture.mode == "RGB":
        stored = (stored[..., 0].astype(np.uint16) << 8) | stored[..., 1]
    labels = table[stored]
    if labels.size and labels.min() == _OUTSIDE:
        value = int(_values(encoding)[stored[labels == _OUTSIDE].min()])
        raise LarvSegError(f"{name}: label id {value} is outside the encoding {encoding} ({known.description})")
    return labels


@lru_cache(maxsize=16)
def _table(encoding: str, raw_ids: tuple[int, ...]) -> np.ndarray:
    """Train id of each stored value: a byte, or R·256 + G."""
    if encoding not in ENCODINGS:
        raise LarvSegError(f"unknown label encoding {encoding!r}; known: {', '.join(ENCODINGS)}")
    known = ENCODINGS[encoding]
    if not known.classes.issuperset(raw_ids):
        raise LarvSegError(f"raw ids {sorted(set(raw_ids) - known.classes)} are outside the encoding {encoding} ({known.description})")
    values = _values(encoding)
    by_value = np.full(int(values.max()) + 1, _OUTSIDE, np.int16)
    by_value[[*known.classes, known.unlabelled]] = IGNORE
    by_value[list(raw_ids)] = np.arange(len(raw_ids))
    return by_value[values]


@lru_cache(maxsize=4)
def _values(encoding: str) -> np.ndarray:
    """Label id of each stored value."""
    if encoding != "ade-full":
        return np.arange(256)
    red, green = np.divmod(np.arange(256 * 256), 256)
    return red // 10 * 256 + green


def decode_image(data: bytes, name: str) -> np.ndarray:
    """The picture `data` as RGB (H, W, 3) uint8, whatever its own mode; LarvSegError names the picture `name` if it cannot be read."""
    try:
        return np.asarray(_open(data, name, _FORMATS).convert("RGB"))
    except _UNREADABLE as error:
        raise _unreadable(name, error) from None


def image_size(data: bytes, name: str) -> tuple[int, int]:
    """(width, height) in pixels of the picture `data`, from its header alone; errors as in decode_image."""
    try:
        return Image.open(io.BytesIO(_gunzip(data)), formats=_FORMATS).size
    except _UNREADABLE as error:
        raise _unreadable(name, error) from None


def _open(data: bytes, name: str, formats: tuple[str, ...]) -> Image.Image:
    try:
        picture = Image.open(io.BytesIO(_gunzip(data)), formats=formats)
        picture.load()
        return picture
    except _UNREADABLE as error:
        raise _unreadable(name, error) from None


def _unreadable(name: str, error: Exception) -> LarvSegError:
    problem = "unknown picture format" if isinstance(error, Image.UnidentifiedImageError) else error
    return LarvSegError(f"{name}: not a readable picture ({problem}); fetch its archive again")


def _gunzip(data: bytes) -> bytes:
    if data[:2] != b"\x1f\x8b":
        return data
    inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
    picture = inflater.decompress(data, LARGEST_PICTURE)
    if not inflater.eof:
        raise ValueError("truncated or oversized gzip data")
    return picture
