"""How each table is laid out for people. Text, Markdown, LaTeX and the report are drawn from the same layout of its CSV."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pandas as pd

from larvseg.columns import grouped
from larvseg.errors import LarvSegError
from larvseg.reporting.tables import BY_NAME, MEANS, NOT_YET, read_csv

TITLES = {
    "table1": "Table 1: what embeddings of pixels group, among categories that C171 does not have",
    "table2": "Table 2: the data sets",
    "table3": "Table 3: base and novel categories, by method and training data",
    "table4": "Table 4: the category-wise attentive classifier (CAC) on WA150, on I124, on both and on neither",
    "table5": "Table 5: attention within one image, and across images",
    "table6": "Table 6: memory size M (images of each category) and top-K (pixels of each image)",
    "claims": "Claims: what the paper says, tested",
}
HEADINGS = {  # of columns whose name in the CSV does not say enough
    "cac_wa150": "CAC on WA150",
    "cac_i124": "CAC on I124",
    "ca_classifier": "CA-Classifier",
    "memory_size": "M",
    "published_top_k": "K in the paper",
    "top_k": "K",
}
WORDS = {"memory_size": "memory size M", "top_k": "top-K"}  # what the cells of `ablation` mean
BLOCKS = ("benchmark", "ablation")  # rows are compared within one value of the first of these that a table has
SAID_BELOW = ("benchmark", "training_data")  # not in each row, where all rows have the same
VERDICTS = {"holds": "hold", "does not hold": "do not hold", "undecided": "undecided", "not measured": "not measured"}  # of one, of several
NOTHING = "–"
WAITING = "…"
PAPER = "the numbers of the paper (arXiv 2501.06862)"


@dataclass(frozen=True)
class Entry:
    """What stands in one place of a table.

    `at`: (row from 0, column) of the CSV, None for what is computed here. `spread`: what follows ±, the cell (row, <column>_std).
    """

    text: str
    at: tuple[int, str] | None = None
    spread: str = ""

    def __str__(self) -> str:
        return f"{self.text} ± {self.spread}" if self.spread else self.text


@dataclass(frozen=True)
class Column:
    """A column as it is shown. `group`: the heading that it shares with its neighbours ("ours", "published"), if any."""

    heading: str
    group: str = ""
    number: bool = False


@dataclass(frozen=True)
class Layout:
    """A table for people; each of `rows` has an entry for each of `columns`.

    `breaks`: rows, from 0, before which a line parts what is not compared. `notes`: what is measured, profile, seeds, backbones; `remarks`:
    on single rows.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Entry, ...], ...]
    notes: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    breaks: tuple[int, ...] = ()

    @property
    def groups(self) -> tuple[tuple[str, int], ...]:
        """(group, how many columns it spans), from the left; "" where columns have none."""
        return tuple((group, len(list(members))) for group, members in groupby(column.group for column in self.columns))


def layout_of(path: Path) -> Layout:
    """The layout of the table `path` (results/<table>.csv). Raises LarvSegError if it is missing, damaged, or no table of the project."""
    rows = read_csv(path)
    if not rows or (path.stem not in LAYOUTS and not {*MEANS, *(f"published_{mean}" for mean in MEANS)} <= set(rows[0])):
        raise LarvSegError(f"{path}: not a table of mIoU over all, base and novel categories")
    return lay_out(path.stem, rows)


def lay_out(name: str, rows: Sequence[Mapping[str, str]]) -> Layout:
    """The layout of the `rows` of the table `name`."""
    return LAYOUTS.get(name, _means)(name, pd.DataFrame(rows))


def _table1(name: str, rows: pd.DataFrame) -> Layout:
    shown = {"categories": "categories", "model": "model", "training_data": "training data", "novel_classes": "classes"}
    columns = [Column(heading, number=column == "novel_classes") for column, heading in shown.items()]
    columns += [Column("ours", number=True), Column("published", number=True)]
    lines = [
        (*(Entry(row[column], (number, column)) for column in shown), *_numbers(row, number, ("novel", "published_novel")))
        for number, row in rows.iterrows()
    ]
    rules = ", ".join(sorted((rows["categories"] + ": alignment rule " + rows["rule"]).unique()))
    notes = [f"mIoU in percent ({rules})"]
    notes.append("only the categories that an image shows compete in it; known of each: one pixel (DenseCLIP: its name)")
    of_draws = f"over {rows['draws'].astype(int).max()} draws of the known pixels"
    spreads = {"over seeds" if " " in seeds else of_draws for seeds in rows.loc[rows["novel_std"] != "", "seeds"]}
    if spreads:
        notes.append("±: " + "; of one seed: ".join(spread for spread in ("over seeds", of_draws) if spread in spreads))
    notes += [_run(rows), f"published: {PAPER}"]
    return Layout(name, TITLES[name], tuple(columns), tuple(lines), tuple(notes), breaks=_breaks(rows, "categories"))


def _table2(name: str, rows: pd.DataFrame) -> Layout:
    ours = {
        "images_training": "training",
        "images_validation": "validation",
        "classes": "classes",
        "novel_s": "novel S",
        "novel_p": "novel P",
    }
    theirs = {"published_images": "images", "published_classes": "classes"}
    columns = [Column("data set"), *(Column(heading, "ours", True) for heading in ours.values())]
    columns += [*(Column(heading, "published", True) for heading in theirs.values()), Column("status")]

    def entries(number: int, row: Mapping[str, str]) -> tuple[Entry, ...]:
        counts = {column: grouped(int(row[column])) if row[column] else NOTHING for column in ours}
        texts = {"notation": row["notation"], **counts, **{column: row[column] or NOTHING for column in theirs}, "status": row["status"]}
        return tuple(Entry(text, (number, column)) for column, text in texts.items())

    remarks = _remarks(rows, "notation", "note")
    lines = (entries(number, row) for number, row in rows.iterrows())
    novel = "novel S, novel P: categories that C171 does not have, by alignment rule S and P"
    notes = (novel, f"profile {rows['profile'][0]}", f"published: {PAPER}")
    return Layout(name, TITLES[name], tuple(columns), tuple(lines), notes, remarks)


def _means(name: str, rows: pd.DataFrame) -> Layout:
    """A table of mIoU over all, base and novel categories (Tables 3 to 6, and any other of `experiments.yaml`).

    The columns before the first of these are text. The place of a row is that by novel mIoU in its block, among those with both numbers.
    Rows whose status is NOT_YET are marked.
    """
    texts = list(rows)[: list(rows).index(MEANS[0])]
    shared = [column for column in SAID_BELOW if column in texts and len(rows) > 1 and rows[column].nunique() == 1]
    block = next((column for column in BLOCKS if column in texts and column not in shared), None)
    shown = sorted((column for column in texts if column != "backbone" and column not in shared), key=lambda column: column != block)
    columns = [Column(_heading(column), number=rows[column].str.isdigit().all() and not _is_flag(column)) for column in shown]
    beside = (rows[[f"published_{mean}" for mean in MEANS]] != "").any(axis=None)  # the paper has some of the rows
    for group in ("ours", "published") if beside else ("ours",):
        columns += [Column(heading, group, True) for heading in (*MEANS, *(["place"] if beside else []))]
    places = zip(_places(rows, "novel", block), _places(rows, "published_novel", block), strict=True)
    lines = []
    for (number, row), (ours, theirs) in zip(rows.iterrows(), places, strict=True):
        line = [Entry(_word(column, row[column]), (number, column)) for column in shown]
        place = [Entry(WAITING if row["status"] == NOT_YET else ours)] if beside else []
        line += [*([Entry(WAITING)] * len(MEANS) if row["status"] == NOT_YET else _numbers(row, number, MEANS)), *place]
        line += [*_numbers(row, number, [f"published_{mean}" for mean in MEANS]), Entry(theirs)] if beside else []
        lines.append(tuple(line))
    notes = _notes(rows, shared, block, beside)
    return Layout(name, TITLES.get(name, name), tuple(columns), tuple(lines), notes, breaks=_breaks(rows, block) if block else ())


def _claims(name: str, rows: pd.DataFrame) -> Layout:
    beside = (rows["published"] != "").any()
    numbers = (*(["published"] if beside else []), "ours", "95 % interval", "told ≥")
    columns = [Column(heading) for heading in ("paper", "claim", "mIoU of")] + [Column(heading, number=True) for heading in numbers]
    columns += [Column("holds if"), Column("verdict")]

    def entries(number: int, row: Mapping[str, str]) -> tuple[Entry, ...]:
        condition = f"> −{row['margin']}" if row["margin"] else "> 0"
        return (
            Entry(row["source"], (number, "source")),
            Entry(row["statement"], (number, "statement")),
            Entry(f"{row['benchmark']} {row['measure']}"),
            *([Entry(_difference(row["published"]), (number, "published"))] if beside else []),
            Entry(_difference(row["measured"]), (number, "measured"), row["seed_std"]),
            Entry(f"{_difference(row['low'])} … {_difference(row['high'])}" if row["low"] else NOTHING),
            Entry(row["detectable"] or NOTHING),
            Entry(f"{condition}, each" if row["kind"] == "best" else condition),
            Entry(row["verdict"], (number, "verdict")),
        )

    verdicts = rows["verdict"].value_counts()
    counts = [f"{count} {verdict if count == 1 else many}" for verdict, many in VERDICTS.items() if (count := verdicts.get(verdict, 0))]
    alone = (rows["note"] == "one seed").sum()
    notes = (
        f"{len(rows)} claim{'s' * (len(rows) != 1)}: {', '.join(counts)}{f' ({alone} because one seed was trained)' if alone else ''}",
        "differences in points of mIoU (base and novel: alignment rule S; grouping: Table 1); each: the rival that decides is shown",
        "±: over seeds; interval: bootstrap over validation images (grouping: draws of known pixels), Student's t over seeds",
        "told ≥: the least difference that these images and seeds would have told from 0",
        f"profile {rows['profile'][0]}, seeds {max(rows['seeds'], key=len)}",
        *([f"published: {PAPER}"] if beside else []),
    )
    remarks = _remarks(rows[rows["verdict"] == "not measured"], "statement", "note") + _remarks(rows, "statement", "remark")
    lines = tuple(entries(number, row) for number, row in rows.iterrows())
    return Layout(name, TITLES[name], tuple(columns), lines, notes, remarks, _breaks(rows, "source"))


def _difference(text: str) -> str:
    return text.replace("-", "−") or NOTHING


LAYOUTS: dict[str, Callable[[str, pd.DataFrame], Layout]] = {"table1": _table1, "table2": _table2, "claims": _claims}


def _numbers(row: Mapping[str, str], number: int, columns: Sequence[str]) -> list[Entry]:
    """The numbers of row `number` in `columns`, each with its spread where there are several draws or seeds."""
    return [Entry(row[column] or NOTHING, (number, column), row.get(f"{column}_std", "")) for column in columns]


def _heading(column: str) -> str:
    return HEADINGS.get(column, column.replace("_", " "))


def _is_flag(column: str) -> bool:
    return column.startswith("cac_")


def _word(column: str, text: str) -> str:
    """The text of a cell in words."""
    if _is_flag(column):
        return {"0": "no", "1": "yes"}.get(text, text)
    return WORDS.get(text, text) if column == "ablation" else text


def _remarks(rows: pd.DataFrame, about: str, column: str) -> tuple[str, ...]:
    """What is said in `column`, each after what it is said of."""
    return tuple(f"{subject}: {said}" for subject, said in zip(rows[about], rows[column], strict=True) if said)


def _breaks(rows: pd.DataFrame, column: str) -> tuple[int, ...]:
    return tuple(rows.index[rows[column] != rows[column].shift()].tolist()[1:])


def _notes(rows: pd.DataFrame, shared: Sequence[str], block: str | None, beside: bool) -> tuple[str, ...]:
    among = f"rows of {'an' if block == 'ablation' else 'a'} {block}" if block else "rows"
    notes = ["mIoU in percent (base and novel: alignment rule S)"]
    if beside:
        notes[0] += f"; place: by novel mIoU, among {among} with both numbers"
    none = pd.Series("", rows.index)  # of a column that the table has not
    waiting = (rows["status"] == NOT_YET).sum()
    if waiting:
        notes.insert(0, f"{WAITING}: not there yet; {len(rows) - waiting} of {len(rows)} rows are, and places are among them")
    # A150 and A847 spell some names with a space and with a hyphen
    alone = dict.fromkeys(name.replace("-", " ") for names in rows.get(BY_NAME, ()) for name in names.split(";") if name)
    if alone:
        notes.append(f"novel by name alone: {', '.join(alone)}; the base has them under other names")
    if shared:
        notes.append("all rows: " + ", ".join(f"{_heading(column)} {rows[column][0]}" for column in shared))
    if (rows.get("top_k", none) != rows.get("published_top_k", none)).any():
        notes.append("K: what stands for that of the paper on the smaller feature maps of this profile")
    if any((rows.get(f"{mean}_std", none) != "").any() for mean in MEANS):
        notes.append("±: sample standard deviation over seeds")
    notes.append(_run(rows))
    statuses = set(rows["status"])
    if "quoted" in statuses:
        notes.append("rows without numbers of ours are quoted: they are not run in this profile")
    if "not in the paper" in statuses and beside:
        notes.append("rows without published numbers are not in the paper")
    if rows.get("backbone", none)[0]:
        notes.append(f"ours: {_usual(rows, 'backbone')}")
    backbones = f", {_usual(rows, 'published_backbone')}" if (rows.get("published_backbone", none) != "").any() else ""
    if beside:
        notes.append(f"published: {PAPER}{backbones}")
    return tuple(notes)


def _run(rows: pd.DataFrame) -> str:
    return f"profile {rows['profile'][0]}, seeds {_usual(rows, 'seeds')}"


def _usual(rows: pd.DataFrame, column: str) -> str:
    """What most rows have, then what others have instead."""
    by_text = rows[rows[column] != ""].groupby(column, sort=False)["model" if "model" in rows else "run"]
    usual, *others = by_text.size().sort_values(ascending=False, kind="stable").index
    names = by_text.unique()
    return "; ".join([usual, *(f"{', '.join(names[text])}: {text}" for text in others)])


def _places(rows: pd.DataFrame, column: str, block: str | None) -> list[str]:
    """The place of each row by `column`, the highest number first, among the rows of its block that are measured and published."""
    both = rows[(rows["novel"] != "") & (rows["published_novel"] != "")]
    numbers = both[column].astype(float)
    ranked = (numbers.groupby(both[block]) if block else numbers).rank(ascending=False, method="min")
    return [NOTHING if pd.isna(place) else f"{place:.0f}" for place in ranked.reindex(rows.index)]
