"""What the rows of tables say, and the jobs that set tables in type."""

from __future__ import annotations

from larvseg import config as c
from larvseg.comparators.registry import JOINT
from larvseg.config import nearest
from larvseg.errors import LarvSegError
from larvseg.experiments.explorations import Explorations
from larvseg.experiments.job import Job


class Tables(Explorations):
    """The tables of `experiments.yaml`, their cells of text filled in."""

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that `snakemake all` asks for."""
        first = ("table1",) if self.table1_rows else ()
        return (*first, "table2", *self.experiments.tables)

    @property
    def set_in_type(self) -> tuple[str, ...]:
        """What is laid out for people: the tables and, as one more, the claims."""
        return (*self.tables, *(("claims",) if self.experiments.claims else ()))

    def rows_of(self, table: str) -> tuple[c.TableRow, ...]:
        """The rows of `table` with a text in each column: what the row says, or what follows from its run.

        Raises LarvSegError for a column that is unknown, that neither says, or of which the two say different things.
        """
        columns = self.experiments.tables[table].columns
        return tuple(self._row(table, columns, row) for row in self.experiments.tables[table].rows)

    def _row(self, table: str, columns: tuple[str, ...], row: c.Table.Row) -> c.TableRow:
        where = f"{self.where}: table {table!r}: the row of {row.run!r}"
        said, facts = row.texts, self.facts(row.run)
        ablation = said.get("ablation", "")
        if value := facts.get(f"published_{ablation}", facts.get(ablation)):
            facts["value"] = value
        for column, text in said.items():
            if column not in columns:
                raise LarvSegError(f"{where}: unknown key {column!r}{nearest(column, [*columns, 'run', 'published'])}")
            if facts.get(column, text) != text:
                raise LarvSegError(f"{where}: {column} is {text!r}, that of the run {facts[column]!r}; it need not be said")
        for column in columns:
            if column not in said | facts:
                raise LarvSegError(f"{where}: says nothing of {column!r}, and it does not follow from the run")
        return c.TableRow(texts={column: (facts | said)[column] for column in columns}, run=row.run, published=row.published)

    def facts(self, name: str) -> dict[str, str]:
        """What follows from the run `name`, by column: data, backbone, where the classifier attends, and each setting of its attention.

        `top_k` is K on the patch grid of the profile, `published_top_k` that of the paper which it stands for.
        """
        run = self.experiments.runs[name]
        facts = {"backbone": self.backbone_title(name), "benchmark": run.benchmark, "training_data": ", ".join(run.training_data)}
        if run.method not in JOINT:
            return facts
        trained = self.train_config(name, run, seed=0)
        facts |= {f"cac_{each.name.lower()}": str(int(each.lambda_aux > 0)) for each in trained.training_sets if each.kind != "pixel"}
        if trained.attention.variant != "none":
            facts |= {setting: str(value) for setting, value in trained.attention.model_dump().items()}
            facts["published_top_k"] = str(self.published_top_k(run))
            facts["ca_classifier"] = "-".join(word.capitalize() for word in trained.attention.variant.split("_"))
        return facts

    def render(self, name: str) -> Job:
        """Set a table, or the claims, in Markdown and LaTeX."""
        return Job("render", name, c.RenderConfig(table=name, profile=self.name), {"table": f"results/{name}.csv"})
