"""The training loop, top to bottom. A killed training goes on from its last state; on a CPU it ends with the same bytes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from larvseg.config import Optimiser, Runtime
from larvseg.datasets.annotations import Batch, Ledger
from larvseg.errors import LarvSegError
from larvseg.training.checkpoint import hold, resume, save_state
from larvseg.training.curves import Curves
from larvseg.training.runtime import Progress, seed_step
from larvseg.training.schedule import learning_rate, set_learning_rate

Batches = Sequence[Batch]  # of one step


@dataclass(frozen=True)
class Training:
    """What a training is beside its network, its batches and its loss."""

    name: str  # for messages
    schedule: Optimiser
    steps: int
    seed: int
    runtime: Runtime
    origin: Mapping[str, Any]  # the configuration and the hashes of the inputs: a state that others made is not gone on from
    work: Path  # the folder of the state from which the training can go on
    clip_norm: float | None = None  # the gradient of the whole network is cut to this L2 norm


def fit(
    training: Training,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    batches_from: Callable[[int], Iterable[Batches]],
    loss_of: Callable[[Batches, int], tuple[Tensor, Mapping[str, Tensor]]],
    curves: Curves,
    state_of: Callable[[], Mapping[str, float]] = dict,
    constrain: Callable[[], None] = lambda: None,
) -> Ledger:
    """Train `network` in place, add to `curves`, and return what was opened of which data set.

    batches_from: the batches of the steps from the given one on. loss_of: (batches, step) → the loss with its graph, and its detached
    summands. state_of: what `curves` says of the network after a step. constrain: is called after each step of the optimiser.

    Raises:
        LarvSegError: the loss is not finite, or another process trains in the same folder.
    """
    ledger = Ledger()
    with hold(training.work) as state:
        start = resume(state, training.origin, network, optimiser, curves, ledger)
        progress = Progress(batches_from(start), training.name, start, training.steps)
        last = "none"
        for step, batches in enumerate(progress, start):
            ledger.add(batches)
            seed_step(training.seed, step)
            rate = learning_rate(training.schedule, step, training.steps)
            set_learning_rate(optimiser, rate)

            loss, parts = loss_of(batches, step)
            values = {"loss": loss.item(), **{name: value.item() for name, value in parts.items()}}
            shown = ", ".join(f"{name} = {value:.4g}" for name, value in values.items())
            if not all(map(math.isfinite, values.values())):
                raise LarvSegError(f"{training.name}: at step {step + 1} {shown}; last finite: {last}; try a lower learning rate")

            loss.backward()
            if training.clip_norm is not None:
                nn.utils.clip_grad_norm_(network.parameters(), training.clip_norm)
            optimiser.step()
            optimiser.zero_grad()  # here, so that no step's pass forward holds the gradients of the one before
            constrain()

            last = f"step {step + 1}, {shown}"
            progress.loss = values["loss"]
            curves.add(step + 1, rate, values | state_of(), last=step + 1 == training.steps)
            if (step + 1) % training.runtime.checkpoint_every == 0:
                reached = {"step": step + 1, "curves": curves.state(), "annotations": ledger.counts, "origin": training.origin}
                save_state(state, network, optimiser, reached)
    return ledger
