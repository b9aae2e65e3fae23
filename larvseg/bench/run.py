"""The measurements of `larvseg bench`: medians of one thread, ours and plain taken in turn so that both meet the same machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from larvseg.bench import plain
from larvseg.config import Attention, Augmentation, Backbone, Optimiser, Switches, TrainConfig, TrainingSet
from larvseg.datasets.loader import RankBatch
from larvseg.models.attention import mean_cosines, pad_labels
from larvseg.models.bank import MemoryBank
from larvseg.models.classifier import CosineClassifier
from larvseg.models.segmenter import build_segmenter
from larvseg.training import losses
from larvseg.training.objective import Objective

Row = dict[str, Any]


def bench() -> list[Row]:
    """One row a measurement: `name`, `reference` (what ours is compared with), `reference_ms`, `ours_ms`, `ratio` = reference / ours."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return [image_labels(150), image_labels(847), bank_scores(), training_step()]
    finally:
        torch.set_num_threads(threads)


def table(rows: list[Row]) -> str:
    """The rows as text."""
    lines = [f"{'measurement':<46}{'reference':>12}{'ms':>11}{'ours ms':>11}{'ratio':>9}"]
    lines += [f"{r['name']:<46}{r['reference']:>12}{r['reference_ms']:>11.1f}{r['ours_ms']:>11.2f}{r['ratio']:>9.2f}" for r in rows]
    return "\n".join(lines)


def image_labels(classes: int, patches: int = 32, size: int = 256, repeats: int = 1) -> Row:
    """Image-level loss and its gradient: one image, two labels."""
    generator = torch.Generator().manual_seed(0)
    classifier = CosineClassifier(64, classes, generator=generator)
    features = torch.randn(1, 64, patches, patches, generator=generator)
    labels, index = [(0, 1)], torch.arange(classes)

    def loss(function: Callable) -> Callable[[], None]:
        def run() -> None:
            out = classifier(features, index)
            logits = out.logits.detach().requires_grad_()
            function(out._replace(logits=logits)).backward()

        return run

    ours = loss(lambda out: losses.image_label_loss(out, pad_labels(labels), (size, size)).sum())
    reference = loss(lambda out: plain.image_label_loss(out, labels, (size, size)))
    return compare(f"image-level loss, N = {classes}, {patches}² → {size}²", "plain", reference, ours, repeats)


def bank_scores(classes: int = 150, memory: int = 20, top_k: int = 20, dim: int = 768, patches: int = 1024, repeats: int = 3) -> Row:
    """Mean cosine of every patch to every category's M·K vectors."""
    generator = torch.Generator().manual_seed(0)
    pixels = F.normalize(torch.randn(patches, dim, generator=generator), dim=1)
    vectors = plain.Bank(F.normalize(torch.randn(classes, memory, top_k, dim, generator=generator), dim=3))
    bank = MemoryBank(classes, dim, memory, 1, generator)
    categories = torch.arange(classes)
    return compare(
        f"bank scores, N = {classes}, M = K = {memory}",
        "plain",
        lambda: [vectors.score(category, pixels) for category in range(classes)],
        lambda: mean_cosines(pixels[None], bank.category_means(categories)),
        repeats,
    )


def training_step(repeats: int = 15) -> Row:
    """One joint step of the miniature's shape with AdamW: LarvSeg beside the Baseline."""
    baseline, ours = (stepper(miniature(variant)) for variant in ("none", "cross_image"))
    return compare("training step, 16 images of 64²", "baseline", baseline, ours, repeats)


def miniature(variant: str) -> TrainConfig:
    """A run of the miniature's shape."""
    augmentation = Augmentation(short_side=64, long_side=256, crop=64)
    return TrainConfig(
        run="bench",
        profile="mini",
        method="baseline" if variant == "none" else "larvseg",
        benchmark="A150",
        training_sets=(
            TrainingSet(name="WA150", kind="multi_label", augmentation=augmentation, lambda_cls=0.1, lambda_aux=0.1, ranks=4),
            TrainingSet(name="C171", kind="pixel", augmentation=augmentation, ranks=4),
        ),
        backbone=Backbone(
            title="ViT of width 128",
            name="vit_tiny_patch16_224",
            arguments={"patch_size": 8, "embed_dim": 128, "depth": 5, "num_heads": 4, "drop_path_rate": 0.1},
            weights="pretrain",
            image_size=64,
            patch_size=8,
        ),
        attention=Attention(variant=variant, memory_size=20, top_k=4),
        switches=Switches(),
        optimiser=Optimiser(name="adamw", lr=1e-3, min_lr=1e-5),
        steps=1000,
    )


def stepper(config: TrainConfig, union: int = 60, weak: int = 43, pixel: int = 35) -> Callable[[], None]:
    """A function that takes one training step on random images: `weak` and `pixel` classes of a union of `union`."""
    rng, generator = np.random.default_rng(0), torch.Generator().manual_seed(0)
    batches = []
    for rank in range(config.ranks):
        images = torch.randn(2, 3, 64, 64, generator=generator)
        if rank % 2:
            masks = torch.randint(-1, pixel, (2, 64, 64), generator=generator)
            batches.append(RankBatch("C171", "pixel", images, masks, [(), ()], None))
        else:
            labels = [tuple(sorted(rng.choice(weak, 5, replace=False).tolist())) for _ in range(2)]
            batches.append(RankBatch("WA150", "multi_label", images, None, labels, None))
    segmenter = build_segmenter(config, union).train()
    objective = Objective(config, segmenter, {"WA150": range(weak), "C171": range(union - pixel, union)})
    optimiser = torch.optim.AdamW(segmenter.parameters(), lr=1e-4)

    def step() -> None:
        loss, _ = objective(batches, 0)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    for _ in range(config.attention.memory_size):  # fill the bank: a cold one costs less
        step()
    return step


def compare(name: str, reference_name: str, reference: Callable[[], Any], ours: Callable[[], Any], repeats: int) -> Row:
    """Median times of both, taken in turn, after one run each that does not count."""
    times: dict[str, list[float]] = {"reference": [], "ours": []}
    for _ in range(repeats + 1):
        for key, function in (("reference", reference), ("ours", ours)):
            start = time.perf_counter()
            function()
            times[key].append((time.perf_counter() - start) * 1000)
    reference_ms, ours_ms = (median(times[key][1:]) for key in ("reference", "ours"))
    return {"name": name, "reference": reference_name, "reference_ms": reference_ms, "ours_ms": ours_ms, "ratio": reference_ms / ours_ms}
