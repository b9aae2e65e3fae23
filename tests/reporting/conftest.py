"""Tables of mIoU as their stage writes them, of numbers that a test gives."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from larvseg.config import TableConfig, TableRow
from larvseg.reporting.tables import table

TABLE3 = ("model", "backbone", "benchmark", "training_data")
TABLE6 = ("ablation", "value", "memory_size", "published_top_k", "top_k", "backbone", "benchmark", "training_data")


def row_of_table3(model: str, benchmark: str, training_data: str, run: str, backbone: str = "ViT 5×128", **rest) -> TableRow:
    texts = {"model": model, "backbone": backbone, "benchmark": benchmark, "training_data": training_data}
    return TableRow(texts=texts, run=run, **rest)


def row_of_table6(ablation: str, value: int, memory_size: int, top_k: int, run: str, **rest) -> TableRow:
    texts = {"ablation": ablation, "value": str(value), "memory_size": str(memory_size), "published_top_k": str(top_k)}
    texts |= {"top_k": str(top_k // 5), "backbone": "ViT 5×128", "benchmark": "A150", "training_data": "C171, WA150"}
    return TableRow(texts=texts, run=run, **rest)


LARVSEG = row_of_table3("LarvSeg", "A150", "C171, WA150", "larvseg-a150")
SUPERVISED = row_of_table3("Supervised", "A847", "A847", "supervised-a847")


CLASSES = [{"name": "wall", "by_name": False}, {"name": "blind", "by_name": True}]


@pytest.fixture
def write(tmp_path) -> Callable[..., Path]:
    def write(rows, seeds, values, name="table3", columns=TABLE3, quoted=(), **changes) -> Path:
        """Make the table `name`; `values[run][seed]` = (all, base, novel). A run without a value for a seed was not run with it."""
        inputs = {}
        for row in rows:
            known = values.get(row.run, {})
            for seed, numbers in known.items() if isinstance(known, dict) else enumerate(known):
                means = dict(zip(("all", "base", "novel"), numbers, strict=True))
                metrics = {"run": row.run, "seed": seed, "profile": "mini", "benchmark": row.texts["benchmark"], "classes": CLASSES}
                metrics |= means | changes
                path = inputs[f"{row.run}.seed{seed}"] = tmp_path / f"{row.run}.{seed}.json"
                path.write_text(json.dumps(metrics))
        published = name if any(row.published for row in rows) else None
        config = TableConfig(table=name, published=published, profile="mini", seeds=seeds, columns=columns, rows=rows, quoted=quoted)
        outputs = {"table": tmp_path / f"{name}.csv", "cells": tmp_path / f"{name}.cells.jsonl"}
        table(config, inputs, outputs, tmp_path / "work")
        return outputs["table"]

    return write
