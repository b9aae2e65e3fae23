"""A small tree in which everything is as it should be: archives of a registry, manifests, records and a finished run."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from larvseg.datasets.derive import derive
from larvseg.doctor import Finding
from larvseg.doctor.examination import CHECKS
from larvseg.lineage.recipes import Recipe
from larvseg.lineage.records import write_record
from larvseg.pipeline import Project
from tests.datasets.conftest import NARRATIVES, World
from tests.jobs import job

ROOT = Path(__file__).parents[2]
RUN = "results/tiny/runs/larvseg-a150/seed0/curves.csv"
SOURCE = {"gigabytes": 0.001, "licence": "free"}
OPEN = {
    "train2017.zip": {"family": "coco", "counts": {"train2017/*.jpg": 4}},
    "val2017.zip": {"family": "coco"},
    "stuffthingmaps_trainval2017.zip": {"family": "coco"},
    "ADEChallengeData2016.zip": {"family": "ade_challenge"},
    "wordnet.zip": {"family": "wordnet"},
    "{wnid}.tar": {"family": "imagenet", "gigabytes": 0.00001},
    "ILSVRC2012_img_train.tar": {"family": "ilsvrc"},
    **{name: {"family": "narratives"} for name in NARRATIVES},
}
LICENSED = {
    "family": "ade_full",
    "url": None,
    "access": "registration",
    "request": "https://example.org/request",
    "licence": "research only",
}


@dataclass
class Tree:
    """`folder`, and the project of the profile `tiny` in it."""

    folder: Path
    project: Project

    def examine(self, group: str, deep: bool = False) -> list[Finding]:
        """What is not as it should be, of one group."""
        return [finding for finding in CHECKS[group](self.project, self.folder, deep) if finding.level != "ok"]

    def path(self, name: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def write_config(folder: Path) -> None:
    """The profile `tiny`: smoke, with archives of a registry."""
    folder.mkdir()
    for name in ("datasets", "experiments", "presets", "smoke"):
        shutil.copy(ROOT / f"workflow/config/{name}.yaml", folder)
    registry = folder / "sources.yaml"
    entries = {name: {**SOURCE, "url": f"https://example.org/{name}", **entry} for name, entry in OPEN.items()}
    registry.write_text(yaml.safe_dump({"archives": entries | {"ADE20K_2021_17_01.zip": {**SOURCE, **LICENSED}}}))
    profile = {
        "extends": "smoke",
        "drawn": False,
        "world": None,
        "registry": str(registry),
        "max_rejects": 0.1,
        "memory_mb": 1,
        "comparators": None,
    }
    (folder / "tiny.yaml").write_text(yaml.safe_dump({**profile, "drawing_threads": 1, "pretraining": {"threads": 1}}))


@pytest.fixture(scope="session")
def template(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("healthy")
    write_config(folder / "config")
    before = Path.cwd()
    os.chdir(folder)
    try:
        project = Project("tiny", folder / "config")
        _make(project)
    finally:
        os.chdir(before)
    return folder


def _make(project: Project) -> None:
    world = World()
    del world.tars["n01983481"]  # lobster is no category of ADE20K
    places = {role: path for dataset in project.datasets for role, path in world.archives(dataset).items()}
    places["wordnet.zip"] = world.zip("wordnet.zip", {"wordnet/data.noun": b"00001740 03 n 01 entity 0 000 | that which is\n"})
    for role, path in places.items():
        Path(project.archive(role)).parent.mkdir(exist_ok=True)
        path.rename(project.archive(role))
        _record(Path(project.archive(role)), "fetch")
    for dataset in project.datasets:
        made = job(project, "derive", dataset)
        inputs = {Path(path).name: Path(path) for path in project.archives_of(dataset) if Path(path).is_file()}
        outputs = {role: Path(path) for role, path in made.outputs.items()}
        outputs["manifest"].parent.mkdir(exist_ok=True)
        derive(made.config, inputs, outputs, Path("work/derive"))
        for path in outputs.values():
            _record(path, "derive")
    shutil.rmtree("work")
    Path(RUN).parent.mkdir(parents=True)
    Path(RUN).write_text("step,loss\n")
    _record(Path(RUN), "train")
    shutil.copy(ROOT / "constraints.txt", ".")


def _record(path: Path, rule: str) -> None:
    write_record(path, path.name, Recipe(rule, path.name, {}, {}, {}, {}), [], [])


@pytest.fixture
def tree(template, tmp_path) -> Tree:
    shutil.copytree(template, tmp_path / "tree")
    return Tree(tmp_path / "tree", Project("tiny", tmp_path / "tree/config"))
