"""Damage to sound files: flipped bits, cuts, splices, wrong numbers; and to sound documents: wrong values, missing keys, deep nesting."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from random import Random
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


def damaged(sound: Sequence[bytes], tokens: Sequence[bytes] = ()) -> st.SearchStrategy[bytes]:
    """One of `sound`, mostly damaged in some places; `tokens` are what its format gives a meaning to."""
    return _CHANCE.map(lambda chance: _damaged(Random(chance), sound, tokens))


def _damaged(chance: Random, sound: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    data = bytearray(chance.choice(sound))
    for _ in range(chance.choice(_TIMES)):
        if not data:
            break
        place, how = _place(chance, len(data)), chance.choice(_HOWS)
        if how == "flip":
            data[place] ^= 1 << chance.randrange(8)
        elif how == "number":
            width, order = chance.choice(_WIDTHS)
            number = chance.choice([*_NUMBERS, chance.randrange(len(data) + 1)]) % 256**width
            data[place : place + width] = number.to_bytes(width, order)
        elif how == "cut":
            del data[place : place + chance.choice([1, 2, 4, 16, 512, len(data)])]
        elif how == "repeat":
            data[place:place] = data[place : place + chance.randint(1, 600)] * chance.choice([1, 1, 2, 16])
        elif how == "splice":
            other = chance.choice(sound)
            start = chance.randrange(len(other) + 1)
            data[place : place + chance.choice([0, 16, 512])] = other[start : start + 512]
        else:
            new = chance.choice(tokens) if tokens and how == "token" else chance.randbytes(chance.randrange(9))
            data[place : place + chance.choice([0, len(new)])] = new
    return bytes(data)


_CHANCE = st.integers(0, 2**64 - 1)  # one draw for an input: to draw each of its places would take longer than to read it
_TIMES = (0, 1, 1, 1, 2, 3, 4)
_HOWS = ("flip", "number", "cut", "repeat", "splice", "bytes", "token", "token")
_WIDTHS = ((1, "little"), (2, "little"), (4, "little"), (8, "little"), (2, "big"), (4, "big"), (8, "big"))


def _place(chance: Random, size: int) -> int:
    near = chance.randrange(min(size, _ENDS))
    return chance.choice([chance.randrange(size), near, size - 1 - near])


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
_VALUES = (*_ODD, *NAMES, _deep(50), _deep(400))


def odd(chance: Random, depth: int = 2) -> Any:
    """Some value that JSON can say."""
    kind = chance.randrange(8 if depth else 6)
    if kind < 4:
        return copy.deepcopy(chance.choice(_VALUES))
    if kind == 4:
        return chance.randint(-(2**40), 2**40)
    if kind == 5:
        return "".join(
            map(chr, (chance.choice([chance.randrange(128), chance.randrange(0x300), 0x4E00]) for _ in range(chance.randrange(8))))
        )
    inner = [odd(chance, depth - 1) for _ in range(chance.randrange(4))]
    return inner if kind == 6 else {str(key): value for key, value in enumerate(inner)}


VALUES = _CHANCE.map(lambda chance: odd(Random(chance)))


@st.composite
def changed(draw: st.DrawFn, sound: Sequence[Any], values: st.SearchStrategy[Any] | None = None) -> Any:
    """One of the documents `sound`, mostly with other values (of `values`) at some places, or without them, or with more."""
    chance = Random(draw(_CHANCE))
    document = [copy.deepcopy(chance.choice(sound))]
    for _ in range(chance.choice(_TIMES)):
        holder, key = document, 0
        for _ in range(chance.randrange(7)):
            inner = holder[key]
            if not isinstance(inner, dict | list) or not inner:
                break
            holder, key = inner, chance.choice(sorted(inner, key=str) if isinstance(inner, dict) else range(len(inner)))
        how, new = chance.choice(("other", "other", "gone", "more")), odd(chance) if values is None else copy.deepcopy(draw(values))
        if how == "gone" and holder is not document:
            del holder[key]
        elif how == "more" and isinstance(holder[key], dict):
            holder[key][f"x{chance.randrange(9)}"] = new
        elif how == "more" and isinstance(holder[key], list):
            holder[key].append(new)
        else:
            holder[key] = new
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
