"""The job that tests the claims of `experiments.yaml`."""

from __future__ import annotations

from larvseg import config as c
from larvseg.config import nearest
from larvseg.errors import LarvSegError
from larvseg.experiments.job import Job
from larvseg.experiments.setup import REFERENCE, UNTRAINED
from larvseg.experiments.tables import Tables


class Claims(Tables):
    """What the paper says, and the runs that it is tested on."""

    def claims(self, name: str) -> Job:
        """Test every claim that the paper makes.

        Raises LarvSegError for a claim about a run that has no row, or several, in its table, or about runs of two benchmarks.
        """
        claims = tuple(self._resolved(claim) for claim in self.experiments.claims)
        inputs: dict[str, str] = {}
        for claim in [each for each in claims if not each.quoted]:
            for side in claim.sides:
                for seed in side.seeds:
                    inputs |= self._measured(claim.measure, side.run, seed)
        settings = c.ClaimsConfig(profile=self.name, seeds=self.seeds, claims=claims)
        published = dict.fromkeys(f"{REFERENCE}/published/{claim.published}.csv" for claim in claims)
        return Job("claims", name, settings, inputs, reference=tuple(published))

    def _measured(self, measure: str, run: str, seed: int) -> dict[str, str]:
        key = f"{run}.seed{seed}"
        if measure == "grouping":
            return {key: self.grouping_file(run, seed)}
        files = {key: "metrics.json", f"{key}.confusion": "confusion.arrow"}
        return {role: self.evaluation_file(run, seed, file) for role, file in files.items()}

    def _resolved(self, claim: c.Claim) -> c.ResolvedClaim:
        where = f"{self.where}: claim {claim.statement!r}"
        runs = (claim.run, *claim.than)
        side_of, benchmark_of = (self._grouping, self._grouped_in) if claim.measure == "grouping" else (self._side, self._evaluated_on)
        sides = tuple(side_of(claim, run, where) for run in runs)
        benchmarks = dict.fromkeys(benchmark_of(run) for run in runs)
        if len(benchmarks) > 1:
            raise LarvSegError(f"{where}: compares runs of {' and '.join(benchmarks)}")
        benchmark = next(iter(benchmarks))
        table = self.experiments.tables.get(claim.table)
        return c.ResolvedClaim(
            **claim.model_dump(),
            benchmark=benchmark,
            published=(table and table.published) or claim.table,
            column=f"{benchmark.lower()}_minus_c171_miou" if claim.measure == "grouping" else claim.measure,
            sides=sides,
            quoted=tuple(side.run for side in sides if not side.seeds),
        )

    def _side(self, claim: c.Claim, run: str, where: str) -> c.Side:
        if claim.table not in self.experiments.tables:
            raise LarvSegError(f"{where}: no table {claim.table!r}{nearest(claim.table, list(self.experiments.tables))}")
        rows = self.rows_of(claim.table)
        found = [row for row in rows if row.run == run and claim.where.items() <= row.texts.items()]
        if len(found) != 1:
            count = f"{len(found)} rows of {run!r}; `where` chooses one" if found else f"no row of {run!r}{nearest(run, _runs(rows))}"
            raise LarvSegError(f"{where}: {claim.table} has {count}")
        trained = self.experiments.runs[run].method not in UNTRAINED
        texts = {column: text for column, text in found[0].texts.items() if column != "backbone"}
        return c.Side(run=run, seeds=() if self.quoted(run) else self.seeds_of(run), trained=trained, published=texts)

    def _evaluated_on(self, run: str) -> str:
        return self.experiments.runs[run].benchmark

    def _grouping(self, claim: c.Claim, run: str, where: str) -> c.Side:
        rows = {self.explored(row, row.benchmark): row for row in self.experiments.table1.rows}
        if run not in rows:
            raise LarvSegError(f"{where}: table1 has no row of {run!r}{nearest(run, list(rows))}")
        row = rows[run]
        texts = {"model": row.model, f"training_data_{row.benchmark.lower()}": row.training_data}
        seeds = self.explored_with(row) if row in self.table1_rows else ()
        return c.Side(run=run, seeds=seeds, trained=row.source == "segmenter", published=texts)

    def _grouped_in(self, run: str) -> str:
        return run.rpartition(".")[2]


def _runs(rows: tuple[c.TableRow, ...]) -> list[str]:
    return list(dict.fromkeys(row.run for row in rows))
