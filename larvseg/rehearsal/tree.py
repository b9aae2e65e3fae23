"""A copy of the project in a folder of its own: whatever the rehearsal makes or breaks there, the real data and results are elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from larvseg.files import real_path

# All that Snakemake and `larvseg` read.
PARTS = ("environment.yml", "pyproject.toml", "profiles", "workflow", "larvseg", "data/reference")


def lay_out(project: Path, tree: Path) -> None:
    """Copy `project` to `tree`, over an older copy; what was made in there stays."""
    for part in PARTS:
        source, target = project / part, tree / part
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


def environment(tree: Path) -> dict[str, str]:
    """The environment for commands in `tree`: this interpreter, the code of the copy, no network but loopback, no caches of the user's."""
    tree = real_path(tree)
    own = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGINGFACE_", "LARVSEG_", "SNAKEMAKE_"))}
    return own | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONPATH": str(tree),
        "XDG_CACHE_HOME": str(tree / ".cache"),
        "HF_HOME": str(tree / ".cache/huggingface"),
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
