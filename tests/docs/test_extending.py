"""The walks of docs/extending.md in a copy of the project: they apply, they are as short as they say, and the DAG has what they add.

That each makes its result on the smoke profile is tested in tests/workflow/test_extending.py.
"""

import json
import sys

import pytest

from tests.docs.walks import apply, put_images, walks
from tests.workflow.clone import Clone, clone_to

WALKS = walks()
DAG = """
import json, sys
from larvseg.pipeline import Dag, Project
dag = Dag(Project("smoke"))
dag.write_recipes()
assert "torch" not in sys.modules
print(json.dumps({f"{job.rule} {job.name}": [dict(job.inputs), dict(job.outputs), job.config.model_dump(mode="json")] for job in dag.jobs}))
"""
ADDED = {
    "An ablation": {"train larvseg-a150-m5-k40.seed0", "evaluate larvseg-a150-m5-k40.seed0"},
    "A method": {"evaluate flipped-a150.seed0", "table flipping", "render flipping"},
    "A data set": {
        *("fetch own_lab", "fetch own_lab_web", "derive Lab", "derive LabWeb", "embed resnet.Lab"),
        *(f"{stage} {run}.seed0" for stage in ("train", "evaluate") for run in ("larvseg-lab", "supervised-lab")),
        *("table lab", "render lab"),
    },
    "A loss term": {
        *("train larvseg-a150-entropy.seed0", "evaluate larvseg-a150-entropy.seed0"),
        *("table entropy", "render entropy"),
    },
    "A figure": {"novel novel"},
}


TERM = """
import torch
from larvseg.models.classifier import Classified
from larvseg.training.losses import TERMS
out = Classified(torch.zeros(2, 4, 3, 3), None, None)
values, counted = TERMS["entropy"](out, None, torch.tensor([[0], [1]]))
torch.testing.assert_close(values, torch.full((2, 3, 3), 4.0).log())
assert counted.all() and TERMS["entropy"](out, torch.zeros(2, 3, 3), None) is None
"""
METHOD = """
import torch
import larvseg.training.segmenters as segmenters
from larvseg.methods.method import method_of
from larvseg.models.predictor import Predictor
segmenters.predictor = lambda *arguments: Predictor(("a",), lambda windows: windows[:, :1].cumsum(3), "half")
windows = torch.ones(1, 3, 2, 3)
assert method_of("flipped").load()(None, {}, "cpu").logits(windows).tolist() == [[[[2.0] * 3] * 2]]
"""
FIGURE = """
from pathlib import Path
from larvseg.config import FigureConfig
from larvseg.pipeline.stages import STAGES
Path("t.csv").write_text("model,benchmark,novel,published_novel\\nLarvSeg,A150,14.0,26.8\\nOpenSeg,A150,2.7,\\n")
config = FigureConfig(figure="novel", profile="smoke")
STAGES["novel"].load()(config, {"table": Path("t.csv")}, {"figure": Path("t.png")}, Path("work"))
assert Path("t.png").read_bytes().startswith(b"\\x89PNG")
"""
DATA = """
from pathlib import Path
from larvseg.datasets.manifest import Manifest
lab, web = (Manifest(Path(f"data/smoke/manifests/{name}.arrow")) for name in ("Lab", "LabWeb"))
assert [len(lab.split(split)) for split in ("training", "validation")] == [3, 3]
assert lab.header["classes"] == web.header["classes"] == ["wall", "workbench", "microscope"]
assert lab.labels(0) == (0, 1, 2) and {web.name(row): web.labels(row) for row in range(2)} == {"a": (2,), "b": (0, 1)}
assert 2 in lab.header["novel"]["S"]
"""
WORKS = {"A method": METHOD, "A data set": DATA, "A loss term": TERM, "A figure": FIGURE}


def python(clone: Clone, code: str, *arguments: str) -> str:
    return clone.run(sys.executable, "-c", code, *arguments)


def jobs_of(clone: Clone) -> dict[str, list]:
    """Every job of the smoke profile: its inputs, outputs and configuration. Building them does without torch."""
    return json.loads(python(clone, DAG).splitlines()[-1])


@pytest.fixture(scope="module")
def before(tmp_path_factory) -> dict[str, list]:
    return jobs_of(clone_to(tmp_path_factory.mktemp("before") / "project"))


def test_every_walk_is_tested():
    assert set(WALKS) == set(ADDED)


@pytest.mark.parametrize("walk", WALKS.values(), ids=WALKS)
def test_a_walk_adds_its_jobs_and_works(walk, before, tmp_path):
    clone = clone_to(tmp_path / "project")
    stat = apply(walk, clone)
    assert stat == walk.stat
    if walk.name == "A data set":
        put_images(clone.folder)
    after = jobs_of(clone)
    assert after.keys() - before.keys() == ADDED[walk.name] and before.keys() <= after.keys()
    assert walk.target in {path for _, outputs, _ in after.values() for path in outputs.values()}
    if walk.name == "A data set":  # the stages themselves, as Snakemake calls them
        for recipe in ("fetch/own_lab", "fetch/own_lab_web", "derive/Lab", "derive/LabWeb"):
            clone.run(sys.executable, "-m", "larvseg.cli", recipe.partition("/")[0], f"work/recipes/smoke/{recipe}.json")
    python(clone, WORKS.get(walk.name, ""))


def test_the_ablation_trains_with_five_images_and_the_term_with_its_weight(tmp_path):
    clone = clone_to(tmp_path / "project")
    apply(WALKS["An ablation"], clone)
    assert jobs_of(clone)["train larvseg-a150-m5-k40.seed0"][2]["attention"]["memory_size"] == 5
    other = clone_to(tmp_path / "other")
    apply(WALKS["A loss term"], other)
    assert jobs_of(other)["train larvseg-a150-entropy.seed0"][2]["losses"] == {"entropy": 0.01}
