"""The loop: the same bytes with and without interruption, honest curves, errors that say what is wrong."""

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from torch._dynamo.testing import CompileCounterWithBackend

import larvseg
import larvseg.training.train as module
from larvseg.errors import LarvSegError
from larvseg.files import sha256_of
from larvseg.lineage.inputs import watched
from larvseg.lineage.records import written
from larvseg.training import runtime
from larvseg.training.checkpoint import hold, load_tensors
from larvseg.training.curves import HEADER, SO_FAR
from larvseg.training.label_space import run_vocabulary
from larvseg.training.segmenters import load_segmenter
from larvseg.training.train import train
from tests.interruption import Interrupted, check_that_it_goes_on, hashes, interrupt_at


@pytest.fixture
def trained(config, inputs, outputs):
    files = outputs("whole")
    train(config, inputs, files, Path("work/whole"))
    return files


def test_resumed_and_repeated_runs_end_with_the_same_bytes(config, inputs, outputs, trained):
    check_that_it_goes_on(train, module, config, inputs, outputs, trained, {"again": [], "once": [7], "twice": [5, 9]})


def test_another_seed_gives_another_model(config, inputs, outputs, trained):
    files = outputs("seed1")
    train(config.model_copy(update={"seed": 1}), inputs, files, Path("work/seed1"))
    assert sha256_of(files["model"]) != sha256_of(trained["model"])


def test_sgd_resumes_too(config, inputs, outputs):
    sgd = config.model_copy(update={"optimiser": config.optimiser.model_copy(update={"name": "sgd"})})
    whole, parts = outputs("whole"), outputs("parts")
    train(sgd, inputs, whole, Path("work/whole"))
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Interrupted):
        interrupt_at(6, module, patch)
        train(sgd, inputs, parts, Path("work/parts"))
    train(sgd, inputs, parts, Path("work/parts"))
    assert hashes(parts) == hashes(whole)


def test_a_state_of_another_configuration_is_not_resumed(config, inputs, outputs, trained, capsys):
    other, fresh = outputs("other"), outputs("fresh")
    seed1 = config.model_copy(update={"seed": 1})
    train(seed1, inputs, other, Path("work/whole"))
    assert "starting from step 0" in capsys.readouterr().err
    train(seed1, inputs, fresh, Path("work/fresh"))
    assert hashes(other) == hashes(fresh)


def test_curves_have_a_line_every_ten_steps_and_one_at_the_end(config, inputs, outputs):
    files = outputs("curves")
    train(config.model_copy(update={"steps": 13}), inputs, files, Path("work/curves"))
    header, *lines = files["curves"].read_text().splitlines()
    assert header == HEADER == "step,learning_rate,loss,loss_seg,loss_cls,loss_aux,contrast,warm,fill,scale"
    rows = [dict(zip(header.split(","), map(float, line.split(",")), strict=True)) for line in lines]
    assert [row["step"] for row in rows] == [10, 13]
    assert Path("work/curves", SO_FAR).read_text().splitlines() == [header, lines[0]], "while it ran, others could see the first line"
    for row in rows:
        assert row["loss"] == pytest.approx(row["loss_seg"] + row["loss_cls"] + row["loss_aux"], rel=1e-4)
        assert min(row["loss_seg"], row["loss_cls"], row["loss_aux"]) > 0
    assert rows[-1]["scale"] == pytest.approx(float(load_tensors(files["model"])[0]["classifier.scale"]), rel=1e-5) != rows[0]["scale"]
    assert (
        rows[-1]["contrast"] > 0 and rows[-1]["fill"] == rows[-1]["warm"] == 1
    )  # every one of the four categories has been in three images by now


def test_a_compiled_backbone_learns_the_same(config, inputs, outputs, trained, monkeypatch):
    counter = CompileCounterWithBackend("aot_eager")  # inductor takes a compiler and half a minute
    monkeypatch.setattr(runtime, "COMPILER", counter)
    files = outputs("compiled")
    train(config.model_copy(update={"runtime": config.runtime.model_copy(update={"compile": True})}), inputs, files, Path("work/compiled"))
    assert counter.frame_count > 0, "it was compiled"
    expected, _ = load_tensors(trained["model"])
    found, _ = load_tensors(files["model"])
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        torch.testing.assert_close(found[name], values, msg=name, rtol=1e-3, atol=1e-4)


def test_a_classifier_without_a_scale_shows_none(config, inputs, outputs):
    files = outputs("cosine")
    switches = config.switches.model_copy(update={"temperature": "cosine"})
    train(config.model_copy(update={"steps": 1, "switches": switches}), inputs, files, Path("work/cosine"))
    assert files["curves"].read_text().splitlines()[-1].endswith(",0")


def test_the_saved_model_holds_banks_and_fits_its_configuration(config, inputs, trained):
    tensors, _ = load_tensors(trained["model"])
    vocabulary = json.loads(trained["config"].read_text())["vocabulary"]
    assert vocabulary["names"] == ["wall", "person", "sofa", "lamp"]
    assert vocabulary["index"] == {"WA150": [0, 1, 2, 3], "A150": [0, 1, 2, 3], "C171": [0, 0, 1], "I124": [2, 3]}
    assert tensors["classifier.table"].shape == (4, 32)
    assert tensors["banks.0.slots"].shape == (4, 3, 32)
    model, loaded = load_segmenter(trained["model"], trained["config"], "C171")
    assert loaded.model_dump() == config.model_dump()
    logits = model(torch.zeros(2, 3, 16, 24))
    assert logits.shape == (2, 3, 2, 3)
    assert torch.equal(logits[:, 0], logits[:, 1])  # both walls are one name of the union


def test_the_card_names_data_switches_and_where_the_numbers_are(trained):
    text = trained["card"].read_text()
    for part in ("| WA150 |", "`pooling`: attention", "metrics.json", "## Limits"):
        assert part in text


def test_a_lone_data_set_keeps_its_own_names(config):
    headers = {"C171": {"classes": ["wall-brick", "wall-wood"], "keys": {"S": ["wall", "wall"]}}}
    alone = config.model_copy(update={"training_sets": config.training_sets[1:2]})
    assert run_vocabulary(alone, headers)["index"] == {"C171": [0, 1]}


def test_names_meet_under_the_configured_rule(config):
    headers = {
        "WA150": {"benchmark": "A150", "classes": ["blind"], "keys": {"S": ["blind"], "P": ["blind"]}},
        "C171": {"classes": ["window-blind"], "keys": {"S": ["window"], "P": ["blind"]}},
        "I124": {"classes": ["blind"], "keys": {"S": ["blind"], "P": ["blind"]}},
    }
    assert run_vocabulary(config, headers)["index"]["C171"] == [1]
    rule_p = config.model_copy(update={"switches": config.switches.model_copy(update={"alignment": "P"})})
    assert run_vocabulary(rule_p, headers)["index"]["C171"] == [0]


def test_synsets_meet_where_the_run_says_so(config):
    headers = {
        "I21K": {"classes": ["n1", "n2"], "keys": {"S": ["n1", "n2"], "synset": ["n1", "n2"]}},
        "C171": {"classes": ["dog", "mud"], "keys": {"S": ["dog", "mud"], "synset": ["n2", "mud"]}},
        "WA150": {"benchmark": "A150", "classes": ["dog"], "keys": {"S": ["dog"]}},
    }
    sets = (config.training_sets[1], config.training_sets[1].model_copy(update={"name": "I21K"}))
    over_synsets = config.switches.model_copy(update={"alignment": "synset"})
    vocabulary = run_vocabulary(config.model_copy(update={"training_sets": sets, "switches": over_synsets}), headers)
    assert vocabulary["names"] == ["n2", "mud", "n1"] and vocabulary["index"] == {"C171": [0, 1], "I21K": [2, 0]}
    with pytest.raises(LarvSegError, match="WA150 has no names under the alignment rule 'synset'; it has S"):
        run_vocabulary(config.model_copy(update={"switches": over_synsets}), headers)


def test_asked_to_end_it_saves_its_state_and_goes_on_from_there(config, inputs, outputs, trained, monkeypatch):
    class Loader(module.JointLoader):
        def __getitem__(self, step):
            if step == 5:
                os.kill(os.getpid(), signal.SIGTERM)  # as a scheduler does some seconds before it kills
            return super().__getitem__(step)

    seldom = config.model_copy(update={"runtime": config.runtime.model_copy(update={"checkpoint_every": 6})})
    files = outputs("ended")
    with monkeypatch.context() as patch, pytest.raises(LarvSegError, match="tiny: was asked to end at step 6 and did; start it again"):
        patch.setattr(module, "JointLoader", Loader)
        train(seldom, inputs, files, Path("work/ended"))
    assert load_tensors(Path("work/ended/state.safetensors"))[1]["step"] == 6
    train(config, inputs, files, Path("work/ended"))
    assert hashes(files) == hashes(trained)


def test_no_state_is_saved_of_an_input_that_was_changed(config, inputs, outputs, trained, monkeypatch):
    manifest = inputs["C171"]
    sound = manifest.read_bytes()

    class Loader(module.JointLoader):
        def __getitem__(self, step):
            if step == 5:
                manifest.write_bytes(sound + b"!")
            return super().__getitem__(step)

    every = config.model_copy(update={"runtime": config.runtime.model_copy(update={"checkpoint_every": 4})})
    files, work = outputs("changed"), Path("work/changed")
    with watched({str(manifest): (sha256_of(manifest), written(manifest))}, "the test", work):
        with monkeypatch.context() as patch, pytest.raises(LarvSegError, match=f"^{manifest} was changed while the test ran"):
            patch.setattr(module, "JointLoader", Loader)
            train(every, inputs, files, work)
        manifest.write_bytes(sound)
    assert load_tensors(work / "state.safetensors")[1]["step"] == 4, "the state before the change is sound, and stays"
    train(config, inputs, files, work)
    assert hashes(files) == hashes(trained)


def test_a_loss_that_is_not_finite_stops_the_run(config, inputs, outputs):
    wild = config.model_copy(update={"optimiser": config.optimiser.model_copy(update={"lr": 1e30, "warmup_steps": 0})})
    with pytest.raises(LarvSegError, match=r"tiny: at step \d+ loss = nan.*last finite: step \d+, loss = \d"):
        train(wild, inputs, outputs("wild"), Path("work/wild"))
    assert not Path("wild").exists()


def test_two_processes_do_not_train_one_run(config, inputs, outputs):
    with hold(Path("work/held")), pytest.raises(LarvSegError, match="another process is training"):
        train(config, inputs, outputs("held"), Path("work/held"))


def test_a_backbone_of_another_configuration_is_refused(config, inputs, outputs):
    deeper = config.backbone.model_copy(update={"arguments": {**config.backbone.arguments, "depth": 3}})
    with pytest.raises(LarvSegError, match=r"backbone.safetensors: tensor 'vit.blocks.2.*' of the model is missing"):
        train(config.model_copy(update={"backbone": deeper}), inputs, outputs("deeper"), Path("work/deeper"))


def test_supervised_training_learns_and_keeps_no_bank(config, inputs, outputs):
    alone = config.training_sets[1].model_copy(update={"ranks": 8})
    attention = config.attention.model_copy(update={"variant": "none"})
    settings = {"method": "supervised", "training_sets": (alone,), "attention": attention, "steps": 40}
    files = outputs("supervised")
    train(config.model_copy(update=settings), inputs, files, Path("work/supervised"))
    assert not [name for name in load_tensors(files["model"])[0] if name.startswith("banks")]
    lines = files["curves"].read_text().splitlines()[1:]
    assert all(line.split(",")[4:9] == ["0"] * 5 for line in lines)  # loss_cls, loss_aux, contrast, warm, fill
    losses = [float(line.split(",")[3]) for line in lines]
    assert losses[-1] < 0.7 * losses[0]


def test_load_gives_a_ready_segmenter(trained):
    run = larvseg.load("whole")
    assert run.names == ("wall", "person", "sofa", "lamp")
    image = np.random.default_rng(0).integers(0, 256, (30, 50, 3), np.uint8)
    labels = run.segment(image).labels
    assert labels.shape == (30, 50) and 0 <= labels.min() and labels.max() < 4
    assert larvseg.load("whole", dataset="C171").names == ("wall-brick", "wall-wood", "person")
    with pytest.raises(LarvSegError, match="RGB image"):
        run.segment(image[..., 0])
    with pytest.raises(LarvSegError, match="not trained for 'A847'; known: A150, C171, I124, WA150"):
        larvseg.load("whole", dataset="A847")
    Path("workflow/config").mkdir(parents=True)
    Path("workflow/config/config.yaml").write_text("profile: mini\n")
    with pytest.raises(LarvSegError, match="results/mini/runs/nothing/seed0: no trained run"):
        larvseg.load("nothing")
