"""Text for a terminal: aligned columns and grouped digits."""

import re
from collections.abc import Sequence

# Control characters, ends of lines, what turns the direction of text, half characters.
_UNSHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def columns(rows: Sequence[Sequence[str]], left: Sequence[int] = (0,)) -> list[str]:
    """One line a row, cells padded to the width of their column, two spaces between; the columns `left` begin at the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(f"{cell:{'<' if i in left else '>'}{widths[i]}}" for i, cell in enumerate(row)).rstrip() for row in rows]


def grouped(value: int) -> str:
    """Digits in groups of three: 320 000."""
    return f"{value:,}".replace(",", " ")


def can_be_shown(name: str) -> bool:
    """Whether `name` is text of one line, without what turns the direction of the text around it."""
    return bool(name.strip()) and not _UNSHOWN.search(name)
