"""What was made last stays at hand in `work/kept/`, as hard links, so that nothing is computed twice.

Snakemake makes everything behind a file again that is missing or whose code changed, even if the file comes out the same. What comes out of
the same recipe, input bytes and packages is the same, so a stage takes what was kept instead of computing it. If one of these is another,
so is the key, and the stage computes. To compute again all the same: delete work/kept.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from larvseg.errors import LarvSegError
from larvseg.files import json_text, leftovers, replacing
from larvseg.lineage.recipes import Recipe
from larvseg.lineage.records import linked, read_record, record_of, record_path, run_path

KEPT = Path("work/kept")


def keep(outputs: Mapping[str, Path]) -> None:
    """Link the `outputs` (role → path) of one job, with their records, to where `restore` finds them, in place of what it made before."""
    shelf, (record, *_) = _shelf(outputs.values()), [read_record(path) for path in outputs.values()]
    folder = shelf / _key(record["recipe"], record["inputs"], record["recipe"]["environment"])
    for older in shelf.glob("*"):
        if older != folder:
            shutil.rmtree(older)
    for role, path in outputs.items():
        _link(path, folder / role)


def restore(recipe: Recipe, inputs: list[dict[str, str]], packages: list[str], outputs: Mapping[str, Path]) -> bool:
    """Link back to `outputs` what `recipe` made of the same `inputs` (role, path, sha256) with the same `packages` (name==version).

    False if not all of it was kept, or some of it is not what its record says.
    """
    made = {"rule": recipe.rule, "name": recipe.name, "config": recipe.config, "code": recipe.code}
    folder = _shelf(outputs.values()) / _key(made, inputs, packages)
    for role, path in outputs.items():
        kept = folder / role
        if not kept.is_file() or _record(kept) != record_of(path, role, recipe, inputs, packages, at=kept):
            return False
    for role, path in outputs.items():
        _link(folder / role, path)
    return True


def _shelf(paths: Iterable[Path]) -> Path:
    """One folder for each job: profiles and seeds have other paths."""
    return KEPT / hashlib.sha256(json_text(sorted(path.as_posix() for path in paths)).encode()).hexdigest()[:20]


def _key(made: Mapping[str, Any], inputs: list[dict[str, str]], packages: list[str]) -> str:
    made = {part: made[part] for part in ("rule", "name", "config", "code")}
    files = sorted([item["role"], item["path"], item["sha256"]] for item in inputs)
    return hashlib.sha256(json_text([made, files, packages]).encode()).hexdigest()[:20]


def _record(kept: Path) -> dict[str, Any] | None:
    """A link shares its bytes with the artifact and its record: edited in place, it is as wrong as these."""
    try:
        return read_record(kept)
    except LarvSegError:  # there is none, or it is damaged
        return None


def _link(path: Path, to: Path) -> None:
    """Artifact first, record last: whatever ends this halfway, an artifact without a record does not exist."""
    record_path(to).unlink(missing_ok=True)
    for leftover in leftovers(to):  # of a process that was killed
        leftover.unlink(missing_ok=True)
    for source, target in ((path, to), (run_path(path), run_path(to)), (record_path(path), record_path(to))):
        if source.is_file():
            with linked(source, target), replacing(target) as temporary:
                try:
                    os.link(source, temporary)
                except OSError:  # another file system, or one without hard links
                    shutil.copy2(source, temporary)
