"""From the confusion matrix of a validation set to its metrics. Never imports torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from larvseg.evaluation.miou import class_iou, excluded_classes, mean_iou
from larvseg.vocabulary import RULES

Novel = Mapping[str, Sequence[int]]  # alignment rule → positions of the novel classes


def metrics_of(matrix: np.ndarray, names: Sequence[str], novel_of: Novel) -> dict[str, Any]:
    """mIoU over all, base and novel classes under both alignment rules, and the IoU of each class. `matrix`: (N, N) target × prediction.

    Percent, rounded to 10 decimals; None for a mean over nothing. `all`, `base`, `novel` at the top are those of rule S (paper, Table 3).
    """
    iou = class_iou(matrix)
    novel_of = {rule: tuple(novel_of[rule]) for rule in RULES}
    rules = {}
    for rule, novel in novel_of.items():
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
    return {rule: [i for i, each in enumerate(metrics["classes"]) if each[f"novel_{rule.lower()}"]] for rule in RULES}


def by_name_alone(each: Mapping[str, Any]) -> bool:
    """A class (of `classes` in metrics) that is novel by name alone: the base data set has pixel labels of it under another name.

    Rule S, by which tables are made, does not see that; rule P does.
    """
    return each["novel_s"] and not each["novel_p"]
