"""Tables and figures."""

from __future__ import annotations

from larvseg.config.base import Model, Seed


class TableRow(Model):
    """One row: its cells of text, and the run behind it."""

    texts: dict[str, str]  # by column
    run: str
    published: bool = True  # whether the paper has the row


class TableConfig(Model):
    """One table of the paper, or one like it."""

    table: str
    published: str | None = None  # the published table that its rows stand beside; None where the paper has no such table
    profile: str
    seeds: tuple[Seed, ...]
    columns: tuple[str, ...]  # of text
    rows: tuple[TableRow, ...]
    quoted: tuple[str, ...] = ()  # runs of rows that have the published numbers alone


class Table2Config(Model):
    """Table 2: the data sets, counted in their manifests."""

    profile: str
    datasets: tuple[str, ...]
    drawn: bool  # class lists are restricted to what the miniature draws
    released: dict[str, tuple[int, int]]  # training and validation images of the official archives
    listed: dict[str, int]  # classes of the whole lists


class RenderConfig(Model):
    """One table as Markdown and LaTeX."""

    table: str
    profile: str


class MetricsConfig(Model):
    """The metrics of all runs and CLIP models in one file (what `dvc metrics` shows)."""

    profile: str
    runs: dict[str, tuple[int, ...]]  # run → its seeds
    clips: tuple[str, ...] = ()


class WorldConfig(Model):
    """The figure that sets the masks of a drawn benchmark beside those of the real one."""

    figure: str
    profile: str
    dataset: str
    base: str  # the data set whose categories are base


class FigureConfig(Model):
    """One figure."""

    figure: str
    profile: str
