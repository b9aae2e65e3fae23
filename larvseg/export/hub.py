"""A run as a folder in the form of the Hugging Face Hub, which `larvseg.load` reads: weights, configuration, numbers and model card."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from larvseg.config import TrainConfig
from larvseg.errors import LarvSegError
from larvseg.evaluation.metrics import read_metrics
from larvseg.export.hub_card import readme
from larvseg.export.pictures import Pictures
from larvseg.files import host, json_text, real_path
from larvseg.loading import FROZEN, LoadedRun, load
from larvseg.training.checkpoint import save_tensors

METRICS = "metrics.json"


def write(run: LoadedRun, folder: Path, target: Path, pictures: Pictures) -> str:
    """Write `run`, which lies in `folder`, to the new folder `target`; it is there when it gives `pictures` the labels that the run gives.

    model.safetensors goes without memory banks, which segmenting does not use; config.json is that of the run, byte for byte;
    frozen.safetensors is the network in front of a neck; metrics.json are the numbers of its evaluation, if there was one.
    Raises LarvSegError where labels differ, and where the metrics are those of another run.
    """
    saved = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    metrics = _metrics(folder, run.config)
    with new_folder(target) as temporary:
        shutil.copyfile(folder / "config.json", temporary / "config.json")
        save_tensors(temporary / "model.safetensors", run.model.segmenter.state_dict(), {})
        if run.model.frozen is not None:
            save_tensors(temporary / FROZEN, run.model.frozen.state_dict(), {"weights": run.config.backbone.weights})
        if metrics:
            (temporary / METRICS).write_text(json_text(metrics), encoding="utf-8")
        parameters = sum(parameter.numel() for parameter in run.model.segmenter.parameters())
        text = readme(run.config, saved["vocabulary"], saved.get("annotations", {}), parameters, metrics)
        (temporary / "README.md").write_text(text, encoding="utf-8")
        return _check(run, load(temporary), pictures)


def _check(run: LoadedRun, again: LoadedRun, pictures: Pictures) -> str:
    pixels = 0
    for image in pictures.images:
        own = np.asarray(run.segment(image))
        if not np.array_equal(own, np.asarray(again.segment(image))):
            raise LarvSegError("hub: the folder gives other labels than the run; nothing was written")
        pixels += own.size
    return f"{pictures.title}: all of {pixels:,} pixels have the label that the run gives them"


def _metrics(folder: Path, config: TrainConfig) -> dict[str, Any] | None:
    """The metrics of the run: beside it, or where the DAG evaluates it; None if it was not evaluated."""
    of_the_dag = real_path(folder).parents[2:3]
    places = [folder / METRICS, *(root / f"evaluations/{config.run}/seed{config.seed}" / METRICS for root in of_the_dag)]
    for path in places:
        if path.is_file():
            own = {"run": config.run, "seed": config.seed, "profile": config.profile, "benchmark": config.benchmark}
            return read_metrics(path, f"the model card of {config.run}", **own)
    return None


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a new folder beside `path`; it gets that name if the block succeeds and is deleted otherwise."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}@{host()}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        temporary.mkdir(parents=True)
        yield temporary
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
