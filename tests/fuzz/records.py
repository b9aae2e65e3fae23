"""JSON and CSV that the project wrote itself, maybe on another machine: records, recipes, metrics, cells, curves, statistics, notes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from larvseg.evaluation.metrics import load_metrics, metrics_of
from larvseg.figures.curves import read_curves
from larvseg.lineage.recipes import Recipe
from larvseg.lineage.records import read_record, read_run, verified_hash
from larvseg.reporting.cells import read_cells, rows_of
from larvseg.reporting.page.curves import curves_of
from larvseg.reporting.tables import read_csv
from larvseg.sources.part import Part
from larvseg.training.frozen import standard
from larvseg.training.saved import settings_in, vocabulary_in
from larvseg.watch.steps import step_of
from tests.fuzz.damage import TEXT_TOKENS, damaged, json_files
from tests.fuzz.kind import Kind

_HASH = "0" * 64
_RECORD = {
    "schema": "larvseg.lineage/1",
    "artifact": {"path": "x.bin", "role": "model", "sha256": hashlib.sha256(b"abcd").hexdigest(), "size": 4},
    "recipe": {"rule": "train", "name": "r.seed0", "config": {"steps": 3}, "code": {"larvseg.a": {"f": "0"}}, "environment": ["numpy==1"]},
    "inputs": [{"role": "manifest", "path": "m.arrow", "sha256": _HASH}],
}
_RECIPE = {
    "schema": "larvseg.recipe/1",
    "rule": "train",
    "name": "r.seed0",
    "config": {"steps": 3},
    "code": {"larvseg.a": {"f": "0"}},
    "inputs": {"manifest": "m.arrow"},
    "outputs": {"model": "x.bin"},
    "reads": ["a.zip"],
    "reference": {},
}
_METRICS = {"run": "a", "seed": 0, "profile": "p", "benchmark": "A150", "images": 2} | metrics_of(
    np.array([[5, 1], [2, 3]]), ["wall", "sky"], {"S": (1,), "P": (1,), "by_name": ()}
)
_CELL = {
    "table": "table3",
    "row": 0,
    "key": {"model": "LarvSeg"},
    "column": "novel",
    "value": "1.5",
    "raw": 1.5,
    "aggregate": "mean",
    "sources": [{"path": "m.json", "pointer": "/novel", "sha256": _HASH}],
}
_SAVED = {"train": {"method": "a"}, "vocabulary": {"names": ["wall"], "index": {"C171": [0]}, "classes": {"C171": ["wall"]}}}
_STATISTICS = {"cells": 4, "total": [1.0, 2.0], "squares": [2.0, 4.0]}
_CURVES = (
    b"step,learning_rate,loss,loss_seg,loss_cls,loss_aux,contrast,warm,fill,scale\n10,0.1,2.5,1,1,0.5,1,0,0.5,4\n20,0.1,1.5,1,0,0,1,1,1,4\n"
)
_TABLE = b'model,novel\nLarvSeg,1.5\n"a, b",\n'
CSV_TOKENS = (*TEXT_TOKENS, b",", b'"', b"\n,", b"\0", b"nan", b"inf", b"x" * 140_000, b"=cmd()")


def _in(name: str, read: Callable[[Path], Any]):
    def reads(data: bytes, folder: Path) -> None:
        (folder / name).write_bytes(data)
        read(folder / name)

    return reads


def _record(path: Path) -> None:
    artifact = path.with_name("x.bin")
    artifact.write_bytes(b"abcd")
    record = read_record(artifact)
    assert all(item["sha256"] + item["path"] + item["role"] for item in record["inputs"])
    verified_hash(artifact)


def _recipe(path: Path) -> None:
    recipe = Recipe.load(path)
    assert recipe.hash and recipe.title and all(isinstance(role + place, str) for role, place in recipe.made_of)


def _curves(path: Path) -> None:
    json.dumps(curves_of(path))
    step_of(20, path, "step 3/20, loss 2.5, 1.2 steps/s")
    read_curves(path)


def _saved(path: Path) -> None:
    settings_in(path)
    next(iter(vocabulary_in(path).index))


def _part(path: Path) -> None:
    remote = Part(path.with_name("a.zip"), None).remote
    assert remote is None or remote.validator is None or isinstance(remote.validator, str)


_LINES = [json.dumps(_CELL).encode() + b"\n" + json.dumps({**_CELL, "row": 1}).encode() + b"\n"]
KINDS = (
    Kind("records", "JSON: values, types, nesting, encodings", json_files(_RECORD), _in("x.bin.lineage.json", _record), "x.bin"),
    Kind("recipes", "the same", json_files(_RECIPE), _in("r.json", _recipe), "r.json", (json.dumps(_RECIPE).replace("3", "NaN").encode(),)),
    Kind("metrics", "the same", json_files(_METRICS), _in("metrics.json", load_metrics), "metrics.json"),
    Kind(
        "cells of tables",
        "JSON lines",
        json_files(_CELL).map(lambda text: text.replace(b"\n", b"")) | damaged(_LINES, TEXT_TOKENS),
        _in("t.cells.jsonl", lambda path: rows_of(read_cells(path))),
        "t.cells.jsonl",
    ),
    Kind("settings of runs", "JSON: settings and classes", json_files(_SAVED), _in("config.json", _saved), "config.json"),
    Kind(
        "statistics of features",
        "JSON: numbers",
        json_files(_STATISTICS),
        _in("s.json", lambda path: standard([path])),
        "s.json",
        (b'{"cells": 0, "total": [], "squares": []}',),
    ),
    Kind(
        "notes of jobs",
        "JSON: moments",
        json_files({"started": 1.5, "seconds": 2.0, "host": "h"}),
        _in("x.run.json", read_run),
        "x.run.json",
    ),
    Kind(
        "notes of downloads",
        "JSON: what a server said",
        json_files({"url": "https://x.org/a", "total": 3, "etag": '"1"', "modified": None}),
        _in("a.zip.part.json", _part),
        "a.zip",
        (b'{"url": "https://x.org/a", "etag": true}', b'{"url": "https://x.org/a", "etag": {}}'),
    ),
    Kind("curves", "CSV: numbers, columns, quotes, encodings", damaged([_CURVES], CSV_TOKENS), _in("curves.csv", _curves), "curves.csv"),
    Kind(
        "tables", "CSV: cells, quotes, encodings", damaged([_TABLE], CSV_TOKENS) | st.binary(max_size=80), _in("t.csv", read_csv), "t.csv"
    ),
)
