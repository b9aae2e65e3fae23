"""Manifests: one Arrow file a data set, which says where in the archives each image and mask lies and what is in it.

Arrow IPC, uncompressed, memory-mapped: fourteen million rows open at once and a row costs microseconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from larvseg.datasets.arrow import Batches
from larvseg.errors import LarvSegError, reading
from larvseg.files import replacing
from larvseg.sources.archives import ArchiveReader
from larvseg.sources.encodings import decode_image, decode_mask

SPLITS = ("training", "validation")
_METADATA = b"larvseg"
_BATCH = 2**16  # rows; opening a manifest reads something of each batch, so fourteen million rows must not be too many of them
_ROWS_AT_ONCE = 2**13  # as Python objects, or of columns that are copied
_PLACE = ("image.archive", "image.offset", "image.length")

_LOCATION_FIELDS = {"member": pa.string(), "offset": pa.int64(), "length": pa.int64(), "method": pa.int8(), "size": pa.int64()}
_LOCATION = pa.struct([("archive", pa.dictionary(pa.int32(), pa.string())), *_LOCATION_FIELDS.items()])
_COLUMNS = {
    "name": pa.string(),
    "split": pa.string(),
    "width": pa.int32(),
    "height": pa.int32(),
    "image": _LOCATION,
    "mask": _LOCATION,
    "labels": pa.list_(pa.int32()),
    "pixels": pa.list_(pa.int64()),
    "synset": pa.string(),
    "captions": pa.list_(pa.string()),
}
# while a manifest is made, each location names its archive
_PLAIN_LOCATION = pa.struct([("archive", pa.string()), *_LOCATION_FIELDS.items()])
_PLAIN = {name: _PLAIN_LOCATION if kind == _LOCATION else kind for name, kind in _COLUMNS.items()}


def write_manifest(path: Path, rows: Iterable[Mapping[str, Any]], header: Mapping[str, Any]) -> None:
    """Write `rows` in their order, all or nothing, with `header` as metadata; every archive of a row must be a key of header["archives"].

    A row: name, split, width, height (pixels); image and mask: {archive, member, offset, length, method, size} (mask may be None);
    labels: sorted train ids; pixels: their counts, or None; synset or None; captions or None (may be left out).
    """
    rows = iter(rows)
    write_batches(path, map(record_batch, iter(lambda: list(islice(rows, _ROWS_AT_ONCE)), [])), header)


def record_batch(rows: Sequence[Mapping[str, Any]]) -> pa.RecordBatch:
    """`rows` (see write_manifest) for write_batches."""
    rows = [{"captions": None, **row} for row in rows]
    return pa.record_batch([_column([row[name] for row in rows], kind) for name, kind in _PLAIN.items()], list(_PLAIN))


def write_batches(path: Path, batches: Iterable[pa.RecordBatch], header: Mapping[str, Any]) -> None:
    """Write what `record_batch` made, as write_manifest does; the file has batches of its own."""
    metadata = {_METADATA: json.dumps(header, sort_keys=True, ensure_ascii=False).encode()}
    schema = pa.schema(list(_COLUMNS.items()), metadata=metadata)
    # one dictionary for the whole file, as its format demands
    archives = pa.array(list(header["archives"]), pa.string())
    with replacing(path) as temporary, pa.OSFile(str(temporary), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        for batch in _rebatched(batches):
            writer.write_batch(pa.record_batch([_indexed(batch.column(name), archives) for name in _COLUMNS], schema=schema))


def _rebatched(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows, _BATCH at a time."""
    waiting = pa.schema(list(_PLAIN.items())).empty_table()
    for batch in batches:
        waiting = pa.concat_tables([waiting, pa.Table.from_batches([batch])])
        while len(waiting) >= _BATCH:
            yield _as_batch(waiting.slice(0, _BATCH))
            waiting = waiting.slice(_BATCH)
    if len(waiting):
        yield _as_batch(waiting)


def _as_batch(rows: pa.Table) -> pa.RecordBatch:
    return rows.combine_chunks().to_batches()[0]


def _column(values: list[Any], kind: pa.DataType) -> pa.Array:
    if kind != _PLAIN_LOCATION:
        return pa.array(values, kind)
    # None is falsy: the fields of a mask that is missing are None, too
    fields = [pa.array([value and value[field.name] for value in values], field.type) for field in _PLAIN_LOCATION]
    return pa.StructArray.from_arrays(fields, fields=list(_PLAIN_LOCATION), mask=pa.array([value is None for value in values], pa.bool_()))


def _indexed(column: pa.Array, archives: pa.Array) -> pa.Array:
    """A column of locations with the positions of the archives in `archives` instead of their names; any other as it is."""
    if column.type != _PLAIN_LOCATION:
        return column
    names, *fields = (column.field(i) for i in range(_PLAIN_LOCATION.num_fields))
    positions = pc.index_in(names, value_set=archives)
    if positions.null_count != names.null_count:
        raise ValueError("a row of an archive that the manifest's header does not list")
    fields = [pa.DictionaryArray.from_arrays(positions, archives), *fields]
    return pa.StructArray.from_arrays(fields, fields=list(_LOCATION), mask=column.is_null())


class Annotated(NamedTuple):
    """What N images are annotated with: L labels in all, image by image."""

    rows: np.ndarray  # (N,) of the manifest
    areas: np.ndarray  # (N,) pixels of each image
    image: np.ndarray  # (L,) which of the N images has the label
    labels: np.ndarray  # (L,) train ids, ascending within an image
    pixels: np.ndarray | None  # (L,) how many pixels of the image have it; None without masks


class Manifest:
    """The manifest at `path`; its archives lie below `root`. Can be pickled and forked: it opens its files anew.

    header: dataset, kind, shown (what a method may see that trains on it), benchmark (the data set whose classes these are, None: itself),
    classes (names), keys ({"S": […], "P": […]}: union names), novel ({"S": […], "P": […]}: train ids, None without a base data set),
    encoding, raw_ids and ignored (of masks), archives ({path: sha256}), archive_sizes ({path: bytes}), absent (categories without an
    archive), rejected (number of images left out).
    Raises LarvSegError for a damaged file.
    """

    def __init__(self, path: Path, root: Path = Path(".")):
        self.path, self.root = Path(path), Path(root)
        with self._reading():
            file = pa.ipc.open_file(pa.memory_map(str(path)))
            self._batches = [file.get_batch(i) for i in range(file.num_record_batches)]
            self.header: dict[str, Any] = _header((file.schema.metadata or {})[_METADATA])
            if {field.name: field.type for field in file.schema} != _COLUMNS:
                raise LarvSegError(f"{path}: a manifest with other columns than {', '.join(_COLUMNS)}; delete it and derive it again")
        self._starts = np.cumsum([0, *(len(batch) for batch in self._batches)])
        self._columns = Batches(self._batches, _plain_columns, self._reading)
        self._raw_ids, self._ignored = (tuple(self.header.get(key, ())) for key in ("raw_ids", "ignored"))
        self._reader = ArchiveReader(self.root, self.header.get("archive_sizes"))

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getstate__(self) -> dict:
        return {"path": self.path, "root": self.root}

    def __setstate__(self, state: dict) -> None:
        self.__init__(**state)

    def novel(self, rule: str = "S") -> tuple[int, ...]:
        """Train ids of the novel classes under an alignment rule, or "by_name"; LarvSegError for a data set without a base."""
        found = self.header.get("novel")
        if found is None:
            raise LarvSegError(
                f"{self.path}: {self.header['dataset']} has no base data set, so no novel classes; say its base in datasets.yaml"
            )
        return tuple(found[rule])

    def split(self, name: str) -> np.ndarray:
        """Indices (int32, ascending) of the rows of split "training" or "validation"."""
        if name not in SPLITS:
            raise LarvSegError(f"unknown split {name!r}; known: {', '.join(SPLITS)}")
        chosen = [np.zeros(0, np.int32)]
        with self._reading():
            for start, batch in zip(self._starts, self._batches, strict=False):
                splits = batch.column("split")
                splits.validate(full=True)
                rows = np.flatnonzero(pc.equal(splits, name).fill_null(False).to_numpy(zero_copy_only=False))
                chosen.append((rows + start).astype(np.int32))
        return np.concatenate(chosen)

    def annotated(self, split: str) -> Iterator[Annotated]:
        """What the images of `split` are annotated with, some at a time in the order of the rows, whatever there is of them."""
        for rows, labels, pixels, width, height in self._taken(self.split(split), "labels", "pixels", "width", "height"):
            yield Annotated(
                rows,
                width.to_numpy().astype(np.int64) * height.to_numpy(),
                np.repeat(np.arange(len(rows)), labels.value_lengths().to_numpy()),
                labels.flatten().to_numpy(),
                None if pixels.null_count else pixels.flatten().to_numpy(),
            )

    def sizes(self, rows: np.ndarray) -> np.ndarray:
        """(N, 2) int32: width and height in pixels of the images of `rows`, which ascend."""
        each = [np.stack([width, height], axis=1) for _, width, height in self._taken(rows, "width", "height")]
        return np.concatenate([np.zeros((0, 2), np.int32), *each])

    def files(self, rows: np.ndarray) -> pa.ChunkedArray:
        """Of each of `rows`, which ascend, "archive/member" of its image."""
        each = [
            pc.binary_join_element_wise(archive.dictionary_decode(), member, "/")
            for _, archive, member in self._taken(rows, "image.archive", "image.member")
        ]
        return pa.chunked_array(each, pa.string())

    def places(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(N,) of the images of `rows`, which ascend, the number of the archive, where they begin in it, and their bytes there."""
        found, at = tuple(np.empty(len(rows), kind) for kind in (np.int32, np.int64, np.int64)), 0
        for some, archive, offset, length in self._taken(rows, *_PLACE):
            for column, values in zip(found, (archive.indices, offset, length), strict=True):
                column[at : at + len(some)] = values.to_numpy()
            at += len(some)
        return found

    @property
    def archives(self) -> list[str]:
        """The archives by their numbers."""
        return self._columns[0]["image.archive"].dictionary.to_pylist() if self._columns else []  # one for the whole file

    def _taken(self, rows: np.ndarray, *columns: str) -> Iterator[tuple[np.ndarray | pa.Array, ...]]:
        """Some of `rows` at a time, which ascend, and what stands in these `columns` there."""
        for start, stop, batch in zip(self._starts, self._starts[1:], self._columns, strict=False):
            own = rows[slice(*np.searchsorted(rows, (start, stop)))]
            for some in (own[at : at + _ROWS_AT_ONCE] for at in range(0, len(own), _ROWS_AT_ONCE)):
                places = pa.array(some - start)
                yield some, *(batch[name].take(places) for name in columns)

    def rows_named(self, names: Sequence[str], split: str) -> dict[str, int]:
        """Where in `split` the images `names` are; those that it has not are left out."""
        wanted, found = pa.array(names, pa.string()), {}
        for start, columns in zip(self._starts, self._columns, strict=False):
            there = pc.and_(pc.is_in(columns["name"], wanted), pc.equal(columns["split"], split))
            found |= {columns["name"][i].as_py(): int(start + i) for i in np.flatnonzero(there.to_numpy(zero_copy_only=False)).tolist()}
        return found

    def row(self, index: int) -> dict[str, Any]:
        """Row `index` as write_manifest takes it."""
        columns, i = self._find(index)
        row = {name: columns[name][i].as_py() for name in _COLUMNS if name not in ("image", "mask")}
        return row | {kind: self._location(columns, i, kind) for kind in ("image", "mask")}

    def name(self, index: int) -> str:
        """The image's name."""
        columns, i = self._find(index)
        return columns["name"][i].as_py()

    def size(self, index: int) -> tuple[int, int]:
        """Width and height of the image in pixels."""
        columns, i = self._find(index)
        return columns["width"][i].as_py(), columns["height"][i].as_py()

    def labels(self, index: int) -> tuple[int, ...]:
        """Train ids of the classes in the whole image, ascending."""
        columns, i = self._find(index)
        return tuple(columns["labels"][i].as_py())

    def captions(self, index: int) -> tuple[str, ...]:
        """What people say of the image; LarvSegError for a data set without captions."""
        columns, i = self._find(index)
        if not columns["captions"][i].is_valid:
            raise LarvSegError(f"{self.path}: {columns['name'][i].as_py()} has no captions")
        return tuple(columns["captions"][i].as_py())

    def image(self, index: int) -> np.ndarray:
        """The image, RGB (H, W, 3) uint8."""
        columns, i = self._find(index)
        return decode_image(self._read(columns, i, "image"), columns["name"][i].as_py())

    def mask(self, index: int) -> np.ndarray:
        """Train ids (H, W) int16, −1 where there is no label; LarvSegError for a data set without masks."""
        columns, i = self._find(index)
        name = columns["name"][i].as_py()
        if not columns["mask"][i].is_valid:
            raise LarvSegError(f"{self.path}: {name} has no mask; {self.header['dataset']} has image-level labels only")
        return decode_mask(self._read(columns, i, "mask"), self.header["encoding"], self._raw_ids, name, self._ignored)

    def _find(self, index: int) -> tuple[dict[str, pa.Array], int]:
        """The columns of the batch that holds row `index`, and the row's place in it."""
        if not 0 <= index < len(self):
            raise IndexError(f"row {index} of {len(self)}")
        batch = int(np.searchsorted(self._starts, index, "right")) - 1
        return self._columns[batch], int(index - self._starts[batch])

    def _reading(self) -> AbstractContextManager[None]:
        return reading(self.path, "a manifest", "delete it and derive it again", missing="derive it first")

    def _read(self, columns: dict[str, pa.Array], i: int, kind: str) -> bytes:
        archive, offset, length, method, size = (
            columns[f"{kind}.{field}"][i].as_py() for field in ("archive", "offset", "length", "method", "size")
        )
        return self._reader.read(archive, offset, length, method, size)

    def _location(self, columns: dict[str, pa.Array], i: int, kind: str) -> dict[str, Any] | None:
        if not columns[kind][i].is_valid:
            return None
        return {field: columns[f"{kind}.{field}"][i].as_py() for field in ("archive", *_LOCATION_FIELDS)}


def _header(text: bytes) -> dict[str, Any]:
    header = json.loads(text)
    lists = {"classes": str, "raw_ids": int, "ignored": int, "absent": str}
    if not isinstance(header, dict) or not isinstance(header.get("dataset", ""), str):
        raise ValueError("a header of another form")
    if wrong := [key for key, kind in lists.items() if not all(isinstance(each, kind) for each in _listed(header.get(key, [])))]:
        raise ValueError(f"a header with something else under {wrong[0]}")
    return header


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [None]


def _plain_columns(batch: pa.RecordBatch) -> dict[str, pa.Array]:
    """The columns, and each field of `image` and `mask` as "image.offset" …: reading a field alone spares building the others."""
    columns = {name: batch.column(name) for name in _COLUMNS}
    for kind in ("image", "mask"):
        columns |= {f"{kind}.{field.name}": columns[kind].field(field.name) for field in _LOCATION}
    return columns
