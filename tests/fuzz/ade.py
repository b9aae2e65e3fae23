"""ADE20K full: its index, a pickle, and the annotations beside its images; narratives of other images."""

from __future__ import annotations

import io
import json
import os
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from hypothesis import strategies as st

from larvseg.sources import ade_index, ade_json, narratives
from tests.fuzz.damage import changed, damaged, json_files
from tests.fuzz.guard import CANARY
from tests.fuzz.kind import Kind
from tests.sources import test_ade_index, test_ade_json, test_narratives

OBJECTS = 4  # classes in the indexes here, so that they are small


class Harm(test_ade_index.Call):
    """Pickles as a call, which copying it does not make."""

    def __deepcopy__(self, memo: dict) -> Harm:
        return self


_CONTENT = {
    "filename": ["ADE_train_1.jpg", "ADE_train_2.jpg"],
    "folder": ["ADE20K_2021_17_01/images"] * 2,
    "scene": np.array(["/street"] * 2, object),
    "objectPresence": np.ones((OBJECTS, 2), np.float32, order="F"),
    "objectcounts": np.full((OBJECTS, 1), 2.0),
    "objectnames": np.array(["wall", "sky", "car, auto", "sofa"]),
    "proportionClassIsPart": np.full(OBJECTS, np.nan),
    "wordnet_found": np.arange(OBJECTS) == 2,
    "wordnet_gloss": [b"caf\xe9"] * OBJECTS,
    "wordnet_synset": [["car, auto", "vehicle"]] * OBJECTS,
}
_SOUND = [pickle.dumps(_CONTENT, protocol=protocol) for protocol in (0, 2, 3, 4, 5)]
_OPS = tuple(getattr(pickle, name) for name in dir(pickle) if isinstance(getattr(pickle, name), bytes) and len(getattr(pickle, name)) == 1)
_TOKENS = (
    *_OPS,
    b"cos\nsystem\n",
    b"(S'touch canary'\ntR",
    b"cbuiltins\neval\n",
    b"cnumpy\nload\n",
    b"\x94",
    b"r\xff\xff\xff\x7f",
    b"\x8e" + b"\xff" * 7 + b"\x7f",
)
_HARM = st.sampled_from(
    [(os.system, f"touch {CANARY}"), (open, f"../{CANARY}"), (bytearray, 10**12), (bytes, 10**12), (eval, "1"), (OrderedDict, ())]
)
_ARRAYS = st.sampled_from(
    [np.zeros(3), np.zeros((OBJECTS, 2), bool), np.array(["x", "y"]), np.array([["x"], None], object), np.array([(1, 2.0)], "i4,f8")]
)
_VALUES = st.recursive(
    st.integers() | st.text(max_size=5) | st.binary(max_size=5) | st.none() | st.floats() | _ARRAYS | _HARM.map(lambda call: Harm(*call)),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=6,
)
_indexes = damaged(_SOUND, _TOKENS) | st.builds(pickle.dumps, changed([_CONTENT], _VALUES), protocol=st.sampled_from([0, 2, 4]))


def _zipped(data: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(ade_index.MEMBER, data)
    return made.getvalue()


def _index(name: str):
    def read(data: bytes, folder: Path) -> None:
        (folder / name).write_bytes(data)
        with patch.object(ade_index, "OBJECTS", OBJECTS):
            found = ade_index.load_index(folder / name)
        assert len(found.objectnames) == len(found.objectcounts) == OBJECTS and len(found.folder) == len(found.filename)

    return read


def _annotation(data: bytes, folder: Path) -> None:
    found = ade_json.read_annotation(data, "ADE_1.json")
    json.dumps(found.size)


def _narratives(data: bytes, folder: Path) -> None:
    (folder / "ln.jsonl").write_bytes(data)
    for one in narratives.narratives(folder / "ln.jsonl"):
        one.caption.encode()


_GOOD: list[Any] = [test_narratives.GOOD, {**test_narratives.GOOD, "image_id": "10"}]
_MEMO = b"\x80\x04]r\xff\xff\xff\x1f."  # puts something at the place 2**29 - 1 of the memo
KINDS = (
    Kind("ADE index", "pickles: opcodes, lengths, memo, calls, arrays", _indexes, _index("index.pkl"), "index.pkl", (_MEMO,), 2),
    Kind(
        "ADE index in its zip",
        "the same in the archive, and its directory",
        damaged(list(map(_zipped, _SOUND[2:]))) | _indexes.map(_zipped),
        _index("ade.zip"),
        "ade.zip",
    ),
    Kind(
        "ADE annotations",
        "JSON: values, types, nesting, encodings",
        json_files({"annotation": test_ade_json.annotation()}),
        _annotation,
        "ADE_1.json",
    ),
    Kind(
        "narratives",
        "JSON lines: values, types, ends, encodings",
        json_files(_GOOD[0]).map(lambda text: text.replace(b"\n", b""))
        | damaged(["\n".join(map(json.dumps, _GOOD)).encode()], (b"\n", b"\xff", b"{")),
        _narratives,
        "ln.jsonl",
    ),
)
