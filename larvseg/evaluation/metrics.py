"""From the confusion matrix of a validation set to IoU and to its metrics, and these read again. Never imports torch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from larvseg.config import Metrics, conform
from larvseg.errors import LarvSegError, reading
from larvseg.vocabulary import RULES
from larvseg.vocabulary.alignment import BY_NAME

Novel = Mapping[str, Sequence[int]]  # alignment rule, or BY_NAME → positions of classes: larvseg.vocabulary.novel_in


def class_iou(matrix: np.ndarray) -> np.ndarray:
    """(N, N) pixels of target × prediction → (N,) TP / (TP + FP + FN).

    NaN where a class is neither in a target nor predicted; 0 where it is predicted only.
    """
    intersection = np.diag(matrix).astype(np.float64)
    union = matrix.sum(0) + matrix.sum(1) - np.diag(matrix)
    return np.divide(intersection, union, out=np.full(len(matrix), np.nan), where=union > 0)


def mean_iou(iou: np.ndarray, indices: Sequence[int] | None = None) -> float:
    """Mean over the classes `indices` (None: all), leaving NaN out; NaN if nothing is left."""
    chosen = iou if indices is None else iou[list(indices)]
    chosen = chosen[~np.isnan(chosen)]
    return float(chosen.mean()) if chosen.size else float("nan")


def metrics_of(matrix: np.ndarray, names: Sequence[str], novel_of: Novel) -> dict[str, Any]:
    """mIoU over all, base and novel classes under both alignment rules, and the IoU of each class. `matrix`: (N, N) target × prediction.

    Percent, rounded to 10 decimals; None for a mean over nothing. `all`, `base`, `novel` at the top are those of rule S (paper, Table 3).
    """
    iou = class_iou(matrix)
    novel_of = {rule: tuple(positions) for rule, positions in novel_of.items()}
    rules = {}
    for rule, novel in ((rule, novel_of[rule]) for rule in RULES):
        base = tuple(i for i in range(len(names)) if i not in set(novel))
        means = {"all": mean_iou(iou), "base": mean_iou(iou, base), "novel": mean_iou(iou, novel)}
        sizes = {"base_classes": len(base), "novel_classes": len(novel)}
        rules[rule] = {name: _percent(value) for name, value in means.items()} | sizes
    classes = [
        {
            "name": name,
            "iou": _percent(iou[i]),
            "novel_s": i in novel_of["S"],
            "novel_p": i in novel_of["P"],
            "by_name": i in novel_of[BY_NAME],
            "pixels": int(matrix[i].sum()),
        }
        for i, name in enumerate(names)
    ]
    top = {name: rules["S"][name] for name in ("all", "base", "novel")}
    return top | {"rules": rules, "excluded_classes": int(np.isnan(iou).sum()), "classes": classes}


def _percent(value: float) -> float | None:
    return None if np.isnan(value) else round(100 * float(value), 10)


def novel_in_metrics(metrics: Mapping[str, Any]) -> Novel:
    """The novel classes as the metrics of a run have them."""
    keys = {rule: f"novel_{rule.lower()}" for rule in RULES} | {BY_NAME: BY_NAME}
    return {rule: [i for i, each in enumerate(metrics["classes"]) if each[key]] for rule, key in keys.items()}


def load_metrics(path: Path) -> dict[str, Any]:
    """What an evaluation, a grouping or a CLIP model wrote to `path` (JSON); LarvSegError for a file of another form."""
    with reading(path, "a file of metrics", "delete it and run snakemake again"):
        found = json.loads(path.read_text(encoding="utf-8"))
        conform(Metrics, found)
        return found


def read_metrics(path: Path, asking: str, **wanted: Any) -> dict[str, Any]:
    """What an evaluation or a grouping wrote to `path` (JSON).

    Raises LarvSegError, which names who is `asking`, if a key of `wanted` has another value there.
    """
    found = load_metrics(path)
    for key, value in wanted.items():
        if found.get(key) != value:
            raise LarvSegError(f"{path}: {key} is {found.get(key)!r}, {asking} wants {value!r}; delete it and run snakemake again")
    return found
