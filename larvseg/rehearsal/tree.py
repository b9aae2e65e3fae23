"""A copy of the project in a folder of its own: whatever the rehearsal makes or breaks there, the real data and results are elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import yaml

from larvseg.config import load_yaml
from larvseg.files import write_text

# All that Snakemake and `larvseg` read.
PARTS = ("Snakefile", "environment.yml", "pyproject.toml", "profiles", "workflow", "larvseg", "data/reference")
EXPERIMENTS = "workflow/config/experiments.yaml"
UNTRAINED = ("denseclip", "reco")  # methods


def lay_out(project: Path, tree: Path) -> None:
    """Copy `project` to `tree`, over an older copy; what was made in there stays.

    Comparisons have two seeds in the copy, the fewest with which that rule runs, and one pair, of runs that train nothing if there are any:
    of others each seed is a training.
    """
    for part in PARTS:
        source, target = project / part, tree / part
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    experiments = load_yaml(tree / EXPERIMENTS)
    comparisons = experiments["comparisons"]
    untrained = [name for name, run in experiments["runs"].items() if run["method"] in UNTRAINED]
    pairs = [{"statement": "no training", "higher": one, "lower": two} for one, two in zip(untrained[::2], untrained[1::2], strict=False)]
    experiments["comparisons"] = {"seeds": comparisons["seeds"][:2], "pairs": [*pairs, *comparisons["pairs"]][:1]}
    write_text(tree / EXPERIMENTS, yaml.safe_dump(experiments, sort_keys=False, allow_unicode=True))


def environment(tree: Path) -> dict[str, str]:
    """The environment for commands in `tree`: this interpreter, the code of the copy, no network but loopback, no caches of the user's."""
    tree = tree.resolve()
    own = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGINGFACE_", "LARVSEG_", "SNAKEMAKE_"))}
    return own | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONPATH": str(tree),
        "XDG_CACHE_HOME": str(tree / ".cache"),
        "HF_HOME": str(tree / ".cache/huggingface"),
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
