"""LSeg: trained against fixed embeddings of the class names, which those of another vocabulary replace."""

import json
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

import larvseg
from larvseg.config import Attention, EvaluateConfig, Evaluation, Runtime, Switches, TrainConfig, TrainingSet
from larvseg.errors import LarvSegError
from larvseg.files import sha256_of
from larvseg.methods.lseg.predict import predictor
from larvseg.models.backbone import build_backbone
from larvseg.training.checkpoint import load_tensors, save_tensors
from larvseg.training.segmenters import load_segmenter
from larvseg.training.train import train
from tests.training.conftest import ADAMW, AUGMENTATION, BACKBONE, CLASSES, pack

C171 = CLASSES["C171"][0]  # wall-brick and wall-wood are one name in the union, and two here
A150 = ["wall", "person", "sofa", "lamp", "sea"]
WIDTH = 20
EVALUATE = EvaluateConfig(
    run="lseg",
    method="lseg",
    profile="smoke",
    seed=0,
    benchmark="A150",
    evaluation=Evaluation(short_side=16, long_side=64, window=16, stride=16),
)


def text(path: str, classes: list[str], width: int = WIDTH) -> torch.Tensor:
    """A table at `path` whose rows depend on the names."""
    rows = [torch.randn(width, generator=torch.Generator().manual_seed(sum(name.encode()))) for name in classes]
    table = F.normalize(torch.stack(rows), dim=1)
    save_tensors(Path(path), {"text": table}, {"clip": "tiny", "prompts": "vild14", "dataset": path, "classes": classes})
    return table


@pytest.fixture
def config() -> TrainConfig:
    return TrainConfig(
        run="lseg",
        profile="smoke",
        method="lseg",
        table="text",
        benchmark="A150",
        training_sets=(TrainingSet(name="C171", kind="pixel", augmentation=AUGMENTATION, ranks=8),),
        backbone=BACKBONE,
        attention=Attention(memory_size=20, top_k=20),
        switches=Switches(),
        optimiser=ADAMW,
        steps=6,
        runtime=Runtime(checkpoint_every=4),
    )


@pytest.fixture
def inputs(tmp_path, monkeypatch) -> dict[str, Path]:
    monkeypatch.chdir(tmp_path)
    save_tensors(Path("backbone"), build_backbone(BACKBONE, seed=5).state_dict(), {})
    text("C171", C171)
    return {"backbone": Path("backbone"), "C171": pack(Path("."), "C171"), "text": Path("C171")}


@pytest.fixture
def outputs() -> dict[str, Path]:
    return {
        role: Path("out", name)
        for role, name in (("model", "model.safetensors"), ("config", "config.json"), ("curves", "c"), ("card", "d"))
    }


@pytest.fixture
def trained(config, inputs, outputs) -> dict[str, Path]:
    """What the predictor takes, with a table of A150."""
    train(config, inputs, outputs, Path("work"))
    text("A150", A150)
    return {"model": outputs["model"], "config": outputs["config"], "text": Path("A150")}


def test_the_embeddings_stay_and_all_else_learns(trained, outputs):
    tensors, _ = load_tensors(trained["model"])
    assert torch.equal(tensors["classifier.table"], load_tensors(Path("C171"))[0]["text"])
    assert tensors["classifier.project_classes"].shape == (WIDTH, 32)
    started = load_tensors(Path("backbone"))[0]
    assert not torch.equal(tensors["backbone.vit.blocks.0.mlp.fc1.weight"], started["vit.blocks.0.mlp.fc1.weight"])
    described = json.loads(trained["config"].read_text())
    assert described["vocabulary"]["names"] == C171  # own names, not those of the union
    assert described["annotations"] == {"C171": {"masks": 96}}
    assert "those of their names by the text tower of a CLIP model" in outputs["card"].read_text()


def test_the_loss_falls(config, inputs, outputs):
    train(config.model_copy(update={"steps": 60}), inputs, outputs, Path("work"))
    losses = [float(line.split(",")[2]) for line in outputs["curves"].read_text().splitlines()[1:]]
    assert losses[-1] < 0.75 * losses[0]


def test_another_table_gives_another_run(config, inputs, outputs, trained):
    first = sha256_of(outputs["model"])
    save_tensors(Path("C171"), {"text": F.normalize(torch.randn(3, WIDTH), dim=1)}, {"classes": C171, "dataset": "C171"})
    train(config, inputs, outputs, Path("work"))  # the state in work is of the other table
    assert sha256_of(outputs["model"]) != first


def test_the_tables_of_other_classes_are_refused(config, inputs, outputs):
    text("C171", C171[::-1])
    with pytest.raises(LarvSegError, match="C171: the text table of C171 has other classes"):
        train(config, inputs, outputs, Path("work"))


def test_a_swapped_table_is_scored_as_its_formula_says(trained, double):
    """z = LN(cos(x W_p, t W_c)) γ + β over the classes of the new table."""
    made = predictor(EVALUATE, trained, "cpu")
    model, images = made.logits.double(), torch.randn(2, 3, 16, 16)
    assert made.names == tuple(A150) and made.normalisation == "imagenet"
    head, table = model.segmenter.classifier, load_tensors(Path("A150"))[0]["text"].double()
    pixels = F.normalize(model.segmenter.backbone(images).flatten(2).transpose(1, 2) @ head.project_pixels, dim=2)
    cosines = pixels @ F.normalize(table @ head.project_classes, dim=1).T
    centred = cosines - cosines.mean(2, keepdim=True)
    expected = centred / (centred.square().mean(2, keepdim=True) + 1e-5).sqrt() * head.scale + head.shift
    torch.testing.assert_close(model(images).flatten(2).transpose(1, 2), expected)


def test_permuted_names_permute_the_logits(trained):
    images = torch.randn(1, 3, 16, 16)
    logits = predictor(EVALUATE, trained, "cpu").logits(images)
    order = [3, 0, 4, 2, 1]
    text("A150", [A150[i] for i in order])
    torch.testing.assert_close(predictor(EVALUATE, trained, "cpu").logits(images), logits[:, order])


def test_its_own_classes_swapped_in_change_nothing(trained):
    images = torch.randn(1, 3, 16, 16)
    own, _ = load_segmenter(trained["model"], trained["config"], "C171")
    made = predictor(EVALUATE, {**trained, "text": Path("C171")}, "cpu")
    assert made.names == own.names == tuple(C171)
    assert torch.equal(made.logits(images), own(images))


def test_the_run_segments_by_itself_its_own_classes(trained):
    run = larvseg.load(Path("out"), dataset="C171")
    assert run.names == tuple(C171)
    labels = run.segment(torch.randint(0, 255, (20, 30, 3), dtype=torch.uint8).numpy()).labels
    assert labels.shape == (20, 30) and labels.max() < 3


def test_what_does_not_belong_together_is_refused(config, inputs, outputs, trained):
    text("wide", A150, WIDTH + 1)
    with pytest.raises(LarvSegError, match="wide: embeddings of 21 numbers, the run was trained on 20"):
        predictor(EVALUATE, {**trained, "text": Path("wide")}, "cpu")
    supervised = config.model_copy(update={"method": "supervised", "table": "learned"})
    train(supervised, {role: path for role, path in inputs.items() if role != "text"}, outputs, Path("work"))
    with pytest.raises(LarvSegError, match="a run of the method supervised; LSeg needs one"):
        predictor(EVALUATE, trained, "cpu")
