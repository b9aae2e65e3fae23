"""Errors that are meant for people: one line that says what is wrong, where, and what to do."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

INTERRUPTED = 130  # the exit status after Ctrl-C, of shells and of typer, which says no word
LONGEST = 4000  # letters of an error, of which a file may have brought most


class LarvSegError(Exception):
    """An error the command line prints as `error: <message>` and answers with exit status 1."""

    def __str__(self) -> str:
        return in_one_line(super().__str__())


def in_one_line(text: str) -> str:
    """`text` as a terminal can show it without doing what it says: no ends of lines, no control characters, not without end."""
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]} … {text[-LONGEST // 2 :]}"
    return "".join(letter if letter.isprintable() else " " if letter.isspace() else "\ufffd" for letter in text)


@contextmanager
def reading(path: str | Path, what: str, advice: str, missing: str | None = None) -> Iterator[None]:
    """Whatever goes wrong in the block, which reads the file `path`, is a LarvSegError: it is not `what`; `advice`.

    missing: the advice where there is no such file, if it is another.
    What a damaged or hostile file makes a reader raise is written nowhere, so any exception of the block means that, but want of memory.
    """
    try:
        yield
    except LarvSegError:
        raise
    except FileNotFoundError:
        raise _not_opened(path) or LarvSegError(f"{path}: no such file; {missing or advice}") from None
    except Exception as error:
        if lacks_memory(error):
            raise
        raise not_of_the_file(path, error) or LarvSegError(f"{path}: not {what} ({reason(error)}); {advice}") from None


# what torch, Arrow, Python and the loader of libraries say where they get no memory or no thread
_WANTING = (
    "DefaultCPUAllocator",
    "Cannot allocate memory",
    "Failed to launch worker thread",
    "can't start new thread",
    "failed to map segment",
)


def lacks_memory(error: BaseException) -> bool:
    """Whether memory ran out, the machine's, a GPU's or that for another thread: that says nothing of the file that was read just then."""
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or any(said in str(error) for said in _WANTING)


_OF_RUST = re.compile(r"\(os error (\d+)\)$")  # how safetensors ends what the system said
_UNMAPPED = "; its file system cannot map files into memory, so have the folder on another one"


def not_of_the_file(path: str | Path, error: Exception) -> LarvSegError | None:
    """What `error` of the system says of the file `path`, if it says nothing of what is in it: to make it again would not help.

    To a place that a damaged file names the system answers EINVAL.
    """
    number = _number(error)
    if number in (None, errno.EINVAL):
        return None
    advice = _UNMAPPED if number == errno.ENODEV else ""
    return LarvSegError(f"{getattr(error, 'filename', None) or path}: {os.strerror(number)}{advice}")


def _number(error: Exception) -> int | None:
    """The number of the error of the system behind `error`, which safetensors and Arrow have in words alone."""
    if found := _OF_RUST.search(str(error)):
        return int(found[1])
    if str(error).endswith(os.strerror(errno.ENODEV)):
        return errno.ENODEV
    return error.errno if isinstance(error, OSError) else None


def _not_opened(path: str | Path) -> LarvSegError | None:
    """Why the system does not open `path`, if it is there: to safetensors a file that may not be read is none, as is one too many."""
    try:
        open(path, "rb").close()
    except FileNotFoundError:
        return None
    except OSError as error:
        return not_of_the_file(path, error)
    return None


def reason(error: Exception) -> str:
    """What `error` says, in some words."""
    said = " ".join(str(error).split())[:200]
    return f"no {said}" if isinstance(error, KeyError) else said or type(error).__name__
