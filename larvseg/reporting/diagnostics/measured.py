"""What evaluations and training wrote, checked to be what a diagnostic asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from larvseg.config.diagnostics import ConfusionConfig, Measured, SharesConfig
from larvseg.errors import LarvSegError
from larvseg.evaluation.confusion import confusion_matrix
from larvseg.evaluation.metrics import read_metrics


def metrics_of(run: Measured, inputs: Mapping[str, Path], profile: str, benchmark: str) -> list[dict[str, Any]]:
    """The metrics of each seed of `run`; `inputs`: their files, by `<run>.seed<k>`. Raises LarvSegError if they are of anything else."""
    about = {"run": run.run, "profile": profile, "benchmark": benchmark}
    return [read_metrics(inputs[f"{run.run}.seed{seed}"], "the diagnostic", seed=seed, **about) for seed in run.seeds]


class Counts(NamedTuple):
    """What a run predicts for the validation pixels of each class."""

    names: list[str]
    novel: np.ndarray  # (N,) bool, by rule S
    matrix: np.ndarray  # (N, N) pixels of target × prediction, of all seeds together


def counts_of(run: Measured, inputs: Mapping[str, Path], config: SharesConfig | ConfusionConfig) -> Counts:
    """The confusion counts of `run`; inputs: its metrics by `<run>.seed<k>`, the counts by `<run>.seed<k>.confusion`.

    Raises LarvSegError for metrics of another run, seed, profile or benchmark, and for counts that are not of their classes.
    """
    metrics = metrics_of(run, inputs, config.profile, config.benchmark)
    names, novel = zip(*((each["name"], each["novel_s"]) for each in metrics[0]["classes"]), strict=True)
    matrix = np.zeros((len(names), len(names)), dtype=np.int64)
    for seed, found in zip(run.seeds, metrics, strict=True):
        path = inputs[f"{run.run}.seed{seed}.confusion"]
        own = confusion_matrix(path)
        if tuple(each["name"] for each in found["classes"]) != names or len(own) != len(names):
            raise LarvSegError(
                f"{path}: counts of other classes than in the metrics beside it or of the first seed; evaluate the run again"
            )
        matrix += own
    return Counts(list(names), np.array(novel), matrix)


def seeds_of(runs: Iterable[Measured]) -> tuple[int, ...]:
    """All seeds of `runs`, ascending."""
    return tuple(sorted({seed for run in runs for seed in run.seeds}))


def about(profile: str, runs: Sequence[Measured]) -> str:
    """What stands below a figure."""
    seeds = seeds_of(runs)
    if len(seeds) == 1:
        return f"profile {profile}, seed {seeds[0]}"
    alone = dict.fromkeys(run.title for run in runs if len(run.seeds) == 1)
    return f"profile {profile}, mean over seeds {', '.join(map(str, seeds))}" + (f" ({', '.join(alone)}: one seed)" if alone else "")
