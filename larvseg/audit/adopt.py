"""Take over what `dvc pull` brought into a clone: check all of it, then tell Snakemake that it is up to date."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from larvseg.audit.tree import Tree
from larvseg.audit.verify import report, verify
from larvseg.errors import LarvSegError


def adopt(tree: Tree, choice: Sequence[str], drawn: bool) -> str:
    """Verify every hash, recipe and number, then have Snakemake note that all this is made. Returns what was adopted.

    `choice`: profile and seeds as `snakemake --config` takes them. Archives do not travel through DVC. Drawn ones are drawn again, others
    have to be fetched before. Raises LarvSegError if something does not fit; nothing is noted then.
    """
    archives = [path for recipe in tree.recipes if recipe.rule == "fetch" for path in recipe.outputs.values()]
    absent = [path for path in archives if not Path(path).is_file()]
    if absent and not drawn:
        raise LarvSegError(f"{absent[0]} is missing (of {len(absent)}): archives are not pulled; run `snakemake --cores all sources` first")
    if absent:
        _snakemake(choice, "--cores", "all", "sources")
    findings = verify(tree, ignore_environment=True)
    if findings:
        print(report(findings, tree), file=sys.stderr)
        raise LarvSegError("not adopted, because of what is listed above")
    _snakemake(choice, "--cores", "1", "--touch", *(path for path in tree.below if path in tree.recipe_of))
    return f"adopted {len(tree.below)} files: `snakemake -n all` and `dvc status` have nothing to do"


def _snakemake(choice: Sequence[str], *arguments: str) -> None:
    command = [sys.executable, "-m", "snakemake", "--config", *choice, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        print(done.stdout, file=sys.stderr)
        raise LarvSegError(f"snakemake {' '.join(arguments[:3])} failed, as it says above")
