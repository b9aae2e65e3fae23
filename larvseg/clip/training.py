"""The `clip` stage: a CLIP model trained on ITPair, or OpenAI's weights in open_clip's architecture."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import open_clip
import torch
from torch import Tensor, nn

from larvseg.clip.card import card_text
from larvseg.clip.model import build_clip, save_clip
from larvseg.clip.torchscript import read_torchscript
from larvseg.config import Optimiser
from larvseg.config.clip import ClipConfig, ClipTraining
from larvseg.datasets import sampler
from larvseg.datasets.annotations import Ledger, TrainingImages
from larvseg.datasets.manifest import Manifest
from larvseg.datasets.transforms import view
from larvseg.errors import LarvSegError
from larvseg.files import json_text, sha256_of, write_text
from larvseg.training.checkpoint import fill
from larvseg.training.curves import Curves
from larvseg.training.loop import Training, fit
from larvseg.training.runtime import autocast, prepare

LARGEST_SCALE = 100.0  # of the cosines, as in the paper
_SIZES = ("input_resolution", "context_length", "vocab_size")  # OpenAI's archives hold these beside the weights


def clip(config: ClipConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write the CLIP model of `config` to `outputs`: `model`, `config`, `curves` and `card`.

    weights "train": trained on the manifest of config.dataset; `work` holds the state from which the training can go on. Otherwise
    `inputs["weights"]` is a TorchScript archive of OpenAI's: its tensors are read, none of its code runs, and `curves` has no lines.

    Raises:
        LarvSegError: an input does not fit, the loss is not finite, or another process trains in `work`.
    """
    device = prepare(config.runtime)
    seed = config.training.seed if config.training else 0
    model = build_clip(config.model, seed)
    curves = Curves(means=("loss",), states=())
    if config.model.weights == "train":
        opened = _train(config, model.to(device), inputs[config.dataset], work, curves).counts
    else:
        opened = {}
        fill(model, openai_tensors(inputs["weights"]), inputs["weights"])
    save_clip(outputs["model"], config.model, model)
    write_text(outputs["config"], json_text({"clip": config.model_dump(mode="json"), "annotations": opened}))
    write_text(outputs["curves"], curves.text)
    write_text(outputs["card"], card_text(config, sum(parameter.numel() for parameter in model.parameters()), opened))


def openai_tensors(path: Path) -> dict[str, Tensor]:
    """The state dict of OpenAI's archive at `path` for open_clip's CLIP, in single precision; errors as in read_torchscript."""
    tensors = {name: tensor for name, tensor in read_torchscript(path).items() if name not in _SIZES}
    return {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}


def _train(config: ClipConfig, model: open_clip.CLIP, manifest: Path, work: Path, curves: Curves) -> Ledger:
    """Train `model` in place: the symmetric cross entropy of which text belongs to which image of the batch."""
    settings, device = config.training, model.logit_scale.device
    if settings is None:
        raise LarvSegError(f"CLIP model {config.name}: weights is train, which needs a section training")
    if settings.augmentation.crop != config.model.image_size:
        raise LarvSegError(f"CLIP model {config.name}: crops of {settings.augmentation.crop} px for images of {config.model.image_size} px")
    captioned = TrainingImages(Manifest(manifest), config.dataset, "captions")
    contrast = open_clip.ClipLoss()
    model.train()

    def batches_from(start: int) -> Iterator[list[Pairs]]:
        return ([pairs] for pairs in batches(captioned, settings, start))

    def loss_of(step_batches: list[Pairs], step: int) -> tuple[Tensor, Mapping[str, Tensor]]:
        (pairs,) = step_batches
        tokens = open_clip.tokenize(pairs.texts, model.context_length)
        with autocast(config.runtime):
            images, texts, scale = model(pairs.images.to(device), tokens.to(device))
        return contrast(images.float(), texts.float(), scale), {}

    @torch.no_grad()
    def constrain() -> None:
        model.logit_scale.clamp_(0, math.log(LARGEST_SCALE))

    origin = {"config": config.model_dump(mode="json"), "inputs": {config.dataset: sha256_of(manifest)}}
    schedule = settings.optimiser
    training = Training(f"CLIP {config.name}", schedule, settings.steps, settings.seed, config.runtime, origin, work)
    return fit(training, model, _optimiser(schedule, model), batches_from, loss_of, curves, constrain=constrain)


def _optimiser(config: Optimiser, model: nn.Module) -> torch.optim.Optimizer:
    """AdamW as in the paper: gains, biases and the scale of the cosines do not decay.

    The token embeddings are most of a small model, and a batch names few of them. All are stepped each time all the same: fused AdamW
    takes a few milliseconds for them, and one dense optimiser has one state to resume from.
    """
    if config.name != "adamw":
        raise LarvSegError(f"CLIP is trained by adamw, not {config.name}")
    decaying = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in model.parameters() if parameter.ndim <= 1]
    groups = [{"params": decaying, "factor": 1.0}, {"params": others, "factor": 1.0, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, config.lr, (0.9, 0.98), 1e-6, weight_decay=config.weight_decay, fused=True)


@dataclass(frozen=True)
class Pairs:
    """Images and a caption of each."""

    dataset: str
    images: Tensor  # (B, 3, C, C), normalised
    texts: list[str]
    opened: Mapping[str, int]  # "captions": how many were opened for it


def batches(captioned: TrainingImages, settings: ClipTraining, start: int) -> Iterator[Pairs]:
    """The batches of the steps start … settings.steps − 1, each a function of the seed and the step.

    Every epoch shows the images in an order of its own. Of an image with several captions one is drawn.
    """
    for step in range(start, settings.steps):
        images, texts = [], []
        chosen = sampler.positions(captioned.dataset, len(captioned), step, 0, 1, settings.batch_size, settings.seed)
        for slot, position in enumerate(chosen):
            rng = sampler.generator(settings.seed, step, 0, slot)
            images.append(view(captioned.image(position), settings.augmentation, "clip", rng))
            captions = captioned.captions(position)
            texts.append(captions[rng.integers(len(captions))])
        yield Pairs(captioned.dataset, torch.from_numpy(np.stack(images)), texts, captioned.take_opened())
