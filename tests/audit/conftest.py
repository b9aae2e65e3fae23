"""A tree with every kind of artifact and toy stages behind it, made in milliseconds."""

import os
import sys
import types
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from larvseg.audit.tree import Tree
from larvseg.config import Model, RenderConfig, TableConfig
from larvseg.evaluation.confusion import ConfusionCounts
from larvseg.evaluation.metrics import metrics_of
from larvseg.evaluation.permutation import permuted_vocabulary
from larvseg.files import json_text, sealed, sha256_of, unsealed
from larvseg.lineage.recipes import Recipe
from larvseg.lineage.records import record_path
from larvseg.pipeline.execute import execute
from larvseg.pipeline.stages import STAGES
from larvseg.reporting import rendering, tables
from tests.data import novel

PUBLISHED = "data/reference/published/table3.csv"
LIST = "data/reference/list.csv"
RUNS = ("r1", "r2")
NAMES = ["wall", "sky", "lamp"]
TITLES = {"r1": "Baseline", "r2": "LarvSeg"}


class ToyConfig(Model):
    """Configuration of every toy stage."""

    name: str
    lr: float = 0.0
    world: dict[str, int] | None = None


def fetch(config, inputs, outputs, work):
    outputs["a.zip"].write_text(f"archive {config.world}")


def derive(config, inputs, outputs, work):
    outputs["manifest"].write_text("manifest of " + inputs["a.zip"].read_text())


def train(config, inputs, outputs, work):
    outputs["model"].write_text(f"{config.name} {config.lr} {inputs['manifest'].read_text()}")
    outputs["card"].write_text("card")


def evaluate(config, inputs, outputs, work):
    chance = np.random.default_rng([len(config.name), *inputs["model"].read_bytes()])
    counts = ConfusionCounts(len(NAMES))
    counts.add(0, *chance.integers(0, len(NAMES), (2, 8, 8)))
    counts.write(outputs["confusion"])
    head = {"run": config.name, "seed": 0, "profile": "toy", "benchmark": "A150"}
    head["permuted_vocabulary"] = permuted_vocabulary(counts.matrix(), NAMES, novel(NAMES))
    outputs["metrics"].write_text(json_text(head | metrics_of(counts.matrix(), NAMES, novel(NAMES))))


class Toy:
    """The tree in the current folder.

    `lr`, `code`, `world` and the number of `seeds` are what a user may change; `renders`: its table is set in type, too.
    """

    def __init__(self):
        self.lr = {"r1": 0.1, "r2": 0.2}
        self.code = {"fetch": "0", "derive": "0", "train": "0", "evaluate": "0", "table": "0", "render": "0"}
        self.world = {"seed": 0}
        self.renders = False
        self.seeds = 1

    def tree(self) -> Tree:
        """What is to be made now, beside the records."""
        return Tree(self._jobs())

    def make(self) -> list[str]:
        """Run each job that lacks an output, in order; their titles."""
        ran = []
        for job in self._jobs():
            if not all(Path(path).is_file() for path in job.outputs.values()):
                self.run(job)
                ran.append(job.title)
        return ran

    def run(self, job: Recipe) -> None:
        """Run `job` as the DAG does."""
        path = Path("work/recipes", job.rule, f"{job.name}.json")
        job.write(path)
        execute(path, job.rule)

    def job(self, title: str) -> Recipe:
        """The recipe of the job called `title`."""
        return next(job for job in self._jobs() if job.title == title)

    def _jobs(self):
        yield self._job("fetch", "a", {"name": "a", "world": self.world}, {}, {"a.zip": "data/toy/archives/a.zip"})
        yield self._job("derive", "A150", {"name": "A150"}, {"a.zip": "data/toy/archives/a.zip"}, {"manifest": manifest}, (), (LIST,))
        for run in RUNS:
            folder = f"results/toy/runs/{run}"
            outputs = {"model": f"{folder}/model", "card": f"{folder}/card.md"}
            settings = {"name": run, "lr": self.lr[run]}
            yield self._job("train", run, settings, {"manifest": manifest}, outputs, ("data/toy/archives/a.zip",))
            outputs = {"confusion": f"results/toy/{run}/confusion.arrow", "metrics": f"results/toy/{run}/metrics.json"}
            yield self._job("evaluate", run, {"name": run}, {"model": f"{folder}/model"}, outputs)
        texts = {"backbone": "toy", "benchmark": "A150", "training_data": "C171, WA150"}
        rows = [{"texts": {"model": TITLES[run], **texts}, "run": run} for run in RUNS]
        settings = {"table": "table3", "published": "table3", "profile": "toy", "columns": ["model", *texts], "rows": rows}
        settings["seeds"] = list(range(self.seeds))
        inputs = {f"{run}.seed0": f"results/toy/{run}/metrics.json" for run in RUNS}
        outputs = {"table": "results/table3.csv", "cells": "results/toy/table3.cells.jsonl"}
        yield self._job("table", "table3", settings, inputs, outputs, (), (PUBLISHED,))
        if self.renders:
            outputs = {"markdown": "reports/tables/table3.md", "latex": "reports/tables/table3.tex"}
            inputs = {"table": "results/table3.csv"}
            yield self._job("render", "table3", {"table": "table3", "profile": "toy"}, inputs, outputs)

    def _job(self, rule, name, config, inputs, outputs, reads=(), reference=()) -> Recipe:
        code = {f"larvseg.toy.{rule}": {rule: self.code[rule], "helper": "0"}}
        return Recipe(rule, name, config, code, inputs, outputs, reads, {path: sha256_of(Path(path)) for path in reference})


manifest = "data/toy/manifests/A150.arrow"


@pytest.fixture
def unmade(tmp_path, monkeypatch) -> Toy:
    """The tree before anything is made."""
    monkeypatch.chdir(tmp_path)
    Path(PUBLISHED).parent.mkdir(parents=True)
    Path(PUBLISHED).write_text(
        "model,backbone,benchmark,training_data,all,base,novel\n"
        'Baseline,ViT-B/16,A150,"C171, WA150",28.5,40.9,20.8\nLarvSeg,ViT-B/16,A150,"C171, WA150",32.4,41.3,26.8\n'
    )
    Path(LIST).write_text("name\nwall\n")
    module = types.ModuleType("toy")
    for function in (fetch, derive, train, evaluate, tables.table, rendering.render):
        setattr(module, function.__name__, function)
        config = {"table": TableConfig, "render": RenderConfig}.get(function.__name__, ToyConfig)
        monkeypatch.setitem(
            STAGES, function.__name__, replace(STAGES[function.__name__], config=config, function=f"toy:{function.__name__}")
        )
    monkeypatch.setitem(sys.modules, "toy", module)
    monkeypatch.setattr("larvseg.pipeline.execute.environment", lambda name: [f"numpy=={np.__version__}"])
    return Toy()


@pytest.fixture
def toy(unmade) -> Toy:
    """The tree with everything made."""
    unmade.make()
    return unmade


@pytest.fixture
def moved(unmade, monkeypatch) -> Toy:
    """The tree with everything made by torch on a CPU with AVX-512, then brought to one without."""
    packages = [f"numpy=={np.__version__}", f"torch=={metadata.version('torch')}"]
    monkeypatch.setattr("larvseg.pipeline.execute.environment", lambda code: packages if "larvseg.toy.train" in code else packages[:1])
    monkeypatch.setattr("larvseg.lineage.kernels.path", lambda *arguments: "native (avx512f)")
    unmade.make()
    monkeypatch.setattr("larvseg.lineage.kernels.path", lambda *arguments: "avx2")
    return unmade


@pytest.fixture
def flip():
    """A function that flips one bit in the middle of a file; its size and modification time stay."""

    def of(path: str) -> None:
        status = os.stat(path)
        content = bytearray(Path(path).read_bytes())
        content[len(content) // 2] ^= 1
        Path(path).write_bytes(content)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    return of


@pytest.fixture
def forge():
    """A function that writes `text` to a file and makes its record fit."""

    def of(path: str, text: str) -> None:
        Path(path).write_text(text)
        record = unsealed(record_path(Path(path)).read_text())
        record["artifact"] |= {"sha256": sha256_of(Path(path)), "size": Path(path).stat().st_size}
        record_path(Path(path)).write_text(sealed(record))

    return of


@pytest.fixture
def snapshot():
    """A function: every artifact and record → its bytes."""

    def of() -> dict[str, bytes]:
        files = [path for folder in ("data/toy", "results", "reports") for path in sorted(Path(folder).rglob("*")) if path.is_file()]
        return {str(path): path.read_bytes() for path in files if not path.name.endswith(".run.json")}

    return of
