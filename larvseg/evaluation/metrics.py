"""From the confusion matrix of a validation set to its metrics. Never imports torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from larvseg.evaluation.miou import class_iou, excluded_classes, mean_iou
from larvseg.vocabulary import RULES
from larvseg.vocabulary.alignment import BY_NAME

Novel = Mapping[str, Sequence[int]]  # alignment rule, or BY_NAME → positions of classes: larvseg.vocabulary.novel_in


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
    return top | {"rules": rules, "excluded_classes": excluded_classes(iou), "classes": classes}


def _percent(value: float) -> float | None:
    return None if np.isnan(value) else round(100 * float(value), 10)


def novel_in_metrics(metrics: Mapping[str, Any]) -> Novel:
    """The novel classes as the metrics of a run have them."""
    keys = {rule: f"novel_{rule.lower()}" for rule in RULES} | {BY_NAME: BY_NAME}
    return {rule: [i for i, each in enumerate(metrics["classes"]) if each[key]] for rule, key in keys.items()}
