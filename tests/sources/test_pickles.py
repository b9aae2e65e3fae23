"""A few bytes of a pickle ask for no more than a few bytes can have, and for no code."""

import io
import pickle
import struct
import tracemalloc

import pytest

from larvseg.sources.pickles import Unpickler


def load(data: bytes):
    return Unpickler(io.BytesIO(data), len(data)).load()


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_plain_values_are_read(protocol):
    value = {
        "a": [1, 2.5, None, True],
        "b": (b"x", "é" * 300),
        3: {"c": bytearray(b"y")} if protocol == 5 else {},
        "set": {1, 2} if protocol > 3 else 0,
    }
    assert load(pickle.dumps(value, protocol=protocol)) == value


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x04]r\xff\xff\xff\x7f.",  # a place of the memo
        b"\x80\x04\x8e" + struct.pack("<Q", 2**40) + b".",  # bytes
        b"\x80\x04\x8d" + struct.pack("<Q", 2**40) + b".",  # text
        b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b".",  # bytes that can be changed
        b"\x80\x04\x95" + struct.pack("<Q", 2**40) + b".",  # a frame
    ],
    ids=["memo", "bytes", "text", "bytearray", "frame"],
)
def test_what_is_asked_for_is_not_more_than_the_file_has(data):
    tracemalloc.start()
    try:
        load(data)
    except (EOFError, IndexError, pickle.UnpicklingError):
        pass
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 2**20


def nested(depth: int) -> tuple:
    value = (1, 2)
    for _ in range(depth):
        value = (value, value)
    return value


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x04}" + pickle.dumps(nested(60), 4)[2:-1] + b"K\x01s.",  # a key of a dict
        b"\x80\x04}(" + pickle.dumps(nested(60), 4)[2:-1] + b"K\x01u.",  # several
        b"\x80\x04(" + pickle.dumps(nested(60), 4)[2:-1] + b"K\x01d.",
        b"\x80\x04\x8f(" + pickle.dumps(nested(60), 4)[2:-1] + b"\x90.",  # a set
        b"\x80\x04(" + pickle.dumps(nested(60), 4)[2:-1] + b"\x91.",  # a frozen one
    ],
    ids=["key", "keys", "dict", "set", "frozenset"],
)
def test_keys_whose_hash_takes_for_ever_are_refused(data):
    data = data.replace(pickle.dumps(nested(60), 4)[2:11], b"")  # the frame, whose length is another now
    with pytest.raises(pickle.UnpicklingError, match="a tuple as a key"):
        load(data)


def test_names_are_refused():
    with pytest.raises(pickle.UnpicklingError, match="it names posix.system"):
        load(b"cposix\nsystem\n(S'true'\ntR.")
