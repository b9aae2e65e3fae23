"""Table 3 at a glance: how far each method comes from base to novel categories, here and in the paper."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from larvseg.reporting.tables import read_csv

SAID_ELSEWHERE = ("model", "backbone", "benchmark")  # in bold, below the table, and in the heading


class Span(NamedTuple):
    """mIoU over base and novel categories, in percent of the axis; None where it was not measured."""

    base: float | None
    novel: float | None


class Row(NamedTuple):
    """A row of the table; `about`: what else tells it from others; `text` says its numbers."""

    model: str
    about: str
    ours: Span
    published: Span
    text: str


class Overview(NamedTuple):
    """Rows of one `benchmark`, on an axis that ends at `limit` percent mIoU."""

    benchmark: str
    limit: int
    rows: Sequence[Row]


def overview_of(table: str) -> Overview | None:
    """The rows of the first benchmark of Table 3 (`table`); None if nothing is measured."""
    rows = read_csv(Path(table))
    rows = [row for row in rows if row["benchmark"] == rows[0]["benchmark"]]
    numbers = [
        float(row[f"{whose}{kind}"]) for row in rows for whose in ("", "published_") for kind in ("base", "novel") if row[f"{whose}{kind}"]
    ]
    if not any(row["novel"] for row in rows):
        return None
    limit = 10 * (int(max(numbers)) // 10 + 1)
    return Overview(rows[0]["benchmark"], limit, [_row(row, limit) for row in rows])


def _row(row: dict[str, str], limit: int) -> Row:
    def span(whose: str) -> Span:
        return Span(*(float(row[f"{whose}{kind}"]) / limit * 100 if row[f"{whose}{kind}"] else None for kind in ("base", "novel")))

    said = {column: row[column] or "–" for column in ("base", "novel", "published_base", "published_novel")}
    theirs = "; published {published_base} and {published_novel}" if row["published_base"] or row["published_novel"] else ""
    text = f"base {{base}}, novel {{novel}}{theirs}".format(**said)
    columns = list(row)[: list(row).index("all")]
    about = [row[column] for column in columns if column not in SAID_ELSEWHERE and row[column]]
    return Row(row["model"], "; ".join(about), span(""), span("published_"), text)
