"""The stage: the same bytes with and without interruption, and honest records of what was opened."""

import json
from pathlib import Path

import pytest
import torch

import larvseg.masks.propose as module
from larvseg.clip.model import save_clip
from larvseg.config.evaluation import EvaluateConfig, Evaluation
from larvseg.errors import LarvSegError
from larvseg.files import sha256_of
from larvseg.masks.propose import propose
from larvseg.methods.method import method_of
from larvseg.training.checkpoint import hold, save_tensors
from tests.interruption import check_that_it_goes_on, hashes
from tests.masks.conftest import CLIP, clip_model, proposing

PREDICTORS = {name: method_of(name).load() for name in ("zsbaseline", "openseg")}
only_zsbaseline = pytest.mark.parametrize("config", [proposing("zsbaseline")], ids=["zsbaseline"])


@pytest.fixture
def trained(config, inputs, outputs):
    files = outputs("whole")
    propose(config, inputs, files, Path("work/whole"))
    return files


def test_resumed_and_repeated_runs_end_with_the_same_bytes(config, inputs, outputs, trained):
    check_that_it_goes_on(propose, module, config, inputs, outputs, trained, {"again": [], "once": [3], "twice": [2, 5]})


def test_another_seed_gives_another_model_and_is_not_resumed(config, inputs, outputs, trained, capsys):
    other, fresh = outputs("other"), outputs("fresh")
    seed1 = config.model_copy(update={"seed": 1})
    propose(seed1, inputs, other, Path("work/whole"))
    assert "starting from step 0" in capsys.readouterr().err
    propose(seed1, inputs, fresh, Path("work/fresh"))
    assert hashes(other) == hashes(fresh)
    assert sha256_of(other["model"]) != sha256_of(trained["model"])


def test_what_was_opened_is_published(config, trained):
    record = json.loads(trained["config"].read_text())
    opened = {"C171": {"masks": 18}} | ({"LN": {"captions": 18}} if config.method == "openseg" else {})  # six steps of three images
    assert record["annotations"] == opened
    assert record["vocabulary"]["classes"] == {"C171": ["wall-brick", "wall-wood", "person"]}
    assert record["train"] == config.model_dump(mode="json")
    card = trained["card"].read_text()
    assert "C171: masks 18 times opened" in card and ("OpenSeg-style" in card) == (config.method == "openseg")


def test_curves_name_the_losses(config, trained):
    header, line = trained["curves"].read_text().splitlines()
    values = dict(zip(header.split(","), map(float, line.split(",")), strict=True))
    parts = [name for name in values if name.startswith("loss_")]
    expected = {"zsbaseline": ["loss_focal", "loss_dice", "loss_cls"], "openseg": ["loss_focal", "loss_dice", "loss_grounding"]}
    assert parts == expected[config.method] and values["step"] == 6
    assert values["loss"] == pytest.approx(sum(values[name] for name in parts), rel=1e-4)
    assert all(values[name] > 0 for name in parts)


def test_training_learns(config, inputs, outputs):
    longer = config.model_copy(update={"steps": 60, "optimiser": config.optimiser.model_copy(update={"lr": 0.003})})
    files = outputs("longer")
    propose(longer, inputs, files, Path("work/longer"))
    lines = [list(map(float, line.split(","))) for line in files["curves"].read_text().splitlines()[1:]]
    assert lines[-1][2] < 0.8 * lines[0][2]


def test_the_trained_network_segments(config, inputs, trained):
    classes = ["door", "sky"]
    save_tensors(Path("other.safetensors"), {"text": clip_model().table(classes, "name")}, {"classes": classes, "dataset": "A150"})
    save_clip(Path("clip.safetensors"), CLIP, clip_model().model)
    files = trained | {"text": Path("other.safetensors"), "clip": Path("clip.safetensors")}
    evaluation = Evaluation(short_side=16, long_side=64, window=16, stride=16)
    settings = EvaluateConfig(run="tiny", method=config.method, profile="smoke", seed=0, benchmark="A150", evaluation=evaluation)
    predictor = PREDICTORS[config.method](settings, files, "cpu")
    windows = torch.randn(3, 3, 16, 16)
    with torch.inference_mode():
        logits = predictor.logits(windows)
        assert torch.equal(logits, predictor.logits(windows))
    assert predictor.names == ("door", "sky") and predictor.normalisation == "imagenet"
    assert logits.shape == (3, 2, 4, 4) and logits.dtype == torch.float32 and logits.isfinite().all()
    if config.method == "zsbaseline":
        with pytest.raises(LarvSegError, match="says nothing of A847"):
            PREDICTORS[config.method](settings.model_copy(update={"benchmark": "A847"}), files, "cpu")
    other = "openseg" if config.method == "zsbaseline" else "zsbaseline"
    with pytest.raises(LarvSegError, match=f"a run of {config.method}, not of {other}"):
        PREDICTORS[other](settings, files, "cpu")


def test_a_loss_that_is_not_finite_stops_the_run(config, inputs, outputs):
    wild = {"optimiser": config.optimiser.model_copy(update={"lr": 1e30, "warmup_steps": 0}), "clip_norm": None}
    with pytest.raises(LarvSegError, match=r"at step \d+ loss = nan.*last finite: step \d+, loss = \d"):
        propose(config.model_copy(update=wild), inputs, outputs("wild"), Path("work/wild"))
    assert not Path("wild").exists()


def test_two_processes_do_not_train_one_run(config, inputs, outputs):
    with hold(Path("work/held")), pytest.raises(LarvSegError, match="another process is training"):
        propose(config, inputs, outputs("held"), Path("work/held"))


@only_zsbaseline
def test_a_table_of_other_classes_is_refused(config, inputs, outputs):
    save_tensors(Path("text.safetensors"), {"text": torch.eye(2, 12)}, {"classes": ["wall", "person"], "dataset": "C171"})
    with pytest.raises(LarvSegError, match="text.safetensors: .*other classes"):
        propose(config, inputs, outputs("other"), Path("work/other"))


@only_zsbaseline
def test_a_method_says_what_it_is_trained_on(config, inputs, outputs):
    with pytest.raises(LarvSegError, match="openseg is trained on 2 data sets, one rank each: pixel, caption"):
        grounded = proposing("openseg")
        alone = grounded.model_copy(update={"training_sets": grounded.training_sets[:1]})
        propose(alone, inputs, outputs("mixed"), Path("work/mixed"))
    with pytest.raises(LarvSegError, match="zsbaseline needs one of the sections classification and grounding"):
        propose(config.model_copy(update={"classification": None}), inputs, outputs("none"), Path("work/none"))
