"""Which ImageNet synsets there are."""

from __future__ import annotations

import csv
import gzip
import zlib
from functools import cache
from typing import NamedTuple

from larvseg.errors import LarvSegError
from larvseg.vocabulary.names import REFERENCE

CLASSES = REFERENCE / "miniature/classes.csv"
IMAGENET = REFERENCE / "imagenet21k.tsv.gz"
ILSVRC = REFERENCE / "ilsvrc2012_synsets.txt"


class Synset(NamedTuple):
    """What WordNet 3.0 says of a synset."""

    lemmas: tuple[str, ...]
    gloss: str


@cache
def imagenet_synsets() -> dict[str, Synset]:
    """The 21 841 synsets of ImageNet, in ascending order of their ids."""
    try:
        lines = gzip.decompress(IMAGENET.read_bytes()).decode().splitlines()[1:]
        return {wnid: Synset(tuple(lemmas.split(", ")), gloss) for wnid, lemmas, gloss in (line.split("\t") for line in lines)}
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise LarvSegError(f"data/reference/{IMAGENET.name}: cannot be read ({error}); restore it from version control") from None


@cache
def ilsvrc_synsets() -> tuple[str, ...]:
    """The 1000 synsets of ImageNet-1K (ILSVRC 2012), in ascending order."""
    try:
        return tuple(ILSVRC.read_text(encoding="utf-8").split())
    except FileNotFoundError:
        raise LarvSegError(f"data/reference/{ILSVRC.name}: no such file; restore it from version control") from None


def drawn_synsets() -> tuple[str, ...]:
    """The synsets that the miniature world draws, in ascending order."""
    with open(CLASSES, encoding="utf-8", newline="") as file:
        return tuple(sorted({wnid for row in csv.DictReader(file) for wnid in row["wnids"].split(";") if wnid}))
