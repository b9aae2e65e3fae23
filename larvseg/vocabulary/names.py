"""The official class lists, and their restriction to what the miniature draws."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from larvseg.config import nearest
from larvseg.errors import LarvSegError

REFERENCE = Path(__file__).parents[2] / "data/reference"
DRAWN_CLASSES = "miniature/classes.csv"

# The multi-label sets are the images of a segmentation set, the single-label sets the ImageNet images of a subset of its classes.
SHARED = {"WA150": "A150", "WA847": "A847", "I124": "A150", "I585": "A847"}
SYNSETS = ("published", "corrected")  # the authors' lists of I124 and I585, or the right senses: see resolution.py
_SYNSET_COLUMNS = {("I124", "published"): "candidate_wnids", ("I585", "published"): "wnids"}
RULES = ("S", "P")  # alignment with C171: see alignment.py
KNOWN = ("C171", "A150", "A847", *SHARED)


@dataclass(frozen=True)
class Category:
    """One class of one data set."""

    name: str
    raw: int  # value in the archive's masks: COCO id (C171), label_id (A150) or ade_id (A847); I124, I585: that of the ADE class
    s_key: str  # name in the union under rule S; for ADE classes the name itself
    p_key: str  # the same under rule P


@dataclass(frozen=True)
class Vocabulary:
    """The classes of `dataset` in official order: train id = position. `synsets` (I124, I585): candidate WordNet ids of each name."""

    dataset: str
    categories: tuple[Category, ...]
    synsets: dict[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    def __len__(self) -> int:
        return len(self.categories)

    @property
    def names(self) -> tuple[str, ...]:
        """The data set's own names."""
        return tuple(category.name for category in self.categories)

    @property
    def raw_ids(self) -> tuple[int, ...]:
        """Values in the archive's masks."""
        return tuple(category.raw for category in self.categories)

    def keys(self, rule: str) -> tuple[str, ...]:
        """Names in the union under alignment rule "S" or "P"; several C171 classes may share one."""
        if rule not in RULES:
            raise LarvSegError(f"unknown alignment rule {rule!r}; known: {', '.join(RULES)}")
        return tuple(category.s_key if rule == "S" else category.p_key for category in self.categories)


@cache
def load_vocabulary(name: str, drawn: bool = False, synsets: str = "published") -> Vocabulary:
    """The vocabulary of data set `name`, one of KNOWN; WA150 and WA847 have the classes of A150 and A847.

    drawn: only the classes that the miniature draws and, of I124 and I585, only those with a drawn synset, in the official order.
    synsets: which list of I124 and I585, one of SYNSETS; "published" has 124 and 585 classes, "corrected" those with a right sense.
    Raises LarvSegError for an unknown name or list.
    """
    if name not in KNOWN:
        raise LarvSegError(f"no vocabulary for data set {name!r}{nearest(name, list(KNOWN))}")
    segmentation = SHARED.get(name, name)
    vocabulary = Vocabulary(name, _categories(segmentation))
    if (listed := listed_synsets(name, synsets)) is not None:
        vocabulary = _with_synsets(vocabulary, listed)
    return _restrict(vocabulary, segmentation) if drawn else vocabulary


@cache
def listed_synsets(name: str, synsets: str) -> dict[str, tuple[str, ...]] | None:
    """{category: synsets} in the list `synsets` of data set `name`; None for a data set without synsets."""
    if synsets not in SYNSETS:
        raise LarvSegError(f"no synsets {synsets!r}{nearest(synsets, list(SYNSETS))}; known: {', '.join(SYNSETS)}")
    if name not in ("I124", "I585"):
        return None
    column = _SYNSET_COLUMNS.get((name, synsets), "wnid")
    return {
        row["name"]: tuple(filter(None, row[column].split(";"))) for row in read_reference(f"vocabularies/{name.lower()}_{synsets}.csv")
    }


def _categories(dataset: str) -> tuple[Category, ...]:
    rows = read_reference(f"vocabularies/{dataset.lower()}.csv")
    if dataset == "C171":
        return tuple(Category(row["name"], int(row["coco_id"]), row["name_at_first_hyphen"], row["name_processed"]) for row in rows)
    raw = "label_id" if dataset == "A150" else "ade_id"
    return tuple(Category(row["name"], int(row[raw]), row["name"], row["name"]) for row in rows)


def _with_synsets(vocabulary: Vocabulary, synsets: dict[str, tuple[str, ...]]) -> Vocabulary:
    """The classes that have synsets."""
    categories = tuple(category for category in vocabulary.categories if synsets.get(category.name))
    return replace(vocabulary, categories=categories, synsets={category.name: synsets[category.name] for category in categories})


def _restrict(vocabulary: Vocabulary, segmentation: str) -> Vocabulary:
    rows = read_reference(DRAWN_CLASSES)
    names = {row[segmentation.lower()] for row in rows}
    vocabulary = replace(vocabulary, categories=tuple(category for category in vocabulary.categories if category.name in names))
    if not vocabulary.synsets:
        return vocabulary
    packed = {synset for row in rows for synset in row["wnids"].split(";")}
    return _with_synsets(vocabulary, {name: tuple(s for s in synsets if s in packed) for name, synsets in vocabulary.synsets.items()})


@cache
def read_reference(name: str) -> tuple[dict[str, str], ...]:
    """The rows of the CSV file data/reference/`name`; LarvSegError if it is missing."""
    try:
        with open(REFERENCE / name, encoding="utf-8", newline="") as file:
            return tuple(csv.DictReader(file))
    except FileNotFoundError:
        raise LarvSegError(f"data/reference/{name}: no such file; restore it from version control") from None
