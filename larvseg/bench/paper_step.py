"""A training step of the `paper` profile on images of noise: what it asks of a GPU beside arithmetic, and how fast one takes it.

Counting needs no GPU: the operations of a step are the same on a CPU. Only the backbone is another there, a very small one.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from larvseg.columns import columns
from larvseg.config import Runtime, TrainConfig
from larvseg.datasets.loader import RankBatch
from larvseg.datasets.sampler import dataset_of
from larvseg.errors import LarvSegError
from larvseg.evaluation.argmax import sliding_argmax
from larvseg.models.segmenter import build_segmenter
from larvseg.pipeline import Project
from larvseg.pipeline.jobs.training import train_config
from larvseg.training.objective import Objective
from larvseg.training.runtime import autocast, compiled, prepare
from larvseg.training.schedule import build_optimiser
from larvseg.vocabulary.alignment import union

RUNS = ("larvseg-a150", "larvseg-a150-i124", "larvseg-a847-i585")
# Before such an operation goes on it needs a value from the device: a GPU stands still.
WAITS = ("_local_scalar_dense", "nonzero", "_unique2", "masked_select", "is_nonzero")
LABELS = {"multi_label": 9, "single_label": 1}  # of an image; ADE20K has nine classes an image
SYNSETS = 21_841

Step = Callable[[int], None]


class Counts(NamedTuple):
    """What one step asks of the device beside arithmetic."""

    waits: int  # for a value from the device
    operations: int  # that the host starts one by one, backward and optimiser among them
    megabytes: float  # copied to the device


def paper_config(run: str, runtime: Runtime | None = None, small: bool = False) -> TrainConfig:
    """The configuration of `run` in the profile paper; `small`: with a backbone of one block of width 64."""
    config = train_config(Project("paper"), run, seed=0)
    if runtime is not None:
        config = config.model_copy(update={"runtime": runtime})
    if small:
        arguments = {"embed_dim": 64, "depth": 1, "num_heads": 2} | config.backbone.arguments
        config = config.model_copy(update={"backbone": config.backbone.model_copy(update={"arguments": arguments})})
    return config


class Counting(Objective):
    """An objective that counts the bytes that it takes to the device, `copied`, beside the images."""

    copied = 0

    def _moved(self, tensor: Tensor) -> Tensor:
        self.copied += tensor.nbytes
        return super()._moved(tensor)


class PaperStep:
    """`step(number)` takes a training step of `config` on the same images of noise each time."""

    def __init__(self, config: TrainConfig, device: torch.device) -> None:
        project = Project("paper")
        names = [training_set.name for training_set in config.training_sets]
        position, indices = union([project.vocabulary(name) for name in names], config.switches.alignment)
        self.config = config
        self.batches = random_batches(config, {name: len(index) for name, index in indices.items()}, pinned=device.type == "cuda")
        model = build_segmenter(config, len(position)).to(device).train()
        compiled(model.backbone, config.runtime)
        self.objective = Counting(config, model, indices)
        self.optimiser = build_optimiser(config.optimiser, model.backbone.parameters(), model.classifier.parameters())

    @property
    def copied(self) -> int:
        """Bytes that the last step took to the device."""
        return self.objective.copied + sum(batch.images.nbytes for batch in self.batches)

    def __call__(self, number: int) -> None:
        self.objective.copied = 0
        with autocast(self.config.runtime):
            loss, _ = self.objective(self.batches, number)
        loss.backward()
        self.optimiser.step()
        self.optimiser.zero_grad()


def random_batches(config: TrainConfig, classes: dict[str, int], pinned: bool = False) -> list[RankBatch]:
    """What each virtual rank sees in a step: noise of the right sizes, with as many labels as images have."""
    rng, generator, batches = np.random.default_rng(0), torch.Generator().manual_seed(0), []
    for rank in range(config.ranks):
        own = config.training_sets[dataset_of(rank, len(config.training_sets))]
        count, crop, masks = config.images_per_rank, own.augmentation.crop, None
        images, labels = torch.randn(count, 3, crop, crop, generator=generator), [()] * count
        if own.kind == "pixel":
            masks = torch.randint(-1, classes[own.name], (count, crop // 64, crop // 64), generator=generator)
            masks = masks.repeat_interleave(64, 1).repeat_interleave(64, 2).to(torch.int16)
        else:
            labels = [tuple(sorted(rng.choice(classes[own.name], LABELS[own.kind], replace=False).tolist())) for _ in range(count)]
        if pinned:
            images, masks = images.pin_memory(), masks if masks is None else masks.pin_memory()
        batches.append(RankBatch(own.name, own.kind, images, masks, labels, None))
    return batches


def counted(step: Step) -> tuple[Counter[str], int]:
    """The operations that wait, and the number of all operations, of a step with a memory bank that has been pushed to."""
    for number in range(2):
        step(number)
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        step(2)
    names = Counter(event.name.removeprefix("aten::") for event in profiled.events() if event.name.startswith("aten::"))
    return Counter({name: names[name] for name in WAITS if names[name]}), names.total()


def counts() -> dict[str, Counts]:
    """Of a step of each of RUNS."""
    found = {}
    for run in RUNS:
        step = PaperStep(paper_config(run, Runtime(device="cpu"), small=True), torch.device("cpu"))
        waits, operations = counted(step)
        found[run] = Counts(waits.total(), operations, step.copied / 1e6)
    return found


def counts_text(found: dict[str, Counts]) -> str:
    """The counts as a table."""
    rows = [["a training step of paper", "waits", "operations", "MB copied"]]
    return "\n".join(columns([*rows, *([run, str(own.waits), str(own.operations), f"{own.megabytes:.1f}"] for run, own in found.items())]))


# --- on a GPU ----------------------------------------------------------------------------------------------------------------


def ways(device: str) -> dict[str, Runtime]:
    """What a GPU is measured in."""
    return {
        "float32": Runtime(device=device),
        "TF32": Runtime(device=device, tf32=True),
        "bfloat16": Runtime(device=device, precision="bfloat16"),
        "bfloat16, compiled": Runtime(device=device, precision="bfloat16", compile=True),
    }


def on_gpu(run: str = "larvseg-a150-i124", device: str = "cuda", steps: int = 20, first: int = 5, small: bool = False) -> Iterator[str]:
    """Lines of text: steps a second and memory of `run` in each precision, and the argmax over all synsets; at most six minutes.

    The `first` steps do not count. `small` is for a look without a GPU. Raises LarvSegError where there is none.
    """
    if device == "cuda":
        if not torch.cuda.is_available():
            raise LarvSegError("torch sees no GPU here; larvseg bench without --gpu measures on the CPU")
        yield f"{torch.cuda.get_device_name()}, torch {torch.__version__}, CUDA {torch.version.cuda}"
    yield f"{run} of paper, {steps} steps after {first}:"
    for name, runtime in ways(device).items():
        where = prepare(runtime)
        step = PaperStep(paper_config(run, runtime, small), where)
        for number in range(first):
            step(number)
        seconds, memory = _timed(lambda step=step: [step(number) for number in range(first, first + steps)], where)
        yield f"  {name:<24}{steps / seconds:>8.2f} steps/s{memory:>8.1f} GB"
        del step
    classes, sides = (50, (8,)) if small else (SYNSETS, (32, 64))
    for side in sides:
        logits, size = torch.randn(1, classes, side, side, device=device), (16 * side, 16 * side)
        seconds, memory = _timed(lambda: sliding_argmax(logits, ((0,), (0,)), size, size, size), logits.device)  # noqa: B023 (called here)
        yield f"  label map, {size[0]} × {size[0]:<11}{1000 * seconds:>8.0f} ms{memory:>13.1f} GB ({classes} classes)"


def _timed(work: Callable[[], object], device: torch.device) -> tuple[float, float]:
    """Seconds of `work`, and GB of the GPU's memory that were taken at most, 0 on a CPU."""
    cuda = device.type == "cuda"
    if cuda:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    start = time.perf_counter()
    work()
    if cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - start, torch.cuda.max_memory_allocated() / 1e9 if cuda else 0.0
