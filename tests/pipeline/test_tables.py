"""The rows of tables: what they say, what follows from their runs, and where the two may not differ."""

import shutil
from pathlib import Path

import pytest
import yaml

from larvseg.errors import LarvSegError
from larvseg.pipeline import Project
from larvseg.pipeline.jobs.tables import facts_of, rendered, rows_of, tables
from tests.jobs import job

CONFIG = Path(__file__).parents[2] / "workflow/config"
M5 = {"method": "larvseg", "benchmark": "A150", "training_data": ["C171", "WA150"], "attention": {"memory_size": 5, "top_k": 40}}


@pytest.fixture
def project(tmp_path):
    """A function that makes a project from the committed configuration after a change to its experiments."""
    folder = tmp_path / "config"
    shutil.copytree(CONFIG, folder)

    def make(profile: str = "mini", change=None) -> Project:
        value = yaml.safe_load((CONFIG / "experiments.yaml").read_text())
        if change:
            change(value)
        (folder / "experiments.yaml").write_text(yaml.safe_dump(value, sort_keys=False))
        return Project(profile, folder)

    return make


def texts(project: Project, table: str, *columns: str) -> list[tuple[str, ...]]:
    return [tuple(row.texts[column] for column in columns) for row in rows_of(project, table)]


def test_table_6_has_the_k_of_the_paper_and_that_of_the_profile(project):
    columns = ("ablation", "value", "memory_size", "published_top_k")
    swept = [("memory_size", m, m, "40") for m in ("10", "20", "40", "80")] + [("top_k", k, "20", k) for k in ("10", "20", "40", "80")]
    for profile, here in {"mini": ["8"] * 4 + ["2", "4", "8", "16"], "paper": ["40"] * 4 + ["10", "20", "40", "80"]}.items():
        made = project(profile)
        assert texts(made, "table6", *columns) == swept
        assert [each for (each,) in texts(made, "table6", "top_k")] == here


def test_runs_that_tables_share_are_made_once(project):
    made = project()
    wanted_runs = [row.run for table in ("table3", "table4", "table5", "table6") for row in rows_of(made, table)]
    assert wanted_runs.count("larvseg-a150") == 3 and wanted_runs.count("larvseg-a150-k40") == 2
    assert [run for run, seed in made.trained if seed == 0].count("larvseg-a150-k40") == 1
    inputs = job(made, "table", "table6").inputs
    assert len(inputs) == 7 and len(job(made, "table", "table6").config.rows) == 8
    assert set(job(made, "table", "table5").inputs) == {"single-image-a150.seed0", "larvseg-a150.seed0"}


def test_tables_4_and_5_differ_in_the_classifier_alone(project):
    made = project()
    assert texts(made, "table4", "cac_wa150", "cac_i124") == [("0", "0"), ("0", "1"), ("1", "0"), ("1", "1")]
    for row in rows_of(made, "table4"):
        trained = job(made, "train", f"{row.run}.seed0").config
        attends = {item.name: item.lambda_aux > 0 for item in trained.training_sets}
        assert attends == {"C171": False, "WA150": row.texts["cac_wa150"] == "1", "I124": row.texts["cac_i124"] == "1"}
        assert [item.lambda_cls for item in trained.training_sets] == [0.1, 0.0, 0.1]
    variants = {
        row.texts["ca_classifier"]: job(made, "train", f"{row.run}.seed0").config.attention.variant for row in rows_of(made, "table5")
    }
    assert variants == {"Single-Image": "single_image", "Cross-Image": "cross_image"}
    assert set(texts(made, "table5", "benchmark", "training_data", "backbone")) == {("A150", "C171, WA150", "ViT 3×128, patch 8")}


def test_an_ablation_is_a_run_and_a_row(project):
    def add(experiments):
        experiments["runs"]["m5"] = M5
        experiments["tables"]["table6"]["rows"].append({"ablation": "memory_size", "run": "m5", "published": False})

    made = project(change=add)
    config = job(made, "table", "table6").config
    assert (config.rows[-1].published, config.published) == (False, "table6")
    assert texts(made, "table6", "value", "memory_size", "published_top_k", "top_k")[-1] == ("5", "5", "40", "8")
    assert ("m5", 0) in made.trained and "m5.seed0" in job(made, "table", "table6").inputs


def test_any_setting_of_the_attention_can_be_ablated(project):
    def add(experiments):
        experiments["runs"]["w2"] = M5 | {"attention": {"warm_up": 2}}
        experiments["tables"]["table6"]["rows"].append({"ablation": "warm_up", "run": "w2", "published": False})

    assert texts(project(change=add), "table6", "ablation", "value")[-1] == ("warm_up", "2")


def test_a_table_that_the_paper_does_not_have_needs_no_published_one(project):
    def add(experiments):
        row = {"model": "LarvSeg", "note": 3, "run": "larvseg-a150", "published": False}
        experiments["tables"]["mine"] = {"columns": ["model", "note"], "rows": [row]}

    made = project(change=add)
    mine = job(made, "table", "mine")
    assert (mine.config.published, mine.reference) == (None, ()) and mine.config.rows[0].texts == {"model": "LarvSeg", "note": "3"}
    assert tables(made)[-1] == "mine" and rendered(made)[-2:] == ("mine", "claims")
    assert job(made, "render", "mine").outputs == {"markdown": "reports/tables/mine.md", "latex": "reports/tables/mine.tex"}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"memory_sise": 10}, r"unknown key 'memory_sise'; did you mean 'memory_size'\?"),
        ({"memory_size": 11}, "memory_size is '11', that of the run '10'; it need not be said"),
        ({"training_data": "C171"}, "training_data is 'C171', that of the run 'C171, WA150'"),
        ({"value": 20}, "value is '20', that of the run '10'"),
        ({"ablation": "patience"}, "says nothing of 'value', and it does not follow from the run"),
        ({"ablation": True}, r"tables.table6.rows.0.ablation.*: Input should be a valid"),
        ({"run": None}, "tables.table6.rows.0.run: Input should be a valid string"),
    ],
)
def test_a_row_that_does_not_fit_is_refused(project, row, message):
    def change(experiments):
        experiments["tables"]["table6"]["rows"][0].update(row)

    with pytest.raises(LarvSegError, match=message) as caught:
        job(project(change=change), "table", "table6")
    assert "\n" not in str(caught.value) and "experiments.yaml: " in str(caught.value)


def test_a_language_guided_row_has_its_own_backbone_and_no_attention(project):
    facts = facts_of(project(), "denseclip-a150")
    assert facts == {"backbone": "CLIP ResNet 1-1-2-1, width 24", "benchmark": "A150", "training_data": "ITPair"}
