"""The index of ADE20K full: what it holds, and pickles that want more than to be read."""

import os
import pickle
import subprocess
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

from larvseg.errors import LarvSegError
from larvseg.sources import ade_index
from larvseg.sources.ade_index import MEMBER, OBJECTS, load_index

IMAGES = 3


def content() -> dict:
    """An index of three images with fields in the forms that they have there."""
    presence = np.zeros((OBJECTS, IMAGES), np.float32, order="F")
    presence[2977], presence[400, 1] = 1, 11
    names = [f"object {ade_id}" for ade_id in range(1, OBJECTS + 1)]
    names[400] = "car, auto, automobile, machine, motorcar"
    return {
        "filename": [f"ADE_train_0000000{i}.jpg" for i in range(IMAGES)],
        "folder": ["ADE20K_2021_17_01/images/ADE/training/urban/street"] * IMAGES,
        "scene": np.array(["/street"] * IMAGES, object),
        "objectIsPart": np.zeros((OBJECTS, IMAGES), np.float32),
        "objectPresence": presence,
        "objectcounts": presence.sum(1, keepdims=True),
        "objectnames": np.array(names),
        "proportionClassIsPart": np.full(OBJECTS, np.nan),
        "wordnet_found": np.arange(OBJECTS) == 400,
        "wordnet_level1": [np.array([], object)] * OBJECTS,
        "wordnet_synset": [["car, auto", "vehicle", "entity"]] * OBJECTS,
        "wordnet_hypernym": [None] * OBJECTS,
        "wordnet_gloss": [b"caf\xe9"] * OBJECTS,
        "wordnet_synonyms": tuple(["car"] * OBJECTS),
        "wordnet_frequency": [np.int64(2)] * OBJECTS,
        "description": {"filename": "names"},
    }


def write(path, value, protocol=4):
    path.write_bytes(pickle.dumps(value, protocol=protocol))
    return path


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_field_whatever_protocol_wrote_it(tmp_path, protocol):
    index = load_index(write(tmp_path / "index_ade20k.pkl", content(), protocol))
    assert index.filename[1] == "ADE_train_00000001.jpg" and index.folder[2].endswith("urban/street") and index.scene == ("/street",) * 3
    assert len(index.objectnames) == OBJECTS and index.objectnames[400] == "car, auto, automobile, machine, motorcar"
    assert (index.objectcounts[400], index.objectcounts[2977], index.objectcounts.sum()) == (11, 3, 14)
    assert (index.images[400], index.images[2977], index.images.sum()) == (1, 3, 4)
    assert index.wordnet_found.nonzero()[0].tolist() == [400] and not index.proportionClassIsPart.any()
    assert index.wordnet_synset[0] == "car, auto. vehicle. entity" and index.wordnet_gloss[7] == "café"
    assert index.wordnet_level1[0] == index.wordnet_hypernym[0] == "" and index.wordnet_synonyms[9] == "car"
    assert set(index.wordnet_frequency.tolist()) == {2}


def test_names_of_older_numpy(tmp_path):
    data = pickle.dumps(content(), protocol=3)
    path = tmp_path / "index_ade20k.pkl"
    assert b"numpy._core.multiarray" in data
    path.write_bytes(data.replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    assert load_index(path).objectcounts[400] == 11


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_the_member_of_the_official_archive(tmp_path, method):
    path = tmp_path / "ADE20K_2021_17_01.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("ADE20K_2021_17_01/objects.txt"), b"", zipfile.ZIP_STORED)
        archive.writestr(zipfile.ZipInfo(MEMBER), pickle.dumps(content()), method)
    assert load_index(path).objectcounts[400] == 11
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1  # in the middle of some array: only the checksum tells
    path.write_bytes(data)
    with pytest.raises(LarvSegError, match="not the index of ADE20K") as error:
        load_index(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_the_drawn_fields_may_be_few(tmp_path):
    few = {key: value for key, value in content().items() if key in ("filename", "folder", "objectnames", "objectPresence")}
    index = load_index(write(tmp_path / "index.pkl", few))
    assert index.objectcounts[400] == 11 and index.scene == ("",) * 3 and index.wordnet_synset == ("",) * OBJECTS
    assert not index.wordnet_found.any() and not index.wordnet_frequency.any()


@pytest.mark.parametrize(
    "change, complaint",
    [
        ({"objectnames": ["wall"] * 3148}, "an index of 3148 objects; that of the release of 2021 has 3688"),
        ({"scene": ["/street"]}, "1 values of scene, expected 3"),
        ({"folder": ["x"] * 4}, "4 values of folder, expected 3"),
        ({"objectcounts": np.zeros(7)}, "7 values of objectcounts, expected 3688"),
        ({"objectPresence": np.zeros((OBJECTS, 2))}, r"objectPresence of \(3688, 2\) numbers"),
        ({"objectPresence": np.full((OBJECTS, IMAGES), "x")}, "objectPresence"),
        ({"objectPresence": "x"}, "str where an array should be"),
        ({"wordnet_gloss": ["x"] * 5}, "5 values of wordnet_gloss"),
        ({"wordnet_found": ["x"] * OBJECTS}, "could not convert"),
        ({"filename": np.array([(1, 2.0)], "i4,f8")}, "an array of "),
        ({"filename": np.array([np.datetime64("2020")])}, "an array of 'M8'"),
    ],
    ids=range(11),
)
def test_what_is_no_such_index(tmp_path, change, complaint):
    path = write(tmp_path / "index.pkl", content() | change)
    with pytest.raises(LarvSegError, match=complaint) as error:
        load_index(path)
    assert str(error.value).startswith(f"{path}: ") and "\n" not in str(error.value)


@pytest.mark.parametrize("data", [b"", b"nonsense", pickle.dumps([1]), pickle.dumps({"filename": []}), pickle.dumps(content())[:-100]])
def test_files_that_are_no_index(tmp_path, data):
    path = tmp_path / "index.pkl"
    path.write_bytes(data)
    with pytest.raises(LarvSegError, match="not the index of ADE20K .*fetch it again"):
        load_index(path)


def test_missing_files(tmp_path):
    for name in ("index_ade20k.pkl", "ADE20K_2021_17_01.zip"):
        with pytest.raises(LarvSegError, match=f"{name}: no such file"):
            load_index(tmp_path / name)
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("x", b"")
    with pytest.raises(LarvSegError, match="holds no ADE20K_2021_17_01/index_ade20k.pkl"):
        load_index(tmp_path / "other.zip")


def test_size_has_a_limit(tmp_path, monkeypatch):
    path = write(tmp_path / "index.pkl", content())
    monkeypatch.setattr(ade_index, "LARGEST_INDEX", 1000)
    with pytest.raises(LarvSegError, match="over the limit of 1000"):
        load_index(path)
    with zipfile.ZipFile(tmp_path / "ade.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MEMBER, bytes(1001))
    with pytest.raises(LarvSegError, match="1001 bytes, over the limit"):
        load_index(tmp_path / "ade.zip")


# ---- hostile files


class Call:
    """Pickles as a call."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize(
    "function, arguments, name",
    [
        (os.system, ("touch {}",), "posix.system"),
        (subprocess.Popen, (("touch", "{}"),), "commands.Popen|subprocess.Popen"),
        (eval, ("open('{}', 'w')",), "__builtin__.eval|builtins.eval"),
        (getattr, (os, "system"), None),
        (np.load, ("{}",), "numpy.load"),
        (np.lib.format.open_memmap, ("{}", "w+"), "numpy.lib.format.open_memmap|numpy.lib._format_impl.open_memmap"),
        (OrderedDict, (), "collections.OrderedDict"),
    ],
    ids=range(7),
)
def test_calls_are_refused_by_name_and_not_made(tmp_path, protocol, function, arguments, name):
    mark, path = tmp_path / "executed", tmp_path / "index_ade20k.pkl"
    if name is None:  # what pickle cannot write, somebody can by hand
        path.write_bytes(b"cbuiltins\ngetattr\n(cos\nsystem\nS'x'\ntR.")
        name = "__builtin__.getattr|builtins.getattr"
    else:
        arguments = tuple(text.format(mark) if isinstance(text, str) else tuple(part.format(mark) for part in text) for text in arguments)
        write(path, content() | {"scene": Call(function, *arguments)}, protocol)
    with pytest.raises(LarvSegError, match=f"refused, it asks for ({name}), which.*delete it") as error:
        load_index(path)
    assert str(error.value).startswith(f"{path}: ") and "\n" not in str(error.value)
    assert not mark.exists()


def test_the_same_in_the_archive(tmp_path):
    mark, path = tmp_path / "executed", tmp_path / "ADE20K_2021_17_01.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(MEMBER, pickle.dumps(content() | {"scene": Call(os.system, f"touch {mark}")}))
    with pytest.raises(LarvSegError, match="ADE20K_2021_17_01.zip: refused, it asks for posix.system"):
        load_index(path)
    assert not mark.exists()


def test_persistent_ids_and_attributes_of_what_is_known_are_refused(tmp_path):
    path = tmp_path / "index.pkl"
    for data in (b"Pid\n.", b"\x80\x04\x8c\x05numpy\x8c\x11ndarray.__class__\x93."):
        path.write_bytes(data)
        with pytest.raises(LarvSegError, match="persistent|ndarray.__class__"):
            load_index(path)


class Dtype:
    """Pickles as a numpy data type in a state of our choosing."""

    def __init__(self, code, *state):
        self.code, self.state = code, state

    def __reduce__(self):
        return np.dtype, (self.code, False, True), self.state


class Array:
    """Pickles as a numpy array of our choosing."""

    def __init__(self, shape, dtype, raw):
        self.state = (1, shape, dtype, False, raw)

    def __reduce__(self):
        return np.ndarray((0,)).__reduce__()[0], (np.ndarray, (0,), b"b"), self.state


@pytest.mark.parametrize(
    "array",
    [
        # objects whose flags say that they are plain memory: pointers to anywhere
        Array((IMAGES,), Dtype("O8", 3, "|", None, None, None, -1, -1, 0), b"\x41" * 8 * IMAGES),
        Array((IMAGES,), Dtype("V8", 3, "|", None, ("a",), {"a": (np.dtype("O"), 0)}, 8, 1, 0), b"\x41" * 8 * IMAGES),
        Array((10**12,), np.dtype("U9"), b""),
        Array((-1,), np.dtype("U9"), b""),
        Array((10**6,), np.dtype("O"), [1]),
        Array((IMAGES,), np.dtype("U2"), b"\xff" * 8 * IMAGES),
        Array((IMAGES,), "U2", b"\x00" * 8 * IMAGES),
    ],
    ids=range(7),
)
def test_arrays_in_a_state_that_numpy_would_trust(tmp_path, array):
    path = write(tmp_path / "index.pkl", content() | {"scene": array})
    with pytest.raises(LarvSegError, match="not the index of ADE20K"):
        load_index(path)


@pytest.mark.parametrize(
    "key, complaint", [("wordnet_gloss", "too much of it"), ("scene", "too much of it"), ("objectcounts", "lists within lists")]
)
def test_lists_that_hold_the_same_list_many_times_over(tmp_path, monkeypatch, key, complaint):
    monkeypatch.setattr(ade_index, "LARGEST_FIELD", 10**6)
    cell = ["x"]
    for _ in range(50):
        cell = [cell, cell]
    with pytest.raises(LarvSegError, match=complaint):
        load_index(write(tmp_path / "index.pkl", content() | {key: cell}))


def test_copies_of_copies_come_to_an_end(tmp_path, monkeypatch):
    path = tmp_path / "index.pkl"
    for call in (Call(bytearray, 10**12), Call(bytes, 10**12)):
        with pytest.raises(LarvSegError, match="of something else than a collection"):
            load_index(write(path, call))
    monkeypatch.setattr(ade_index, "LARGEST_INDEX", 10**6)
    once = [0] * 1000
    with pytest.raises(LarvSegError, match="too much of it"):
        load_index(write(path, [Call(set, once), *(Call(list, once) for _ in range(2000))]))
