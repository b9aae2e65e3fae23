"""The `attend` stage: what the category-wise attentive classifier makes of one training image (paper, Figure 3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from larvseg.config import Evaluation, TrainingSet
from larvseg.config.figures import AttentionsConfig
from larvseg.datasets.annotations import TrainingImages
from larvseg.datasets.manifest import Manifest
from larvseg.datasets.transforms import Window, normalise, resized_size
from larvseg.errors import LarvSegError
from larvseg.evaluation.attended import attend, principal_components
from larvseg.evaluation.bank_contents import BankedRun, Slot, load_banked, slots_of, top_patches
from larvseg.evaluation.training_examples import most_varied, surely_novel, training_images
from larvseg.models.bank import MemoryBank
from larvseg.models.upsampling import upsample
from larvseg.training import runtime
from larvseg.training.checkpoint import save_tensors
from larvseg.training.losses import IGNORE, segmentation_loss
from larvseg.training.objective import mean_of_ranks

LARGEST = 128  # pixels, of the images of slots
Part = tuple[dict[str, Tensor], dict[str, Any]]  # tensors and metadata


@torch.inference_mode()
def attentions(config: AttentionsConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write `attentions` (safetensors): the losses of config.run after its last step, of an image with a mask and one with image labels.

    Tensors, for images of h·w patches; L labels of the second are shown; rows are those of the union of names:
    "pixel.image", "weak.image" (H, W, 3) uint8, cut to whole patches; "pixel.mask", "pixel.prediction" (H', W') int16 rows, −1 none;
    "pixel.components", "weak.components" (3, h, w), principal components of the embeddings of each;
    "weak.cosines", "weak.foreground", "weak.background" (L, h, w): S, s_fg, s_bg; "weak.attention" (L, H', W'): A;
    "weak.top" (L, K), the patches that the image pushes; "weak.probabilities" (L, N), what the loss of each label is taken of;
    of slot s of label l, the latest first, "slots.l.s.image" (C, C, 3) uint8, the crop it was made of, and "slots.l.s.top" (K,).
    Metadata: run, seed, profile, names, novel, backbone, memory_size, top_k; `pixel` and `weak`: what is shown, and the losses.

    The second image is one of the first config.candidates that have config.novel novel and config.base base labels; shown are those that
    the bank tells best from the rest of the image (`Attended.contrast`), and of the images that with the largest smallest one, among
    labels with a full bank if there are any. Its mask is not opened. inputs: `model`, `config`, and the manifest of each training set.
    Raises LarvSegError for a run without a bank, and if no image has these labels.
    """
    device = runtime.prepare(config.runtime)
    run = load_banked(inputs, device)
    manifests = {each.name: Manifest(inputs[each.name]) for each in run.config.training_sets}
    sets = {each.kind: each for each in run.config.training_sets}
    pixel, about_pixel = _pixel(run, config, sets["pixel"], manifests)
    weak, about_weak = _weak(run, config, sets["multi_label"], manifests)
    about = {key: getattr(config, key) for key in ("run", "seed", "profile")}
    about |= {"names": list(run.names), "novel": run.novel.tolist(), "backbone": run.config.backbone.title}
    about |= {"memory_size": run.config.attention.memory_size, "top_k": run.config.attention.top_k}
    about |= {switch: getattr(run.config.switches, switch) for switch in ("temperature", "attention_on", "pooling")}
    save_tensors(outputs["attentions"], pixel | weak, about | {"pixel": about_pixel, "weak": about_weak})


class View:
    """A whole image for the network of `run`: `image` (1, 3, H', W') of whole patches, and `shown`, the part of `whole` that it shows."""

    def __init__(self, run: BankedRun, evaluation: Evaluation, whole: np.ndarray) -> None:
        height, width = whole.shape[:2]
        resized, patch = resized_size(width, height, evaluation.short_side, evaluation.long_side), run.segmenter.backbone.patch_size
        cut = [length // patch * patch for length in resized]
        self.window = Window(resized, 0, 0, *cut)
        image = normalise(self.window.cut_image(whole), run.config.switches.normalisation)
        self.image = torch.from_numpy(image)[None].to(run.device)
        self.shown = torch.from_numpy(whole[: round(height * cut[1] / resized[1]), : round(width * cut[0] / resized[0])].copy())


def _pixel(run: BankedRun, config: AttentionsConfig, training_set: TrainingSet, manifests: Mapping[str, Manifest]) -> Part:
    """An image with a mask, and its segmentation loss."""
    images = training_images(manifests[training_set.name], training_set.name)
    position = most_varied(images, config.candidates, [range(len(run.index[training_set.name]))])
    view = View(run, config.evaluation, images.image(position))
    out = run.classify(view.image, training_set.name)
    mask = torch.from_numpy(view.window.cut_mask(images.mask(position)).astype(np.int64)).to(run.device)
    stride, rows = run.config.loss_downsample, run.index[training_set.name]
    labels = mask[None, ::stride, ::stride]
    counted = labels != IGNORE if run.config.switches.pixel_denominator == "labelled_pixels" else torch.ones_like(labels)
    tensors = {
        "pixel.image": view.shown,
        "pixel.mask": torch.where(mask == IGNORE, IGNORE, rows[mask]).short(),
        "pixel.prediction": rows[upsample(out.logits[0], mask.shape).argmax(0)].short(),
        "pixel.components": principal_components(out.pixels[0].T.unflatten(1, out.logits.shape[2:])),
    }
    return tensors, {"dataset": training_set.name, "loss_seg": _mean(segmentation_loss(out.logits, labels), counted)}


def _weak(run: BankedRun, config: AttentionsConfig, training_set: TrainingSet, manifests: Mapping[str, Manifest]) -> Part:
    """An image with image labels, the maps of some of them, and what their banks hold."""
    manifest = manifests[training_set.name]
    images = training_images(manifest, training_set.name)
    bank = run.bank_of(next(rank for rank in range(run.config.ranks) if run.dataset_of(rank) == training_set.name))
    position, shown = _chosen(run, config, training_set, bank, images, surely_novel(manifest))
    labels, rows = images.labels(position), run.index[training_set.name].tolist()
    view = View(run, config.evaluation, images.image(position))
    seen = attend(run, training_set, bank, view.image, labels)
    own, grid, at = seen.out.cosines[0, :, shown].T, seen.out.logits.shape[2:], [labels.index(label) for label in shown]
    tensors = {
        "weak.image": view.shown,
        "weak.components": principal_components(seen.out.pixels[0].T.unflatten(1, grid)),
        "weak.cosines": own.unflatten(1, grid),
        "weak.foreground": seen.foreground[at].unflatten(1, grid),
        "weak.background": seen.background[at].unflatten(1, grid),
        "weak.attention": seen.attention[at],
        "weak.top": top_patches(bank, own),
        "weak.probabilities": seen.log_probability[at].exp(),
    }
    described = []
    for number, (label, place) in enumerate(zip(shown, at, strict=True)):
        slots = slots_of(run, manifests, bank, rows[label], config.slots)
        for age, slot in enumerate(slots):
            tensors |= {f"slots.{number}.{age}.image": _crop(run, slot), f"slots.{number}.{age}.top": slot.top}
        about = {"row": rows[label], "pushed": int(bank.pushed[rows[label]]), "scored": bool(seen.scored[place])}
        about["contrast"] = float(seen.contrast[place])
        about |= {"loss_cls": float(seen.loss_cls[place]), "loss_aux": float(seen.loss_aux[place])}
        described.append(about | {"slots": [_described(slot) for slot in slots]})
    counted = seen.scored if run.config.switches.aux_denominator == "warm_pairs" else torch.ones_like(seen.scored)
    about = {"dataset": training_set.name, "name": manifest.name(int(manifest.split("training")[position])), "rows": rows}
    about |= {"labels": [rows[label] for label in labels], "shown": described}
    about |= {"lambda_cls": training_set.lambda_cls, "loss_cls": _mean(seen.loss_cls, torch.ones_like(counted))}
    about |= {"lambda_aux": training_set.lambda_aux, "loss_aux": _mean(seen.loss_aux, counted)}
    return tensors, about


def _mean(values: Tensor, counted: Tensor) -> float:
    """The loss of one image, as a rank that saw nothing else would average it."""
    return float(mean_of_ranks(values.flatten()[None], counted.flatten()[None], torch.zeros(1, dtype=torch.int64, device=values.device), 1))


def _chosen(
    run: BankedRun, config: AttentionsConfig, training_set: TrainingSet, bank: MemoryBank, images: TrainingImages, sure: Collection[int]
) -> tuple[int, list[int]]:
    """The position of an image and those of its labels that are shown, novel ones (of `sure`) first; see `attentions`."""
    rows = run.index[training_set.name]
    novel = run.novel[rows].tolist()
    best: tuple[tuple[int, float], int, list[int]] | None = None
    looked_at = 0
    for position in range(len(images)):
        labels = images.labels(position)
        kinds = [label for label in labels if label in sure], [label for label in labels if not novel[label]]
        if looked_at == config.candidates or len(kinds[0]) < config.novel or len(kinds[1]) < config.base:
            continue
        looked_at += 1
        seen = attend(run, training_set, bank, View(run, config.evaluation, images.image(position)).image, labels)
        merits = {label: (bool(warm), value) for label, warm, value in zip(labels, seen.scored, seen.contrast.tolist(), strict=True)}
        counts = zip(kinds, (config.novel, config.base), strict=True)
        shown = [label for kind, count in counts for label in sorted(kind, key=merits.get, reverse=True)[:count]]
        merit = sum(merits[label][0] for label in shown), min(merits[label][1] for label in shown)
        if best is None or merit > best[0]:
            best = merit, position, shown
    if best is None:
        wanted = f"{config.novel} novel and {config.base} base labels"
        raise LarvSegError(f"{training_set.name}: no training image has {wanted}; ask for fewer in figure3")
    return best[1:]


def _described(slot: Slot) -> dict[str, Any]:
    return {key: getattr(slot.push, key) for key in ("dataset", "name", "step")} | {"grid": slot.grid, "agreement": slot.agreement}


def _crop(run: BankedRun, slot: Slot) -> Tensor:
    """The crop as colours (C, C, 3) uint8, small."""
    dark, light = (normalise(np.full((1, 1, 3), level, np.uint8), run.config.switches.normalisation) for level in (0, 255))
    colours = (slot.push.image.cpu().numpy() - dark) / (light - dark) * 255
    thumbnail = Image.fromarray(colours.round().clip(0, 255).astype(np.uint8).transpose(1, 2, 0))
    thumbnail.thumbnail((LARGEST, LARGEST))
    return torch.from_numpy(np.array(thumbnail))
