"""The classes of a benchmark one by one: base or novel, how often training sees each, and how well each run finds it."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from larvseg.config import nearest
from larvseg.config.diagnostics import ClassesConfig
from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError
from larvseg.reporting.diagnostics.measured import metrics_of, seeds_of
from larvseg.reporting.tables import read_csv, write_csv
from larvseg.reporting.tail import images_of_each_class

IMAGES = "images_"  # and a data set: training images that show the class


def classes(config: ClassesConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write `table`, one line a class in the order of the vocabulary.

    inputs: the metrics of each run and seed, by `<run>.seed<k>`, and the manifests of config.datasets and of the benchmark. Columns:
    class; novel_s and novel_p (alignment rules S and P: true, false), by_name (novel by name alone); images_<data set>, how many of its
    training images show the class; pixels of it in the validation images; size, how many percent of such an image it covers where it
    is, in the mean; and for each run the IoU in percent, the mean over seeds, empty where some seed has none.
    Raises LarvSegError for metrics of another run, seed, profile or benchmark, and for the manifest of another data set.
    """
    images = {f"{IMAGES}{dataset.lower()}": images_of(Manifest(inputs[dataset]), dataset) for dataset in config.datasets}
    sizes = sizes_of(Manifest(inputs[config.benchmark]), config.benchmark)
    found = {run.run: metrics_of(run, inputs, config.profile, config.benchmark) for run in config.runs}
    first = pd.DataFrame(next(iter(found.values()))[0]["classes"])
    names, kinds = first["name"], first[["novel_s", "novel_p", "by_name"]]
    columns = {"class": names} | dict(kinds.map({True: "true", False: "false"}.get))
    columns |= {column: names.map(counted) for column, counted in images.items()}
    columns |= {"pixels": first["pixels"], "size": names.map(sizes).map("{:#.4g}".format, na_action="ignore")}
    columns |= {run: _mean([each["classes"] for each in metrics]) for run, metrics in found.items()}
    columns |= {"profile": config.profile, "seeds": " ".join(map(str, seeds_of(config.runs)))}
    write_csv(outputs["table"], pd.DataFrame(columns), "%.2f")


def images_of(manifest: Manifest, dataset: str) -> Counter[str]:
    """For each class how many training images of `manifest` show it, by the name that the classes of benchmarks have for it (rule S).

    Raises LarvSegError if the manifest is not that of `dataset`.
    """
    return images_of_each_class(manifest, _header(manifest, dataset)["keys"]["S"])


def sizes_of(manifest: Manifest, benchmark: str) -> dict[str, float]:
    """For each class in a validation image of `manifest`: the percent of an image that it covers, in the mean over those that show it.

    Raises LarvSegError if the manifest is not that of `benchmark`.
    """
    names = _header(manifest, benchmark)["classes"]
    shown = [(some.labels, 100 * some.pixels / some.areas[some.image]) for some in manifest.annotated("validation") if len(some.labels)]
    if not shown:
        return {}
    labels, shares = map(np.concatenate, zip(*shown, strict=True))
    return {names[label]: statistics.fmean(shares[labels == label]) for label in np.unique(labels)}


def _header(manifest: Manifest, dataset: str) -> Mapping[str, Any]:
    there = manifest.header["dataset"]
    if there != dataset:
        raise LarvSegError(f"{manifest.path}: the manifest of {there}, not of {dataset}; delete it and derive it again")
    return manifest.header


def _mean(seeds: Sequence[Sequence[Mapping[str, Any]]]) -> pd.Series:
    """The IoU of each class, the mean over seeds; NaN where one has none."""
    return pd.DataFrame([[each["iou"] for each in classes] for classes in seeds], dtype=float).apply(statistics.fmean)


class ClassTable:
    """A table that `classes` wrote, for the figures that are drawn of it. Lists are in the order of its lines."""

    def __init__(self, path: Path):
        self.path, self.rows = path, read_csv(path)
        self.names = [row["class"] for row in self.rows]
        self.novel = [row["novel_s"] == "true" for row in self.rows]
        self.by_name = [row["by_name"] == "true" for row in self.rows]  # novel by name alone
        self.datasets = [column.removeprefix(IMAGES).upper() for column in self.rows[0] if column.startswith(IMAGES)]

    def column(self, name: str) -> list[str]:
        """The cells of a column; LarvSegError, naming the nearest, if there is none."""
        if name not in self.rows[0]:
            raise LarvSegError(f"{self.path}: no column {name!r}{nearest(name, list(self.rows[0]))}")
        return [row[name] for row in self.rows]

    def iou(self, run: str) -> list[float | None]:
        """The IoU of each class in percent; None where `run` has none."""
        return self._numbers(run)

    @property
    def sizes(self) -> list[float | None]:
        """How many percent of a validation image each class covers where it is; None if it is nowhere."""
        return self._numbers("size")

    def _numbers(self, column: str) -> list[float | None]:
        return [float(cell) if cell else None for cell in self.column(column)]

    def images(self, dataset: str) -> list[int]:
        """How many training images of `dataset` show each class."""
        return [int(cell) for cell in self.column(f"{IMAGES}{dataset.lower()}")]

    def listed(self, values: Sequence[float | None]) -> dict[str, Any]:
        """A value of each class as metrics.json lists the IoU, for the functions of `larvseg.reporting.tail`."""
        each = zip(self.names, values, self.novel, self.by_name, strict=True)
        return {"classes": [{"name": name, "iou": iou, "novel_s": novel, "by_name": alone} for name, iou, novel, alone in each]}
