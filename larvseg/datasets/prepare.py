"""The published preparation of A847: smaller images, compressed again, and masks of train ids. It is part of that benchmark."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from larvseg.config import PrepareConfig
from larvseg.datasets.chunks import finished
from larvseg.datasets.listing import Listed, ListedImage, in_chunks, masked
from larvseg.errors import LarvSegError
from larvseg.files import replacing
from larvseg.lineage.records import content_hash
from larvseg.sources.archives import ArchiveReader, members
from larvseg.sources.encodings import decode_image, decode_mask
from larvseg.vocabulary import read_vocabulary


def prepare(config: PrepareConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Make the zip archive outputs["archive"] of the images and masks of config.source, whose one archive is in `inputs`.

    images_detectron2/SPLIT/NAME.jpg: RGB, the short side at most config.short_side pixels, JPEG of config.quality (Pillow's defaults).
    annotations_detectron2/SPLIT/NAME.tif: positions in the list of A847, whatever is drawn of it, 16 bits, 65535 where there is no class.
    Same bytes for any config.threads; what is finished is kept in `work`. Raises LarvSegError for an archive that is missing or
    damaged, and for the first image or mask that cannot be read or has another size than its partner.
    """
    recoding = Recoding(config.short_side, config.quality, read_vocabulary(config.dataset, config.classes).raw_ids, config.source.encoding)
    parts = in_chunks(masked(config.dataset, config.source, inputs))
    # `work` stands for the configuration and the code, the hash for what they are applied to
    (archive_read,) = config.source.archives
    folder = work / content_hash(inputs[archive_read])[:16]
    chunks = list(finished(recoding, parts, folder, ".zip", is_whole, config.threads, f"preparing {config.dataset}"))
    files = sorted((member.name, chunk, member) for chunk in chunks for member in members(chunk))
    reader = ArchiveReader()
    with replacing(outputs["archive"]) as path, zipfile.ZipFile(path, "w") as archive:
        for name, chunk, member in files:
            _add(archive, name, reader.read(str(chunk), member.offset, member.length, member.method, member.size))


@dataclass(frozen=True)
class Recoding:
    """recoding(images, path) writes the prepared `images` and their masks to the zip archive `path`."""

    short_side: int  # pixels
    quality: int  # of JPEG
    raw_ids: tuple[int, ...]
    encoding: str

    def __call__(self, images: Listed, path: Path) -> None:
        reader = ArchiveReader()
        with zipfile.ZipFile(path, "w") as archive:
            for listed in images:
                image, labels = self._decode(reader, listed)
                height, width = labels.shape
                size = shrunk_size(width, height, self.short_side)
                if size != (width, height):
                    image, labels = shrink(image, size), shrink_labels(labels, size)
                _add(archive, f"images_detectron2/{listed.split}/{listed.name}.jpg", _jpeg(image, self.quality))
                _add(archive, f"annotations_detectron2/{listed.split}/{listed.name}.tif", _tiff(labels))

    def _decode(self, reader: ArchiveReader, listed: ListedImage) -> tuple[np.ndarray, np.ndarray]:
        image = decode_image(listed.image.read(reader), listed.name)
        labels = decode_mask(listed.mask.read(reader), self.encoding, self.raw_ids, listed.name)
        if image.shape[:2] != labels.shape:
            sizes = "the image has {1}×{0} pixels, its mask {3}×{2}".format(*image.shape[:2], *labels.shape)
            raise LarvSegError(f"{listed.name}: {sizes}; use the official archive, fetched again")
        return image, labels


def shrunk_size(width: int, height: int, short_side: int) -> tuple[int, int]:
    """(width, height) with the short side at `short_side` pixels if it is longer; the long side is rounded, halves to even."""
    if min(width, height) <= short_side:
        return width, height
    if width >= height:
        return round(width / height * short_side), short_side
    return short_side, round(height / width * short_side)


def shrink(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """`image` (H, W, 3) uint8 at `size` (width, height) as with INTER_LINEAR of OpenCV: pixel centres aligned, no antialiasing, rounded."""
    columns, across = _neighbours(size[0], image.shape[1])
    rows, down = _neighbours(size[1], image.shape[0])
    across, down = across[:, None], down[:, None, None]
    above, below = (line[:, columns] * (1 - across) + line[:, columns + 1] * across for line in (image[rows], image[rows + 1]))
    return (above * (1 - down) + below * down + 0.5).astype(np.uint8)


def _neighbours(size: int, available: int) -> tuple[np.ndarray, np.ndarray]:
    """For each of `size` pixels the first of the two of `available` that it lies between, and how far it is from there to the second."""
    place = ((np.arange(size) + 0.5) * (available / size) - 0.5).clip(0, available - 1)
    first = np.minimum(place.astype(np.intp), available - 2)
    return first, (place - first).astype(np.float32)


def shrink_labels(labels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """`labels` (H, W) at `size` (width, height) as with INTER_NEAREST of OpenCV, which rounds down: shifted by up to half a pixel."""
    columns, rows = (np.arange(new) * old // new for new, old in zip(size, labels.shape[::-1], strict=True))
    return labels[rows[:, None], columns]


def _jpeg(image: np.ndarray, quality: int) -> bytes:
    data = io.BytesIO()
    Image.fromarray(image).save(data, "JPEG", quality=quality)
    return data.getvalue()


def _tiff(labels: np.ndarray) -> bytes:
    data = io.BytesIO()
    # IGNORE, −1, is the largest of 16 bits. Without compression the masks would be twenty times as large as the images
    Image.fromarray(labels.astype(np.uint16)).save(data, "TIFF", compression="tiff_adobe_deflate")
    return data.getvalue()


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name)  # stored, and of 1980: the same bytes at any time
    entry.create_system, entry.external_attr = 3, 0o100644 << 16  # Unix: a file that its owner may write
    archive.writestr(entry, data)


def is_whole(path: Path) -> bool:
    """Whether `path` holds a chunk that a Recoding wrote; a machine that lost power may leave an empty file."""
    try:
        members(path)
    except LarvSegError:
        return False
    return True
