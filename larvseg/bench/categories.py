"""All of ImageNet-21K at once: a training step with the memory bank of 21 841 categories, and a label map over them. Time and memory.

Each is measured in a process that does nothing else: `python -m larvseg.bench.categories step 21841 paper`. What the plain ways would
need is reckoned, not tried.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from larvseg.config import TrainConfig
from larvseg.datasets.loader import RankBatch
from larvseg.evaluation.sliding_window import segment
from larvseg.miniature.world import scene
from larvseg.models.segmenter import build_segmenter
from larvseg.pipeline import Project
from larvseg.pipeline.jobs.training import train_config
from larvseg.training.label_space import RunVocabulary, run_vocabulary
from larvseg.training.objective import Objective
from larvseg.training.runtime import prepare
from larvseg.training.schedule import build_optimiser
from larvseg.training.segmenters import DatasetSegmenter
from larvseg.vocabulary import RULES
from larvseg.vocabulary.datasets import committed
from larvseg.vocabulary.synsets import imagenet_synsets

ROOT = Path(__file__).parents[2]
RUN, SYNSETS = "i21k-larvseg", 21_841
LIMIT = 4.0  # GB, of each
SHOWN = 8  # classes in an image with pixel labels
GB = 10**9

# glibc keeps large blocks that were freed, a third of a GB here; so they go back to the system, and what is measured is what is in use
ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": str(2**20)}

Measured = dict[str, float]


def measure(what: str, synsets: int = SYNSETS, profile: str = "paper") -> Measured:
    """`what` ("step" or "label_map") in a fresh process, with the first `synsets` of ImageNet and the settings of `profile`.

    classes; seconds, of the second time; peak_gb, the most memory that the process had in use, libraries and all; plain_gb, what the
    plain way would need for its largest part alone. See train_step and label_map for more.
    """
    command = [sys.executable, "-m", __name__, what, str(synsets), profile]
    found = subprocess.run(command, cwd=ROOT, env=os.environ | ALLOCATOR, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(found.stdout)


def text(step: Measured, segmented: Measured) -> str:
    """What both measurements found, beside the limit and the plain ways."""
    return (
        f"training step, {step['classes']:,.0f} categories, an image of each data set: {step['seconds']:.1f} s, {step['peak_gb']:.2f} GB "
        f"(limit {LIMIT:g}; later steps {step['later_gb']:.2f}, with the momentum of those before); "
        f"every vector of the bank would need {step['plain_gb']:.1f} GB\n"
        f"label map of {segmented['size']:.0f}² pixels, {segmented['classes']:,.0f} categories: {segmented['seconds']:.1f} s, "
        f"{segmented['peak_gb']:.2f} GB (limit {LIMIT:g}); upsampled logits would need {segmented['plain_gb']:.1f} GB"
    )


def train_step(synsets: int, profile: str) -> Measured:
    """A joint step of the run, with one image of each data set instead of sixteen: forward, attention, bank, backward, optimiser.

    peak_gb is that of the first step, later_gb that of all others.
    """
    config, vocabulary = _run(synsets, profile)
    attention = config.attention
    # Random starts of the bank are means of K vectors, N·M·K·D numbers to draw. Means of one cost as much in a step and are drawn at once.
    quick = config.model_copy(update={"attention": attention.model_copy(update={"top_k": 1})})
    segmenter = build_segmenter(quick, len(vocabulary["names"])).train()
    (bank,) = segmenter.banks
    bank.top_k = attention.top_k
    bank.pushed.fill_(attention.memory_size)  # every ring has wrapped: all pairs are scored
    objective = Objective(config, segmenter, vocabulary["index"])
    optimiser = build_optimiser(config.optimiser, segmenter.backbone.parameters(), segmenter.classifier.parameters())
    batches = [_batch(config, rank, len(vocabulary["classes"][each.name])) for rank, each in enumerate(config.training_sets)]

    def step() -> None:
        loss, parts = objective(batches, 0)
        if not parts["loss_aux"] > 0:
            raise AssertionError("the attention did not take part")
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()

    step()
    first = _peak()
    names, dim = bank.slots.shape[0], bank.slots.shape[2]
    return {
        "classes": names,
        "seconds": _seconds(step),
        "peak_gb": first,
        "later_gb": _peak(),
        "plain_gb": names * attention.memory_size * attention.top_k * dim * 4 / GB,
    }


def label_map(synsets: int, profile: str) -> Measured:
    """The label map of a drawn scene over all synsets: one image, `size` pixels a side, through backbone, classifier and argmax."""
    config, vocabulary = _run(synsets, profile)
    dataset = config.benchmark
    segmenter = build_segmenter(config, len(vocabulary["names"]), with_banks=False)
    model = DatasetSegmenter(segmenter, torch.tensor(vocabulary["index"][dataset]), tuple(vocabulary["classes"][dataset])).eval()
    evaluation = Project(profile).evaluation_of(RUN)
    size, classes = evaluation.window, len(model.names)
    image = np.asarray(scene(0, "ade", "validation", 0).image.resize((size, size), Image.Resampling.BICUBIC))

    @torch.inference_mode()
    def once() -> None:
        segment(model, image, evaluation, config.switches.normalisation)

    once()
    seconds = _seconds(once)
    return {"classes": classes, "size": size, "seconds": seconds, "peak_gb": _peak(), "plain_gb": classes * size * size * 4 / GB}


def _run(synsets: int, profile: str) -> tuple[TrainConfig, RunVocabulary]:
    """The configuration of the run, with one rank of one image for each of its data sets, and its vocabulary."""
    project = Project(profile)
    config = train_config(project, RUN, seed=0)
    sets = tuple(each.model_copy(update={"ranks": 1}) for each in config.training_sets)
    config = config.model_copy(update={"training_sets": sets, "ranks": len(sets), "images_per_rank": 1})
    prepare(config.runtime.model_copy(update={"device": "cpu", "threads": 1}))
    wnids = tuple(imagenet_synsets())[:synsets]
    c171 = committed().vocabulary("C171")  # the bench measures that run with this data set
    headers = {
        "C171": {"classes": c171.names, "keys": c171.keys},
        config.benchmark: {"classes": wnids, "keys": dict.fromkeys((*RULES, "synset"), wnids)},
    }
    return config, run_vocabulary(config, headers)


def _batch(config: TrainConfig, rank: int, classes: int) -> RankBatch:
    """A random image with one label, or with a label for each block of pixels."""
    training_set = config.training_sets[rank]
    size, generator = training_set.augmentation.crop, torch.Generator().manual_seed(rank)
    images = torch.randn(1, 3, size, size, generator=generator)
    if training_set.kind != "pixel":
        return RankBatch(training_set.name, training_set.kind, images, None, [(classes - 1,)], None)
    shown = torch.randperm(classes, generator=generator)[:SHOWN]
    blocks = shown[torch.randint(len(shown), (1, size // 16, size // 16), generator=generator)]
    masks = blocks.repeat_interleave(16, 1).repeat_interleave(16, 2)
    return RankBatch(training_set.name, "pixel", images, masks, [()], None)


def _seconds(function: Callable[[], None]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def _peak() -> float:
    """GB that this process had in use at the most, with its libraries.

    Not getrusage's ru_maxrss: that begins with the memory of the process that started this one.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / GB
    raise OSError("/proc/self/status: no line about the most memory in use")


if __name__ == "__main__":
    print(json.dumps({"step": train_step, "label_map": label_map}[sys.argv[1]](int(sys.argv[2]), sys.argv[3])))
