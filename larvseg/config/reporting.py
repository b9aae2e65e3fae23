"""Tables, comparisons and figures."""

from __future__ import annotations

from pydantic import Field

from larvseg.config.base import Model


class TableRow(Model):
    """One row: its cells of text, the run behind it, and the published row it stands beside."""

    model: str
    backbone: str
    benchmark: str
    training_data: str
    run: str


class TableConfig(Model):
    """One table of the paper."""

    table: str
    published: str  # the published table that its rows stand beside
    profile: str
    seeds: tuple[int, ...]
    rows: tuple[TableRow, ...]
    quoted: tuple[str, ...] = ()  # runs of rows that have the published numbers alone


class Table2Config(Model):
    """Table 2: the data sets, counted in their manifests."""

    profile: str
    datasets: tuple[str, ...]


class MetricsConfig(Model):
    """The metrics of all runs and CLIP models in one file (what `dvc metrics` shows)."""

    profile: str
    seeds: tuple[int, ...]
    runs: tuple[str, ...]
    clips: tuple[str, ...] = ()


class Comparison(Model):
    """A statement that one run finds novel categories better than another."""

    statement: str
    higher: str  # run
    lower: str  # run


class Comparisons(Model):
    """Statements that are tested over seeds, paired by seed."""

    seeds: tuple[int, ...] = Field(min_length=2)
    pairs: tuple[Comparison, ...]


class CompareConfig(Model):
    """The comparisons of one profile."""

    profile: str
    comparisons: Comparisons


class FigureConfig(Model):
    """One figure."""

    figure: str
    profile: str
