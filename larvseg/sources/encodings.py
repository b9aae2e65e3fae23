"""From the bytes of images and masks to arrays: RGB pixels, and the train ids that the official label encodings stand for."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image

from larvseg.errors import LarvSegError, in_one_line, lacks_memory

IGNORE = -1  # train id of pixels without a label
LARGEST_IMAGE = 256 * 2**20  # bytes; a few ImageNet images are compressed a second time, with gzip
LARGEST_AREA = 89_478_485  # pixels (Pillow's own limit, beyond which it warns); the header of a few bytes can declare any number

_OUTSIDE = -2
_COCO_GAPS = {11, 25, 28, 29, 44, 65, 67, 68, 70, 82, 90}  # COCO ids that COCO-Stuff never uses
_IMAGES = ("BMP", "JPEG", "PNG", "GIF", "WEBP")  # ImageNet names some of the others .JPEG, too


class UnreadableImage(LarvSegError):
    """The bytes of the image `name` are no image, or none that may be decoded; `reason` says why."""

    def __init__(self, name: str, reason: str):
        super().__init__(name, reason)
        self.name, self.reason = name, reason

    def __str__(self) -> str:
        return in_one_line(f"{self.name}: not a readable image ({self.reason}); fetch its archive again")


@dataclass(frozen=True)
class Encoding:
    """How a data set writes labels: file formats, Pillow modes, label ids of classes, those of pixels that are no class.

    `classes` is None where the class list alone says which ids there are: then its `ignored` ones are no class, and all others are refused.
    """

    formats: tuple[str, ...]
    modes: tuple[str, ...]
    classes: frozenset[int] | None
    unlabelled: frozenset[int]
    description: str


ENCODINGS = {
    # 8 bits, the COCO id counted from 0
    "coco-stuff": Encoding(("PNG",), ("L", "P"), frozenset(range(182)) - _COCO_GAPS, frozenset({255}), "171 ids of 0..181, 255"),
    # 8 bits, label_id
    "ade-challenge": Encoding(("PNG",), ("L", "P"), frozenset(range(1, 151)), frozenset({0}), "0..150"),
    # RGB: R // 10 * 256 + G is the ade_id; B tells instances apart
    "ade-full": Encoding(("PNG",), ("RGB",), frozenset(range(1, 3689)), frozenset({0}), "0..3688"),
    # 16 bits, the position in the list of 847 classes: what the published preparation of ADE20K full writes
    "a847-prepared": Encoding(("TIFF",), ("I;16", "I;16B"), frozenset(range(847)), frozenset({65535}), "0..846, 65535"),
    # one's own: ids, grey or with a palette
    "ids": Encoding(("PNG", "BMP", "TIFF"), ("L", "P", "I;16", "I;16B"), None, frozenset(), "the ids of the class list, and those ignored"),
    # and colours
    "colours": Encoding(("PNG", "BMP", "TIFF"), ("RGB",), None, frozenset(), "the colours of the class list, and those ignored"),
}


# ---- masks


def decode_mask(data: bytes, encoding: str, raw_ids: tuple[int, ...], name: str, ignored: tuple[int, ...] = ()) -> np.ndarray:
    """Train ids (H, W) int16 of the mask `data`: the position of each pixel's label id in `raw_ids`, or IGNORE.

    IGNORE are unlabelled pixels, `ignored` ids and classes of `encoding` that are not among `raw_ids` (a restricted vocabulary).
    Raises LarvSegError, naming the image `name`, for a label id outside the encoding and for data that is no such mask;
    UnreadableImage for data that is no image at all.
    """
    image = _open_mask(data, encoding, name)
    if encoding == "colours":
        ids, train_ids = _colours(raw_ids, ignored)
        stored = _pixels(image) & 0xFFFFFF
        place = np.minimum(np.searchsorted(ids, stored), len(ids) - 1)
        if (outside := ids[place] != stored).any():
            raise _unknown_colour(image, min(map(_swapped, np.unique(stored[outside]).tolist())), name)
        return train_ids[place].reshape(image.height, image.width)
    table = _table(encoding, raw_ids, ignored)
    stored = _pixels(image).astype(np.uint16, copy=False) if image.mode == "RGB" else _pixels(image)
    labels = table.take(stored)
    if labels.min() == _OUTSIDE:
        raise _outside(encoding, _label_ids(encoding)[stored[labels == _OUTSIDE]].min(), name)
    return labels.reshape(image.height, image.width)


def label_counts(
    data: bytes, encoding: str, raw_ids: tuple[int, ...], name: str, ignored: tuple[int, ...] = ()
) -> tuple[list[int], list[int], tuple[int, int]]:
    """Which train ids are in the mask `data`, ascending; how many pixels each has; and (width, height) in pixels.

    The same as counting in decode_mask(data, encoding, raw_ids, name, ignored), with the same errors, but faster.
    """
    train_ids = _train_ids(encoding, raw_ids)
    counts, size = raw_counts(data, encoding, name, frozenset((*raw_ids, *ignored)))
    present = sorted((train_ids[label_id], pixels) for label_id, pixels in counts.items() if label_id in train_ids)
    return [train_id for train_id, _ in present], [pixels for _, pixels in present], size


def raw_counts(data: bytes, encoding: str, name: str, listed: frozenset[int] | None = None) -> tuple[dict[int, int], tuple[int, int]]:
    """{label id: pixels} of the mask `data`, ascending, unlabelled pixels included, and (width, height); errors as in decode_mask.

    `listed`: the ids that there may be where no encoding says it (None: any). The id of a colour is 65536·R + 256·G + B.
    """
    image = _open_mask(data, encoding, name)
    if image.mode in ("L", "P"):
        counts = {value: pixels for value, pixels in enumerate(image.histogram()) if pixels}
    elif encoding == "colours":
        found, pixels = np.unique(_pixels(image) & 0xFFFFFF, return_counts=True)
        counts = dict(sorted((_swapped(stored), pixels) for stored, pixels in zip(found.tolist(), pixels.tolist(), strict=True)))
    else:
        counts = _count_runs(_pixels(image), _label_ids(encoding))
    known = ENCODINGS[encoding]
    allowed = listed if known.classes is None else known.classes | known.unlabelled
    if allowed is not None and (outside := counts.keys() - allowed):
        raise _unknown_colour(image, min(outside), name) if encoding == "colours" else _outside(encoding, min(outside), name)
    return counts, image.size


def _count_runs(pixels: np.ndarray, label_ids: np.ndarray) -> dict[int, int]:
    """{label id: pixels}, ascending. Labels come in runs: adding up some thousand lengths is faster than counting every pixel."""
    ends = np.concatenate([[-1], np.flatnonzero(pixels[1:] != pixels[:-1]), [len(pixels) - 1]])
    counts = np.bincount(label_ids[pixels[ends[1:]] & 0xFFFF], ends[1:] - ends[:-1])
    present = np.flatnonzero(counts)
    return dict(zip(present.tolist(), counts[present].astype(np.int64).tolist(), strict=True))


def _open_mask(data: bytes, encoding: str, name: str) -> Image.Image:
    known = _known(encoding)
    data = _gunzip(data, name)
    image = _open(data, name, known.formats)
    if image.mode not in known.modes:
        raise LarvSegError(f"{name}: the mask is a {image.mode} image; the encoding {encoding} needs {' or '.join(known.modes)}")
    # Pillow stretches grey values of 1, 2 and 4 bits to 0..255 and cuts colours of 16 bits to 8: the labels would be wrong
    if image.format == "PNG" and image.mode in ("L", "RGB") and (depth := data[24]) != 8:
        raise LarvSegError(f"{name}: the mask has {depth} bits a channel; the encoding {encoding} needs 8")
    return image


def _pixels(image: Image.Image) -> np.ndarray:
    """The pixels row by row, 1-D. Of an RGB image R + 256·G + 65536·B + 2²⁴·something; the lower 16 bits are what ade-full stores."""
    if image.mode == "RGB":
        return np.frombuffer(image.tobytes("raw", "RGBX"), "<u4")
    return np.asarray(image).ravel()


def _known(encoding: str) -> Encoding:
    if encoding not in ENCODINGS:
        raise LarvSegError(f"unknown label encoding {encoding!r}; known: {', '.join(ENCODINGS)}")
    return ENCODINGS[encoding]


@lru_cache(maxsize=16)
def _train_ids(encoding: str, raw_ids: tuple[int, ...]) -> dict[int, int]:
    """Train id of each label id in `raw_ids`."""
    known = _known(encoding)
    if known.classes is not None and not known.classes.issuperset(raw_ids):
        raise LarvSegError(f"raw ids {sorted(set(raw_ids) - known.classes)} are outside the encoding {encoding} ({known.description})")
    return {label_id: train_id for train_id, label_id in enumerate(raw_ids)}


@lru_cache(maxsize=16)
def _table(encoding: str, raw_ids: tuple[int, ...], ignored: tuple[int, ...]) -> np.ndarray:
    """Train id of each stored value, int16."""
    known, label_ids, train_ids = _known(encoding), _label_ids(encoding), _train_ids(encoding, raw_ids)
    by_label_id = np.full(int(label_ids.max()) + 1, _OUTSIDE, np.int16)
    by_label_id[[*(known.classes or ()), *known.unlabelled, *ignored]] = IGNORE
    by_label_id[list(train_ids)] = list(train_ids.values())
    return by_label_id[label_ids]


@lru_cache(maxsize=4)
def _label_ids(encoding: str) -> np.ndarray:
    """Label id of each stored value."""
    if encoding != "ade-full":
        return np.arange(256 * 256 if "I;16" in _known(encoding).modes else 256)
    green, red = np.divmod(np.arange(256 * 256), 256)
    return red // 10 * 256 + green


@lru_cache(maxsize=16)
def _colours(raw_ids: tuple[int, ...], ignored: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The known colours as they are stored, R lowest, ascending, and the train id of each."""
    known = dict.fromkeys(ignored, IGNORE) | {raw: train_id for train_id, raw in enumerate(raw_ids)}
    stored = {_swapped(raw): train_id for raw, train_id in known.items()}
    ids = np.array(sorted(stored), np.uint32)
    return ids, np.array([stored[raw] for raw in ids.tolist()], np.int16)


def _swapped(colour: int) -> int:
    """65536·R + 256·G + B → R + 256·G + 65536·B, and back."""
    return colour >> 16 | colour & 0xFF00 | (colour & 0xFF) << 16


def _as_colour(colour: int) -> str:
    return f"#{colour:06x}"


def _unknown_colour(image: Image.Image, colour: int, name: str) -> LarvSegError:
    row, column = divmod(int(np.argmax(_pixels(image) & 0xFFFFFF == _swapped(colour))), image.width)
    return _outside("colours", f"{_as_colour(colour)} (first in column {column}, row {row}, from 0)", name)


def _outside(encoding: str, label_id: int | str, name: str) -> LarvSegError:
    return LarvSegError(f"{name}: label id {label_id} is outside the encoding {encoding} ({ENCODINGS[encoding].description})")


# ---- images


def decode_image(data: bytes, name: str) -> np.ndarray:
    """The image `data` as RGB (H, W, 3) uint8, whatever its own mode; UnreadableImage names the image `name` if it cannot be read.

    The pixels as they are stored: an EXIF orientation is not applied, because masks lie on the stored pixels, and what holds for
    images with masks should hold for all. Transparency is dropped. Of 16 bits the upper eight count.
    """
    image = _open(_gunzip(data, name), name, _IMAGES)
    try:
        return np.asarray(_rgb(image))
    except Exception as error:
        raise _unreadable(name, error) from None


def image_size(data: bytes, name: str) -> tuple[int, int]:
    """(width, height) in pixels of the image `data`, from its header alone; errors as in decode_image."""
    return _open(_gunzip(data, name), name, _IMAGES, load=False).size


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # Pillow would cut off at 255
        image = Image.fromarray((np.asarray(image).astype(np.int32) >> 8).clip(0, 255).astype(np.uint8))
    if image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")
    return image.convert("RGB")


def _open(data: bytes, name: str, formats: tuple[str, ...], load: bool = True) -> Image.Image:
    # what a decoder raises for broken bytes is written nowhere: any exception of Pillow's means that
    try:
        image = Image.open(io.BytesIO(data), formats=formats)
        if image.width * image.height > LARGEST_AREA:
            raise ValueError(f"{image.width}×{image.height} pixels, over the limit of {LARGEST_AREA} in all")
        if load:
            image.load()
        return image
    except Exception as error:
        raise _unreadable(name, error) from None


def _unreadable(name: str, error: Exception) -> UnreadableImage:
    if lacks_memory(error):
        raise error
    if isinstance(error, Image.UnidentifiedImageError):
        return UnreadableImage(name, "unknown image format")
    return UnreadableImage(name, " ".join(str(error).split()) or type(error).__name__)


def _gunzip(data: bytes, name: str) -> bytes:
    if data[:2] != b"\x1f\x8b":
        return data
    inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        image = inflater.decompress(data, LARGEST_IMAGE)
    except zlib.error as error:
        raise _unreadable(name, error) from None
    if not inflater.eof:
        raise _unreadable(name, ValueError("truncated or oversized gzip data"))
    return image
