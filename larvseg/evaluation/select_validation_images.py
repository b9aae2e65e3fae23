"""Which validation images a figure shows: those that together show most of some classes. Never imports torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError

SMALLEST = 0.03  # share of an image that a class must cover to be seen in a figure


class Chosen(NamedTuple):
    """An image: its row in the manifest, and classes that it shows, base before novel ones, each in the order that was asked for."""

    row: int
    base: tuple[int, ...]
    novel: tuple[int, ...]


def choose_images(manifest: Manifest, classes: Sequence[str], images: int, base: int, novel: int) -> list[Chosen]:
    """Up to `images` validation images that each show at least `base` base and `novel` novel ones of `classes`.

    One after the other the image that shows most novel ones that none before it does, then most such base ones, then that where the
    novel ones cover most. Of those it shows, `base` and `novel` are kept, first those that no image before it has. Base and novel:
    alignment rule S.
    Raises LarvSegError if no image does, or `classes` holds no class of the benchmark.
    """
    names = manifest.header["classes"]
    wanted = [names.index(name) for name in classes if name in names]
    if not wanted:
        raise LarvSegError(f"{manifest.path}: none of {', '.join(classes)} is a class of {manifest.header['dataset']}; choose others")
    novel_ones = set(manifest.novel())
    candidates: dict[Chosen, float] = {}
    for row in manifest.split("validation").tolist():
        seen = _shares(manifest, row)
        shown = [index for index in wanted if index in seen]
        found = Chosen(row, tuple(i for i in shown if i not in novel_ones), tuple(i for i in shown if i in novel_ones))
        if len(found.base) >= base and len(found.novel) >= novel:
            candidates[found] = sum(seen[i] for i in found.novel)
    if not candidates:
        raise LarvSegError(f"{manifest.path}: no validation image shows {base} base and {novel} novel ones of {', '.join(classes)}")
    chosen: list[Chosen] = []
    covered: set[int] = set()
    while candidates and len(chosen) < images:
        best = max(candidates, key=lambda one: (len({*one.novel} - covered), len({*one.base} - covered), candidates[one], -one.row))
        del candidates[best]
        kept = [
            tuple(sorted(some, key=lambda i: (i in covered, wanted.index(i)))[:count])
            for some, count in zip(best[1:], (base, novel), strict=True)
        ]
        chosen.append(Chosen(best.row, *kept))
        covered.update(*kept)
    return chosen


def _shares(manifest: Manifest, row: int) -> dict[int, float]:
    """What share of an image each class covers, of those that cover enough."""
    about = manifest.row(row)
    shares = {label: count / (about["width"] * about["height"]) for label, count in zip(about["labels"], about["pixels"], strict=True)}
    return {label: share for label, share in shares.items() if share >= SMALLEST}
