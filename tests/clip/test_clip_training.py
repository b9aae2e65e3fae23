"""The `clip` stage: trained on pairs, or read from an archive of OpenAI's; resumed as if it had never stopped."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

import larvseg.clip.training as module
from larvseg.clip.model import load_clip
from larvseg.clip.training import batches, clip
from larvseg.config import Augmentation, Optimiser, Runtime
from larvseg.config.clip import ClipConfig, ClipTraining
from larvseg.datasets.annotations import TrainingImages
from larvseg.datasets.manifest import Manifest, write_manifest
from larvseg.datasets.transforms import normalise
from larvseg.errors import LarvSegError
from larvseg.files import sha256_of
from larvseg.rehearsal.weights import Published
from larvseg.sources.archives import members
from larvseg.training.checkpoint import load_tensors
from tests.clip.tiny_clip import BOTH, VIT
from tests.training.conftest import png

COLOURS = {"black": 0, "blue": 1, "green": 2, "cyan": 3, "red": 4, "magenta": 5, "yellow": 6, "white": 7}


def image(name: str) -> np.ndarray:
    return np.full((30, 40, 3), [40 + 170 * (COLOURS[name] >> bit & 1) for bit in (2, 1, 0)], np.uint8)


def pack(path: Path, dataset: str = "ITPair", captions: bool = True) -> Path:
    """The manifest of eight plain images; each has two captions, one of them in capitals."""
    archive = path.parent / f"{dataset}.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for name in COLOURS:
            file.writestr(f"{name}.png", png(image(name)))
    rows = []
    for member in members(archive):
        location = member._asdict()
        name = location.pop("name")
        row = {"name": name, "split": "training", "width": 40, "height": 30, "mask": None, "labels": [], "pixels": None, "synset": None}
        row["image"] = {"archive": archive.name, "member": name, **location}
        colour = name.removesuffix(".png")
        rows.append(row | {"captions": [f"a {colour} wall", f"A {colour.upper()} WALL"] if captions else None})
    header = {
        "dataset": dataset,
        "kind": "caption",
        "classes": [],
        "keys": {"S": [], "P": []},
        "encoding": None,
        "raw_ids": [],
        "absent": [],
    }
    header |= {"archives": {archive.name: sha256_of(archive)}, "archive_sizes": {archive.name: archive.stat().st_size}}
    write_manifest(path, rows, header)
    return path


def config(name: str = "vit", steps: int = 10, **changes) -> ClipConfig:
    size = BOTH[name].image_size
    training = ClipTraining(
        steps=steps,
        batch_size=8,
        optimiser=Optimiser(name="adamw", lr=0.003, min_lr=0.0001, weight_decay=0.1, warmup_steps=3),
        augmentation=Augmentation(short_side=size, long_side=2 * size, crop=size, scale=(1.0, 1.2)),
    )
    settings = ClipConfig(
        profile="smoke",
        drawn=True,
        name=name,
        model=BOTH[name],
        dataset="ITPair",
        training=training,
        runtime=Runtime(checkpoint_every=4),
    )
    return settings.model_copy(update=changes)


def outputs(folder: str) -> dict[str, Path]:
    files = {"model": "model.safetensors", "config": "config.json", "curves": "curves.csv", "card": "card.md"}
    return {role: Path(folder, name) for role, name in files.items()}


@pytest.fixture
def inputs(tmp_path, monkeypatch) -> dict[str, Path]:
    monkeypatch.chdir(tmp_path)
    return {"ITPair": pack(Path("ITPair.arrow"))}


@pytest.mark.parametrize("name", BOTH)
def test_eight_pairs_are_learned_by_heart(name, inputs):
    files = outputs("out")
    clip(config(name, steps=60), inputs, files, Path("work"))
    model = load_clip(files["model"])
    size = model.image_size
    images = torch.stack([torch.from_numpy(normalise(image(colour)[:1, :1], "clip")) for colour in COLOURS])
    scores = model.encode_images(images.expand(-1, -1, size, size)) @ model.encode_text([f"a {colour} wall" for colour in COLOURS]).T
    assert scores.argmax(1).tolist() == scores.argmax(0).tolist() == list(range(8))
    assert 1 <= model.model.logit_scale.exp() <= 100
    losses = [float(line.split(",")[2]) for line in files["curves"].read_text().splitlines()[1:]]
    assert losses[-1] < 0.2 * losses[0]


def test_what_was_opened_and_done_is_said(inputs):
    files = outputs("out")
    clip(config(), inputs, files, Path("work"))
    described = json.loads(files["config"].read_text())
    assert described["annotations"] == {"ITPair": {"captions": 80}}
    assert described["clip"]["training"]["steps"] == 10
    lines = files["curves"].read_text().splitlines()
    assert lines[0] == "step,learning_rate,loss" and len(lines) == 2
    card = files["card"].read_text()
    assert "captions 80 times opened" in card and "10 steps of 8 pairs" in card and "knows nothing of photographs" in card


def interrupt_at(step: int, monkeypatch) -> None:
    def interrupted(images, settings, start):
        for number, batch in enumerate(batches(images, settings, start), start):
            if number == step:
                raise KeyboardInterrupt
            yield batch

    monkeypatch.setattr(module, "batches", interrupted)


@pytest.mark.parametrize("name", BOTH)
def test_resumed_and_repeated_runs_end_with_the_same_bytes(name, inputs):
    whole = outputs("whole")
    clip(config(name), inputs, whole, Path("work/whole"))
    for folder, steps in {"again": [], "once": [6], "twice": [5, 9]}.items():
        files = outputs(folder)
        for step in steps:
            with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
                interrupt_at(step, patch)
                clip(config(name), inputs, files, Path("work", folder))
            assert load_tensors(Path("work", folder, "state.safetensors"))[1]["step"] == step // 4 * 4
        clip(config(name), inputs, files, Path("work", folder))
        assert all(sha256_of(files[role]) == sha256_of(whole[role]) for role in files), folder


def test_batches_are_epochs_with_captions_drawn_anew(inputs):
    settings = config().training.model_copy(update={"batch_size": 4, "steps": 40})
    images = TrainingImages(Manifest(inputs["ITPair"]), "ITPair", "captions")
    drawn = list(batches(images, settings, 0))
    for one, two in zip(drawn[::2], drawn[1::2], strict=True):
        assert {text.split()[1].lower() for text in one.texts + two.texts} == set(COLOURS)
    texts = [text for batch in drawn for text in batch.texts]
    assert 40 < sum(text.isupper() for text in texts) < 120  # of 160: either caption is as likely
    assert drawn[0].opened == {"captions": 4} and drawn[0].images.shape == (4, 3, 24, 24)
    again = list(batches(images, settings, 38))
    assert [batch.texts for batch in again] == [batch.texts for batch in drawn[38:]]
    assert torch.equal(again[0].images, drawn[38].images)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"training": None}, "weights is train, which needs a section training"),
        ({"model": VIT.model_copy(update={"image_size": 32})}, "crops of 24 px for images of 32 px"),
    ],
)
def test_settings_that_do_not_fit_are_refused(changes, message, inputs):
    with pytest.raises(LarvSegError, match=message):
        clip(config(**changes), inputs, outputs("out"), Path("work"))


def test_other_optimisers_and_wild_rates_are_refused(inputs):
    def changed(**changes):
        training = config().training
        return config(training=training.model_copy(update={"optimiser": training.optimiser.model_copy(update=changes)}))

    with pytest.raises(LarvSegError, match="CLIP is trained by adamw, not sgd"):
        clip(changed(name="sgd"), inputs, outputs("out"), Path("work"))
    with pytest.raises(LarvSegError, match=r"CLIP vit: at step \d+ loss = nan"):
        clip(changed(lr=1e30), inputs, outputs("out"), Path("work"))


def test_pairs_are_needed(inputs, tmp_path):
    with pytest.raises(LarvSegError, match="the manifest of LN, not of ITPair"):
        clip(config(), {"ITPair": pack(tmp_path / "LN.arrow", "LN")}, outputs("out"), Path("work"))
    with pytest.raises(LarvSegError, match="has no captions"):
        clip(config(), {"ITPair": pack(tmp_path / "silent.arrow", captions=False)}, outputs("out"), Path("work"))


# ---- OpenAI's archives


def publish(path: Path, name: str) -> dict[str, torch.Tensor]:
    """Write an archive like OpenAI's and return the state dict that it holds, in half precision where the archive is."""
    model = module.build_clip(BOTH[name], seed=9)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    tensors = dict(model.state_dict())
    sizes = {"input_resolution": BOTH[name].image_size, "context_length": 16, "vocab_size": 49408}
    ordered = {key: torch.tensor(value) for key, value in sizes.items()} | dict(sorted(tensors.items(), reverse=True))
    torch.jit.save(torch.jit.script(Published(ordered)), str(path))
    return {key: tensor.half().float() if tensor.is_floating_point() and tensor.ndim > 1 else tensor for key, tensor in tensors.items()}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("name", BOTH)
def test_an_archive_with_the_names_of_openai_loads(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    expected = publish(Path("weights.pt"), name)
    settings = config(name, training=None, model=BOTH[name].model_copy(update={"weights": "weights.pt"}))
    files = outputs("out")
    clip(settings, {"weights": Path("weights.pt")}, files, Path("work"))
    found, metadata = load_tensors(files["model"])
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[key], tensor) for key, tensor in expected.items())
    assert metadata["clip"]["weights"] == "weights.pt"
    assert json.loads(files["config"].read_text())["annotations"] == {}
    assert files["curves"].read_text() == "step,learning_rate,loss\n"
    assert "OpenAI's published weights `weights.pt`" in files["card"].read_text()
    other = settings.model_copy(
        update={"model": BOTH["vit" if name == "resnet" else "resnet"].model_copy(update={"weights": "weights.pt"})}
    )
    with pytest.raises(LarvSegError, match="weights.pt: .*was it made with another configuration"):
        clip(other, {"weights": Path("weights.pt")}, files, Path("work"))
