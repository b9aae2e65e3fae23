"""Damage to sound files: flipped bits, cuts, splices, wrong numbers; and to sound documents: wrong values, missing keys, deep nesting."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

_NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**63, 2**64 - 1)
_ENDS = 64  # bytes at both ends of a file, which are hit more often: headers and directories lie there
NAMES = (
    "../canary",
    "/etc/passwd",
    "a/../../canary",
    "C:\\x",
    "a\\b.png",
    "a\0b",
    "",
    ".",
    "./",
    "a//b.jpg",
    "._a.jpg",
    "__MACOSX/a",
    "\u202egpj.exe",
    "\x1b[31mred",
    "two\nlines",
    "\r",
    "é.jpg",
    "e\u0301.jpg",
    "x" * 300,
    "a/" * 200 + "b",
    "<script>.jpg",
    "%s{}%n",
    "canary",
)


@st.composite
def damaged(draw: st.DrawFn, sound: Sequence[bytes], tokens: Sequence[bytes] = ()) -> bytes:
    """One of `sound`, mostly damaged in some places; `tokens` are what its format gives a meaning to."""
    data = bytearray(sound[draw(st.integers(0, len(sound) - 1))])
    for _ in range(draw(st.integers(0, 4))):
        if not data:
            break
        place, how = draw(_place(len(data))), draw(st.sampled_from(_HOWS))
        if how == "flip":
            data[place] ^= 1 << draw(st.integers(0, 7))
        elif how == "number":
            width, order = draw(
                st.sampled_from([(1, "little"), (2, "little"), (4, "little"), (8, "little"), (2, "big"), (4, "big"), (8, "big")])
            )
            number = draw(st.sampled_from(_NUMBERS) | st.integers(0, len(data))) % 256**width
            data[place : place + width] = number.to_bytes(width, order)
        elif how == "cut":
            del data[place : place + draw(st.sampled_from([1, 2, 4, 16, 512, len(data)]))]
        elif how == "repeat":
            end = place + draw(st.integers(1, 600))
            data[place:place] = data[place:end] * draw(st.sampled_from([1, 1, 2, 16]))
        elif how == "splice":
            other = sound[draw(st.integers(0, len(sound) - 1))]
            start = draw(st.integers(0, len(other)))
            data[place : place + draw(st.sampled_from([0, 16, 512]))] = other[start : start + 512]
        else:
            new = draw(st.sampled_from(tokens) if tokens and how == "token" else st.binary(max_size=8))
            data[place : place + draw(st.sampled_from([0, len(new)]))] = new
    return bytes(data)


_HOWS = ("flip", "number", "cut", "repeat", "splice", "bytes", "token", "token")


def _place(size: int) -> st.SearchStrategy[int]:
    ends = st.integers(0, min(size, _ENDS) - 1)
    return st.integers(0, size - 1) | ends | ends.map(lambda back: size - 1 - back)


# ---- documents of keys and values


def _deep(depth: int) -> Any:
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return value


_ODD = (
    None,
    True,
    0,
    -1,
    1,
    2**31,
    2**63,
    10**30,
    1.5,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "x",
    "1",
    "x" * 3000,
    "\ud800",
    [],
    {},
    [[]],
)
_SCALARS = st.sampled_from([*_ODD, *NAMES]) | st.integers() | st.text(max_size=8)
VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3), max_leaves=6
) | st.sampled_from([_deep(50), _deep(400)])


@st.composite
def changed(draw: st.DrawFn, sound: Sequence[Any], values: st.SearchStrategy[Any] = VALUES) -> Any:
    """One of the documents `sound`, mostly with other values at some places, or without them, or with more."""
    document = [copy.deepcopy(sound[draw(st.integers(0, len(sound) - 1))])]
    for _ in range(draw(st.integers(0, 3))):
        holder, key = document, 0
        for _ in range(draw(st.integers(0, 6))):
            inner = holder[key]
            if not isinstance(inner, dict | list) or not inner:
                break
            holder = inner
            key = draw(st.sampled_from(sorted(inner, key=str) if isinstance(inner, dict) else range(len(inner))))
        how = draw(st.sampled_from(("other", "other", "gone", "more")))
        if how == "gone" and holder is not document:
            del holder[key]
        elif how == "more" and isinstance(holder[key], dict | list):
            inner = holder[key]
            if isinstance(inner, dict):
                inner[draw(st.text(max_size=5))] = copy.deepcopy(draw(values))
            else:
                inner.append(copy.deepcopy(draw(values)))
        else:
            holder[key] = copy.deepcopy(draw(values))
    return document[0]


TEXT_TOKENS = (
    b"\x00",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\n",
    b"\r",
    b"\x1b[2J",
    "\u202e".encode(),
    b"\xed\xa0\x80",
    b"[" * 3000,
    b"9" * 5000,
    b"{",
    b'"',
)


def json_files(*sound: Any) -> st.SearchStrategy[bytes]:
    """Files of JSON: the documents `sound`, changed, and their text, damaged."""
    texts = [json.dumps(each, indent=1).encode() for each in sound]
    written = changed(sound).map(lambda value: json.dumps(value).encode())
    return written | written | damaged(texts, (*TEXT_TOKENS, b"NaN", b"1e999", b"null", b'"\\ud800"', b'{"a":'))
