"""The backbone that every run starts from: trained on the object pictures, or taken from published weights."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from larvseg.config import Augmentation, PretrainConfig
from larvseg.datasets.manifest import Manifest
from larvseg.datasets.transforms import normalise, resize, resized_size, view
from larvseg.errors import LarvSegError
from larvseg.files import json_text, write_text
from larvseg.models.backbone import build_backbone
from larvseg.training.backbone_weights import load_backbone
from larvseg.training.checkpoint import save_tensors
from larvseg.training.runtime import Progress, autocast, prepare, seed_step
from larvseg.training.schedule import build_optimiser, learning_rate, set_learning_rate

HELD_OUT_EVERY = 10  # one picture in ten measures the accuracy
SHUFFLE, AUGMENT = 0, 1  # independent random streams of one seed


def pretrain(config: PretrainConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write the starting weights of a backbone to `outputs["model"]` and, if asked for, their accuracy to `outputs["accuracy"]`.

    `config.backbone.weights` says where from: "pretrain" trains a classifier on `inputs["manifest"]` (single-label pictures);
    "timm:<tag>" takes the fetched file `inputs["weights"]`; anything else is the path of a safetensors file of your own.

    Raises:
        LarvSegError: no such file, wrong tensors, or a loss that is not finite.
    """
    device = prepare(config.runtime)
    seed = config.pretraining.seed if config.pretraining else 0
    torch.manual_seed(seed)  # of the classifier; the backbone takes its own
    backbone = build_backbone(config.backbone, seed).to(device)
    if config.backbone.weights == "pretrain":
        report = _classify(config, backbone, Manifest(inputs["manifest"]), device)
    else:
        load_backbone(backbone, inputs.get("weights") or Path(config.backbone.weights))
        report = {"weights": config.backbone.weights}
    save_tensors(outputs["model"], backbone.state_dict(), report)
    if "accuracy" in outputs:
        write_text(outputs["accuracy"], json_text(report))


def _classify(config: PretrainConfig, backbone: nn.Module, manifest: Manifest, device: torch.device) -> dict[str, float | int]:
    """Train `backbone`, global mean pooling and a linear layer on `manifest`; the accuracy on the pictures held out."""
    settings, classes = config.pretraining, len(manifest.header["classes"])
    if settings is None:
        raise LarvSegError(f"profile {config.profile}: backbone.weights is pretrain, which needs a section pretraining")
    pictures = [manifest.image(row) for row in range(len(manifest))]  # in memory: the miniature's are less than 100 MB
    labels = torch.tensor([manifest.labels(row)[0] for row in range(len(manifest))])
    views_of = settings.augmentation
    held_out = range(0, len(pictures), HELD_OUT_EVERY)
    kept = np.delete(np.arange(len(pictures)), held_out)
    if not len(kept):
        raise LarvSegError(f"{manifest.path}: {len(pictures)} pictures are too few to train on")

    classifier = nn.Linear(backbone.dim, classes).to(device)
    optimiser = build_optimiser(settings.optimiser, backbone.parameters(), classifier.parameters())
    backbone.train()
    steps = Progress(range(settings.steps), "pretraining", 0, settings.steps)
    for step in steps:
        seed_step(settings.seed, step)
        set_learning_rate(optimiser, learning_rate(settings.optimiser, step, settings.steps))
        rng = np.random.default_rng([settings.seed, AUGMENT, step])
        batch = kept[_positions(len(kept), settings.batch_size, step, settings.seed)]
        # colours stay: a few epochs overfit nothing, and photometric distortion made the miniature's backbone learn half as fast
        views = np.stack([view(pictures[row], views_of, config.normalisation, rng) for row in batch])
        with autocast(config.runtime):
            logits = classifier(backbone(torch.from_numpy(views).to(device)).mean((2, 3)))
        loss = F.cross_entropy(logits.float(), labels[batch].to(device))
        if not math.isfinite(loss.item()):
            raise LarvSegError(f"pretraining: the loss is {loss.item()} at step {step + 1} (before: {steps.loss:.4g}); try a lower rate")
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        steps.loss = loss.item()

    backbone.eval()
    correct = 0
    with torch.no_grad(), autocast(config.runtime):
        for row in held_out:
            features = backbone(torch.from_numpy(_whole(pictures[row], views_of, config.normalisation))[None].to(device))
            correct += int(classifier(features.mean((2, 3))).argmax() == labels[row])
    return {"accuracy": correct / len(held_out), "held_out": len(held_out), "classes": classes, "steps": settings.steps}


def _positions(pictures: int, size: int, step: int, seed: int) -> list[int]:
    """Positions of the pictures of `step`: epochs over all of them, each in its own order."""
    epochs_and_places = [divmod(place, pictures) for place in range(step * size, (step + 1) * size)]
    orders = {epoch: np.random.default_rng([seed, SHUFFLE, epoch]).permutation(pictures) for epoch, _ in epochs_and_places}
    return [int(orders[epoch][place]) for epoch, place in epochs_and_places]


def _whole(picture: np.ndarray, augmentation: Augmentation, normalisation: str) -> np.ndarray:
    """(H, W, 3) uint8 → (3, h, w): all of the picture, at the size it has in training when the random scale is 1."""
    size = resized_size(picture.shape[1], picture.shape[0], augmentation.short_side, augmentation.long_side)
    return normalise(resize(picture, size), normalisation)
