"""A finished tree of a handful of artifacts, each with its record, and the page of it: made in milliseconds."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from larvseg.config import PageConfig, RenderConfig, TableConfig, TableRow
from larvseg.evaluation.confusion import ConfusionCounts
from larvseg.evaluation.metrics import metrics_of
from larvseg.files import json_text, sha256_of
from larvseg.lineage.recipes import Recipe
from larvseg.lineage.records import write_record
from larvseg.pipeline.jobs.page import contents
from larvseg.pipeline.stages import WANTED
from larvseg.reporting.page.build import page
from larvseg.reporting.rendering import render
from larvseg.reporting.tables import table, write_csv
from tests.data import novel

ROOT = Path(__file__).parents[3]
ZIP, TAR = "data/toy/archives/ADEChallengeData2016.zip", "data/toy/archives/winter21_whole/n02084071.tar"
MANIFEST, BACKBONE = "data/toy/manifests/A150.arrow", "results/toy/backbone/model.safetensors"
PUBLISHED = "data/reference/published/table3.csv"
NAMES = ["wall", "sky", "lamp"]
RUNS = {"baseline-a150": ("Baseline", "C171, WA150"), "larvseg-a150": ("LarvSeg", "C171, WA150"), "denseclip-a150": ("DenseCLIP", "ITPair")}
CARD = "# {run}\n\nA segmenter.\n\n## Data\n\n| data set | labels |\n| --- | --- |\n| WA150 | <b>image</b> labels |\n"
CURVES = "step,learning_rate,loss,loss_aux,warm\n10,0.001,2.5,{aux},0\n20,0.001,1.25,{aux},0\n"
CLAIM = {
    "statement": "LarvSeg above Baseline",
    "source": "Table 3, text",
    "benchmark": "A150",
    "measure": "novel",
    "kind": "above",
    "margin": "",
    "published": "+6.0",
    "measured": "+1.50",
    "seed_std": "0.40",
    "low": "+0.50",
    "high": "+2.50",
    "detectable": "1.00",
    "against": "baseline-a150",
    "verdict": "holds",
    "note": "",
    "profile": "toy",
    "seeds": "0",
    "runs": "larvseg-a150 baseline-a150",
    "remark": "Printed <twice>.",
}
COUNTED = {
    "notation": "A150",
    "definition": "ADE20K dataset",
    "images_training": "24",
    "images_validation": "8",
    "classes": "3",
    "novel_s": "1",
    "novel_p": "1",
    "published_images": "20K+2K",
    "published_classes": "150",
    "status": "measured",
    "note": "Few & small.",
    "profile": "toy",
}
CAPTION = """Figure 2: <maps>
================

.. alt: A heat map.

Of *{{ snakemake.wildcards.name }}*, profile {{ snakemake.config["profile"] }}.
"""


@dataclass
class Tree:
    """The jobs that were made, in order. The working folder is the tree's."""

    recipes: list[Recipe] = field(default_factory=list)
    wanted: frozenset[str] = WANTED

    def make(self, rule: str, name: str, outputs: dict[str, str], inputs: dict[str, str], config=None, reference=()) -> None:
        """Write a record beside each of `outputs`, role → path, which are there already."""
        committed = {path: sha256_of(Path(path)) for path in reference}
        recipe = Recipe(rule, name, config or {}, {f"larvseg.{rule}": {rule: "0"}}, inputs, outputs, (), committed)
        read = [{"role": role, "path": path, "sha256": sha256_of(Path(path))} for role, path in inputs.items()]
        read += [{"role": "reference", "path": path, "sha256": sha256} for path, sha256 in recipe.reference.items()]
        for role, path in outputs.items():
            write_record(Path(path), role, recipe, read, ["numpy==1"])
        self.recipes.append(recipe)

    def contents(self) -> tuple[PageConfig, dict[str, str]]:
        """The configuration and the inputs of the page."""
        return contents(self.recipes, {"profile": "toy", "about": "A toy.", "drawn": True, "seeds": (0,)}, self.wanted)

    def write(self, to: str = "reports/index.html") -> Path:
        """The page."""
        config, inputs = self.contents()
        Path(to).parent.mkdir(parents=True, exist_ok=True)
        page(config, {role: Path(path) for role, path in inputs.items()}, {"page": Path(to)}, Path("work"))
        return Path(to)


def put(path: str, content: str) -> str:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(content)
    return path


@pytest.fixture
def tree(tmp_path, monkeypatch) -> Tree:
    """Three runs of A150 from archives to Table 3, with Table 2, a figure and a claim."""
    monkeypatch.chdir(tmp_path)
    return grown()


def grown() -> Tree:
    """The tree, in the current folder."""
    tree = Tree()
    put(PUBLISHED, (ROOT / PUBLISHED).read_text())
    put(ZIP, "images"), put(TAR, "dogs")
    tree.make("fetch", "ade_challenge", {Path(ZIP).name: ZIP}, {}, {"family": "ade_challenge", "world": {"seed": 7}})
    source = {"url": "https://images.test/{wnid}.tar", "licence": "research only", "access": "open"}
    tree.make("fetch", "imagenet", {Path(TAR).name: TAR}, {}, {"world": None, "sources": {"{wnid}.tar": source}})
    put(MANIFEST, "rows")
    tree.make("derive", "A150", {"manifest": MANIFEST}, {Path(ZIP).name: ZIP}, {"dataset": "A150"})
    put(BACKBONE, "weights")
    objects = put(MANIFEST.replace("A150", "I21K"), "rows of objects")
    tree.make("derive", "I21K", {"manifest": objects}, {Path(TAR).name: TAR}, {"dataset": "I21K"})
    tree.make("pretrain", "backbone", {"model": BACKBONE}, {"manifest": objects}, {"steps": 4})
    for number, run in enumerate(RUNS):
        _trained(tree, run, number)
    _tables(tree)
    _figure(tree)
    metrics = {f"{run}.seed0": f"results/toy/evaluations/{run}/seed0/metrics.json" for run in RUNS}
    unmeasured = {"statement": "LarvSeg below itself", "verdict": "not measured"}
    unmeasured |= dict.fromkeys(("measured", "seed_std", "low", "high", "detectable"), "")
    write_csv(Path("results/claims.csv"), [CLAIM, CLAIM | unmeasured])
    tree.make("claims", "claims", {"claims": "results/claims.csv"}, metrics)
    return tree


def _trained(tree: Tree, run: str, number: int) -> None:
    folder, method = f"results/toy/runs/{run}/seed0", run.partition("-")[0]
    outputs = {"model": "model.safetensors", "config": "config.json", "curves": "curves.csv", "card": "card.md"}
    outputs = {role: f"{folder}/{file}" for role, file in outputs.items()}
    put(outputs["model"], f"weights of {run}"), put(outputs["config"], "{}")
    put(outputs["curves"], CURVES.format(aux=int(method == "larvseg"))), put(outputs["card"], CARD.format(run=run))
    settings = {"run": run, "method": method, "steps": 20, "optimiser": {"lr": 0.001}, "training_sets": [{"name": "WA150"}]}
    tree.make("train", f"{run}.seed0", outputs, {"backbone": BACKBONE, "A150": MANIFEST}, settings)
    counts = ConfusionCounts(len(NAMES))
    counts.add(0, *np.random.default_rng(number).integers(0, len(NAMES), (2, 16, 16)))
    folder = f"results/toy/evaluations/{run}/seed0"
    Path(folder).mkdir(parents=True)
    counts.write(Path(folder, "confusion.arrow"))
    head = {"run": run, "seed": 0, "profile": "toy", "benchmark": "A150"}
    put(f"{folder}/metrics.json", json_text(head | metrics_of(counts.matrix(), NAMES, novel(NAMES))))
    made = {"confusion": f"{folder}/confusion.arrow", "metrics": f"{folder}/metrics.json"}
    tree.make("evaluate", f"{run}.seed0", made, {"model": outputs["model"], "manifest": MANIFEST}, {"benchmark": "A150"})


def _tables(tree: Tree) -> None:
    columns = ("model", "backbone", "benchmark", "training_data")
    texts = {run: dict(zip(columns, (model, "toy", "A150", data), strict=True)) for run, (model, data) in RUNS.items()}
    rows = tuple(TableRow(texts=texts[run], run=run) for run in RUNS)
    config = TableConfig(table="table3", published="table3", profile="toy", seeds=(0,), columns=columns, rows=rows)
    inputs = {f"{run}.seed0": f"results/toy/evaluations/{run}/seed0/metrics.json" for run in RUNS}
    outputs = {"table": "results/table3.csv", "cells": "results/toy/table3.cells.jsonl"}
    table(config, {role: Path(path) for role, path in inputs.items()}, {role: Path(path) for role, path in outputs.items()}, Path("work"))
    tree.make("table", "table3", outputs, inputs, config.model_dump(mode="json"), (PUBLISHED,))
    write_csv(Path("results/table2.csv"), [COUNTED, COUNTED | {"notation": "I21K", "published_images": "14M", "published_classes": "21K"}])
    tree.make("table2", "table2", {"table": "results/table2.csv"}, {"A150": MANIFEST})
    for name in ("table3", "table2"):
        outputs = {"markdown": f"reports/tables/{name}.md", "latex": f"reports/tables/{name}.tex"}
        Path("reports/tables").mkdir(parents=True, exist_ok=True)
        paths = {role: Path(path) for role, path in outputs.items()}
        render(RenderConfig(table=name, profile="toy"), {"table": Path(f"results/{name}.csv")}, paths, Path("work"))
        tree.make("render", name, outputs, {"table": f"results/{name}.csv"})


def _figure(tree: Tree) -> None:
    put("workflow/report/figure2.rst", CAPTION)
    Path("reports/figures").mkdir(parents=True)
    for name, image in {"tail_a150": Image.new("L", (90, 50)), "figure2": Image.effect_noise((900, 500), 90)}.items():
        image.save(f"reports/figures/{name}.png")
        rule, _, benchmark = name.partition("_")
        tree.make(rule, benchmark or rule, {"figure": f"reports/figures/{name}.png"}, {"table": "results/table3.csv"})


@pytest.fixture(scope="session")
def toy_page(tmp_path_factory) -> Path:
    """The page of the tree, for tests that only look at it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("toy"))
        path = grown().write().absolute()
    return path
