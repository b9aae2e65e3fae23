"""A folder with recipes of a training and of an evaluation, and what their jobs leave while they run."""

import json
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from larvseg.lineage.process import LOCK
from larvseg.lineage.recipes import Recipe
from larvseg.locks import join, leave
from larvseg.training.curves import SO_FAR, Curves

RUN = "results/toy/runs/r1/seed0"
TRAIN = Recipe("train", "r1.seed0", {"run": "r1", "steps": 200}, {}, {}, {"model": f"{RUN}/model", "curves": f"{RUN}/curves.csv"})
EVALUATE = Recipe("evaluate", "r1.seed0", {"run": "r1"}, {}, {"model": f"{RUN}/model"}, {"metrics": "results/toy/r1/metrics.json"})


class Jobs:
    """The jobs of the current folder, as Snakemake and the jobs themselves leave traces of them."""

    def begin(self, recipe: Recipe, said: str | None = "") -> Path:
        """Snakemake sends off the job of `recipe`; it starts and says something, unless that is None. Its log."""
        for output in recipe.outputs.values():
            mark = Path(".snakemake/incomplete", urlsafe_b64encode(output.encode()).decode())
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.write_text(json.dumps({"external_jobid": None}))
        log = Path("results/toy/logs", recipe.rule, f"{recipe.name}.log")
        log.parent.mkdir(parents=True, exist_ok=True)
        if said is not None:
            log.write_text(said)
        return log

    def lock_of(self, recipe: Recipe) -> Path:
        """The lock of a training."""
        return Path("work", recipe.hash, "lock")

    def show(self, recipe: Recipe, *losses: float) -> Path:
        """The training writes its curves so far, a line each ten steps."""
        curves = Curves()
        for step in range(1, 10 * len(losses) + 1):
            curves.add(step, 0.001 * step, {"loss": losses[(step - 1) // 10], "loss_seg": 0.25, "fill": 0.125})
        curves.show(Path("work", recipe.hash))
        return Path("work", recipe.hash, SO_FAR)


@pytest.fixture
def jobs(tmp_path, monkeypatch) -> Jobs:
    """A Snakemake is at work in the current folder."""
    monkeypatch.chdir(tmp_path)
    for recipe in (TRAIN, EVALUATE):
        recipe.write(Path("work/recipes/toy", recipe.rule, f"{recipe.name}.json"))
    join(LOCK.absolute())
    yield Jobs()
    leave(LOCK.absolute())
