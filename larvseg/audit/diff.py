"""What two revisions make otherwise, and which printed numbers that reaches."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from larvseg.audit.changes import Made, changes, listed
from larvseg.audit.reach import reach
from larvseg.audit.tree import Tree
from larvseg.errors import LarvSegError, reading

# run by the code of the revision itself, which knows best what its configuration means
WRITE_RECIPES = """
import sys
from pathlib import Path

# Asked of the folder: where a module is missing in it, an editable installation would give that of the working tree.
if Path("larvseg/pipeline").is_dir():
    from larvseg.pipeline import Dag, selected
else:  # a revision from before there was a Dag
    from larvseg.experiments import selected

    Dag = lambda project: project
Dag(selected(sys.argv[1])).write_recipes()
"""

Recipes = Mapping[tuple[str, str], Made]  # (rule, name) → what its recipe says


def diff(tree: Tree, profile: str, old: str, new: str | None = None) -> str:
    """Parameters, functions and files that differ between the recipes of the git revisions `old` and `new` (None: the working tree).

    `tree`: that of the working tree, which tells the numbers that a difference reaches. Raises LarvSegError for an unknown revision, and
    for one whose configuration cannot be read.
    """
    with TemporaryDirectory() as folder:
        before = _recipes(_checkout(old, Path(folder, "old")), profile, old)
        after = _recipes(_checkout(new, Path(folder, "new")), profile, new) if new else _current(tree)
    causes: dict[str, list[tuple[str, str]]] = {}
    for job in sorted({*before, *after}):
        if job in before and job in after:
            for change in changes(before[job], after[job]):
                causes.setdefault(change, []).append(job)
        else:
            causes.setdefault(f"{' '.join(job)} {'added' if job in after else 'removed'}", []).append(job)
    together: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for cause, jobs in causes.items():
        together.setdefault(tuple(jobs), []).append(cause)
    lines = []
    for jobs, same in together.items():
        lines += [*same, f"    in {listed([' '.join(job) for job in jobs])}"]
        outputs = [path for recipe in tree.recipes if (recipe.rule, recipe.name) in jobs for path in recipe.outputs.values()]
        lines += [f"    reaches {line}" for line in reach(tree, outputs)]
    locked = [_locked(old), _locked(new)]
    for path in sorted({*locked[0], *locked[1]}):
        was, now = locked[0].get(path), locked[1].get(path)
        if was != now:
            lines.append(f"dvc.lock: {path} {_short(was)} → {_short(now)}")
    return "\n".join(lines) if lines else f"{old} and {new or 'the working tree'} make the same of profile {profile}"


def _checkout(revision: str, folder: Path) -> Path:
    with tarfile.open(fileobj=BytesIO(_git("archive", "--format=tar", revision))) as archive:
        # Python before 3.11.4 has no filters; the archive is git's own
        archive.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    return folder


def _recipes(folder: Path, profile: str, revision: str) -> Recipes:
    command = [sys.executable, "-c", WRITE_RECIPES, profile]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LarvSegError(f"{revision}: its recipes cannot be made: {done.stderr.strip().splitlines()[-1]}")
    found = {}
    for path in sorted(Path(folder, "work/recipes", profile).glob("*/*.json")):
        recipe = json.loads(path.read_text(encoding="utf-8"))
        inputs = frozenset([*recipe["inputs"].items(), *(("read", read) for read in recipe["reads"])])
        found[recipe["rule"], recipe["name"]] = Made(recipe["config"], recipe["code"], inputs, recipe.get("reference", {}))
    return found


def _current(tree: Tree) -> Recipes:
    return {(recipe.rule, recipe.name): Made.by_recipe(recipe) for recipe in tree.recipes}


def _locked(revision: str | None) -> dict[str, str]:
    """path → hash of the outputs in dvc.lock."""
    if revision is None:
        content = Path("dvc.lock").read_bytes() if Path("dvc.lock").is_file() else b""
    elif _git("ls-tree", "--name-only", revision, "dvc.lock"):
        content = _git("show", f"{revision}:dvc.lock")
    else:
        content = b""
    with reading(f"dvc.lock of {revision or 'the working tree'}", "what DVC writes", "resolve conflicts in it, or restore it"):
        stages = (yaml.safe_load(content) or {}).get("stages", {})
        return {out["path"]: out["md5"] for stage in stages.values() for out in stage.get("outs", ())}


def _git(*arguments: str) -> bytes:
    done = subprocess.run(["git", *arguments], capture_output=True, check=False)
    if done.returncode:
        raise LarvSegError(f"git {arguments[0]}: {done.stderr.decode().strip().splitlines()[-1]}")
    return done.stdout


def _short(md5: str | None) -> str:
    return f"{md5[:12]}…" if md5 else "(absent)"
