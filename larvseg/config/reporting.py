"""Tables and figures."""

from __future__ import annotations

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
    untrained: tuple[str, ...] = ()  # runs that train nothing, made with the first seed alone

    def seeds_of(self, run: str) -> tuple[int, ...]:
        """The seeds that the row of `run` averages over; none if it is quoted."""
        return () if run in self.quoted else self.seeds[:1] if run in self.untrained else self.seeds


class Table2Config(Model):
    """Table 2: the data sets, counted in their manifests."""

    profile: str
    datasets: tuple[str, ...]


class MetricsConfig(Model):
    """The metrics of all runs and CLIP models in one file (what `dvc metrics` shows)."""

    profile: str
    runs: dict[str, tuple[int, ...]]  # run → its seeds
    clips: tuple[str, ...] = ()


class FigureConfig(Model):
    """One figure."""

    figure: str
    profile: str
