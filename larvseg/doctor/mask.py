"""What is in one label file: each label id, its name and how many pixels have it."""

from __future__ import annotations

from pathlib import Path

from larvseg.columns import columns, grouped
from larvseg.config import nearest
from larvseg.errors import LarvSegError
from larvseg.sources.ade_json import read_annotation
from larvseg.sources.archives import LARGEST_MEMBER
from larvseg.sources.encodings import ENCODINGS, raw_counts
from larvseg.vocabulary.datasets import committed
from larvseg.vocabulary.names import read_vocabulary

_MASK = "_seg.png"  # ADE20K full: ADE_train_00000001_seg.png beside ADE_train_00000001.json


def inspect(path: Path, encoding: str) -> dict[str, int]:
    """{label id: pixels} of the label file `path`, ascending; the ids are strings, as in JSON, and unlabelled pixels are among them.

    Raises LarvSegError for an unknown encoding (see ENCODINGS), a missing file, and one that is not a mask in that encoding.
    """
    return {str(label_id): pixels for label_id, pixels in _counts(path, encoding)[0].items()}


def describe(path: Path, encoding: str) -> str:
    """The same as a table with names and shares, under a line with the size; errors as in inspect.

    Names are those of the official class lists and, for objects of ADE20K full outside its list, those of the json beside the mask.
    """
    counts, (width, height) = _counts(path, encoding)
    names = _names(path, encoding, set(counts))
    rows = [("id", "pixels", "share", "name")]
    rows += [(str(label_id), grouped(pixels), f"{pixels / (width * height):.2%}", names[label_id]) for label_id, pixels in counts.items()]
    return "\n".join([f"{path}: {width}×{height} pixels, {encoding}", "", *columns(rows, left=(3,))])


def _counts(path: Path, encoding: str) -> tuple[dict[int, int], tuple[int, int]]:
    if encoding not in ENCODINGS:
        raise LarvSegError(f"unknown label encoding {encoding!r}{nearest(encoding, list(ENCODINGS))}")
    return raw_counts(_read(path), encoding, str(path))


def _read(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST_MEMBER + 1)
    except OSError as error:
        raise LarvSegError(f"{path}: {(error.strerror or 'cannot be read').lower()}; give the path of one label file") from None
    if len(data) > LARGEST_MEMBER:
        raise LarvSegError(f"{path}: over the limit of {LARGEST_MEMBER} bytes; give the path of one label file")
    return data


def _names(path: Path, encoding: str, label_ids: set[int]) -> dict[int, str]:
    data, names = committed(), dict[int, str]()
    for dataset in data:
        entry, classes = data[dataset], data.classes(dataset)
        if entry.prepared and entry.prepared.encoding == encoding:
            classes = classes.model_copy(update={"id": entry.prepared.id})
        elif entry.encoding != encoding:
            continue
        vocabulary = read_vocabulary(dataset, classes)
        names = dict(zip(vocabulary.raw_ids, vocabulary.names, strict=True))
        break
    names |= dict.fromkeys(ENCODINGS[encoding].unlabelled, "(unlabelled)")
    annotation = path.with_name(path.name.removesuffix(_MASK) + ".json")
    if encoding == "ade-full" and not label_ids <= names.keys() and path.name.endswith(_MASK) and annotation.is_file():
        names = {one.name_ndx: one.name for one in read_annotation(_read(annotation), str(annotation)).objects} | names
    return {label_id: names.get(label_id, "(outside the class list)") for label_id in label_ids}
