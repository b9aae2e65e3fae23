"""One way to run a stage: check the inputs, hand out temporary outputs, rename them into place, write the records."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from larvseg.config import parse
from larvseg.errors import LarvSegError
from larvseg.files import json_text, leftovers, replacing, sha256_of, write_text
from larvseg.lineage.fingerprint import environment
from larvseg.lineage.gpu import take_gpus
from larvseg.lineage.inputs import watched
from larvseg.lineage.kept import keep, restore
from larvseg.lineage.kernels import choose, kernels_of, with_path
from larvseg.lineage.recipes import Recipe
from larvseg.lineage.records import record_path, run_path, verified_hash, write_record, written
from larvseg.pipeline.job import gpus_of
from larvseg.pipeline.stages import STAGES


def execute(recipe_path: Path, rule: str) -> None:
    """Run the stage `rule` of the recipe in `recipe_path`, writing its outputs and their records.

    Raises LarvSegError if an input is missing or was changed after it was made.
    """
    recipe = Recipe.load(recipe_path)
    if recipe.rule != rule:
        raise LarvSegError(f"{recipe_path}: a recipe of {recipe.rule}, not of {rule}")
    stage, outputs = STAGES[recipe.rule], {role: Path(path) for role, path in recipe.outputs.items()}
    config, speed = parse(stage.config, recipe.config, recipe_path), Recipe.speed(recipe_path)
    kernels = kernels_of(recipe.config)
    choose(kernels)  # before the module of the stage imports torch
    before = {path: written(Path(path)) for path in (*(path for _, path in recipe.made_of), *recipe.reference) if Path(path).is_file()}
    inputs = [{"role": role, "path": path, "sha256": verified_hash(Path(path))} for role, path in recipe.made_of]
    inputs += [{"role": "reference", "path": path, "sha256": _unchanged(Path(path), sha256)} for path, sha256 in recipe.reference.items()]
    packages = with_path(environment(recipe.code), kernels)
    work = Path("work") / recipe.hash
    if restore(recipe, inputs, packages, outputs):
        print(f"{recipe.title}: same recipe, inputs and packages as before; taken from work/kept", file=sys.stderr)
        shutil.rmtree(work, ignore_errors=True)  # of an attempt that ended when it had kept everything
        return
    if runtime := getattr(config, "runtime", None):
        runtime = parse(type(runtime), runtime.model_dump(mode="json") | speed, recipe_path)
        config = config.model_copy(update={"runtime": runtime})
    if gpus := gpus_of(stage, config):
        take_gpus(gpus)
    function = stage.load()
    started = time.time()
    for path in outputs.values():
        record_path(path).unlink(missing_ok=True)  # an artifact without a record does not exist
        for leftover in leftovers(path):  # of an attempt that was killed
            leftover.unlink()
    with ExitStack() as stack:
        temporary = {role: stack.enter_context(replacing(path)) for role, path in outputs.items()}
        with watched({item["path"]: (item["sha256"], before[item["path"]]) for item in inputs}, recipe.title, work):
            function(config, {role: Path(path) for role, path in recipe.inputs.items()}, temporary, work)
        absent = [str(outputs[role]) for role, path in temporary.items() if not path.is_file()]
        if absent:
            raise LarvSegError(f"{recipe.title} did not write {', '.join(absent)}: a bug, please report it with the log")
    for role, path in outputs.items():
        write_record(path, role, recipe, inputs, packages)
        run = {"started": started, "seconds": time.time() - started, "host": platform.node(), "cores": os.cpu_count()}
        write_text(run_path(path), json_text(run))
    keep(outputs)
    shutil.rmtree(work, ignore_errors=True)  # resumable state of a finished stage


def _unchanged(path: Path, sha256: str) -> str:
    if not path.is_file() or sha256_of(path) != sha256:
        raise LarvSegError(f"{path} is not the file that the recipe names; run snakemake again, which writes new recipes")
    return sha256
