"""Every walk of docs/extending.md on the smoke profile: Snakemake makes what it adds, and nothing that was there."""

import pytest

from tests.docs.walks import apply, put_images, walks
from tests.workflow.clone import jobs_of

WALKS = walks()
# rule → number of jobs
ADDED = {
    "An ablation": {"train": 1, "evaluate": 1, "table": 1},
    "A method": {"evaluate": 1, "table": 1},
    "A data set": {"fetch_own_lab": 1, "fetch_own_lab_web": 1, "derive": 2, "train": 2, "evaluate": 2, "table": 1},
    "A figure": {"novel": 1},
}


@pytest.mark.full
@pytest.mark.parametrize("walk", WALKS.values(), ids=WALKS)
def test_a_walk_makes_what_it_adds(walk, copy):
    apply(walk, copy)
    if walk.name == "A data set":
        put_images(copy.folder)
    output = copy.snakemake(walk.target)
    assert (copy.folder / walk.target).stat().st_size
    if walk.name in ADDED:  # a change of the losses trains all runs of its table again, and what they start from is as it was
        assert jobs_of(output) == ADDED[walk.name]
    if walk.target.endswith(".csv"):
        assert "novel" in copy.run("larvseg", "print", walk.target)
