"""The index of ADE20K full: which objects there are, how often they occur, and what WordNet says about them.

It is a pickle, and unpickling runs whatever the file says. So nothing of it reaches the pickle module's own importing: arrays are rebuilt
here from plain bytes, and any other name in the file is refused before it is looked up.
"""

from __future__ import annotations

import math
import re
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from larvseg.errors import LarvSegError, reading
from larvseg.sources.pickles import Unpickler, check_keys

MEMBER = "ADE20K_2021_17_01/index_ade20k.pkl"
OBJECTS = 3688  # classes of objects in the release of 2021
LARGEST_INDEX = 2**30  # bytes; the official one has 817 537 016
LARGEST_FIELD = 2**26  # cells and characters of a field of texts; the official ones have some millions

_PER_IMAGE = ("filename", "folder", "scene")
_TEXTS = ("wordnet_level1", "wordnet_synset", "wordnet_hypernym", "wordnet_gloss", "wordnet_synonyms")
_NUMBERS = ("proportionClassIsPart", "wordnet_frequency")


@dataclass(frozen=True)
class AdeIndex:
    """The index, under the names of its own fields. C = 3688 classes of objects, N images; class c has the ade_id c + 1.

    Fields that the file lacks are "" or 0 for every class. The counts of objects per image, 800 MB of them, are summed up and left.
    """

    filename: tuple[str, ...]  # N: "ADE_train_00016869.jpg"
    folder: tuple[str, ...]  # N: "ADE20K_2021_17_01/images/ADE/training/urban/street"
    scene: tuple[str, ...]  # N: "/street"
    objectnames: tuple[str, ...]  # C, synonyms separated by ", ": "car, auto, automobile, machine, motorcar"
    objectcounts: np.ndarray  # (C,) int64: instances
    images: np.ndarray  # (C,) int64: images with an instance
    proportionClassIsPart: np.ndarray  # (C,) float64: how often the object is part of another
    wordnet_found: np.ndarray  # (C,) bool
    wordnet_frequency: np.ndarray  # (C,) float64
    wordnet_level1: tuple[str, ...]  # C
    wordnet_synset: tuple[str, ...]  # C: the synset and those above it, separated by "."; the first is the object's own
    wordnet_hypernym: tuple[str, ...]  # C
    wordnet_gloss: tuple[str, ...]  # C
    wordnet_synonyms: tuple[str, ...]  # C


def load_index(source: Path) -> AdeIndex:
    """The index in `source`: index_ade20k.pkl, or ADE20K_2021_17_01.zip, in which it is read without being unpacked.

    Raises LarvSegError for a file that is missing, damaged or too large, for one that is no index of the release of 2021, and, naming
    it, for any function or class that the file asks for beyond arrays of numbers and text. Nothing of such a file is executed.
    """
    with reading(source, "the index of ADE20K", "delete it and fetch it again", missing="fetch it first"):
        with _opened(source) as (file, size):
            content = _Unpickler(file, size, source).load()
            while file.read(2**20):  # the checksum of a zip member is compared at its end
                pass
        return _index(content, source)


@contextmanager
def _opened(source: Path) -> Iterator[tuple[IO[bytes], int]]:
    """The index and its bytes."""
    if source.suffix == ".zip":
        with zipfile.ZipFile(source) as archive:
            if MEMBER not in archive.namelist():
                raise LarvSegError(f"{source}: holds no {MEMBER}; use the official archive of 2021")
            size = _checked(source, archive.getinfo(MEMBER).file_size)
            with archive.open(MEMBER) as file:
                yield file, size
    else:
        size = _checked(source, source.stat().st_size)
        with open(source, "rb") as file:
            yield file, size


def _checked(source: Path, size: int) -> int:
    if size > LARGEST_INDEX:
        raise LarvSegError(f"{source}: an index of {size} bytes, over the limit of {LARGEST_INDEX}; use the official file")
    return size


# ---- unpickling


class _Unpickler(Unpickler):
    """Knows the few names that pickles of arrays need, by whatever version of numpy, and stand-ins instead of what they name.

    numpy's own functions trust the state they are given: a made-up data type makes them follow pointers out of the file.
    """

    def __init__(self, file: IO[bytes], size: int, source: Path):
        super().__init__(file, size, encoding="latin1")
        self.source = source
        self.spent = 0
        self.known: dict[str, Any] = {
            "numpy.ndarray": _Array,
            "numpy.dtype": _Type,
            "numpy.core.multiarray._reconstruct": lambda *_: _Array(),
            "numpy.core.multiarray.scalar": lambda dtype, raw: _rebuilt(dtype, (), False, raw).item(),
            "numpy.core.numeric._frombuffer": lambda raw, dtype, shape, order: _Array(_rebuilt(dtype, shape, order == "F", raw)),
            "_codecs.encode": self._encoded,
            **{f"builtins.{kind.__name__}": self._copied(kind) for kind in (bytes, bytearray, list, tuple, set, frozenset, dict)},
        }

    def find_class(self, module: str, name: str) -> Any:
        key = f"{module}.{name}".replace("numpy._core.", "numpy.core.", 1).replace("__builtin__.", "builtins.", 1)
        if key not in self.known:
            raise LarvSegError(
                f"{self.source}: refused, it asks for {module}.{name}, which the index of ADE20K has no need of; "
                "somebody tampered with the file, delete it and use the official one"
            )
        return self.known[key]

    def _encoded(self, text: str, encoding: str) -> bytes:
        """How protocol 2 writes bytes."""
        if encoding != "latin1" or not isinstance(text, str):
            raise ValueError(f"bytes encoded as {encoding!r}")
        return self._charged(text).encode("latin1")

    def _copied(self, kind: type) -> Callable:
        def copy(*content: Any) -> Any:
            # of a number bytes() would make that many bytes
            if len(content) > 1 or not all(isinstance(one, (bytes, bytearray, list, tuple, set, frozenset, dict)) for one in content):
                raise ValueError(f"a {kind.__name__} of something else than a collection")
            if kind in (set, frozenset):
                check_keys(key for each in content for key in each)
            elif kind is dict and content and not isinstance(content[0], dict):
                raise ValueError("a dict of something else than a dict")
            return kind(*map(self._charged, content))

        return copy

    def _charged(self, content: Any) -> Any:
        """A few bytes of the file can ask for another copy of what came before; there is an end to that."""
        self.spent += len(content)
        if self.spent > LARGEST_INDEX:
            raise ValueError("too much of it")
        return content


class _Type:
    """Stands in for numpy.dtype."""

    def __init__(self, code: Any = None, *_: Any):
        self.code, self.order = str(code), "|"

    def __setstate__(self, state: tuple) -> None:
        self.order = str(state[1])
        if state[2:5] != (None, None, None):
            raise ValueError("an array of records")

    def numpy(self) -> np.dtype:
        """The data type of numbers or text."""
        if not re.fullmatch(r"[biufSUO][0-9]{0,6}", self.code) or not re.fullmatch(r"[<>|=]", self.order):
            raise ValueError(f"an array of {self.code!r}")
        return np.dtype(self.order + self.code)


class _Array:
    """Stands in for numpy.ndarray; `values` is the array."""

    def __init__(self, values: np.ndarray | None = None):
        self.values = values

    def __setstate__(self, state: tuple) -> None:
        _, shape, dtype, fortran, raw = state
        self.values = _rebuilt(dtype, shape, fortran, raw)


def _rebuilt(dtype: Any, shape: Sequence[int], fortran: bool, raw: Any) -> np.ndarray:
    kind = dtype.numpy() if isinstance(dtype, _Type) else None
    if kind is None or not all(isinstance(length, int) and length >= 0 for length in shape):
        raise ValueError("a damaged array")
    if kind.hasobject:
        if not isinstance(raw, list) or len(raw) != math.prod(shape):
            raise ValueError("a damaged array of objects")
        values = np.empty(len(raw), object)
        for i, value in enumerate(raw):
            values[i] = value
    else:
        raw = raw.encode("latin1") if isinstance(raw, str) else raw
        values = np.frombuffer(raw, kind)
        if kind.kind == "U" and np.frombuffer(raw, f"{kind.byteorder}u4").max(initial=0) > sys.maxunicode:
            raise ValueError("text of no characters")
    return values.reshape(tuple(shape), order="F" if fortran else "C")


# ---- what was in it


def _index(content: Any, source: Path) -> AdeIndex:
    if not isinstance(content, dict) or any(key not in content for key in ("filename", "folder", "objectnames")):
        raise ValueError("it has no filename, folder and objectnames")
    images = {key: _texts(content.get(key, [""] * len(_list(content["filename"])))) for key in _PER_IMAGE}
    count = len(images["filename"])
    names = _texts(content["objectnames"])
    if len(names) != OBJECTS:
        raise LarvSegError(f"{source}: an index of {len(names)} objects; that of the release of 2021 has {OBJECTS}")
    presence = _presence(content, count)
    counts = presence.sum(1, dtype=np.float64) if presence is not None else np.zeros(OBJECTS)
    index = AdeIndex(
        **images,
        objectnames=names,
        objectcounts=_numbers(content, "objectcounts", counts).astype(np.int64),
        images=np.count_nonzero(presence, 1) if presence is not None else np.zeros(OBJECTS, np.int64),
        wordnet_found=_numbers(content, "wordnet_found", np.zeros(OBJECTS)) != 0,
        **{key: _numbers(content, key, np.zeros(OBJECTS)) for key in _NUMBERS},
        **{key: _texts(content.get(key, [""] * OBJECTS)) for key in _TEXTS},
    )
    for key, length in {**dict.fromkeys(_PER_IMAGE, count), **dict.fromkeys(_TEXTS, OBJECTS)}.items():
        if len(getattr(index, key)) != length:
            raise ValueError(f"{len(getattr(index, key))} values of {key}, expected {length}")
    return index


def _presence(content: Mapping[str, Any], count: int) -> np.ndarray | None:
    """Instances of each object in each image, (C, N)."""
    if "objectPresence" not in content:
        return None
    presence = _array(content["objectPresence"])
    if presence.shape != (OBJECTS, count) or presence.dtype.kind not in "biuf":
        raise ValueError(f"objectPresence of {presence.shape} numbers, expected {(OBJECTS, count)}")
    return presence


def _numbers(content: Mapping[str, Any], key: str, otherwise: np.ndarray) -> np.ndarray:
    if key not in content:
        return otherwise
    numbers = np.asarray(_array(content[key]), np.float64).ravel()
    if len(numbers) != OBJECTS:
        raise ValueError(f"{len(numbers)} values of {key}, expected {OBJECTS}")
    return np.nan_to_num(numbers, posinf=0, neginf=0)


def _texts(values: Any) -> tuple[str, ...]:
    cells = _Cells()
    return tuple(cells.text(value) for value in _list(values))


class _Cells:
    """The cells of one field. Lists can hold the same list many times over, and so on: there is an end to that, too."""

    def __init__(self):
        self.spent = 0

    def text(self, value: Any) -> str:
        """A cell of a table that was a Matlab cell array: text, or a list of synsets, or an empty array where there is nothing."""
        self.spent += 1 + (len(value) if isinstance(value, (str, bytes)) else 0)
        if self.spent > LARGEST_FIELD:
            raise ValueError("too much of it")
        if isinstance(value, str):
            return value
        if isinstance(value, bytes):
            return value.decode("latin1")
        if value is None or isinstance(value, (int, float)):
            return ""
        return ". ".join(filter(None, map(self.text, _list(value))))


def _list(values: Any) -> list:
    return list(values) if isinstance(values, (list, tuple)) else _array(values).ravel().tolist()


def _array(values: Any) -> np.ndarray:
    if isinstance(values, _Array) and values.values is not None:
        return values.values
    if isinstance(values, (list, tuple)):
        if any(isinstance(value, (list, tuple)) for value in values):
            raise ValueError("lists within lists where numbers should be")
        return np.array(values)
    raise TypeError(f"{type(values).__name__} where an array should be")
