"""The metrics of a run, counted again from its confusion counts. Without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from larvseg.evaluation.confusion import confusion_matrix
from larvseg.evaluation.metrics import metrics_of, novel_in_metrics
from larvseg.evaluation.permutation import permuted_vocabulary


def recomputed(confusion: Path, metrics: dict[str, Any]) -> dict[str, Any]:
    """The metrics that follow from the counts in `confusion`, for the classes that `metrics` names."""
    matrix, novel = confusion_matrix(confusion), novel_in_metrics(metrics)
    names = [item["name"] for item in metrics["classes"]]
    if len(names) != len(matrix):
        raise ValueError(f"{len(matrix)} classes were counted, {len(names)} are named")
    control = {"permuted_vocabulary": permuted_vocabulary(matrix, names, novel)} if "permuted_vocabulary" in metrics else {}
    return metrics_of(matrix, names, novel) | control
