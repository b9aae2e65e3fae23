"""The quick check before each stage of dvc.yaml: `dvc repro` must not write the hash of a hand-edited file into dvc.lock."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from larvseg.audit.changes import Made, changes
from larvseg.config import load_yaml, nearest
from larvseg.errors import LarvSegError
from larvseg.lineage.recipes import Recipe
from larvseg.lineage.records import read_record, record_path, verified_hash

RECORDS = "*.lineage.json"


def pipeline_of(profile: str) -> Path:
    """The file with the stages of `profile`: its own, where it has experiments of its own and so other tables."""
    own = Path("workflow/config", profile, "dvc-stages.yaml")
    return own if own.is_file() else Path("dvc.yaml")


def check_outs(stage: str, profile: str, where: Path = Path("dvc.yaml")) -> int:
    """How many outputs of the DVC stage `stage` are what their records say.

    Hashes of large files are remembered while their change time stays. What is missing is no error: the stage makes it. A recipe or an
    input that an output was not made of becomes newer than the output, so that Snakemake notices. Raises LarvSegError, naming each, if
    some were changed after they were made.
    """
    stages = load_yaml(where)["stages"]
    if stage not in stages:
        raise LarvSegError(f"{where}: no stage {stage!r}{nearest(stage, list(stages))}")
    declared = [*stages[stage].get("outs", ()), *stages[stage].get("metrics", ())]
    outs = [next(iter(out)) if isinstance(out, dict) else out for out in declared]
    artifacts = sorted({path for out in outs for path in _artifacts(Path(out.replace("${profile}", profile)))})
    changed = []
    for path in artifacts:
        try:
            verified_hash(path)
        except LarvSegError as error:
            changed.append(str(error).removesuffix("; delete it and run snakemake again"))
    if changed:
        raise LarvSegError("; ".join([*changed, "run `larvseg audit verify --repair`, which deletes what does not match, then this again"]))
    _renew(artifacts, Path("work/recipes", profile))
    return len(artifacts)


def _artifacts(out: Path) -> Iterator[Path]:
    """The artifacts in `out`, a file or a folder, that are there and have a record."""
    records = out.rglob(RECORDS) if out.is_dir() else [record_path(out)]
    for record in records:
        artifact = record.with_name(record.name.removesuffix(RECORDS[1:]))
        if record.is_file() and artifact.is_file():
            read_record(artifact)
            yield artifact


def _renew(artifacts: Iterable[Path], recipes: Path) -> None:
    """Touch whatever an artifact would now be made of and was not: its recipe, or an input with other bytes.

    Snakemake compares contents only where an input is newer than the output. Before a stage, DVC copies the outputs that are hard links,
    and these copies are newer than everything.
    """
    record_of = cache(read_record)
    for artifact in artifacts:
        record = read_record(artifact)
        recipe = recipes / record["recipe"]["rule"] / f"{record['recipe']['name']}.json"
        if recipe.is_file() and changes(Made.by_record(record), Made.by_recipe(Recipe.load(recipe))):
            os.utime(recipe)
        for item in record["inputs"]:
            path = Path(item["path"])
            present = item["role"] != "reference" and path.is_file() and record_path(path).is_file()
            if present and record_of(path)["artifact"]["sha256"] != item["sha256"]:
                os.utime(path)
