"""Networks that train in a second, a tiny CLIP model, and data sets of a few generated images."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from larvseg.clip.model import Clip, build_clip, save_clip
from larvseg.config.clip import ClipModel
from larvseg.config.masks import Classification, Ensemble, Grounding, MaskHead, ProposeConfig
from larvseg.config.training import Runtime, TrainingSet
from larvseg.datasets.manifest import write_manifest
from larvseg.files import sha256_of
from larvseg.miniature.wordnet import pack_wordnet
from larvseg.models.backbone import build_backbone
from larvseg.sources.archives import members
from larvseg.training.checkpoint import save_tensors
from larvseg.vocabulary.synsets import Synset
from tests.training.conftest import ADAMW, AUGMENTATION, BACKBONE, CLASSES, pack, png

HEAD = MaskHead(queries=5, width=16, layers=2, heads=2, feedforward=32, memory_stride=8)
CLIP = ClipModel(
    title="tiny CLIP",
    architecture={
        "embed_dim": 12,
        "vision_cfg": {"layers": 1, "width": 16, "head_width": 8, "patch_size": 8},
        "text_cfg": {"context_length": 24, "vocab_size": 49408, "width": 8, "heads": 2, "layers": 1},
    },
    weights="train",
    image_size=16,
)
ENSEMBLE = Ensemble(threshold=0.5, clip_weight=0.5)
NOUNS = ("cat", "car", "can", "dining table", "dog", "image", "lamp", "man", "sofa", "table", "top")
CAPTIONS = ("In this image there is a dog and a car.", "A cat, a lamp and a sofa.", "We can see it is so.")


def clip_model(dtype: torch.dtype = torch.float32) -> Clip:
    return Clip(CLIP, build_clip(CLIP, seed=3).to(dtype))


def proposing(method: str) -> ProposeConfig:
    sets = [TrainingSet(name="C171", kind="pixel", augmentation=AUGMENTATION, ranks=1)]
    if method == "openseg":
        sets.append(TrainingSet(name="LN", kind="caption", augmentation=AUGMENTATION, ranks=1))
    return ProposeConfig(
        run=method,
        profile="smoke",
        method=method,
        training_sets=tuple(sets),
        backbone=BACKBONE,
        head=HEAD,
        classification=Classification(hidden=16, ensemble={"A150": ENSEMBLE}) if method == "zsbaseline" else None,
        grounding=Grounding(clip="tiny", prompts="name", hidden=16) if method == "openseg" else None,
        optimiser=ADAMW,
        clip_norm=1.0,
        steps=6,
        ranks=len(sets),
        images_per_rank=3,
        runtime=Runtime(checkpoint_every=2),
    )


@pytest.fixture(params=["zsbaseline", "openseg"])
def config(request) -> ProposeConfig:
    """Six steps of either method, a state every two."""
    return proposing(request.param)


def pack_captions(folder: Path, images: int = 7) -> Path:
    """The manifest of images with captions, the third of which has no noun."""
    rng = np.random.default_rng(4)
    archive = folder / "LN.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for number in range(images):
            file.writestr(f"{number}.png", png(rng.integers(0, 256, (20, 24, 3))))
    found = {member.name: {"archive": archive.name, "member": member.name, **member._asdict()} for member in members(archive)}
    for location in found.values():
        location.pop("name")
    rows = [
        {
            "name": str(number),
            "split": "training",
            "width": 24,
            "height": 20,
            "image": found[f"{number}.png"],
            "mask": None,
            "labels": [],
            "pixels": None,
            "synset": None,
            "captions": [CAPTIONS[number % 3]],
        }
        for number in range(images)
    ]
    header = {
        "dataset": "LN",
        "kind": "caption",
        "classes": [],
        "keys": {"S": [], "P": []},
        "encoding": None,
        "raw_ids": [],
        "archives": {archive.name: sha256_of(archive)},
        "archive_sizes": {archive.name: archive.stat().st_size},
        "absent": [],
    }
    write_manifest(folder / "LN.arrow", rows, header)
    return folder / "LN.arrow"


@pytest.fixture(scope="session")
def wordnet_zip(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("wordnet") / "wordnet.zip"
    pack_wordnet(path, {f"n{4000 + 100 * number:08}": Synset((word,), "a thing") for number, word in enumerate(NOUNS)})
    return path


@pytest.fixture
def inputs(config, tmp_path, monkeypatch, wordnet_zip) -> dict[str, Path]:
    """What the stage reads; the test runs beside it."""
    monkeypatch.chdir(tmp_path)
    save_tensors(Path("backbone.safetensors"), build_backbone(BACKBONE, seed=5).state_dict(), {})
    common = {"backbone": Path("backbone.safetensors"), "C171": pack(Path("."), "C171")}
    if config.method == "zsbaseline":
        names = CLASSES["C171"][0]
        about = {"clip": "tiny", "prompts": "name", "dataset": "C171", "classes": names}
        save_tensors(Path("text.safetensors"), {"text": F.normalize(torch.randn(len(names), 12), dim=1)}, about)
        return common | {"text": Path("text.safetensors")}
    save_clip(Path("clip.safetensors"), CLIP, clip_model().model)
    return common | {"LN": pack_captions(Path(".")), "clip": Path("clip.safetensors"), "wordnet": wordnet_zip}


@pytest.fixture
def outputs():
    """outputs("folder"): where a run writes."""
    files = {"model": "model.safetensors", "config": "config.json", "curves": "curves.csv", "card": "card.md"}
    return lambda folder: {role: Path(folder, name) for role, name in files.items()}
