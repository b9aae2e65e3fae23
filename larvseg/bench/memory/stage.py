"""What is measured of a stage."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Stage(NamedTuple):
    """`run` and `prepare` are functions of a module, which are given the number of images and work in an empty folder of their own.

    What `prepare` leaves there is for `run`, whose memory counts.
    """

    name: str
    keeps: str  # what it must keep of each image, for people
    run: Callable[[int], object]
    prepare: Callable[[int], object]
    most: int = 10**6  # images, which take it no more than a minute or two
