"""Class lists: the names of a data set's classes, what stands for them in masks, and the names under which data sets meet."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from larvseg.columns import can_be_shown
from larvseg.config import ClassList, nearest
from larvseg.errors import LarvSegError

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "data/reference"
DRAWN_CLASSES = "miniature/classes.csv"
RULES = ("S", "P")  # how names of data sets meet: S cuts those of C171 at the first hyphen, P renames five of them before


@dataclass(frozen=True)
class Vocabulary:
    """The classes of `dataset`: train id = position in each tuple. `synsets`: candidate WordNet ids of each name, where it has them."""

    dataset: str
    names: tuple[str, ...]
    raw_ids: tuple[int, ...]  # what stands for them in masks; of colours 65536·R + 256·G + B
    keys: dict[str, tuple[str, ...]]  # alignment rule → names under which data sets meet; several classes may share one
    synsets: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.names)

    def of(self, names: set[str], synsets: dict[str, tuple[str, ...]] | None = None) -> Vocabulary:
        """The same of those classes alone whose names are in `names`."""
        kept = [position for position, name in enumerate(self.names) if name in names]

        def only(values: tuple) -> tuple:
            return tuple(values[position] for position in kept)

        keys = {rule: only(values) for rule, values in self.keys.items()}
        own = only(self.names)
        return Vocabulary(self.dataset, own, only(self.raw_ids), keys, {name: synsets[name] for name in own} if synsets else {})


def read_vocabulary(dataset: str, classes: ClassList, drawn: bool = False, synsets: str | None = None) -> Vocabulary:
    """The vocabulary in the file `classes` says.

    drawn: only the classes that the miniature draws and, of those with `synsets`, only those with a drawn synset. synsets: "file:column"
    with the candidates of each class, with semicolons between; only classes that have one are kept.
    Raises LarvSegError, naming the file, for one that is missing, lacks a column, or names a class or a value twice.
    """
    rows = read_csv(classes.file)
    names = tuple(_cell(classes.file, row, classes.name) for row in rows)
    if odd := [name for name in names if not can_be_shown(name)]:
        raise LarvSegError(f"{classes.file}: the class {odd[0]!r} has letters that cannot be shown, or none; give it another name")
    raw_ids = tuple(range(len(rows))) if classes.id is None else tuple(_raw(classes.file, row, classes.id) for row in rows)
    for what, values in (("class", names), ("value", raw_ids)):
        if twice := [value for value, count in Counter(values).items() if count > 1]:
            raise LarvSegError(f"{classes.file}: the {what} {twice[0]!r} stands there twice")
    keys = {rule: _keys(classes.file, rows, names, classes.keys.get(rule)) for rule in dict.fromkeys((*RULES, *classes.keys))}
    vocabulary = Vocabulary(dataset, names, raw_ids, keys)
    if drawn and classes.drawn:
        vocabulary = vocabulary.of(set(column(classes.drawn)))
    if synsets is not None:
        candidates = {name: tuple(filter(None, text.split(";"))) for name, text in named(synsets).items()}
        if drawn:
            packed = {wnid for row in read_reference(DRAWN_CLASSES) for wnid in row["wnids"].split(";")}
            candidates = {name: tuple(wnid for wnid in wnids if wnid in packed) for name, wnids in candidates.items()}
        vocabulary = vocabulary.of({name for name, wnids in candidates.items() if wnids}, candidates)
    return vocabulary


def _keys(file: str, rows: tuple[dict[str, str], ...], names: tuple[str, ...], where: str | None) -> tuple[str, ...]:
    if where is None:
        return names
    if ":" in where:
        others = named(where)
        return tuple(others.get(name) or name for name in names)
    return tuple(_cell(file, row, where) or name for row, name in zip(rows, names, strict=True))


def _raw(file: str, row: dict[str, str], name: str) -> int:
    text = _cell(file, row, name)
    try:
        return colour(text) if text.startswith("#") else int(text)
    except ValueError:
        raise LarvSegError(f"{file}: {name} {text!r} is neither a number nor a colour like #c0ffee") from None


def colour(text: str) -> int:
    """65536·R + 256·G + B of "#rrggbb"; ValueError for any other text."""
    if len(text) != 7 or text[0] != "#":
        raise ValueError(text)
    return int(text[1:], 16)


def _cell(file: str, row: dict[str, str], name: str) -> str:
    if row.get(name) is None:
        raise LarvSegError(f"{file}: no column {name!r}{nearest(name, [key for key in row if key])}")
    return row[name]


def column(where: str) -> tuple[str, ...]:
    """The cells of a column that are not empty: `where` is "file:column"."""
    file, _, name = where.rpartition(":")
    return tuple(filter(None, (_cell(file, row, name) for row in read_csv(file))))


def named(where: str) -> dict[str, str]:
    """name → the cell of its line, for the column `where`, "file:column"; the column of names is called so."""
    file, _, name = where.rpartition(":")
    return {_cell(file, row, "name"): _cell(file, row, name) for row in read_csv(file)}


def names_in(file: str) -> tuple[str, ...]:
    """The lines of the text file `file`, seen from the folder of the project, that are not empty."""
    try:
        return tuple(line.strip() for line in (ROOT / file).read_text(encoding="utf-8-sig").splitlines() if line.strip())
    except (OSError, UnicodeDecodeError) as error:
        raise LarvSegError(f"{file}: cannot be read ({error})") from None


def read_reference(name: str) -> tuple[dict[str, str], ...]:
    """The rows of the CSV file data/reference/`name`; LarvSegError if it is missing."""
    return read_csv(f"data/reference/{name}")


@cache
def read_csv(file: str) -> tuple[dict[str, str], ...]:
    """The rows of the CSV file `file`, seen from the folder of the project; LarvSegError if it is missing or no text."""
    try:
        with open(ROOT / file, encoding="utf-8-sig", newline="") as opened:
            return tuple(csv.DictReader(opened))
    except FileNotFoundError:
        restore = "; restore it from version control" if file.startswith("data/reference/") else ""
        raise LarvSegError(f"{file}: no such file{restore}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise LarvSegError(f"{file}: not a CSV file in UTF-8 ({error})") from None
