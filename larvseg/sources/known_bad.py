"""The images of ImageNet that are known to be unreadable in every copy."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from larvseg.errors import LarvSegError

LIST = Path(__file__).parents[2] / "data/reference/imagenet_known_bad.txt"


@cache
def known_bad() -> frozenset[str]:
    """Their names, without a suffix: "n01678043_6448"."""
    try:
        return frozenset(LIST.read_text(encoding="utf-8").split())
    except FileNotFoundError:
        raise LarvSegError("data/reference/imagenet_known_bad.txt: no such file; restore it from version control") from None
