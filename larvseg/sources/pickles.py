"""Pickles from outside: neither do they run anything, nor can a few bytes of theirs ask for much time or memory.

pickle's own reader in C makes a list as long as the highest place of the memo that a pickle names, and asks the file for as many bytes as
the pickle says. Its reader in Python has a dict for the memo; it is told here what it may ask for.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from typing import IO, Any

from larvseg.sources.bounded import Bounded


class Unpickler(pickle._Unpickler):
    """Reads the pickle of `size` bytes in `file`; `find_class` says what it may name, by default nothing.

    Raises what a pickle.Unpickler does, and UnpicklingError for a key of a dict or a set that is no plain value: the hash of a tuple that
    holds one tuple twice, and so on, takes for ever.
    """

    dispatch = dict(pickle._Unpickler.dispatch)

    def __init__(self, file: IO[bytes], size: int, **settings: Any):
        super().__init__(Bounded(file, size), **settings)

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"it names {module}.{name}")

    def _setitem(self) -> None:
        check_keys(self.stack[-2:-1])
        self.load_setitem()

    def _setitems(self) -> None:
        check_keys(self.stack[::2])
        self.load_setitems()

    def _dict(self) -> None:
        check_keys(self.stack[::2])
        self.load_dict()

    def _additems(self) -> None:
        check_keys(self.stack)
        self.load_additems()

    def _frozenset(self) -> None:
        check_keys(self.stack)
        self.load_frozenset()

    def _bytearray(self) -> None:
        size = int.from_bytes(self.read(8), "little")
        self.append(bytearray(self.read(size)))

    dispatch |= {
        pickle.SETITEM[0]: _setitem,
        pickle.SETITEMS[0]: _setitems,
        pickle.DICT[0]: _dict,
        pickle.ADDITEMS[0]: _additems,
        pickle.FROZENSET[0]: _frozenset,
        pickle.BYTEARRAY8[0]: _bytearray,
    }


def check_keys(keys: Iterable[Any]) -> None:
    """UnpicklingError unless each of `keys` is text, bytes, a number or None."""
    for key in keys:
        if not isinstance(key, str | bytes | int | float | None):
            raise pickle.UnpicklingError(f"a {type(key).__name__} as a key")
