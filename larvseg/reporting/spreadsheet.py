"""A laid-out table as CSV, for programs."""

from __future__ import annotations

import csv
import io

from larvseg.reporting.layout import NOTHING, Layout


def as_csv(layout: Layout) -> str:
    """A line of headings, each after its group, and the rows: a minus is a hyphen, and what was not measured is empty."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(f"{column.group} {column.heading}".strip() for column in layout.columns)
    writer.writerows([_plain(str(entry)) for entry in row] for row in layout.rows)
    return file.getvalue()


def _plain(text: str) -> str:
    return "" if text == NOTHING else text.replace("−", "-")
