"""A run opens the annotations that its row lists, says so, and can open no others."""

import json
from pathlib import Path

import pytest

import larvseg.training.train as module
from larvseg.config import Switches
from larvseg.datasets.annotations import Ledger, TrainingImages, permitted
from larvseg.datasets.loader import JointLoader
from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError
from larvseg.pipeline import Project
from larvseg.pipeline.jobs.methods import parts
from larvseg.training.train import train
from larvseg.vocabulary.datasets import committed
from tests.datasets.conftest import World
from tests.training.conftest import pack


@pytest.fixture
def method(config):
    """method("supervised"): three steps of that method."""
    weak = [s.model_copy(update={"lambda_aux": 0.0}) for s in config.training_sets]
    alone = config.training_sets[1].model_copy(update={"ranks": 8})
    none = config.attention.model_copy(update={"variant": "none"})
    changes = {
        "supervised": {"training_sets": (alone,), "attention": none},
        "baseline": {"training_sets": tuple(weak), "attention": none},
        "larvseg": {},
    }
    return lambda name: config.model_copy(update={"method": name, "steps": 3, **changes[name]})


EXPECTED = {
    "supervised": {"C171": {"masks": 48}},  # 3 steps × 8 ranks × 2 images
    "baseline": {"WA150": {"image_labels": 18}, "C171": {"masks": 18}, "I124": {"image_labels": 12}},
    "larvseg": {"WA150": {"image_labels": 18}, "C171": {"masks": 18}, "I124": {"image_labels": 12}},
}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_method_opens_what_its_row_lists_and_says_so(name, method, inputs, outputs):
    files = outputs(name)
    train(method(name), inputs, files, Path("work", name))
    assert json.loads(files["config"].read_text())["annotations"] == EXPECTED[name]
    assert ("masks 48 times" in files["card"].read_text()) == (name == "supervised")


def test_every_run_of_every_table_may_open_only_what_its_row_lists():
    project = Project("smoke")
    for run, seed in project.trained:
        settings, given = project.experiments.runs[run], set()
        for _, job in parts(project, run, seed):
            given |= {Path(path).stem for path in job.inputs.values() if Path(path).parent.name == "manifests"}
            for training_set in getattr(job.config, "training_sets", ()):
                assert permitted(training_set, job.config.switches) == project.data[training_set.name].shown
        implied = {"ITPair"} if settings.method == "lseg" else set()  # its rows do not name what CLIP's text tower has seen
        assert given == {*settings.training_data, *implied}, run


def test_a_resumed_run_has_opened_what_an_uninterrupted_one_has(method, inputs, outputs, monkeypatch):
    config = method("larvseg").model_copy(update={"runtime": method("larvseg").runtime.model_copy(update={"checkpoint_every": 2})})

    class Stopped(JointLoader):
        def __getitem__(self, step):
            if step == 2:
                raise KeyboardInterrupt
            return super().__getitem__(step)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(module, "JointLoader", Stopped)
        train(config, inputs, outputs("parts"), Path("work/parts"))
    train(config, inputs, outputs("parts"), Path("work/parts"))
    assert json.loads(Path("parts/config.json").read_text())["annotations"] == EXPECTED["larvseg"]


def test_what_worker_processes_open_is_counted(method, inputs):
    manifests = {name: Manifest(path) for name, path in inputs.items() if name != "backbone"}
    ledger = Ledger()
    for batches in JointLoader(method("larvseg"), manifests, num_workers=2):
        ledger.add(batches)
    assert ledger.counts == EXPECTED["larvseg"]


def test_a_method_that_opens_other_masks_is_stopped(method, inputs, outputs, monkeypatch):
    class Peeking(JointLoader):
        def _sample(self, training_set, position, rng):
            self._images["WA150"].mask(0)
            return super()._sample(training_set, position, rng)

    monkeypatch.setattr(module, "JointLoader", Peeking)
    with pytest.raises(LarvSegError, match="training may open the image labels of WA150, not its masks"):
        train(method("larvseg"), inputs, outputs("peeking"), Path("work/peeking"))
    assert not Path("peeking").exists()


def test_labels_of_a_set_with_masks_are_not_opened_either(inputs):
    with pytest.raises(LarvSegError, match="training may open the masks of C171, not its image labels"):
        TrainingImages(Manifest(inputs["C171"]), "C171", "masks").labels(0)


@pytest.fixture
def captioned(tmp_path, monkeypatch):
    """TrainingImages of a tiny LN, opened with some permission."""
    monkeypatch.chdir(tmp_path)
    world = World()
    world.derive("LN")
    return lambda permitted: TrainingImages(Manifest(Path("LN.arrow")), "LN", permitted)


def test_captions_are_opened_where_they_are_listed(captioned):
    images = captioned("captions")
    assert len(images) == 3 and images.image(0).shape == (72, 96, 3)
    assert [images.captions(i) for i in range(3)] == [("A person.", "Somebody."), ("Two cars.",), ("A wall.",)]
    assert images.take_opened() == {"captions": 3} and images.take_opened() == {}
    for read in (images.labels, images.mask):
        with pytest.raises(LarvSegError, match="training may open the captions of LN, not its (image labels|masks)"):
            read(0)
    with pytest.raises(LarvSegError, match="LN has 3 training images; number 3 is none of them"):
        images.captions(3)


def test_nothing_but_images_is_opened_where_nothing_is_permitted(captioned):
    images = captioned("none")
    assert images.image(2).shape == (72, 96, 3) and images.take_opened() == {}
    for read in (images.captions, images.labels, images.mask):
        with pytest.raises(LarvSegError, match="training may open the images of LN, not its"):
            read(0)


def test_captions_of_a_set_with_labels_are_not_opened_either(inputs):
    with pytest.raises(LarvSegError, match="training may open the image labels of WA150, not its captions"):
        TrainingImages(Manifest(inputs["WA150"]), "WA150", "image_labels").captions(0)


def test_what_a_row_lists():
    kinds = {"C171": "masks", "WA847": "image_labels", "I124": "image_labels", "I21K": "image_labels"}
    assert {name: committed()[name].shown for name in (*kinds, "LN", "ITPair", "I1K")} == kinds | {
        "LN": "captions",
        "ITPair": "captions",
        "I1K": "none",
    }


def test_a_caption_set_is_no_image_label_set(config, captioned):
    captioned("captions")
    with pytest.raises(LarvSegError, match="LN is a caption data set, not single_label: it may not be trained on as one"):
        TrainingImages(Manifest(Path("LN.arrow")), "LN", "captions", kind="single_label")
    captions = config.training_sets[2].model_copy(update={"kind": "caption"})
    assert permitted(captions, Switches(weak_labels="crop")) == "captions"


def test_validation_images_are_out_of_reach(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    images = TrainingImages(Manifest(pack(Path("."), "C171", images=5, validation=2)), "C171", "masks")
    assert len(images) == 3
    assert images.image(2).shape == images.mask(2).shape + (3,)
    for position in (3, -1):
        for read in (images.image, images.mask):
            with pytest.raises(LarvSegError, match="C171 has 3 training images; number -?[13] is none of them"):
                read(position)


def test_a_manifest_of_another_data_set_is_refused(method, inputs, outputs):
    with pytest.raises(LarvSegError, match=r"C171.arrow: the manifest of C171, not of WA150"):
        train(method("larvseg"), {**inputs, "WA150": inputs["C171"]}, outputs("other"), Path("work/other"))


def test_a_weak_set_cannot_be_declared_a_pixel_set(method, inputs, outputs):
    config = method("larvseg")
    sets = tuple(each.model_copy(update={"kind": "pixel"}) if each.name == "WA150" else each for each in config.training_sets)
    with pytest.raises(LarvSegError, match="WA150 is a multi_label data set, not pixel"):
        train(config.model_copy(update={"training_sets": sets}), inputs, outputs("wrong"), Path("work/wrong"))


def test_labels_of_crops_open_the_masks(config):
    crop = Switches(weak_labels="crop")
    assert [permitted(s, crop) for s in config.training_sets] == ["masks", "masks", "image_labels"]
