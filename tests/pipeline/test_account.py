"""Snakemake runs under an account that the machine has no name for."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOBODY = """
import pwd

def getpwuid(uid):
    raise KeyError(f"getpwuid(): uid not found: {uid}")

pwd.getpwuid = getpwuid
"""
SNAKEFILE = """
from larvseg.pipeline.account import name_account

name_account()

rule table:
    output: "table"
    shell: "echo $USER > {output}"
"""


@pytest.mark.parametrize("named", [{}, {"LOGNAME": "ada", "USER": "ada"}], ids=["no name", "a name in the environment"])
def test_snakemake_runs_without_a_name(named, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(NOBODY)
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    environment = {name: value for name, value in os.environ.items() if name not in ("LOGNAME", "USER", "LNAME", "USERNAME")}
    environment |= {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "HOME": str(tmp_path), **named}
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "table"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "table").read_text().strip() == (named.get("USER") or str(os.getuid()))
