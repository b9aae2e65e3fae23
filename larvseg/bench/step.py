"""A training step of the `mini` profile: where its time goes, and how long it took as it was.

The step as it was decoded each image anew, filled memory before it was written to, carried a class token that nothing used, and upsampled
with torch's bilinear interpolation. Both steps see the same drawn images and take the same kernels of the CPU.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from unittest import mock

import torch

from larvseg.bench import plain
from larvseg.config import DeriveConfig, TrainConfig, World
from larvseg.datasets.derive import derive
from larvseg.datasets.loader import JointLoader
from larvseg.datasets.manifest import Manifest
from larvseg.miniature.archives import archive_names, draw_archive
from larvseg.models.segmenter import build_segmenter
from larvseg.pipeline import Project
from larvseg.pipeline.jobs.data import derive as derived
from larvseg.pipeline.jobs.training import train_config
from larvseg.training import objective
from larvseg.training.label_space import run_vocabulary
from larvseg.training.objective import Objective
from larvseg.training.schedule import build_optimiser

RUN = "larvseg-a150"
IMAGES = 32  # of each data set: fewer than two steps see, so that all of them are decoded after a few
PARTS = ("data", "backbone", "head", "optimiser")

Times = dict[str, float]


def measure(repeats: int = 40) -> dict[str, Times]:
    """Median milliseconds of each of PARTS on one thread, {"as it was": …, "now": …}; the two take turns. `head`: losses, bank and all."""
    threads, fills = torch.get_num_threads(), torch.utils.deterministic.fill_uninitialized_memory
    deterministic = torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    config = train_config(Project("mini"), RUN, seed=0)
    try:
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            manifests = _drawn(Path.cwd())
            steps = {"as it was": _timed(_as_it_was(config), manifests), "now": _timed(config, manifests)}
            times: dict[str, list[Times]] = {name: [] for name in steps}
            for number in range(config.attention.memory_size + repeats):  # a cold memory bank costs less
                for name, step in steps.items():
                    torch.utils.deterministic.fill_uninitialized_memory = name == "as it was"
                    with _interpolating() if name == "as it was" else contextlib.nullcontext():
                        times[name].append(step(number))
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(deterministic)
        torch.utils.deterministic.fill_uninitialized_memory = fills
    return {name: {part: median(each[part] for each in rows[-repeats:]) for part in PARTS} for name, rows in times.items()}


def text(times: dict[str, Times]) -> str:
    """The measurement as lines of text."""
    lines = [f"{'training step of mini, ms':<28}" + "".join(f"{part:>11}" for part in (*PARTS, "step")) + f"{'steps/s':>11}"]
    for name, parts in times.items():
        whole = sum(parts.values())
        lines.append(f"{name:<28}" + "".join(f"{parts[part]:>11.1f}" for part in PARTS) + f"{whole:>11.1f}{1000 / whole:>11.2f}")
    before, now = (sum(parts.values()) for parts in times.values())
    return "\n".join([*lines, f"{before / now:.2f} times as many steps a second as it was"])


def _drawn(folder: Path) -> dict[str, Manifest]:
    """The two data sets of the run with a few drawn images, in `folder`, the working directory."""
    world = World(seed=0, coco_training=IMAGES, coco_validation=1, ade_training=IMAGES, ade_validation=1, objects=2)
    manifests, project = {}, Project("mini")

    def settings(dataset: str) -> DeriveConfig:
        return derived(project, dataset).config.model_copy(update={"threads": 1})

    for dataset, family in (("C171", "coco"), ("WA150", "ade_challenge")):
        archives = {name: folder / name for name in archive_names(family)}
        draw_archive(family, world, archives, threads=1)
        outputs = {"manifest": folder / f"{dataset}.arrow", "rejects": folder / f"{dataset}.csv"}
        derive(settings(dataset), {name: Path(name) for name in archives}, outputs, folder / "work")
        manifests[dataset] = Manifest(outputs["manifest"])
    return manifests


def _as_it_was(config: TrainConfig) -> TrainConfig:
    arguments = {name: value for name, value in config.backbone.arguments.items() if name not in ("class_token", "global_pool")}
    backbone = config.backbone.model_copy(update={"arguments": arguments})
    return config.model_copy(update={"backbone": backbone, "runtime": config.runtime.model_copy(update={"decoded_mb": 0})})


@contextlib.contextmanager
def _interpolating() -> Iterator[None]:
    with mock.patch.object(objective, "segmentation_loss", plain.interpolated_segmentation_loss):
        yield


def _timed(config: TrainConfig, manifests: dict[str, Manifest]) -> Callable[[int], Times]:
    """A function that takes the training step `number` and says how long its parts took."""
    vocabulary = run_vocabulary(config, {name: manifest.header for name, manifest in manifests.items()})
    model = build_segmenter(config, len(vocabulary["names"])).train()
    loss_of = Objective(config, model, vocabulary["index"])
    optimiser = build_optimiser(config.optimiser, model.backbone.parameters(), model.classifier.parameters())
    loader = JointLoader(config, manifests)

    def step(number: int) -> Times:
        marks = [time.perf_counter()]

        def mark() -> None:
            marks.append(time.perf_counter())

        batches = loader[number]
        mark()
        loss, _ = loss_of(batches, number)
        loss.backward()
        mark()
        optimiser.step()
        optimiser.zero_grad()
        mark()
        model.backbone(torch.cat([batch.images for batch in batches])).sum().backward()  # once more, alone
        optimiser.zero_grad()
        mark()
        data, losses, update, backbone = (1000 * (after - before) for before, after in zip(marks, marks[1:], strict=False))
        return {"data": data, "backbone": backbone, "head": losses - backbone, "optimiser": update}

    return step
