"""The training loop of mask proposals. A killed run goes on from its last state; on a CPU it ends with the same bytes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from torch import Tensor, nn

from larvseg.comparators.masks.objectives import Parts
from larvseg.comparators.masks.steps import StepBatches
from larvseg.config.masks import ProposeConfig
from larvseg.datasets.annotations import Ledger
from larvseg.errors import LarvSegError
from larvseg.training.checkpoint import hold, resume, save_state
from larvseg.training.curves import Curves
from larvseg.training.runtime import Progress, autocast, seed_step
from larvseg.training.schedule import build_optimiser, learning_rate, set_learning_rate


class Objective(Protocol):
    """The loss of one step with its graph, and its detached summands, named `parts`."""

    parts: Sequence[str]

    def __call__(self, batches: StepBatches) -> tuple[Tensor, Parts]: ...


def fit(
    config: ProposeConfig,
    network: nn.Module,
    objective: Objective,
    steps_from: Callable[[int], Iterable[StepBatches]],
    inputs: Mapping[str, str],
    work: Path,
) -> tuple[Curves, Ledger]:
    """Train `network` (it has a `proposer` with a `backbone`) in place; `steps_from(start)` are the batches of the steps from `start` on.

    inputs: sha256 of each input, by role; a state in `work` of another configuration or other inputs is not gone on from.

    Raises:
        LarvSegError: the loss is not finite, or another process trains in `work`.
    """
    backbone = list(network.proposer.backbone.parameters())
    own = {id(parameter) for parameter in backbone}
    optimiser = build_optimiser(config.optimiser, backbone, [p for p in network.parameters() if id(p) not in own])
    curves, ledger = Curves(means=("loss", *objective.parts), states=()), Ledger()
    origin = {"config": config.model_dump(mode="json"), "inputs": dict(inputs)}
    with hold(work) as state:
        start = resume(state, origin, network, optimiser, curves, ledger)
        progress = Progress(steps_from(start), config.run, start, config.steps)
        last = "none"
        for step, batches in enumerate(progress, start):
            ledger.add(batches)
            seed_step(config.seed, step)
            rate = learning_rate(config.optimiser, step, config.steps)
            set_learning_rate(optimiser, rate)

            with autocast(config.runtime):
                loss, parts = objective(batches)
            values = {"loss": loss.item(), **{name: value.item() for name, value in parts.items()}}
            shown = ", ".join(f"{name} = {value:.4g}" for name, value in values.items())
            if not all(math.isfinite(value) for value in values.values()):
                raise LarvSegError(f"{config.run}: at step {step + 1} {shown}; last finite: {last}; try a lower learning rate")

            optimiser.zero_grad()
            loss.backward()
            if config.clip_norm is not None:
                nn.utils.clip_grad_norm_(network.parameters(), config.clip_norm)
            optimiser.step()

            last = f"step {step + 1}, {shown}"
            progress.loss = values["loss"]
            curves.add(step + 1, rate, values, last=step + 1 == config.steps)
            if (step + 1) % config.runtime.checkpoint_every == 0:
                progressed = {"step": step + 1, "curves": curves.state(), "annotations": ledger.counts, "origin": origin}
                save_state(state, network, optimiser, progressed)
    return curves, ledger
