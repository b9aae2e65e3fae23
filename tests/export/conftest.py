"""Untrained runs in the folders where the DAG puts trained ones: a transformer shown windows, and a neck on a frozen network."""

from pathlib import Path

import numpy as np
import pytest

from larvseg.config import Attention, Augmentation, Backbone, Neck, Switches, TrainConfig, TrainingSet
from larvseg.evaluation.metrics import metrics_of
from larvseg.files import json_text
from larvseg.models.extractor import build_extractor
from larvseg.models.segmenter import build_segmenter
from larvseg.training.checkpoint import save_tensors
from tests.training.conftest import ADAMW, BACKBONE, pack

NAMES = ["wall", "<b>sofa</b>", "lamp | `shade`", "person [x](http://x.org)", "**bed**", "# road_side"]
SIDE = 64
VIT = BACKBONE.model_copy(update={"image_size": SIDE, "arguments": {**BACKBONE.arguments, "drop_path_rate": 0.0}})
FROZEN = {"weights": "published", "title": "a frozen network", "arguments": {}, "image_size": SIDE}
CONVOLUTIONS = VIT.model_copy(update={**FROZEN, "name": "mobilenetv3_small_050", "levels": (2, 3, 4), "patch_size": 32})
PATCHES = VIT.model_copy(update={**FROZEN, "name": "vit_tiny_patch16_224", "levels": (0, 1), "patch_size": 16})
TINY = {"img_size": SIDE, "embed_dim": 32, "depth": 2, "num_heads": 2}


def write_run(root: Path, backbone: Backbone, extractor=None) -> Path:
    """The folder of a run of the profile `tiny` in the project `root`: what the DAG leaves there, with weights by chance."""
    augmentation = Augmentation(short_side=SIDE, long_side=4 * SIDE, crop=SIDE)
    config = TrainConfig(
        run="larvseg",
        profile="tiny",
        method="larvseg",
        benchmark="WA150",
        training_sets=(
            TrainingSet(name="WA150", kind="multi_label", augmentation=augmentation, lambda_cls=0.1, lambda_aux=0.1, ranks=4),
            TrainingSet(name="C171", kind="pixel", augmentation=augmentation, ranks=4),
        ),
        backbone=backbone,
        attention=Attention(variant="cross_image", memory_size=3, top_k=2),
        switches=Switches(normalisation="half"),
        optimiser=ADAMW,
        steps=10,
    )
    vocabulary = {"names": NAMES, "index": {"WA150": list(range(len(NAMES)))}, "classes": {"WA150": NAMES}}
    folder = root / "results/tiny/runs/larvseg/seed0"
    folder.mkdir(parents=True)
    save_tensors(folder / "model.safetensors", build_segmenter(config, len(NAMES)).state_dict(), {})
    described = {"train": config.model_dump(mode="json"), "vocabulary": vocabulary, "annotations": {"C171": {"masks": 9}}}
    (folder / "config.json").write_text(json_text(described))
    if extractor is not None:
        save_tensors(root / "results/tiny/backbone/frozen.safetensors", extractor.state_dict(), {"weights": "published"})
    return folder


def neck(backbone: Backbone) -> tuple[Backbone, object]:
    """`backbone` with a neck that fits it, and the network itself."""
    extractor = build_extractor(backbone, seed=3)
    return backbone.model_copy(update={"neck": Neck(channels=extractor.channels, dim=16)}), extractor


def write_metrics(folder: Path, **other: object) -> dict:
    """The numbers of an evaluation of the run in `folder`, where the DAG puts them."""
    matrix = np.random.default_rng(0).integers(0, 50, (len(NAMES), len(NAMES)))
    novel = {"S": (1, 2), "P": (2,), "by_name": (1,)}
    found = {"run": "larvseg", "seed": 0, "profile": "tiny", "benchmark": "WA150", "images": 3, **metrics_of(matrix, NAMES, novel), **other}
    path = folder.parents[2] / "evaluations/larvseg/seed0/metrics.json"
    path.parent.mkdir(parents=True)
    path.write_text(json_text(found))
    return found


@pytest.fixture
def windows(tmp_path) -> Path:
    """A run of a vision transformer that is shown windows."""
    return write_run(tmp_path / "project", VIT)


@pytest.fixture
def whole(tmp_path) -> Path:
    """A run of a neck on a convolutional network, shown whole pictures."""
    return write_run(tmp_path / "project", *neck(CONVOLUTIONS))


@pytest.fixture
def fixed(tmp_path) -> Path:
    """A run of a neck on a vision transformer of timm, whose position embedding is of one size."""
    return write_run(tmp_path / "project", *neck(PATCHES.model_copy(update={"arguments": TINY})))


@pytest.fixture
def validated(tmp_path, windows) -> Path:
    """The run of `windows` in a project that has the manifest and the archive of its benchmark."""
    manifest = pack(tmp_path, "WA150", validation=12, images=15)
    place = windows.parents[4] / "data/tiny/manifests/WA150.arrow"
    place.parent.mkdir(parents=True)
    manifest.rename(place)
    (tmp_path / "WA150.zip").rename(windows.parents[4] / "WA150.zip")
    return windows


def left_in(folder: Path) -> list[str]:
    """Everything in `folder`, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


def picture(height: int, width: int) -> np.ndarray:
    """A picture of coloured squares."""
    squares = np.random.default_rng(height).integers(0, 256, (-(-height // 16), -(-width // 16), 3), np.uint8)
    return squares.repeat(16, 0).repeat(16, 1)[:height, :width]
