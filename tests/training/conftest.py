"""Three data sets of a few generated images, and a network that trains on them in seconds."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from larvseg.config import ANNOTATIONS, Attention, Augmentation, Backbone, Optimiser, Runtime, Switches, TrainConfig, TrainingSet
from larvseg.datasets.manifest import write_manifest
from larvseg.files import sha256_of
from larvseg.models.backbone import build_backbone
from larvseg.sources.archives import members
from larvseg.training.checkpoint import save_tensors
from tests.data import novel

AUGMENTATION = Augmentation(short_side=16, long_side=64, crop=16)
BACKBONE = Backbone(
    title="ViT 2×32",
    name="vit_tiny_patch16_224",
    arguments={"patch_size": 8, "embed_dim": 32, "depth": 2, "num_heads": 2, "drop_path_rate": 0.1},
    weights="pretrain",
    image_size=16,
    patch_size=8,
)
ADAMW = Optimiser(name="adamw", lr=0.001, min_lr=0.00001, warmup_steps=2)
# wall-brick and wall-wood meet in "wall", which A150 has, too
CLASSES = {
    "C171": (["wall-brick", "wall-wood", "person"], ["wall", "wall", "person"]),
    "WA150": (["wall", "person", "sofa", "lamp"],) * 2,
    "I124": (["sofa", "lamp"],) * 2,
}
KINDS = {"C171": "pixel", "WA150": "multi_label", "I124": "single_label"}
RAW_IDS = [5, 6, 7]  # of C171


def png(values: np.ndarray) -> bytes:
    data = io.BytesIO()
    Image.fromarray(values.astype(np.uint8)).save(data, "PNG")
    return data.getvalue()


def pack(folder: Path, dataset: str, images: int = 12, validation: int = 0) -> Path:
    """Images of two halves, each of the colour of its class, and the manifest that describes them; the last `validation` are for that."""
    names, keys = CLASSES[dataset]
    rng = np.random.default_rng([*dataset.encode()])
    archive = folder / f"{dataset}.zip"
    single = KINDS[dataset] == "single_label"
    halves = [[i % 2] * 2 if single else sorted(rng.choice(len(names), 2, replace=False).tolist()) for i in range(images)]
    with zipfile.ZipFile(archive, "w") as file:
        for number, classes in enumerate(halves):
            ids = np.repeat(np.array(classes), 10)[None].repeat(20, 0)
            colours = np.array([[200, 40, 40], [40, 200, 40], [40, 40, 200], [200, 200, 40]])[ids] + rng.integers(-30, 30, (20, 20, 3))
            file.writestr(f"{number}.png", png(colours))
            file.writestr(f"{number}_mask.png", png(np.array(RAW_IDS)[np.minimum(ids, 2)]))
    found = {member.name: {"archive": archive.name, "member": member.name, **member._asdict()} for member in members(archive)}
    for location in found.values():
        location.pop("name")
    rows = [
        {
            "name": str(number),
            "split": "training" if number < images - validation else "validation",
            "width": 20,
            "height": 20,
            "image": found[f"{number}.png"],
            "mask": found[f"{number}_mask.png"] if dataset == "C171" else None,
            "labels": sorted(set(classes)),
            "pixels": None,
            "synset": None,
        }
        for number, classes in enumerate(halves)
    ]
    header = {
        "dataset": dataset,
        "kind": KINDS[dataset],
        "shown": ANNOTATIONS[KINDS[dataset]],
        "novel": novel(names) if dataset != "C171" else None,
        "benchmark": {"WA150": "A150", "I124": "A150"}.get(dataset),
        "classes": names,
        "keys": {"S": keys, "P": keys},
        "encoding": "coco-stuff" if dataset == "C171" else None,
        "raw_ids": RAW_IDS if dataset == "C171" else [],
        "archives": {archive.name: sha256_of(archive)},
        "archive_sizes": {archive.name: archive.stat().st_size},
        "absent": [],
    }
    write_manifest(folder / f"{dataset}.arrow", rows, header)
    return folder / f"{dataset}.arrow"


@pytest.fixture
def inputs(tmp_path, monkeypatch) -> dict[str, Path]:
    """Manifests of C171, WA150 and I124, and an untrained backbone; the test runs beside them."""
    monkeypatch.chdir(tmp_path)
    paths = {dataset: pack(Path("."), dataset) for dataset in CLASSES}
    save_tensors(Path("backbone.safetensors"), build_backbone(BACKBONE, seed=5).state_dict(), {})
    return {"backbone": Path("backbone.safetensors"), **paths}


@pytest.fixture
def config() -> TrainConfig:
    """LarvSeg on all three data sets: ten steps, a state every four."""
    return TrainConfig(
        run="tiny",
        profile="smoke",
        method="larvseg",
        benchmark="A150",
        training_sets=(
            TrainingSet(name="WA150", kind="multi_label", augmentation=AUGMENTATION, lambda_cls=0.1, lambda_aux=0.1, ranks=3),
            TrainingSet(name="C171", kind="pixel", augmentation=AUGMENTATION, ranks=3),
            TrainingSet(name="I124", kind="single_label", augmentation=AUGMENTATION, lambda_cls=0.1, lambda_aux=0.1, ranks=2),
        ),
        backbone=BACKBONE,
        attention=Attention(variant="cross_image", memory_size=3, top_k=2),
        switches=Switches(),
        optimiser=ADAMW,
        steps=10,
        runtime=Runtime(checkpoint_every=4),
    )


@pytest.fixture
def outputs():
    """outputs("folder"): where a run writes."""
    files = {"model": "model.safetensors", "config": "config.json", "curves": "curves.csv", "card": "card.md"}
    return lambda folder: {role: Path(folder, name) for role, name in files.items()}
