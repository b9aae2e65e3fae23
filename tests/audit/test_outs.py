"""No stage of dvc.yaml starts while a hand-edited file lies among its outputs."""

import os
from pathlib import Path

import pytest

from larvseg.audit.outs import check_outs
from larvseg.errors import LarvSegError

STAGES = """
stages:
  datasets: {cmd: x, outs: [{"data/${profile}/manifests": {persist: true}}]}
  train: {cmd: x, outs: ["results/${profile}/runs"]}
  tables: {cmd: x, outs: [results/table3.csv, results/table3.csv.lineage.json], metrics: [{results/toy/r1/metrics.json: {cache: false}}]}
"""


@pytest.fixture(autouse=True)
def dvc_yaml(toy):
    Path("dvc.yaml").write_text(STAGES)


def test_sound_and_absent_outputs_pass():
    assert [check_outs(stage, "toy") for stage in ("datasets", "train", "tables")] == [1, 4, 2]
    Path("results/toy/runs/r1/model").unlink()
    assert check_outs("train", "toy") == 3


@pytest.mark.parametrize(
    ("stage", "path"),
    [("train", "results/toy/runs/r2/card.md"), ("tables", "results/table3.csv"), ("tables", "results/toy/r1/metrics.json")],
)
def test_an_edited_output_stops_its_stage_with_the_mend(flip, stage, path):
    flip(path)
    with pytest.raises(
        LarvSegError, match=f"{path} was changed after it was made: expected sha256 .*; run `larvseg audit verify --repair`"
    ):
        check_outs(stage, "toy")
    assert check_outs("datasets", "toy") == 1


def test_an_unknown_stage_names_the_nearest():
    with pytest.raises(LarvSegError, match="dvc.yaml: no stage 'trian'; did you mean 'train'"):
        check_outs("trian", "toy")


def test_what_an_output_was_not_made_of_becomes_the_newest(toy, forge):
    def renewed(stage: str) -> list[str]:
        files = [path for folder in ("work/recipes", "data", "results") for path in Path(folder).rglob("*") if path.is_file()]
        for path in files:
            os.utime(path, (1, 1))
        check_outs(stage, "toy")
        return sorted(str(path) for path in files if path.stat().st_mtime > 1)

    recipe = Path("work/recipes/toy/train/r1.json")
    toy.job("train r1").write(recipe)
    assert [renewed(stage) for stage in ("datasets", "train", "tables")] == [[], [], []]
    toy.lr["r1"] = 0.5
    toy.job("train r1").write(recipe)
    forge("results/toy/r2/metrics.json", "{}")
    assert [renewed(stage) for stage in ("datasets", "train", "tables")] == [[], [str(recipe)], ["results/toy/r2/metrics.json"]]
