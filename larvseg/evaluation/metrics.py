"""From the confusion matrix of a validation set to its metrics. Never imports torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from larvseg.evaluation.miou import class_iou, excluded_classes, mean_iou
from larvseg.vocabulary import RULES, base_novel, load_vocabulary


def metrics_of(matrix: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    """mIoU over all, base and novel classes under both alignment rules, and the IoU of each class. `matrix`: (N, N) target × prediction.

    Percent, rounded to 10 decimals; None for a mean over nothing. `all`, `base`, `novel` at the top are those of rule S (paper, Table 3).
    """
    iou = class_iou(matrix)
    c171 = load_vocabulary("C171")
    splits = {rule: base_novel(names, c171, rule) for rule in RULES}
    rules = {}
    for rule, (base, novel) in splits.items():
        means = {"all": mean_iou(iou), "base": mean_iou(iou, base), "novel": mean_iou(iou, novel)}
        sizes = {"base_classes": len(base), "novel_classes": len(novel)}
        rules[rule] = {name: _percent(value) for name, value in means.items()} | sizes
    classes = [
        {
            "name": name,
            "iou": _percent(iou[i]),
            "novel_s": i in splits["S"][1],
            "novel_p": i in splits["P"][1],
            "pixels": int(matrix[i].sum()),
        }
        for i, name in enumerate(names)
    ]
    top = {name: rules["S"][name] for name in ("all", "base", "novel")}
    return top | {"rules": rules, "excluded_classes": excluded_classes(iou), "classes": classes}


def _percent(value: float) -> float | None:
    return None if np.isnan(value) else round(100 * float(value), 10)
