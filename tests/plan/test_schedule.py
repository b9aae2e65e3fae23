"""Jobs on a few GPUs."""

from larvseg.plan.schedule import finished


def test_a_gpu_takes_one_job_after_the_other():
    work = {"a": 3.0, "b": 2.0, "c": 2.0}
    free, equal = dict.fromkeys(work, frozenset()), dict.fromkeys(work, 0)
    assert [finished(work, free, equal, gpus) for gpus in (1, 2, 3, 8)] == [7.0, 4.0, 3.0, 3.0]


def test_the_highest_priority_starts_first():
    work = {"short": 1.0, "shorter": 1.0, "long": 2.0}
    free = dict.fromkeys(work, frozenset())
    assert finished(work, free, {"short": 2, "shorter": 1, "long": 0}, gpus=2) == 3.0
    assert finished(work, free, {"short": 0, "shorter": 1, "long": 2}, gpus=2) == 2.0


def test_a_job_waits_for_what_it_needs():
    work, equal = {"first": 2.0, "second": 1.0, "beside": 2.5}, {"first": 0, "second": 0, "beside": 0}
    assert finished(work, {"first": set(), "second": {"first"}, "beside": set()}, equal, gpus=8) == 3.0
    # one that becomes ready later does not wait for a round to end
    chain = {"first": set(), "second": {"first"}, "third": {"second"}, "beside": set()}
    assert finished(work | {"third": 1.0}, chain, equal | {"third": 0}, gpus=2) == 4.0


def test_a_job_without_work_takes_no_gpu_but_keeps_its_place():
    work = {"fetch": 0.0, "train": 2.0, "table": 0.0, "busy": 5.0, "after": 1.0}
    needs = {"fetch": set(), "train": {"fetch"}, "table": {"train"}, "busy": set(), "after": {"table"}}
    priority = {"fetch": 1, "train": 1, "table": 0, "busy": 9, "after": 0}
    assert finished(work, needs, priority, gpus=1) == 8.0
    assert finished(work, needs, priority, gpus=2) == 5.0
    assert finished({"fetch": 0.0}, {"fetch": set()}, {"fetch": 0}, gpus=1) == 0.0
