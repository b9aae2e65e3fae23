"""What is in the images of a data set: sizes, labels and pixel counts, and the images that cannot be used."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from larvseg.datasets.listing import Chunk, File, ListedImage
from larvseg.datasets.manifest import record_batch
from larvseg.datasets.rejects import KNOWN_BAD, Reject
from larvseg.errors import LarvSegError, reading
from larvseg.sources.archives import ArchiveReader
from larvseg.sources.encodings import UnreadableImage, decode_image, label_counts

_REJECTS = b"rejects"


@dataclass(frozen=True)
class Extraction:
    """How the chunks of a data set are read: extraction(chunk, path) writes the rows and rejects of `chunk` to `path`.

    Every image and mask is decoded, with the errors that training would meet. Raises LarvSegError for a damaged archive, and for
    a mask that can be read but is not in the encoding: then the archive is not what it should be.
    """

    encoding: str | None  # of the masks
    raw_ids: tuple[int, ...]
    ignored: tuple[int, ...]
    open_masks: bool  # the rows say where the masks lie and how many pixels a class has
    known_bad: frozenset[str]  # names of images

    def __call__(self, chunk: Chunk, path: Path) -> None:
        rows, rejects = [], []
        reader = ArchiveReader()
        for listed in chunk:
            try:
                rows.append(self._row(reader, listed))
            except _Unusable as problem:
                place = problem.file
                rejects.append(Reject(listed.name, listed.split, place.archive, place.member.name, problem.reason))
        batch = record_batch(rows)
        schema = batch.schema.with_metadata({_REJECTS: json.dumps(rejects).encode()})
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
            writer.write_batch(batch)

    def _row(self, reader: ArchiveReader, listed: ListedImage) -> dict[str, Any]:
        if listed.name in self.known_bad:
            raise _Unusable(listed.image, KNOWN_BAD)
        height, width, _ = _decoded(listed.image, listed.image.read(reader), listed.name).shape
        labels, pixels = list(listed.labels), None
        if listed.mask:
            labels, pixels = self._labels(listed.mask.read(reader), listed, (width, height))
        return {
            "name": listed.name,
            "split": listed.split,
            "width": width,
            "height": height,
            "image": _location(listed.image),
            "mask": _location(listed.mask) if listed.mask and self.open_masks else None,
            "labels": labels,
            "pixels": pixels if self.open_masks else None,
            "synset": listed.synset,
            "captions": [_caption(listed.text, reader)] if listed.text else list(listed.captions) or None,
        }

    def _labels(self, data: bytes, listed: ListedImage, size: tuple[int, int]) -> tuple[list[int], list[int]]:
        name = f"{listed.mask.archive}/{listed.mask.member.name}"
        try:
            labels, pixels, mask_size = label_counts(data, self.encoding, self.raw_ids, name, self.ignored)
        except UnreadableImage as error:
            raise _Unusable(listed.mask, f"not a readable image ({error.reason})") from None
        if mask_size != size:
            raise _Unusable(listed.mask, "the image has {}×{} pixels, its mask {}×{}".format(*size, *mask_size))
        return labels, pixels


class _Unusable(Exception):
    """An image cannot be used for the `reason` that lies in `file`."""

    def __init__(self, file: File, reason: str):
        super().__init__(file, reason)
        self.file, self.reason = file, reason


def _caption(file: File, reader: ArchiveReader) -> str:
    try:
        caption = " ".join(file.read(reader).decode().split())
    except UnicodeDecodeError:
        raise _Unusable(file, "the caption is not UTF-8") from None
    if not caption:
        raise _Unusable(file, "an empty caption")
    return caption


def _decoded(file: File, data: bytes, name: str) -> np.ndarray:
    try:
        return decode_image(data, name)
    except UnreadableImage as error:
        raise _Unusable(file, f"not a readable image ({error.reason})") from None


def _location(file: File) -> dict[str, Any]:
    return {"archive": file.archive, "member": file.member.name} | file.member._asdict()


def rejects_in(path: Path) -> list[Reject]:
    """The rejects of a chunk that an Extraction wrote to `path`."""
    with reading(path, "a part of a manifest", "delete it"), pa.memory_map(str(path)) as file:
        return [Reject(*fields) for fields in json.loads(pa.ipc.open_file(file).schema.metadata[_REJECTS])]


def is_whole(path: Path) -> bool:
    """Whether `path` holds a chunk that an Extraction wrote; a machine that lost power may leave an empty file."""
    try:
        rejects_in(path)
    except LarvSegError:
        return False
    return True


def batches_in(paths: Iterable[Path]) -> Iterator[pa.RecordBatch]:
    """The rows of the chunks that Extractions wrote to `paths`, for write_batches."""
    for path in paths:
        with pa.memory_map(str(path)) as file:
            yield pa.ipc.open_file(file).get_batch(0).replace_schema_metadata(None)
