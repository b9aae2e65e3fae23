"""What the page knows of single classes."""

import json
from pathlib import Path

import pytest

from larvseg.errors import LarvSegError
from larvseg.files import sealed, unsealed
from larvseg.reporting.page.classes import classes_of
from larvseg.reporting.page.graph import Graph
from larvseg.reporting.page.numbers import Recount
from tests.reporting.page.conftest import NAMES, RUNS

FIGURES = {"reports/figures/figure4.png": ("figure4", "Figure 4"), "reports/figures/tail_a150.png": ("tail-a150", "The tail")}
METRICS = Path("results/toy/evaluations/larvseg-a150/seed0/metrics.json")


def found(tree):
    graph = Graph(tree.contents()[1].values())
    return classes_of(graph, Recount(graph), FIGURES)


def test_each_class_has_what_each_run_reaches_and_the_confusion_counts_give(tree):
    (benchmark,) = found(tree)
    assert (benchmark["benchmark"], benchmark["table"], benchmark["names"]) == ("A150", "results/classes_a150.csv", NAMES)
    assert benchmark["novel"] == [0, 0, 1] and benchmark["images"] == {"WA150": [0, 10, 20]}
    assert [(run["run"], run["title"], run["data"]) for run in benchmark["runs"]] == [(run, *about) for run, about in RUNS.items()]
    run, metrics = benchmark["runs"][1], json.loads(METRICS.read_text())
    assert run["files"] == [METRICS.as_posix()]
    assert run["counted"] == [pytest.approx([each["iou"] for each in metrics["classes"]], rel=1e-5)]
    assert run["iou"] == pytest.approx(run["counted"][0], abs=0.005)


def test_pairs_are_those_of_the_figure_of_gains_as_far_as_the_table_has_them(tree):
    assert found(tree)[0]["pairs"] == [{"title": "With masks", "run": 1, "without": 0}]
    record = Path("reports/figures/gains_a150.png.lineage.json")
    said = unsealed(record.read_text())
    said["recipe"]["config"]["pairs"][0]["without"]["run"] = "of-another-table"
    record.write_text(sealed(said))
    assert found(tree)[0]["pairs"] == []


def test_a_class_is_seen_in_the_figures_whose_images_have_it_in_their_masks(tree):
    assert found(tree)[0]["shown"] == [{"id": "figure4", "title": "Figure 4", "classes": [0, 1]}]
    assert found(tree)[0]["map"] is None


def test_an_iou_that_its_counts_do_not_give_is_refused(tree):
    metrics = json.loads(METRICS.read_text())
    metrics["classes"][2]["iou"] = 99.0
    METRICS.write_text(json.dumps(metrics))
    with pytest.raises(LarvSegError, match=f"{METRICS}: /classes/2/iou is 99.0, the confusion counts give .*; run `larvseg audit verify`"):
        found(tree)
