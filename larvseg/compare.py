"""The commands `larvseg compare` and `larvseg tail`: evaluated runs beside each other, by name or by folder of work/scratch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError
from larvseg.pipeline import Project
from larvseg.reporting.compare import Evaluated, by_class, by_image, by_third
from larvseg.reporting.layout import Layout
from larvseg.reporting.rendering import as_markdown, as_text
from larvseg.reporting.spreadsheet import as_csv

By = Literal["class", "image"]
Format = Literal["table", "markdown", "csv"]
FORMS: dict[Format, Callable[[Layout], str]] = {"table": as_text, "markdown": as_markdown, "csv": as_csv}


def compare(project: Project, names: Sequence[str], by: By, seed: int | None, form: Format, most: int) -> str:
    """The runs `names` by class, or the `most` images on which they differ most, as text of the form `form`.

    `seed`: None stands for all seeds of the project. Raises LarvSegError for fewer than two runs, and for those that cannot be compared.
    """
    if len(names) < 2:
        raise LarvSegError(f"{' '.join(names)}: one run is compared with nothing; name another one of the same benchmark")
    runs = [evaluated(project, name, seed) for name in names]
    if by == "class":
        return FORMS[form](by_class(runs))
    manifest = Manifest(Path(project.manifest(runs[0].documents[0]["benchmark"])))
    return FORMS[form](by_image(runs, manifest.name, most))


def tail(project: Project, names: Sequence[str], seed: int) -> str:
    """The runs `names` on rare and on frequent novel classes; LarvSegError where no data set has image labels of these."""
    runs = [evaluated(project, name, seed) for name in names]
    benchmark = runs[0].documents[0]["benchmark"]
    weak = project.data.weak_of(benchmark, "multi_label")
    if weak is None:
        raise LarvSegError(f"{benchmark}: no data set has image labels of its classes, so that none is rare or frequent")
    return as_text(by_third(runs, Manifest(Path(project.manifest(weak)))))


def evaluated(project: Project, name: str, seed: int | None = None) -> Evaluated:
    """The run `name` of the project, or what `larvseg train` left in the folder `name`; without `seed` with all of its seeds.

    A run that trains nothing is the same with every seed. Raises LarvSegError for an unknown run, and for one without evaluation.
    """
    if name not in project.experiments.runs and Path(name).is_dir():  # the folder of the package has the name of a run of photographs
        pairs, made_by = [(Path(name, "metrics.json"), Path(name, "confusion.arrow"))], "`larvseg train RUN` leaves it in its folder"
    else:
        run, _ = project.split(f"{name}.seed0")
        if run in project.runs_over_synsets:
            raise LarvSegError(f"{run}: is over all synsets, and evaluated on no benchmark")
        if project.quoted(run):
            raise LarvSegError(f"{run}: is not run in profile {project.name}; its numbers are quoted")
        seeds = project.seeds_of(run) if seed is None or not project.method(run).depends_on_seed else (seed,)
        pairs = [tuple(Path(project.path("evaluate", role, run=run, seed=each)) for role in ("metrics", "confusion")) for each in seeds]
        made_by = "make it: snakemake --cores all {path}"
    for path in (path for pair in pairs for path in pair):
        if not path.is_file():
            raise LarvSegError(f"{path}: no such file; {made_by.format(path=path)}")
    return Evaluated(Path(name).name, *zip(*pairs, strict=True))
