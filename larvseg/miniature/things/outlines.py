"""Outlines of symmetric shapes."""

from __future__ import annotations

from collections.abc import Sequence

from larvseg.miniature.pen import Point


def symmetric(right: Sequence[Point], axis: float = 0.5) -> list[Point]:
    """The closed outline whose right half is `right` (top to bottom), mirrored at x = `axis`."""
    return [*right, *((2 * axis - x, y) for x, y in reversed(right))]
