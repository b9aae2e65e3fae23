"""Pictures of any kind, upright and in RGB: what cameras, scanners and the web make, up to LARGEST pixels."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from larvseg.errors import LarvSegError, in_one_line, lacks_memory
from larvseg.sources.bounded import Bounded

FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")  # no others are tried: each decoder is a way in
SUFFIXES = frozenset(
    (".avif", ".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp")
)
LARGEST = 2**28  # pixels; Pillow itself stops at a third of that
CONVERTED = 2**25  # pixels; a larger picture is never in memory twice
_BAND = 2**22  # pixels that are converted at a time
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # EXIF orientation → what makes the picture upright
_SIDEWAYS = (5, 6, 7, 8)
_limit = threading.Lock()  # Pillow has one limit for the process


class UnreadablePicture(LarvSegError):
    """A picture that cannot be read; the message names it and says why."""

    def __init__(self, name: str, reason: str):
        super().__init__(f"{name}: not a readable picture ({reason})")


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture. `notes` say what of the file is not in it, or was changed."""

    image: Image.Image  # 8 bits a channel, as stored
    orientation: int = 1  # that of EXIF, of `image`
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels, upright."""
        width, height = self.image.size
        return (width, height) if self.orientation in _SIDEWAYS else (height, width)

    def resized(self, size: tuple[int, int]) -> np.ndarray:
        """RGB (H, W, 3) uint8 of `size` (height, width), interpolated as in training."""
        height, width = size[::-1] if self.orientation in _SIDEWAYS else size
        scale = (self.image.width / width, 0, 0, 0, self.image.height / height, 0)
        small = self.image.transform((width, height), Image.Transform.AFFINE, scale, Image.Resampling.BILINEAR)
        return np.asarray(_upright(small.convert("RGB"), self.orientation))

    def shrunk(self, side: int) -> np.ndarray:
        """RGB (H, W, 3) uint8, at most `side` pixels high and wide, averaged over what a pixel covers."""
        factor = -(-max(self.size) // side)
        small = self.image.reduce(factor) if factor > 1 else self.image
        return np.asarray(_upright(small.convert("RGB"), self.orientation))


def picture_of(image: np.ndarray | Image.Image | str | Path) -> Picture:
    """RGB (H, W, 3) uint8, an image of Pillow's, or a file, as a Picture.

    Transparency is dropped, of 16 bits the upper eight count, of an animation the first frame; EXIF says what is up.

    Raises:
        LarvSegError: an array of another shape or type, or a file that is missing, broken or too large.
    """
    if isinstance(image, np.ndarray):
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
            raise LarvSegError(f"expected an RGB image (H, W, 3) of uint8, got {image.shape} of {image.dtype}")
        return _picture(Image.fromarray(image), "the array")
    if isinstance(image, Image.Image):
        with _told("the image"):
            return _picture(image, "the image")
    return read(Path(image))


def read(path: Path) -> Picture:
    """The picture in the file `path`; UnreadablePicture says in one line why there is none."""
    name = printable(str(path))
    with _told(name):
        if path.exists() and not path.is_file():  # reading a pipe would wait for ever
            raise UnreadablePicture(name, "it is a folder" if path.is_dir() else "it is no file")
        with open(path, "rb") as file:
            with _unlimited():
                image = Image.open(Bounded(file, path.stat().st_size), formats=FORMATS)
            return _picture(image, name)


def printable(text: str) -> str:
    """`text` in one line that can be shown and written: what cannot be printed is a replacement character."""
    return " ".join(in_one_line(text).split())


def _picture(image: Image.Image, name: str) -> Picture:
    if not 0 < image.width * image.height <= LARGEST:
        raise UnreadablePicture(name, f"{image.width}×{image.height} pixels; from 1 to {LARGEST} are read")
    notes = []
    if (frames := getattr(image, "n_frames", 1)) > 1:
        notes.append(f"the first of {frames} frames")
    if (orientation := image.getexif().get(ExifTags.Base.Orientation, 1)) in _TURNS:
        notes.append("turned as its EXIF says")
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        notes.append("without its transparency")
    image.load()
    if image.mode.startswith("I"):
        notes.append("the upper 8 of 16 bits")
        image = _upper_bits(image)
    elif image.mode in ("P", "PA", "1"):  # numbers of colours, which cannot be interpolated
        image = image.convert("RGB")
    elif image.mode == "F":
        raise UnreadablePicture(name, "its pixels are floating-point numbers, of which nothing says what is white")
    if image.width * image.height <= CONVERTED:
        image, orientation = _upright(image.convert("RGB"), orientation), 1
    return Picture(image, orientation, tuple(notes))


def _upper_bits(image: Image.Image) -> Image.Image:
    grey = Image.new("L", image.size)
    rows = max(1, _BAND // image.width)
    for top in range(0, image.height, rows):
        band = np.asarray(image.crop((0, top, image.width, min(top + rows, image.height))))
        grey.paste(Image.fromarray((band.astype(np.int32) >> 8).clip(0, 255).astype(np.uint8)), (0, top))
    return grey


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    return image.transpose(_TURNS[orientation]) if orientation in _TURNS else image


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Whatever goes wrong with the picture `name` is an UnreadablePicture; Pillow's warnings of odd metadata are not shown."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except UnreadablePicture:
        raise
    except FileNotFoundError:
        raise UnreadablePicture(name, "there is no such file") from None
    except Image.UnidentifiedImageError:
        raise UnreadablePicture(name, f"it is none of {', '.join(FORMATS)}, or its beginning is broken") from None
    except Exception as error:  # what a decoder raises for broken bytes is written nowhere: any exception of Pillow's means that
        if lacks_memory(error):
            raise
        raise UnreadablePicture(name, printable(str(error)) or type(error).__name__) from None


@contextmanager
def _unlimited() -> Iterator[None]:
    """Pillow's own limit is lifted: LARGEST is that of this module."""
    with _limit:
        before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before
