"""Images, masks and pictures, in every format that is read."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path
from unittest.mock import patch

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from larvseg.pictures import pictures
from larvseg.sources import encodings
from tests.fuzz.damage import damaged
from tests.fuzz.kind import Kind

LARGEST = 2**24  # pixels of a picture here; a sixteenth of what the module allows, so that all fits into what an input may have
_SQUARES = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8).repeat(3, 0).repeat(3, 1)
_TOKENS = (
    b"IHDR",
    b"IDAT",
    b"PLTE",
    b"tRNS",
    b"iCCP",
    b"eXIf",
    b"acTL",
    b"\xff\xd8\xff",
    b"\xff\xc0",
    b"\xff\xc4",
    b"\xff\xda",
    b"\xff\xe1",
    b"VP8X",
    b"ANMF",
    b"GIF89a",
    b"II*\0",
    b"MM\0*",
    b"P6 9 9 255 ",
    b"ispe",
)


def _saved(form: str, mode: str = "RGB", **settings: object) -> bytes:
    made, image = io.BytesIO(), Image.fromarray(_SQUARES)
    image = Image.fromarray(_SQUARES[..., 0].astype(np.uint16) * 3) if mode == "I;16" else image.convert(mode)
    image.save(made, form, **settings)
    return made.getvalue()


def _with_checksums(data: bytes) -> bytes:
    """A PNG file whose chunks have the right checksums again, so that a decoder looks at what is in them."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    made, at = bytearray(data), 8
    while at + 12 <= len(made):
        end = at + 8 + int.from_bytes(made[at : at + 4], "big")
        if end + 4 > len(made):
            break
        made[end : end + 4] = zlib.crc32(made[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return bytes(made)


_EXIF = Image.Exif()
_EXIF[0x0112] = 6
_GREY = {mode: _saved("PNG", mode) for mode in ("L", "P", "I;16", "1", "RGBA", "RGB")}
_ANIMATED = {"save_all": True, "append_images": [Image.fromarray(255 - _SQUARES)]}
IMAGES = (
    *_GREY.values(),
    _saved("JPEG", exif=_EXIF),
    _saved("JPEG", "CMYK", progressive=True),
    _saved("BMP", "P"),
    _saved("BMP"),
    _saved("GIF", "P", **_ANIMATED),
    _saved("WEBP", lossless=True),
    _saved("WEBP", **_ANIMATED),
)
_IDS = {mode: (np.random.default_rng(1).integers(0, 3, (6, 8)) + 1).astype(kind) for mode, kind in (("L", np.uint8), ("I;16", np.uint16))}


def _mask_of(form: str, mode: str) -> bytes:
    made = io.BytesIO()
    Image.fromarray(_IDS["I;16"] if mode == "I;16" else _IDS["L"]).convert(mode if mode != "I;16" else "I;16").save(made, form)
    return made.getvalue()


MASKS = (
    *(_mask_of("PNG", mode) for mode in ("L", "P", "RGB", "I;16")),
    *(_mask_of("TIFF", mode) for mode in ("I;16", "L", "RGB")),
    _mask_of("BMP", "L"),
    _saved("TIFF", compression="tiff_lzw"),
    _GREY["P"],
)
PICTURES = (*IMAGES, _saved("TIFF", compression="tiff_deflate"), _saved("AVIF"), _saved("PPM"), b"P2 3 2 255 1 2 3 4 5 6")

_images = damaged(IMAGES, _TOKENS).map(_with_checksums)
_zipped = damaged([gzip.compress(each, mtime=0) for each in (IMAGES[6], bytes(2**20))])


def _decode(data: bytes, folder: Path) -> None:
    encodings.image_size(data, "n1_2.JPEG")
    pixels = encodings.decode_image(data, "n1_2.JPEG")
    assert pixels.dtype == np.uint8 and pixels.shape[2] == 3


def _mask(value: tuple[str, bytes], folder: Path) -> None:
    encoding, data = value
    ids = (1, 2, 3, 0x010101, 0x020202, 0x030303) if encoding == "colours" else (1, 2, 3)
    counts = encodings.label_counts(data, encoding, ids, "m.png", (255,))
    found = encodings.decode_mask(data, encoding, ids, "m.png", (255,))
    assert found.min() >= -1 and found.max() < len(ids) and found.shape == counts[2][::-1]


def _picture(data: bytes, folder: Path) -> None:
    (folder / "photo").write_bytes(data)
    with patch.object(pictures, "LARGEST", LARGEST):
        found = pictures.read(folder / "photo")
    assert found.shrunk(8).shape[2] == 3 and found.resized((4, 4)).shape == (4, 4, 3)


def _declared(form: str, at: int, width: int, order: str) -> list[bytes]:
    """Pictures that say that they are as large as the numbers of their header can."""
    data = next(each for each in PICTURES if each.startswith(form.encode("latin1")))
    huge = [2**14, 2**14 - 1, 30_000, 2 ** (8 * width - 1) - 1]
    return [_with_checksums(data[:at] + 2 * side.to_bytes(width, order) + data[at + 2 * width :]) for side in huge]


def _with_length(data: bytes, chunk: bytes) -> bytes:
    """A PNG file one chunk of which says that it is as long as it can."""
    at = data.index(chunk) - 4
    return data[:at] + b"\x7f\xff\xff\xff" + data[at + 4 :]


_HUGE = (*_declared("\x89PNG", 16, 4, "big"), *_declared("BM", 18, 4, "little"), *_declared("GIF8", 6, 2, "little"))
_WEBP = next(each for each in PICTURES if b"VP8X" in each)
_HUGE += (_with_length(_GREY["L"], b"IDAT"),)
_HUGE += tuple(_WEBP[: at + 12] + b"\xff\x3f\0\xff\x3f\0" + _WEBP[at + 18 :] for at in [_WEBP.index(b"VP8X")])

KINDS = (
    Kind(
        "images",
        "PNG, JPEG, BMP, GIF, WebP, each in gzip too: headers, chunks, sizes",
        _images | _images | _zipped,
        _decode,
        "n1_2.JPEG",
        _HUGE,
        2,
    ),
    Kind(
        "masks",
        "PNG, BMP, TIFF in each label encoding: modes, depths, ids",
        st.tuples(st.sampled_from(sorted(encodings.ENCODINGS)), damaged(MASKS, _TOKENS).map(_with_checksums)),
        _mask,
        "m.png",
    ),
    Kind(
        "pictures to segment",
        "those and TIFF, AVIF, PPM: EXIF, frames, sizes",
        damaged(PICTURES, _TOKENS).map(_with_checksums),
        _picture,
        "photo",
        _HUGE,
        2,
    ),
)
