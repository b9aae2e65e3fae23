"""A small benchmark: four classes, two of them novel, two runs, and what evaluations, manifests and training wrote of them."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from larvseg.config.diagnostics import Measured
from larvseg.datasets.manifest import write_manifest
from larvseg.evaluation.confusion import ConfusionCounts

NAMES = ("wall", "sofa", "person", "lamp")
NOVEL = (False, True, False, True)


@pytest.fixture
def run():
    def run(name: str, *seeds: int) -> Measured:
        return Measured(run=name, title=name.title(), training_data="C171, WA150", seeds=seeds or (0,))

    return run


@pytest.fixture
def evaluated(tmp_path):
    def evaluated(run: str, seed: int, ious, matrix=None, says=()):
        """{role: path} of the metrics and confusion counts of one run and seed."""
        matrix = np.diag([40, 30, 20, 10]) if matrix is None else np.array(matrix)
        each = zip(NAMES, ious, NOVEL, matrix.sum(1).tolist(), strict=True)
        classes = [
            {"name": name, "iou": iou, "novel_s": novel, "novel_p": True, "by_name": False, "pixels": pixels}
            for name, iou, novel, pixels in each
        ]
        metrics = {"run": run, "seed": seed, "profile": "mini", "benchmark": "A150", "classes": classes} | dict(says)
        stem = f"{run}.seed{seed}"
        (tmp_path / stem).write_text(json.dumps(metrics))
        counts = ConfusionCounts(len(matrix))
        target, prediction = np.indices(matrix.shape).reshape(2, -1).repeat(matrix.ravel(), axis=1)
        counts.add(0, target, prediction)
        counts.write(tmp_path / f"{stem}.confusion")
        return {stem: tmp_path / stem, f"{stem}.confusion": tmp_path / f"{stem}.confusion"}

    return evaluated


@pytest.fixture
def manifest(tmp_path):
    def manifest(dataset: str, classes, images, keys=None, validation=()):
        """{dataset: path} of a manifest whose training images show the classes `images`; `validation`: their pixels in 10 × 10 each."""
        location = {"archive": "a.zip", "member": "m", "offset": 0, "length": 1, "method": 0, "size": 1}
        row = {"width": 10, "height": 10, "image": location, "mask": None, "synset": None}
        rows = [{"name": str(i), "split": "training", "labels": list(labels), "pixels": None, **row} for i, labels in enumerate(images)]
        for i, pixels in enumerate(validation):
            rows.append({"name": f"val{i}", "split": "validation", "labels": list(pixels), "pixels": list(pixels.values()), **row})
        header = {"dataset": dataset, "classes": list(classes), "keys": {"S": list(keys or classes)}, "archives": {"a.zip": "0"}}
        write_manifest(tmp_path / f"{dataset}.arrow", rows, header | {"absent": [], "kind": "pixel", "encoding": None, "raw_ids": []})
        return {dataset: tmp_path / f"{dataset}.arrow"}

    return manifest


@pytest.fixture
def trained(tmp_path):
    def trained(run: str, seed: int, pushed=(100, 0, 60, 5, 7), banks: int = 1, classes=NAMES):
        """{role: path} of a checkpoint whose banks were pushed to, over a union of five names; the benchmark lacks the first."""
        stem = f"{run}.seed{seed}"
        tensors = {f"banks.{number}.pushed": np.array(pushed) for number in range(banks)} | {"classifier.table": np.zeros((5, 2))}
        save_file(tensors, tmp_path / f"{stem}.model")
        vocabulary = {"names": ["sky", *NAMES], "index": {"A150": [1, 2, 3, 4]}, "classes": {"A150": list(classes)}}
        settings = {"train": {"attention": {"memory_size": 20, "top_k": 20}}, "vocabulary": vocabulary}
        (tmp_path / f"{stem}.config").write_text(json.dumps(settings))
        return {f"{stem}.{role}": tmp_path / f"{stem}.{role}" for role in ("model", "config")}

    return trained
