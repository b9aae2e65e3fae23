"""Text for a terminal: aligned columns and grouped digits."""

from collections.abc import Sequence


def columns(rows: Sequence[Sequence[str]], left: Sequence[int] = (0,)) -> list[str]:
    """One line a row, cells padded to the width of their column, two spaces between; the columns `left` begin at the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(f"{cell:{'<' if i in left else '>'}{widths[i]}}" for i, cell in enumerate(row)).rstrip() for row in rows]


def grouped(value: int) -> str:
    """Digits in groups of three: 320 000."""
    return f"{value:,}".replace(",", " ")
