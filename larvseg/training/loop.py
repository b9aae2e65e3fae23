"""The training loop, top to bottom. A killed training goes on from its last state; on a CPU it ends with the same bytes.

What a step measured stays on its device until a line of the curves or a state is due: waiting for it would stop a GPU at every step.
"""

from __future__ import annotations

import math
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, current_thread, main_thread
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from larvseg.config import Optimiser, Runtime
from larvseg.datasets.annotations import Batch, Ledger
from larvseg.errors import LarvSegError
from larvseg.lineage.inputs import check_inputs
from larvseg.training.checkpoint import STATE, hold, resume, save_state
from larvseg.training.curves import Curves
from larvseg.training.processes import add_up_gradients, gathered_objects, is_first, together
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
    collect: Callable[[], None] = lambda: None,
) -> Ledger:
    """Train `network` in place, add to `curves`, and return what was opened of which data set.

    batches_from: the batches of the steps from the given one on. loss_of: (batches, step) → the loss with its graph, and its detached
    summands; of several processes, the part of this one, and the summands and the `loss` of all. state_of: what `curves` says of the
    network after a step. constrain: is called after each step of the optimiser. collect: gives all processes what only some have of
    the network; it is called before the network is saved.

    Raises:
        LarvSegError: the loss is not finite, another process trains in the same folder, an input has become another file, or the training
            was asked to end (SIGTERM): then its state is saved, and it goes on from there.
    """
    with ExitStack() as stack:
        state = stack.enter_context(hold(training.work)) if is_first() else training.work / STATE
        ending = stack.enter_context(asked_to_end())
        together()  # the first holds the folder
        ledger = Ledger()
        start = resume(state, training.origin, network, optimiser, curves, ledger)
        if not is_first():
            ledger = Ledger()  # the first counts what was opened before
        together()  # all have read it
        progress = Progress(batches_from(start), training.name, start, training.steps)
        measured: list[Measured] = []
        last = "none"
        for step, batches in enumerate(progress, start):
            ledger.add(batches)
            seed_step(training.seed, step)
            rate = learning_rate(training.schedule, step, training.steps)
            set_learning_rate(optimiser, rate)

            loss, parts = loss_of(batches, step)
            loss.backward()
            add_up_gradients(network)
            if training.clip_norm is not None:
                nn.utils.clip_grad_norm_(network.parameters(), training.clip_norm)
            optimiser.step()
            optimiser.zero_grad()  # here, so that no step's pass forward holds the gradients of the one before
            constrain()

            done = step + 1
            measured.append(Measured(done, rate, {"loss": loss.detach(), **parts}))
            due = done % curves.every == 0 or done == training.steps
            saving = done % training.runtime.checkpoint_every == 0
            if not (due or saving):
                continue
            for each, values in read(measured):
                shown = ", ".join(f"{name} = {value:.4g}" for name, value in values.items())
                if not all(map(math.isfinite, values.values())):
                    raise LarvSegError(f"{training.name}: at step {each.step} {shown}; last finite: {last}; try a lower learning rate")
                last = f"step {each.step}, {shown}"
                progress.loss = values["loss"]
                states = state_of() if due and each.step == done else {}
                curves.add(each.step, each.rate, values | states, last=each.step == training.steps)
            measured.clear()
            if is_first():
                curves.show(training.work)
            end = any(gathered_objects(ending.is_set())) and done < training.steps
            if saving or end:
                collect()
                reached = {"step": done, "curves": curves.state(), "annotations": together_counted(ledger), "origin": training.origin}
                if is_first():
                    check_inputs(training.work)
                    save_state(state, network, optimiser, reached)
            if end:
                raise LarvSegError(f"{training.name}: was asked to end at step {done} and did; start it again, and it goes on from there")
        collect()
        counted = Ledger()
        counted.restore(together_counted(ledger))
    return counted


class Measured(NamedTuple):
    """What one step measured."""

    step: int  # 1-based
    rate: float
    values: Mapping[str, Tensor]  # scalars, on the device


def read(measured: Sequence[Measured]) -> Iterator[tuple[Measured, dict[str, float]]]:
    """The values of all steps as numbers; they leave the device together."""
    numbers = torch.stack([torch.stack(list(each.values.values())) for each in measured]).tolist()
    for each, row in zip(measured, numbers, strict=True):
        yield each, dict(zip(each.values, row, strict=True))


def together_counted(ledger: Ledger) -> dict[str, dict[str, int]]:
    """What all processes opened."""
    total = Ledger()
    for counts in gathered_objects(ledger.counts):
        total.merge(counts)
    return total.counts


@contextmanager
def asked_to_end() -> Iterator[Event]:
    """An event that SIGTERM sets while the block runs: schedulers send it some seconds before they kill."""
    asked = Event()
    if current_thread() is not main_thread():  # where Python takes no signals
        yield asked
        return
    before = signal.signal(signal.SIGTERM, lambda *_: asked.set())
    try:
        yield asked
    finally:
        signal.signal(signal.SIGTERM, before)
