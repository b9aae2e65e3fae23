"""Statements about novel categories, tested over seeds: paired differences, their mean and spread."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping
from pathlib import Path

from larvseg.config import CompareConfig
from larvseg.reporting.tables import read_csv, write_csv


def compare(config: CompareConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write one line a statement: the difference in novel mIoU (points, rule S) of each seed, their mean and sample standard deviation.

    `verdict`: holds (mean > deviation), does not hold (mean < −deviation) or undecided.
    """
    seeds = config.comparisons.seeds
    rows = []
    for pair in config.comparisons.pairs:
        differences = [_novel(inputs[f"{pair.higher}.seed{seed}"]) - _novel(inputs[f"{pair.lower}.seed{seed}"]) for seed in seeds]
        mean, deviation = statistics.fmean(differences), statistics.stdev(differences)
        verdict = "holds" if mean > deviation else "does not hold" if mean < -deviation else "undecided"
        cells = {"statement": pair.statement, "higher": pair.higher, "lower": pair.lower, "verdict": verdict}
        cells |= {"difference": f"{mean:+.2f}", "std": f"{deviation:.2f}"}
        cells |= {f"seed{seed}": f"{difference:+.2f}" for seed, difference in zip(seeds, differences, strict=True)}
        rows.append({**cells, "profile": config.profile})
    write_csv(outputs["comparisons"], rows)


def print_comparisons(path: Path) -> str:
    """The comparisons in `path` as text for a terminal."""
    rows = read_csv(path)
    width = max(len(row["statement"]) for row in rows)
    lines = [f"{row['statement']:<{width}}  {row['difference']:>6} ± {row['std']:<5} {row['verdict']}" for row in rows]
    return "\n".join([*lines, f"difference in novel mIoU, paired by seed; profile {rows[0]['profile']}"]) + "\n"


def _novel(path: Path) -> float:
    return json.loads(path.read_text(encoding="utf-8"))["novel"]
