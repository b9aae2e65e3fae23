"""The jobs of the diagnostics: which runs they show, and which mistakes in experiments.yaml are answered how."""

from pathlib import Path

import pytest

from larvseg.errors import LarvSegError
from larvseg.pipeline import Project
from larvseg.pipeline.jobs.diagnostics import curves, jobs
from larvseg.pipeline.jobs.tables import rows_of
from larvseg.pipeline.stages import WANTED
from tests.jobs import job

CONFIG = Path(__file__).parents[2] / "workflow/config"
ALL_METHODS = ["denseclip", "reco", "zsbaseline", "lseg", "openseg", "baseline", "larvseg", "supervised"]


def a150(change):
    """A change of the diagnostics of A150."""
    return lambda value: change(value["diagnostics"]["A150"])


def test_every_measured_run_of_table_3_is_in_the_table_of_classes(project):
    mini = project()
    for name, benchmark, weak, objects in (("a150", "A150", "WA150", "I124"), ("a847", "A847", "WA847", "I585")):
        classes = job(mini, "classes", name)
        table = [row for row in rows_of(mini, "table3") if row.texts["benchmark"] == benchmark]
        rows = [(row.run, row.texts["model"], row.texts["training_data"]) for row in table]
        assert [(run.run, run.title, run.training_data) for run in classes.config.runs] == rows and len(rows) == 10
        assert classes.config.datasets == ("C171", weak, objects) and classes.inputs[weak] == f"data/mini/manifests/{weak}.arrow"
        assert classes.inputs[benchmark] == f"data/mini/manifests/{benchmark}.arrow"
        assert classes.inputs[f"larvseg-{name}.seed0"] == f"results/mini/evaluations/larvseg-{name}/seed0/metrics.json"
        assert classes.outputs == {"table": f"results/classes_{name}.csv"}
        assert job(mini, "confusion", name).inputs["shares"] == job(mini, "shares", name).outputs["table"]


def test_rows_of_one_model_on_the_same_data_have_names_of_their_own(project):
    titles = [run.title for run in job(project("photos"), "confusion", "msrc").config.runs]
    assert titles == ["No image labels (control)", "LSeg", "Baseline", "LarvSeg, as printed", "LarvSeg, as released", "Supervised"]


def test_all_of_it_is_asked_for_and_quoted_runs_are_left_out(project):
    paper = project("paper")
    diagnostics = list(jobs(paper))
    assert [each.rule for each in diagnostics] == ["classes", "shares", "class_map", "tail", "gains", "curves", "confusion"] * 2
    assert {each.rule for each in diagnostics} <= WANTED
    assert not [run.run for each in diagnostics for run in getattr(each.config, "runs", ()) if "openseg" in run.run]
    quoted = project("mini", "mini.yaml", lambda value: value.update(quoted=["larvseg"]))
    assert [run.run for run in curves(quoted, "a150").config.runs] == ["baseline-a150", "baseline-a150-i124"]
    assert [each.rule for each in jobs(quoted)] == ["classes", "shares", "class_map", "tail", "curves"] * 2
    assert list(jobs(project("mini", "mini.yaml", lambda value: value.update(quoted=ALL_METHODS)))) == []


def test_a_run_of_another_table_gets_a_column_of_its_own(project):
    def change(value):
        value["runs"]["larvseg-a150-m5"] = {**value["runs"]["larvseg-a150"], "attention": {"memory_size": 5}}
        value["tables"]["mine"] = {"columns": ["training_data"], "rows": [{"run": "larvseg-a150-m5"}], "published": "table3"}
        value["diagnostics"]["A150"]["gains"] = [{"title": "M", "run": "larvseg-a150-m5", "without": "larvseg-a150"}]

    own = project(change=change)
    assert [run.run for run in job(own, "classes", "a150").config.runs][-1] == "larvseg-a150-m5"
    assert job(own, "gains", "a150").inputs["larvseg-a150-m5.seed0.model"] == "results/mini/runs/larvseg-a150-m5/seed0/model.safetensors"
    assert "larvseg-a150-m5" not in [run.run for run in job(own, "class_map", "a150").config.runs]


def test_several_seeds_are_those_of_each_run(project):
    three = Project("mini", CONFIG, seeds=3)
    assert {run.run: run.seeds for run in job(three, "classes", "a150").config.runs if run.run in ("denseclip-a150", "larvseg-a150")} == {
        "denseclip-a150": (0,),
        "larvseg-a150": (0, 1, 2),
    }
    assert job(three, "curves", "a150").inputs["larvseg-a150.seed2"] == "results/mini/runs/larvseg-a150/seed2/curves.csv"
    assert job(three, "confusion", "a847").inputs["larvseg-a847-i585.seed1.confusion"].endswith("larvseg-a847-i585/seed1/confusion.arrow")


def test_a_project_without_diagnostics_has_none(project):
    bare = project(change=lambda value: value.pop("diagnostics"))
    assert list(jobs(bare)) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v["tail"].append({"title": "x", "run": "larvseg-a847"}), "diagnostics A150: 'larvseg-a847' is a run of A847"),
        (lambda v: v["gains"][0].update(without="baseline-a847"), "diagnostics A150: 'baseline-a847' is a run of A847"),
        (lambda v: v["confused"].update(run="lseg-a847"), "diagnostics A150: 'lseg-a847' is a run of A847"),
        (lambda v: v["curves"][0].update(run="larvseg-a15"), r"diagnostics A150: no run 'larvseg-a15'; did you mean 'larvseg-a150'\?"),
        (lambda v: v["tail"][0].update(run="segmenter-c171"), "diagnostics A150: no table has a row of run 'segmenter-c171'"),
        (lambda v: v["curves"].extend(v["curves"][:3]), "diagnostics.A150.curves: Tuple should have at most 6 items"),
        (lambda v: v.update(tails=[]), r"unknown key 'diagnostics.A150.tails'; did you mean 'tail'\?"),
    ],
)
def test_a_mistake_is_one_line(project, change, message):
    with pytest.raises(LarvSegError, match=message) as caught:
        list(jobs(project(change=a150(change))))
    assert "\n" not in str(caught.value)
