"""Sound work that stands on a damaged file waits in `work/kept/` until that file is made again.

Snakemake makes everything behind a missing file again. What comes out of the same recipe and the same input bytes is the same, so a stage
takes what was kept instead of computing it; if the file comes out with other bytes, the key is another one and the stage computes.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from larvseg.files import json_text, sha256_of
from larvseg.lineage.recipes import Recipe
from larvseg.lineage.records import read_record, record_path, run_path

KEPT = Path("work/kept")


def keep(outputs: Mapping[str, Path]) -> None:
    """Move the `outputs` (role → path) of one job, with their records, to where `restore` finds them."""
    for role, path in outputs.items():
        record = read_record(path)
        folder = KEPT / _key(record["recipe"], record["inputs"])
        folder.mkdir(parents=True, exist_ok=True)
        _move(path, folder / role)


def restore(recipe: Recipe, inputs: list[dict[str, str]], outputs: Mapping[str, Path]) -> bool:
    """Move what `recipe` made of the same `inputs` (role, path, sha256) back to `outputs`, if all of it was kept and is sound."""
    made = {"rule": recipe.rule, "name": recipe.name, "config": recipe.config, "code": recipe.code}
    folder = KEPT / _key(made, inputs)
    if not folder.is_dir():
        return False
    sound = all(_sound(folder / role) for role in outputs)
    if sound:
        for role, path in outputs.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            _move(folder / role, path)
    shutil.rmtree(folder)
    return sound


def _key(made: Mapping[str, Any], inputs: list[dict[str, str]]) -> str:
    made = {part: made[part] for part in ("rule", "name", "config", "code")}
    files = sorted([item["role"], item["path"], item["sha256"]] for item in inputs)
    return hashlib.sha256(json_text([made, files]).encode()).hexdigest()[:20]


def _sound(path: Path) -> bool:
    if not path.is_file() or not record_path(path).is_file():
        return False
    return read_record(path)["artifact"]["sha256"] == sha256_of(path)


def _move(path: Path, to: Path) -> None:
    """Artifact first, record last: whatever ends this halfway, an artifact without a record does not exist."""
    record_path(to).unlink(missing_ok=True)
    shutil.move(path, to)
    if run_path(path).is_file():
        shutil.move(run_path(path), run_path(to))
    shutil.move(record_path(path), record_path(to))
