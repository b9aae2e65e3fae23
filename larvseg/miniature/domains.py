"""How the images of COCO, of ADE20K and of the web differ, beyond their classes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from larvseg.miniature.classes import drawn_classes


@dataclass(frozen=True)
class Domain:
    """What a data set's photographers prefer. Ranges are drawn from uniformly."""

    names: str  # the field of classes.Drawn: only drawings that have a name there occur
    person: tuple[float, float]  # height of a person nearby, share of the image
    counts: tuple[float, ...]  # probability of 1, 2, … things
    habit: float  # exponent of the weights with which things belong to a place: the higher, the more its typical things keep together
    warmth: tuple[float, float]  # red against blue
    brightness: tuple[float, float]
    contrast: tuple[float, float]
    margin: float  # share of a thing's width that may lie outside the image


DOMAINS: dict[str, Domain] = {
    "coco": Domain("c171", (0.74, 0.88), (0.25, 0.45, 0.3), 1.0, (1.0, 1.14), (0.9, 1.08), (1.0, 1.18), 0.12),
    "ade": Domain("a847", (0.62, 0.74), (0.0, 0.0, 0.05, 0.1, 0.2, 0.25, 0.25, 0.15), 1.5, (0.88, 1.02), (0.88, 1.05), (0.86, 1.05), 0.03),
    "web": Domain("name", (0.4, 1.0), (0.7, 0.3), 1.0, (0.76, 1.3), (0.74, 1.2), (0.75, 1.35), 0.25),
}


@cache
def available(domain: str) -> frozenset[str]:
    """Names of the drawings that occur in `domain`."""
    return frozenset(drawn.name for drawn in drawn_classes() if getattr(drawn, DOMAINS[domain].names))
