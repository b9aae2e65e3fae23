"""Localized Narratives: files of JSON lines (https://google.github.io/localized-narratives). Only the captions are used.

The files come from outside: no line is trusted to be short, to be JSON, or to have the fields that it should.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from larvseg.errors import LarvSegError

LONGEST_LINE = 2**24  # bytes; the traces of a long recording take some hundred thousand
LONGEST_CAPTION = 20_000  # characters
_ID = re.compile("[A-Za-z0-9_-]{1,64}")


class Narrative(NamedTuple):
    """The caption in line `line` (from 1): somebody's description of the image `image_id` of `dataset_id`."""

    line: int
    dataset_id: str
    image_id: str
    caption: str


def narratives(path: Path) -> Iterator[Narrative]:
    """The narratives in `path`, line by line.

    Raises LarvSegError, which names the file and the line, for a line that is longer than LONGEST_LINE or is no JSON object,
    and for one without a dataset_id, an image_id and a caption of at most LONGEST_CAPTION characters.
    """
    try:
        with open(path, "rb") as file:
            number = 0
            while line := file.readline(LONGEST_LINE + 1):
                number += 1
                if len(line) > LONGEST_LINE:
                    raise _wrong(path, number, f"over the limit of {LONGEST_LINE} bytes")
                yield _parsed(path, number, line)
    except OSError as error:
        raise LarvSegError(f"{path}: {(error.strerror or 'cannot be read').lower()}; fetch it first") from None


def _parsed(path: Path, number: int, line: bytes) -> Narrative:
    try:
        content = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _wrong(path, number, f"not a line of JSON ({' '.join(str(error).split())[:200]})") from None
    if not isinstance(content, dict):
        raise _wrong(path, number, f"a JSON object expected, found {type(content).__name__}")
    for field in ("dataset_id", "image_id", "caption"):
        if not isinstance(content.get(field), str):
            raise _wrong(path, number, f"no text under {field!r}")
    if not _ID.fullmatch(content["image_id"]):
        raise _wrong(path, number, f"no image_id {content['image_id'][:40]!r}")
    if len(content["caption"]) > LONGEST_CAPTION:
        raise _wrong(path, number, f"a caption of {len(content['caption'])} characters, over the limit of {LONGEST_CAPTION}")
    try:
        content["caption"].encode()
    except UnicodeEncodeError:
        raise _wrong(path, number, "a caption with half a character (a lone surrogate)") from None
    return Narrative(number, content["dataset_id"], content["image_id"], content["caption"])


def _wrong(path: Path, number: int, problem: str) -> LarvSegError:
    return LarvSegError(f"{path}:{number}: {problem}; delete the file and fetch it again")
