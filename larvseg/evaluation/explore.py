"""The `explore` stage: how well pixel embeddings group pixels when one pixel of each class is known (paper, Table 1).

The paper looks at "images containing novel category regions"; here every validation image counts, which gives the same numbers: where
classes that are not in an image cannot win, an image without a novel category changes no novel IoU.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from larvseg.config.grouping import GroupingConfig
from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError
from larvseg.evaluation.confusion import ConfusionCounts
from larvseg.evaluation.embeddings import Embed, embedder
from larvseg.evaluation.evaluate import open_benchmark
from larvseg.evaluation.grouping import draw_points, grouped
from larvseg.evaluation.metrics import Novel, metrics_of
from larvseg.files import json_text
from larvseg.training import runtime
from larvseg.vocabulary import RULES


def explore(config: GroupingConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write `grouping` (JSON): mIoU in percent over the novel categories, of each draw under both alignment rules, and their mean and std.

    inputs: `manifest` of the benchmark and, as `embedding` says, `model` and `config` of a run, `model`, a backbone, or `clip` and
    `text`. DenseCLIP knows the classes of an image but no pixel, so there is nothing to draw: one "draw". Raises LarvSegError for inputs
    that do not fit.
    """
    device = runtime.prepare(config.runtime)
    manifest = open_benchmark(inputs["manifest"], config.benchmark)
    embed = embedder(config.embedding, inputs, config.evaluation, device)
    if config.embedding.source == "denseclip":
        from larvseg.training.text_table import text_of

        table = text_of(inputs["text"], manifest.header["classes"]).to(device)
        counts = [group_by_texts(embed, table, manifest, config.absent)]
    else:
        counts = group_by_pixels(embed, manifest, config.draws, config.seed, config.absent)
    head = {key: getattr(config, key) for key in ("run", "seed", "profile", "benchmark", "absent")}
    head["images"] = len(manifest.split("validation"))
    found = summary([each.matrix() for each in counts], manifest.header["classes"], manifest.header["novel"], config.rule)
    outputs["grouping"].write_text(json_text(head | found), encoding="utf-8")


@torch.inference_mode()
def group_by_pixels(embed: Embed, manifest: Manifest, draws: int, seed: int, absent: str = "masked") -> list[ConfusionCounts]:
    """Confusion counts of each draw: in every validation image the classes of `grouped` against its mask.

    The known pixels depend on (seed, draw, row of the manifest) alone.
    """
    counts = [ConfusionCounts(len(manifest.header["classes"])) for _ in range(draws)]
    for row, mask in _labelled(manifest):
        grid = embed(manifest.image(row))
        for draw, own in enumerate(counts):
            present, points = draw_points(mask, np.random.default_rng([seed, draw, row]))
            scores = grid.dots(F.normalize(grid.at(points), dim=1))
            own.add(row, mask, grouped(scores, present, own.classes, absent))
    return counts


@torch.inference_mode()
def group_by_texts(embed: Embed, table: Tensor, manifest: Manifest, absent: str = "masked") -> ConfusionCounts:
    """Confusion counts of the best of the classes that are in the image, by the rows of `table` (N, D), unit vectors."""
    counts = ConfusionCounts(len(table))
    for row, mask in _labelled(manifest):
        present = np.unique(mask[mask >= 0]).astype(np.int64)
        scores = embed(manifest.image(row)).dots(table[torch.from_numpy(present)])
        counts.add(row, mask, grouped(scores, present, counts.classes, absent))
    return counts


def summary(matrices: Sequence[np.ndarray], names: Sequence[str], novel: Novel, rule: str) -> dict[str, Any]:
    """What the confusion matrices (N, N) of the draws say: mIoU over novel categories under each rule, on top that of `rule`."""
    draws = [metrics_of(matrix, names, novel) for matrix in matrices]
    rules = {}
    for each in RULES:
        values = [metrics["rules"][each]["novel"] for metrics in draws]
        rules[each] = {"novel_classes": draws[0]["rules"][each]["novel_classes"], "draws": values} | _mean_std(values)
    classes = [
        {key: found[0][key] for key in ("name", "novel_s", "novel_p")} | {"iou": _mean_std([one["iou"] for one in found])["mean"]}
        for found in zip(*(metrics["classes"] for metrics in draws), strict=True)
    ]
    top = {"rule": rule, "novel": rules[rule]["mean"], "std": rules[rule]["std"]}
    return top | {"rules": rules, "classes": classes}


def _mean_std(values: Sequence[float | None]) -> dict[str, float | None]:
    """Mean and sample standard deviation; None if a value is missing, or too few are there."""
    if None in values:
        return {"mean": None, "std": None}
    deviation = round(statistics.stdev(values), 10) if len(values) > 1 else None
    return {"mean": round(statistics.fmean(values), 10), "std": deviation}


def _labelled(manifest: Manifest):
    """(row, mask) of the validation images that have a label."""
    rows = manifest.split("validation")
    if not len(rows):
        raise LarvSegError(f"{manifest.header['dataset']}: the manifest has no validation image; derive it again")
    for row in tqdm(rows, desc="explore", unit="image", file=sys.stderr, disable=None):
        mask = manifest.mask(int(row))
        if (mask >= 0).any():
            yield int(row), mask
