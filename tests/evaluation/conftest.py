"""A benchmark of a few drawn scenes, and untrained models of its classes."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from larvseg.config import Attention, Augmentation, Backbone, Evaluation, Optimiser, Switches, TrainConfig, TrainingSet
from larvseg.datasets.manifest import write_manifest
from larvseg.files import json_text, sha256_of
from larvseg.miniature.classes import raw_ids
from larvseg.miniature.world import scene
from larvseg.models.segmenter import build_segmenter
from larvseg.sources.archives import members
from larvseg.training.checkpoint import save_tensors
from tests.data import load_vocabulary, novel

IMAGES = 24
EVALUATION = Evaluation(short_side=64, long_side=256, window=64, stride=64, batch_size=4)
BACKBONE = Backbone(
    title="ViT 2×32",
    name="vit_tiny_patch16_224",
    arguments={"patch_size": 8, "embed_dim": 32, "depth": 2, "num_heads": 2},
    weights="pretrain",
    image_size=64,
    patch_size=8,
)


def png(values: np.ndarray) -> bytes:
    data = io.BytesIO()
    Image.fromarray(values).save(data, "PNG")
    return data.getvalue()


def pack(folder: Path) -> Path:
    """The manifest of A150 as the miniature draws it: validation images alone."""
    vocabulary = load_vocabulary("A150", drawn=True)
    position = {raw: i for i, raw in enumerate(vocabulary.raw_ids)}
    table = np.array([raw or 0 for raw in raw_ids("A150")], np.uint8)
    rows, archive = [], folder / "A150.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for number in range(IMAGES):
            drawn = scene(0, "ade", "validation", number)
            mask = table[drawn.labels]
            file.writestr(f"{number}.png", png(np.asarray(drawn.image)))
            file.writestr(f"{number}_mask.png", png(mask))
            raws, counts = np.unique(mask[mask > 0], return_counts=True)
            labels = {position[raw]: int(count) for raw, count in zip(raws.tolist(), counts, strict=True)}
            about = {"name": f"val_{number}", "split": "validation", "width": mask.shape[1], "height": mask.shape[0], "synset": None}
            rows.append(about | {"labels": sorted(labels), "pixels": [labels[i] for i in sorted(labels)]})
    found = {member.name: {"archive": archive.as_posix(), **member._asdict()} for member in members(archive)}
    for name, location in found.items():
        location["member"] = location.pop("name", name)
    for number, row in enumerate(rows):
        row |= {"image": found[f"{number}.png"], "mask": found[f"{number}_mask.png"], "captions": None}
    header = {
        "dataset": "A150",
        "kind": "pixel",
        "classes": list(vocabulary.names),
        "keys": {rule: list(vocabulary.keys[rule]) for rule in "SP"},
        "novel": novel(vocabulary.names),
        "shown": "masks",
        "encoding": "ade-challenge",
        "raw_ids": list(vocabulary.raw_ids),
        "archives": {archive.as_posix(): sha256_of(archive)},
        "archive_sizes": {archive.as_posix(): archive.stat().st_size},
        "absent": [],
        "rejected": 0,
    }
    write_manifest(folder / "A150.arrow", rows, header)
    return folder / "A150.arrow"


@pytest.fixture(scope="session")
def benchmark(tmp_path_factory) -> Path:
    """The manifest of a small A150."""
    return pack(tmp_path_factory.mktemp("benchmark"))


@pytest.fixture(scope="session")
def run(tmp_path_factory, benchmark) -> dict[str, Path]:
    """An untrained segmenter of A150's classes: `model`, `config`, and the backbone that it was built from."""
    folder = tmp_path_factory.mktemp("run")
    names = load_vocabulary("A150", drawn=True).names
    augmentation = Augmentation(short_side=64, long_side=256, crop=64)
    config = TrainConfig(
        run="supervised-a150",
        profile="smoke",
        method="supervised",
        benchmark="A150",
        training_sets=(TrainingSet(name="A150", kind="pixel", augmentation=augmentation, ranks=8),),
        backbone=BACKBONE,
        attention=Attention(memory_size=20, top_k=20),
        switches=Switches(),
        optimiser=Optimiser(name="adamw", lr=0.001, min_lr=0.0),
        steps=1,
    )
    model = build_segmenter(config, len(names))
    torch.nn.init.normal_(model.classifier.table)
    save_tensors(folder / "model.safetensors", model.state_dict(), {})
    save_tensors(folder / "backbone.safetensors", model.backbone.state_dict(), {})
    vocabulary = {"names": list(names), "index": {"A150": list(range(len(names)))}, "classes": {"A150": list(names)}}
    described = {"train": config.model_dump(mode="json"), "vocabulary": vocabulary, "annotations": {}}
    (folder / "config.json").write_text(json_text(described))
    return {"model": folder / "model.safetensors", "config": folder / "config.json", "backbone": folder / "backbone.safetensors"}
