"""A finished tree of a handful of artifacts, each with its record, and the page of it: made in milliseconds."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from larvseg.config import PageConfig, RenderConfig, TableConfig, TableRow
from larvseg.datasets.manifest import write_manifest
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
CROWDED = 3  # processes for each core, above which no time is measured
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


def grown(names: Sequence[str] = NAMES, runs: dict[str, tuple[str, str]] = RUNS) -> Tree:
    """The tree, in the current folder. `names`: of the classes, the first two in the masks of the one validation image that is drawn."""
    tree = Tree()
    put(PUBLISHED, (ROOT / PUBLISHED).read_text())
    put(ZIP, "images"), put(TAR, "dogs")
    tree.make("fetch", "ade_challenge", {Path(ZIP).name: ZIP}, {}, {"family": "ade_challenge", "world": {"seed": 7}})
    source = {"url": "https://images.test/{wnid}.tar", "licence": "research only", "access": "open"}
    tree.make("fetch", "imagenet", {Path(TAR).name: TAR}, {}, {"world": None, "sources": {"{wnid}.tar": source}})
    Path(MANIFEST).parent.mkdir(parents=True)
    image = {"name": "one", "split": "validation", "width": 4, "height": 4, "image": None, "mask": None, "synset": None}
    about = {"dataset": "A150", "classes": list(names), "archives": {}, "keys": {}, "novel": {}, "absent": [], "rejected": 0}
    write_manifest(Path(MANIFEST), [image | {"labels": [0, 1], "pixels": [8, 8]}], about)
    tree.make("derive", "A150", {"manifest": MANIFEST}, {Path(ZIP).name: ZIP}, {"dataset": "A150"})
    put(BACKBONE, "weights")
    objects = put(MANIFEST.replace("A150", "I21K"), "rows of objects")
    tree.make("derive", "I21K", {"manifest": objects}, {Path(TAR).name: TAR}, {"dataset": "I21K"})
    tree.make("pretrain", "backbone", {"model": BACKBONE}, {"manifest": objects}, {"steps": 4})
    for number, run in enumerate(runs):
        _trained(tree, run, number, names)
    _tables(tree, runs)
    _classes(tree, names, runs)
    _figures(tree, runs)
    metrics = {f"{run}.seed0": f"results/toy/evaluations/{run}/seed0/metrics.json" for run in runs}
    unmeasured = {"statement": "LarvSeg below itself", "verdict": "not measured"}
    unmeasured |= dict.fromkeys(("measured", "seed_std", "low", "high", "detectable"), "")
    write_csv(Path("results/claims.csv"), [CLAIM, CLAIM | unmeasured])
    tree.make("claims", "claims", {"claims": "results/claims.csv"}, metrics)
    return tree


def _trained(tree: Tree, run: str, number: int, names: Sequence[str]) -> None:
    folder, method = f"results/toy/runs/{run}/seed0", run.partition("-")[0]
    outputs = {"model": "model.safetensors", "config": "config.json", "curves": "curves.csv", "card": "card.md"}
    outputs = {role: f"{folder}/{file}" for role, file in outputs.items()}
    put(outputs["model"], f"weights of {run}"), put(outputs["config"], "{}")
    put(outputs["curves"], CURVES.format(aux=int(method == "larvseg"))), put(outputs["card"], CARD.format(run=run))
    settings = {"run": run, "method": method, "steps": 20, "optimiser": {"lr": 0.001}, "training_sets": [{"name": "WA150"}]}
    tree.make("train", f"{run}.seed0", outputs, {"backbone": BACKBONE, "A150": MANIFEST}, settings)
    counts = ConfusionCounts(len(names))
    counts.add(0, *np.random.default_rng(number).integers(0, len(names), (2, 64, 64)))
    folder = f"results/toy/evaluations/{run}/seed0"
    Path(folder).mkdir(parents=True)
    counts.write(Path(folder, "confusion.arrow"))
    head = {"run": run, "seed": 0, "profile": "toy", "benchmark": "A150"}
    put(f"{folder}/metrics.json", json_text(head | metrics_of(counts.matrix(), names, novel(names))))
    made = {"confusion": f"{folder}/confusion.arrow", "metrics": f"{folder}/metrics.json"}
    tree.make("evaluate", f"{run}.seed0", made, {"model": outputs["model"], "manifest": MANIFEST}, {"benchmark": "A150"})


def _tables(tree: Tree, runs: dict[str, tuple[str, str]]) -> None:
    columns = ("model", "backbone", "benchmark", "training_data")
    texts = {run: dict(zip(columns, (model, "toy", "A150", data), strict=True)) for run, (model, data) in runs.items()}
    rows = tuple(TableRow(texts=texts[run], run=run, published=RUNS[run] == runs[run]) for run in runs)
    config = TableConfig(table="table3", published="table3", profile="toy", seeds=(0,), columns=columns, rows=rows)
    inputs = {f"{run}.seed0": f"results/toy/evaluations/{run}/seed0/metrics.json" for run in runs}
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


def _classes(tree: Tree, names: Sequence[str], runs: dict[str, tuple[str, str]]) -> None:
    """The table of classes, of which only what the page shows is there."""
    metrics = {run: f"results/toy/evaluations/{run}/seed0/metrics.json" for run in runs}
    found = {run: json.loads(Path(path).read_text())["classes"] for run, path in metrics.items()}
    kinds = ("novel_s", "novel_p", "by_name")
    rows = [
        {"class": name}
        | {kind: str(found[next(iter(runs))][at][kind]).lower() for kind in kinds}
        | {"images_wa150": str(10 * at), "pixels": "9", "size": "1.5"}
        | {run: "" if classes[at]["iou"] is None else f"{classes[at]['iou']:.2f}" for run, classes in found.items()}
        for at, name in enumerate(names)
    ]
    write_csv(Path("results/classes_a150.csv"), rows)
    measured = [{"run": run, "title": title, "training_data": data, "seeds": [0]} for run, (title, data) in runs.items()]
    config = {"benchmark": "A150", "runs": measured}
    inputs = {f"{run}.seed0": path for run, path in metrics.items()} | {"A150": MANIFEST}
    tree.make("classes", "a150", {"table": "results/classes_a150.csv"}, inputs, config)


def _figures(tree: Tree, runs: dict[str, tuple[str, str]]) -> None:
    put("workflow/report/figure2.rst", CAPTION)
    Path("reports/figures").mkdir(parents=True)
    Path("results/toy/predictions").mkdir()
    maps, (first, second, *_) = "results/toy/predictions/larvseg-a150.safetensors", runs
    save_file({"0": np.zeros((4, 4), np.int16)}, maps)
    model = {"model": f"results/toy/runs/{first}/seed0/model.safetensors", "manifest": MANIFEST}
    tree.make("predict", "larvseg-a150", {"predictions": maps}, model, {"benchmark": "A150"})
    measured = {run: {"run": run, "title": title, "training_data": data, "seeds": [0]} for run, (title, data) in runs.items()}
    compared = [{"title": "With masks", "run": measured[second], "without": measured[first]}]
    table = {"table": "results/table3.csv"}
    for rule, name, image, config, inputs in (
        ("tail", "tail_a150", Image.new("L", (90, 50)), {}, table),
        ("figure2", "figure2", Image.effect_noise((900, 500), 90), {}, table),
        ("gains", "gains_a150", Image.new("L", (90, 50)), {"benchmark": "A150", "pairs": compared}, {"table": "results/classes_a150.csv"}),
        ("figure4", "figure4", Image.new("RGB", (60, 120), "teal"), {"benchmark": "A150"}, {"larvseg-a150": maps, "manifest": MANIFEST}),
    ):
        image.save(f"reports/figures/{name}.png")
        tree.make(rule, name.partition("_")[2] or rule, {"figure": f"reports/figures/{name}.png"}, inputs, config)


@pytest.fixture(scope="session")
def toy_page(tmp_path_factory) -> Path:
    """The page of the tree, for tests that only look at it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("toy"))
        path = grown().write().absolute()
    return path


@pytest.fixture
def rested():
    """A machine whose clock says something of this page: where each core has several other things to do, the test is skipped."""
    waiting = os.getloadavg()[0] / (os.cpu_count() or 1)
    if waiting > CROWDED:
        pytest.skip(f"{waiting:.0f} processes for each core: times say nothing")


@pytest.fixture
def quiet(browser):
    """No test leaves an error in the console or has asked for anything outside the page."""
    browser.forget()
    yield
    assert browser.errors == [] and browser.requests == []
