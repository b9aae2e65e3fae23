"""A trained run in small: untrained, of any classes, ready to be loaded from its folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from larvseg.config import Attention, Augmentation, Backbone, Neck, Optimiser, Switches, TrainConfig, TrainingSet
from larvseg.files import json_text
from larvseg.models.extractor import build_extractor
from larvseg.models.segmenter import build_segmenter
from larvseg.training.checkpoint import save_tensors

TRANSFORMER = Backbone(
    title="ViT 1×16",
    name="vit_tiny_patch16_224",
    arguments={"patch_size": 8, "embed_dim": 16, "depth": 1, "num_heads": 2},
    weights="pretrain",
    image_size=32,
    patch_size=8,
)
NECK = Backbone(
    title="MobileNetV3, frozen",
    name="mobilenetv3_small_050",
    levels=(1, 2),
    weights="package:none",
    image_size=64,
    patch_size=8,
    neck=Neck(channels=24, dim=16),
)


def small_run(
    folder: Path, names: Sequence[str] = ("wall", "sofa", "lamp"), backbone: Backbone = TRANSFORMER, size: str = "original"
) -> Path:
    """Write the run to `folder`; a neck with its frozen network beside it."""
    augmentation = Augmentation(short_side=32, long_side=128, crop=32)
    config = TrainConfig(
        run="small",
        profile="tests",
        method="supervised",
        benchmark="Own",
        training_sets=(TrainingSet(name="Own", kind="pixel", augmentation=augmentation, ranks=8),),
        backbone=backbone,
        attention=Attention(memory_size=2, top_k=2),
        switches=Switches(evaluation_size=size),
        optimiser=Optimiser(name="adamw", lr=0.001, min_lr=0.0),
        steps=1,
    )
    torch.manual_seed(0)
    model = build_segmenter(config, len(names))
    torch.nn.init.normal_(model.classifier.table)
    folder.mkdir(parents=True, exist_ok=True)
    save_tensors(folder / "model.safetensors", model.state_dict(), {})
    if backbone.neck:
        save_tensors(folder / "frozen.safetensors", build_extractor(backbone).state_dict(), {})
    vocabulary = {"names": list(names), "index": {"Own": list(range(len(names)))}, "classes": {"Own": list(names)}}
    (folder / "config.json").write_text(json_text({"train": config.model_dump(mode="json"), "vocabulary": vocabulary, "annotations": {}}))
    return folder
