"""What counts as well ended after a fault, and what does not."""

import signal

import pytest

from tests.chaos.checks import unclear
from tests.chaos.jobs import Ended
from tests.chaos.plan import kind_of, kinds, numbers, rank_of
from tests.chaos.report import Outcome, summary
from tests.chaos.tree import SoundTree
from tests.workflow.clone import Clone

TRACEBACK = "Traceback (most recent call last):\n  File …\nValueError: x\n"


@pytest.mark.parametrize(
    ("status", "said", "sent"),
    [
        (0, "", None),
        (1, "a line before\nerror: x: No space left on device\n", None),
        (-signal.SIGKILL, "", signal.SIGKILL),
        (130, "interrupted\n", signal.SIGINT),
    ],
)
def test_an_end_that_is_clear(status, said, sent):
    assert unclear(Ended(status, said, 1.0), sent) is None


@pytest.mark.parametrize(
    ("status", "said", "sent", "told"),
    [
        (0, TRACEBACK, None, "a traceback"),
        (1, f"{TRACEBACK}error: x\n", None, "a traceback"),
        (1, "", None, "status 1 and no line of error"),
        (1, "error: a\nerror: b\n", None, "more than one line of error"),
        (-signal.SIGKILL, "", signal.SIGTERM, "status -9 and no line of error"),
        (-signal.SIGSEGV, "", None, "status -11 and no line of error"),
        (130, "", signal.SIGINT, "status 130 and no line of error"),
    ],
)
def test_an_end_that_is_not(status, said, sent, told):
    assert unclear(Ended(status, said, 1.0), sent) == told


def test_the_kind_of_a_number_does_not_depend_on_how_many_there_are():
    assert set(map(kind_of, range(1000))) == set(kinds())
    kind = kind_of(5)
    assert numbers(3, {kind})[0] <= 5 and [rank_of(number) for number in numbers(3, {kind})] == [0, 1, 2]


def test_the_summary_counts_what_held():
    outcomes = [Outcome(0, "a", "job", "x"), Outcome(1, "a", "job", "x", line="a traceback"), Outcome(2, "b", "tree", "x", faults=4)]
    assert [line.split() for line in summary(outcomes).splitlines()[1:]] == [["a", "2", "2", "1", "2"], ["b", *"4444"], ["all", *"6656"]]
    assert "--seed 3 --only 1" in outcomes[1].told(3)


def test_a_tree_and_its_copy_are_compared_by_what_is_made_in_them(tmp_path):
    for name in ("table.csv", "table.csv.lineage.json", "README.md", "runs/train.log"):
        (tmp_path / "sound/results" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "sound/results" / name).write_text(name)
    copy = Clone(tmp_path / "sound").copy_to(tmp_path / "copy")
    (copy.folder / "results/README.md").unlink()
    made = SoundTree(tmp_path / "sound").hashes
    assert copy.hashes() == made and list(made) == ["results/table.csv", "results/table.csv.lineage.json"]
