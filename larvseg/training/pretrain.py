"""The backbone that every run starts from: trained on the object images, or taken from published weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from larvseg.config import Augmentation, PretrainConfig
from larvseg.datasets.annotations import TrainingImages
from larvseg.datasets.manifest import Manifest
from larvseg.datasets.transforms import normalise, resize, resized_size, view
from larvseg.errors import LarvSegError
from larvseg.files import json_text, sha256_of, write_text
from larvseg.models.backbone import build_backbone
from larvseg.training.checkpoint import save_tensors
from larvseg.training.curves import Curves
from larvseg.training.fitting import load_published
from larvseg.training.loop import Training, fit
from larvseg.training.runtime import autocast, prepare
from larvseg.training.schedule import build_optimiser

HELD_OUT_EVERY = 10  # one image in ten measures the accuracy
DECODED_MB = 1024  # of images that stay decoded; the miniature's are less than 100 MB
SHUFFLE, AUGMENT = 0, 1  # independent random streams of one seed


def pretrain(config: PretrainConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write the starting weights of a backbone to `outputs["model"]` and, if asked for, their accuracy to `outputs["accuracy"]`.

    `config.backbone.weights` says where from: "pretrain" trains a classifier on `inputs["manifest"]` (single-label images);
    "timm:<tag>" takes the fetched file `inputs["weights"]`; anything else is the path of a file of your own (`load_published`).

    `work` holds the state from which the training can go on.

    Raises:
        LarvSegError: no such file, wrong tensors, a loss that is not finite, or another process trains in `work`.
    """
    device = prepare(config.runtime)
    seed = config.pretraining.seed if config.pretraining else 0
    torch.manual_seed(seed)  # of the classifier; the backbone takes its own
    backbone = build_backbone(config.backbone, seed).to(device)
    if config.backbone.weights == "pretrain":
        report = _classify(config, backbone, inputs["manifest"], device, work)
    else:
        load_published(backbone.vit, inputs.get("weights") or Path(config.backbone.weights))
        report = {"weights": config.backbone.weights}
    save_tensors(outputs["model"], backbone.state_dict(), report)
    if "accuracy" in outputs:
        write_text(outputs["accuracy"], json_text(report))


@dataclass(frozen=True)
class Views:
    """Augmented images of one step, and their classes."""

    dataset: str
    images: Tensor  # (B, 3, C, C), normalised
    labels: Tensor  # (B,)
    opened: Mapping[str, int] = field(default_factory=dict)  # all labels are read before the first step


def _classify(config: PretrainConfig, backbone: nn.Module, path: Path, device: torch.device, work: Path) -> dict[str, float | int]:
    """Train `backbone`, global mean pooling and a linear layer on the manifest at `path`; the accuracy on the images held out."""
    settings, manifest = config.pretraining, Manifest(path)
    if settings is None:
        raise LarvSegError(f"profile {config.profile}: backbone.weights is pretrain, which needs a section pretraining")
    classes = len(manifest.header["classes"])
    images = TrainingImages(manifest, manifest.header["dataset"], "image_labels", DECODED_MB)
    labels = torch.tensor([manifest.labels(row)[0] for row in range(len(manifest))])
    views_of = settings.augmentation
    held_out = range(0, len(images), HELD_OUT_EVERY)
    kept = np.delete(np.arange(len(images)), held_out)
    if not len(kept):
        raise LarvSegError(f"{manifest.path}: {len(images)} images are too few to train on")

    classifier = nn.Linear(backbone.dim, classes).to(device)
    network = nn.ModuleDict({"backbone": backbone, "classifier": classifier}).train()
    optimiser = build_optimiser(settings.optimiser, backbone.parameters(), classifier.parameters())

    def batches_from(start: int) -> Iterator[list[Views]]:
        for step in range(start, settings.steps):
            rng = np.random.default_rng([settings.seed, AUGMENT, step])
            batch = kept[_positions(len(kept), settings.batch_size, step, settings.seed)]
            # colours stay: a few epochs overfit nothing, and photometric distortion made the miniature's backbone learn half as fast
            views = np.stack([view(images.image(row), views_of, config.normalisation, rng) for row in batch])
            yield [Views(settings.dataset, torch.from_numpy(views), labels[batch])]

    def loss_of(batches: list[Views], step: int) -> tuple[Tensor, Mapping[str, Tensor]]:
        (views,) = batches
        with autocast(config.runtime):
            logits = classifier(backbone(views.images.to(device)).mean((2, 3)))
        return F.cross_entropy(logits.float(), views.labels.to(device)), {}

    origin = {"config": config.model_dump(mode="json"), "inputs": {"manifest": sha256_of(path)}}
    training = Training("pretraining", settings.optimiser, settings.steps, settings.seed, config.runtime, origin, work)
    fit(training, network, optimiser, batches_from, loss_of, Curves(means=("loss",), states=()))

    backbone.eval()
    correct = 0
    with torch.no_grad(), autocast(config.runtime):
        for row in held_out:
            features = backbone(torch.from_numpy(_whole(images.image(row), views_of, config.normalisation))[None].to(device))
            correct += int(classifier(features.mean((2, 3))).argmax() == labels[row])
    return {"accuracy": correct / len(held_out), "held_out": len(held_out), "classes": classes, "steps": settings.steps}


def _positions(images: int, size: int, step: int, seed: int) -> list[int]:
    """Positions of the images of `step`: epochs over all of them, each in its own order."""
    epochs_and_places = [divmod(place, images) for place in range(step * size, (step + 1) * size)]
    orders = {epoch: np.random.default_rng([seed, SHUFFLE, epoch]).permutation(images) for epoch, _ in epochs_and_places}
    return [int(orders[epoch][place]) for epoch, place in epochs_and_places]


def _whole(image: np.ndarray, augmentation: Augmentation, normalisation: str) -> np.ndarray:
    """(H, W, 3) uint8 → (3, h, w): all of the image, at the size it has in training when the random scale is 1."""
    size = resized_size(image.shape[1], image.shape[0], augmentation.short_side, augmentation.long_side)
    return normalise(resize(image, size), normalisation)
