"""What the paper claims and whether it holds here: differences between runs, with intervals by a paired bootstrap. Never imports torch."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from larvseg.config.claims import ClaimsConfig, ResolvedClaim, Side
from larvseg.errors import LarvSegError
from larvseg.evaluation.bootstrap import ImageCounts, image_counts, mean_over, resampled_iou, weights
from larvseg.evaluation.confusion import read_confusion
from larvseg.evaluation.metrics import read_metrics
from larvseg.reporting.tables import MEANS, PUBLISHED, read_csv, write_csv

INTERVAL = (2.5, 97.5)  # percentiles
IMAGES, SEEDS, KNOWN_PIXELS = range(3)  # what is drawn: each has random numbers of its own
HOLDS, FAILS, UNDECIDED, NOT_MEASURED = "holds", "does not hold", "undecided", "not measured"


def claims(config: ClaimsConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write `claims` (CSV), one line a claim: the published difference in points of mIoU, ours, its interval, and the verdict.

    inputs: of each run and seed the metrics, `<run>.seed<k>`, and the confusion counts, `<run>.seed<k>.confusion`; of Table 1 the grouping.

    measured: the difference with each seed, averaged; seed_std: their sample standard deviation s. low, high: the middle 95 % of that
    average over config.resamples resamples. Each draws validation images with replacement, the same for all runs of a benchmark, and adds
    s/√n · t, a draw of Student's t with n − 1 degrees of freedom for the n seeds: drawing among three seeds would know nothing beyond the
    extremes of the three. The interval covers what other images of the kind and other seeds would have changed, given one backbone, one
    CLIP model and one set of training images. detectable: measured − low, the least difference that it would have told from 0. Of
    `grouping` there are no counts: instead of images, of each seed the draws of its known pixels are drawn, the same for all runs; the
    images are taken as they are. Intervals are not widened for the number of claims. Of a claim with several rivals the line has the one
    that decides, `against`: the one that the run is least surely above, or, where the claim does not hold, most surely below. The published
    difference is that to the same rival; where nothing was measured, to the nearest.

    verdict, over all rivals: holds if the interval lies above 0 (not_worse: above −margin), does not hold if one lies below, undecided
    otherwise. Undecided, too, where a run is trained and fewer than two seeds were: the interval then knows nothing of what another seed
    would have changed (note: one seed). not measured: this profile does not have a run, or no such category is in the images. `remark` is
    that of the claim.

    Raises LarvSegError for a published row that is not there, for metrics of something else, and for runs that saw other images.
    """
    write_csv(outputs["claims"], tested(config, inputs))


def tested(config: ClaimsConfig, inputs: Mapping[str, Path]) -> list[dict[str, str]]:
    """The lines of `claims`, column → text."""
    measures = _Measures(config, inputs)
    return [_line(config, claim, measures) for claim in config.claims]


@dataclass(frozen=True)
class Difference:
    """By how many points one run is above another. `seeds`: with each seed. `low`, `high`: the interval."""

    against: str
    value: float
    seeds: tuple[float, ...]
    low: float
    high: float


def verdict(differences: Sequence[Difference], margin: float = 0.0) -> str:
    """Whether a run is better than each of its rivals by more than −margin points."""
    if all(difference.low > -margin for difference in differences):
        return HOLDS
    return FAILS if any(difference.high < -margin for difference in differences) else UNDECIDED


def deciding(differences: Sequence[Difference], margin: float = 0.0) -> Difference:
    """The difference that the verdict comes from."""
    if verdict(differences, margin) == FAILS:
        return min(differences, key=lambda difference: difference.high)
    return min(differences, key=lambda difference: difference.low)


def _line(config: ClaimsConfig, claim: ResolvedClaim, measures: _Measures) -> dict[str, str]:
    own, *rivals = claim.sides
    differences = [] if claim.quoted else [measures.difference(claim, own, rival) for rival in rivals]
    result, note = NOT_MEASURED, f"{', '.join(claim.quoted)}: not run in this profile"
    if differences and any(np.isnan(difference.value) for difference in differences):
        differences, note = [], f"no {claim.measure} category is in the images"
    elif differences:
        result, note = verdict(differences, claim.margin), ""
        if any(side.trained and len(side.seeds) < 2 for side in claim.sides):
            result, note = UNDECIDED, "one seed"
    line = {
        "statement": claim.statement,
        "source": claim.source,
        "benchmark": claim.benchmark,
        "measure": claim.measure,
        "kind": claim.kind,
        "margin": f"{claim.margin:.1f}" if claim.margin else "",
        "published": "",
    }
    line |= dict.fromkeys(("measured", "seed_std", "low", "high", "detectable", "against"), "")
    if differences:
        shown = deciding(differences, claim.margin)
        rivals = [rival for rival in rivals if rival.run == shown.against]
        line |= {"measured": _signed(shown.value), "low": _signed(shown.low), "high": _signed(shown.high), "against": shown.against}
        line["detectable"] = f"{shown.value - shown.low:.2f}"
        line["seed_std"] = f"{statistics.stdev(shown.seeds):.2f}" if len(shown.seeds) > 1 else ""
    line["published"] = _published(claim, own, rivals)
    seeds = max((side.seeds for side in claim.sides), key=len)
    about = {"verdict": result, "note": note, "profile": config.profile, "seeds": " ".join(map(str, seeds))}
    return line | about | {"runs": " ".join(side.run for side in claim.sides), "remark": claim.remark}


def _signed(points: float) -> str:
    return f"{round(points, 2) + 0.0:+.2f}"  # no −0.00


class _Measures:
    """Each measure of each run and seed: (1 + resamples,) percent, first as it is, then under each resample."""

    def __init__(self, config: ClaimsConfig, inputs: Mapping[str, Path]):
        self._config, self._inputs = config, inputs
        self._means: dict[str, dict[str, np.ndarray]] = {}
        self._labelled: dict[str, tuple[str, np.ndarray, ImageCounts]] = {}  # of each benchmark a run, its images, their counts

    def difference(self, claim: ResolvedClaim, own: Side, rival: Side) -> Difference:
        """How far `own` is above `rival`, paired by seed; one that trains nothing is the same with every seed."""
        first, second = ([self._of(claim, side, seed) for seed in side.seeds] for side in (own, rival))
        by_seed = np.stack(first) - np.stack(second)  # (n seeds, 1 + resamples)
        points, n = by_seed.mean(0), len(by_seed)
        if n > 1:
            t = np.random.default_rng((self._config.seed, SEEDS)).standard_t(n - 1, self._config.resamples)
            points[1:] += t * by_seed[:, 0].std(ddof=1) / n**0.5
        there = points[1:][~np.isnan(points[1:])]  # a resample may lack every image with such a category
        low, high = np.percentile(there, INTERVAL) if len(there) else (np.nan, np.nan)
        return Difference(rival.run, float(points[0]), tuple(by_seed[:, 0].tolist()), float(low), float(high))

    def _weights(self, units: int, *what: int) -> Iterator[np.ndarray]:
        return weights(units, self._config.resamples, (self._config.seed, *what))

    def _of(self, claim: ResolvedClaim, side: Side, seed: int) -> np.ndarray:
        key = f"{side.run}.seed{seed}"
        if key not in self._means:
            found = self._document(key, side.run, seed, claim.benchmark)
            self._means[key] = self._grouping(seed, found) if claim.measure == "grouping" else self._mious(key, found)
        return self._means[key][claim.measure]

    def _document(self, key: str, run: str, seed: int, benchmark: str) -> dict[str, Any]:
        about = {"run": run, "seed": seed, "profile": self._config.profile, "benchmark": benchmark}
        return read_metrics(self._inputs[key], "a claim", **about)

    def _grouping(self, seed: int, found: Mapping[str, Any]) -> dict[str, np.ndarray]:
        draws = found["rules"][found["rule"]]["draws"]
        percent = np.array([np.nan if value is None else value for value in draws])
        drawn = np.concatenate([*self._weights(len(draws), KNOWN_PIXELS, seed)])  # with each seed other pixels are known
        return {"grouping": (drawn * percent).sum(1) / len(draws)}

    def _mious(self, key: str, metrics: Mapping[str, Any]) -> dict[str, np.ndarray]:
        path = self._inputs[f"{key}.confusion"]
        classes = metrics["classes"]
        images, counts = image_counts(*read_confusion(path))
        first, known, labels = self._labelled.setdefault(metrics["benchmark"], (key, images, counts))
        if not (np.array_equal(images, known) and counts.same_labels(labels)):
            raise LarvSegError(f"{path}: counts of other images or masks than those of {first}; delete it and run snakemake again")
        iou = np.concatenate([resampled_iou(counts, some) for some in self._weights(len(images), IMAGES)])
        novel = [number for number, each in enumerate(classes) if each["novel_s"]]
        parts = {"all": range(len(classes)), "base": [n for n in range(len(classes)) if n not in set(novel)], "novel": novel}
        return {measure: mean_over(iou, parts[measure]) for measure in MEANS}


def _published(claim: ResolvedClaim, own: Side, rivals: Sequence[Side]) -> str:
    """The published difference to the nearest of `rivals`; nothing where the paper leaves a number out."""
    if claim.published is None:
        return ""
    path = PUBLISHED / f"{claim.published}.csv"
    rows = pd.DataFrame(read_csv(path))
    first, *others = (_published_row(path, rows, side)[claim.column] for side in (own, *rivals))
    if not all((first, *others)):
        return ""
    return f"{min(float(first) - float(other) for other in others):+.1f}"


def _published_row(path: Path, rows: pd.DataFrame, side: Side) -> pd.Series:
    """The row that agrees with `side` in every column that it has a text for."""
    ours = pd.Series({column: side.published.get(f"published_{column}", side.published.get(column)) for column in rows}).dropna()
    found = rows[(rows[ours.index] == ours).all(axis=1)]
    if len(found) != 1:
        raise LarvSegError(f"{path}: {len(found)} rows fit that of {side.run!r} ({', '.join(side.published.values())}) instead of one")
    return found.iloc[0]
