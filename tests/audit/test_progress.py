"""A table while it is being made: the rows that are there, and how far the rest is."""

import io
import re
from pathlib import Path

import pytest

from larvseg.audit.standing import Standing, stands
from larvseg.errors import LarvSegError
from larvseg.progress import SoFar, follow
from larvseg.reporting.rendering import as_text

METRICS = {run: f"results/toy/{run}/metrics.json" for run in ("r1", "r2")}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def rows_of(text: str) -> list[str]:
    return [line for line in re.split(r"[\n\r]|\x1b\[K", text) if line.startswith(("Baseline", "LarvSeg"))]


def made_up_to(toy, *runs: str) -> None:
    for title in ("fetch a", "derive A150"):
        if not all(Path(path).is_file() for path in toy.job(title).outputs.values()):
            toy.run(toy.job(title))
    for run in runs:
        toy.run(toy.job(f"train {run}"))
        toy.run(toy.job(f"evaluate {run}"))


def test_an_evaluation_stands_until_something_below_it_changes(toy):
    assert stands(toy.tree(), METRICS["r2"])
    toy.lr["r2"] = 0.05
    assert stands(toy.tree(), METRICS["r1"]) and not stands(toy.tree(), METRICS["r2"])
    toy.run(toy.job("train r2"))
    assert not stands(toy.tree(), METRICS["r2"])  # made of the model that was there before
    toy.run(toy.job("evaluate r2"))
    assert stands(toy.tree(), METRICS["r2"])
    Path(METRICS["r2"]).unlink()
    assert not stands(toy.tree(), METRICS["r2"])


def test_what_stands_on_something_that_was_made_again_alike_is_seen(toy):
    toy.code["derive"] = "1"
    standing = Standing(toy.tree().recipes, METRICS.values())
    assert standing.look() == set()
    toy.run(toy.job("derive A150"))  # to the same bytes, so that nothing above it is made again
    assert standing.look() == set(METRICS.values())


def test_rows_that_are_not_there_are_marked(unmade):
    made_up_to(unmade, "r2")
    text = as_text(SoFar(Path("results/table3.csv"), unmade.tree()).look())
    first, second = rows_of(text)
    assert "Baseline" in first and first.split()[-8:] == ["…", "…", "…", "…", "28.5", "40.9", "20.8", "–"]
    assert "LarvSeg" in second and "…" not in second and second.split()[-4:] == ["32.4", "41.3", "26.8", "1"]
    assert "\n…: not there yet; 1 of 2 rows are, and places are among them\n" in text
    assert not Path("results/table3.csv").exists()


def test_a_whole_table_says_nothing_of_that(toy):
    text = as_text(SoFar(Path("results/table3.csv"), toy.tree()).look())
    assert "…" not in text and "not there yet" not in text


def test_numbers_of_other_settings_are_not_there(toy):
    toy.lr["r1"] = 0.3
    assert [row["status"] for row in _rows(SoFar(Path("results/table3.csv"), toy.tree()))] == ["not yet", "measured"]


def _rows(table: SoFar) -> list[dict[str, str]]:
    table.look()
    return table.rows


def test_what_is_taken_from_what_was_kept_is_seen(toy):
    Path(METRICS["r1"]).unlink()
    table = SoFar(Path("results/table3.csv"), toy.tree())
    assert [row["status"] for row in _rows(table)] == ["not yet", "measured"]
    toy.run(toy.job("evaluate r1"))
    assert [row["status"] for row in _rows(table)] == ["measured", "measured"]


def snakemake(toy, *jobs):
    """What Snakemake says while it evaluates the runs `jobs` one after the other."""
    yield from ("Building DAG of jobs...\n", "Job stats:\n", "job    count\n", "-----  -----\n", "total      2\n", "\n")
    for number, run in enumerate(jobs, 1):
        yield from ("Select jobs to execute...\n", "[Sat Nov 28 15:11:42 2026]\n", "rule evaluate:\n", "    input: x\n", "\n")
        made_up_to(toy, run)
        yield from ("[Sat Nov 28 15:11:42 2026]\n", "Finished jobid: 1 (Rule: evaluate)\n", f"{number} of 3 steps (33%) done\n")


def test_each_row_is_shown_once_when_it_is_there(unmade):
    out = io.StringIO()
    follow(SoFar(Path("results/table3.csv"), unmade.tree()), snakemake(unmade, "r2", "r1"), out)
    lines = out.getvalue().splitlines()
    rows = rows_of(out.getvalue())
    assert lines[0] == "0 of 2 steps (0%) done"
    assert len(rows) == 2 and "LarvSeg" in rows[0] and "Baseline" in rows[1] and "…" not in out.getvalue()
    assert sum("published" in line for line in lines) == 1 and "place" not in out.getvalue()
    assert not any(word in out.getvalue() for word in ("Job stats", "total", "rule", "jobid", "input", "[Sat"))
    assert lines.index(rows[0]) < lines.index("2 of 3 steps (33%) done") < lines.index(rows[1])


def test_what_is_there_already_comes_first_and_nothing_if_all_is(unmade):
    made_up_to(unmade, "r1")
    out = io.StringIO()
    follow(SoFar(Path("results/table3.csv"), unmade.tree()), [], out)
    assert len(rows_of(out.getvalue())) == 1
    made_up_to(unmade, "r2")
    out = io.StringIO()
    follow(
        SoFar(Path("results/table3.csv"), unmade.tree()), ["Nothing to be done (all requested files are present and up to date).\n"], out
    )
    assert out.getvalue() == "Nothing to be done (all requested files are present and up to date).\n"


def test_what_went_wrong_is_shown_whole(unmade):
    failed = ["Error in rule train:\n", "    jobid: 3\n", "    log: x.log\n", "Logfile x.log:\n", "======\n", "error: no room\n"]
    out = io.StringIO()
    follow(SoFar(Path("results/table3.csv"), unmade.tree()), ["rule train:\n", "    jobid: 3\n", "\n", *failed], out)
    assert out.getvalue() == "".join(failed)


def test_on_a_terminal_how_far_it_is_stays_at_the_bottom(unmade):
    out = Terminal()
    follow(SoFar(Path("results/table3.csv"), unmade.tree()), snakemake(unmade, "r1", "r2"), out)
    screen = [line.rpartition("\r\x1b[K")[2] for line in out.getvalue().split("\n")]
    assert "0 of 2 steps (0%) done\r" in out.getvalue()
    assert screen[-2:] == ["2 of 3 steps (33%) done", ""] and "1 of 3 steps (33%) done" not in screen
    assert len(rows_of(out.getvalue())) == 2


def test_another_name_is_no_table(toy):
    with pytest.raises(LarvSegError, match="results/table9.csv: no rule .* writes it; did you mean 'results/table3.csv'"):
        SoFar(Path("results/table9.csv"), toy.tree())
