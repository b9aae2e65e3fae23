"""Which runs the commands `larvseg compare` and `larvseg tail` find."""

from pathlib import Path

import pytest

from larvseg.compare import compare, evaluated, tail
from larvseg.errors import LarvSegError
from larvseg.pipeline import Project


@pytest.fixture(scope="module")
def project() -> Project:
    return Project("mini", seeds=3)


@pytest.fixture(scope="module")
def quoting() -> Project:
    return Project("paper")


@pytest.fixture
def made(tmp_path, monkeypatch, project, quoting):
    """A function that writes the evaluation of a run and a seed; the working folder has no other."""
    monkeypatch.chdir(tmp_path)

    def make(run: str, seed: int) -> None:
        for role in ("metrics", "confusion"):
            path = Path(project.path("evaluate", role, run=run, seed=seed))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("{}")

    return make


def test_a_run_has_all_seeds_or_the_one_that_is_asked_for(project, made):
    for seed in range(3):
        made("larvseg-a150", seed)
    made("denseclip-a150", 0)
    assert len(evaluated(project, "larvseg-a150").metrics) == 3
    (metrics,), (confusion,) = evaluated(project, "larvseg-a150", 2).metrics, evaluated(project, "larvseg-a150", 2).confusion
    assert metrics.as_posix() == "results/mini/evaluations/larvseg-a150/seed2/metrics.json" and confusion.parent == metrics.parent
    assert evaluated(project, "denseclip-a150", 2).metrics == evaluated(project, "denseclip-a150").metrics  # it trains nothing


def test_a_folder_of_a_training_outside_the_dag_is_a_run(project, made):
    folder = Path("work/scratch/larvseg-a150-0123456789ab")
    folder.mkdir(parents=True)
    with pytest.raises(LarvSegError, match="metrics.json: no such file; `larvseg train RUN` leaves it in its folder$"):
        evaluated(project, str(folder))
    for name in ("metrics.json", "confusion.arrow"):
        (folder / name).write_text("{}")
    assert evaluated(project, f"{folder}/").name == folder.name


def test_a_folder_with_the_name_of_a_run_is_not_taken_for_it(project, made):
    made("larvseg-a150", 0)
    Path("larvseg-a150").mkdir()
    assert evaluated(project, "larvseg-a150", 0).metrics[0].parts[0] == "results"


@pytest.mark.parametrize(
    "run, said",
    [
        ("larvseg-a151", "no run 'larvseg-a151'; did you mean 'larvseg-a150'"),
        (
            "larvseg-a150",
            "metrics.json: no such file; make it: snakemake --cores all results/mini/evaluations/larvseg-a150/seed0/metrics.json",
        ),
        ("i21k-larvseg", "^i21k-larvseg: is over all synsets, and evaluated on no benchmark$"),
    ],
)
def test_what_is_no_evaluated_run_is_told_in_a_line(project, made, run, said):
    with pytest.raises(LarvSegError, match=said) as error:
        evaluated(project, run)
    assert "\n" not in str(error.value)
    with pytest.raises(LarvSegError, match=said):
        tail(project, [run], 0)


def test_a_run_that_a_profile_only_quotes_is_told(made, quoting):
    run = next(run for run in quoting.experiments.runs if quoting.quoted(run))
    with pytest.raises(LarvSegError, match=f"^{run}: is not run in profile paper; its numbers are quoted$"):
        evaluated(quoting, run)


def test_one_run_is_compared_with_nothing(project):
    with pytest.raises(LarvSegError, match="^larvseg-a150: one run is compared with nothing; name another one of the same benchmark$"):
        compare(project, ["larvseg-a150"], "class", None, "table", 1)
