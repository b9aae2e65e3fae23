"""The command line, where it does more than call one function."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from larvseg.cli import BY_HAND, MORE_MEMORY, app
from larvseg.errors import LarvSegError
from larvseg.pipeline.stages import STAGES

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("by_hand, in_the_dag", [(["fetch", "nix"], ["fetch", "nix.json"]), (["train", "nix"], ["train", "nix.json"])])
def test_only_jobs_of_the_dag_end_with_their_parent(monkeypatch, by_hand, in_the_dag):
    asked = []
    monkeypatch.setattr("larvseg.lineage.process.die_with_parent", lambda: asked.append(True))
    for arguments, expected in ((by_hand, []), (in_the_dag, [True])):
        with pytest.raises(LarvSegError, match="nix"):
            CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert asked == expected


def test_help_and_errors_of_use():
    assert CliRunner().invoke(app, ["--help"]).exit_code == 0
    with pytest.raises(LarvSegError, match="expected column=value"):
        CliRunner().invoke(app, ["audit", "show", "a.csv", "--column", "x", "--where", "y"], catch_exceptions=False)


@pytest.mark.parametrize(
    ("command", "option", "wrong"),
    [
        *((command, "--seed", seed) for command in ("train x", "compare x y", "export x --to y", "tail x") for seed in ("-1", str(2**32))),
        ("segment x", "--top", "0"),
        ("demo", "--port", "65536"),
        ("compare x y", "--most", "0"),
        ("audit export --rocrate x", "--largest", "-1"),
        ("bench --memory", "--images", str(10**20)),
    ],
)
def test_a_number_out_of_range_is_named(command, option, wrong):
    done = CliRunner().invoke(app, [*command.split(), option, wrong])
    said = re.sub(r"[^!-~]+", " ", done.output)  # without the box around it
    assert done.exit_code == 2 and f"Invalid value for '{option}': Input should be" in said


def test_every_stage_is_a_command():
    for name, stage in STAGES.items():
        shown = CliRunner().invoke(app, [*(stage.verb or name).split(), "--help"])
        assert shown.exit_code == 0, name
        if name not in BY_HAND:
            assert " ".join(stage.help.split()[:3]) in " ".join(shown.output.split()), name


def test_no_two_commands_have_one_name():
    names = [command.name or command.callback.__name__ for command in app.registered_commands]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("arguments", [["plan"], ["watch"], ["compare", "x", "y"], ["doctor", "--profile", "paper"], ["fetch", "coco"]])
def test_elsewhere_one_is_told_where_to_run(arguments, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LarvSegError, match="run this in the folder of the project"):
        CliRunner().invoke(app, arguments, catch_exceptions=False)


def test_a_table_that_is_not_made_yet():
    with pytest.raises(LarvSegError, match="results/nix.csv: no such file; `snakemake --cores all results/nix.csv` makes it"):
        CliRunner().invoke(app, ["print", "results/nix.csv"], catch_exceptions=False)


def larvseg(*arguments, stdout=subprocess.PIPE, **environment):
    command = [sys.executable, "-m", "larvseg", *arguments]
    return subprocess.run(command, cwd=ROOT, env=os.environ | environment, stdout=stdout, stderr=subprocess.PIPE)


@pytest.mark.parametrize("arguments", [["--help"], ["plan", "--profile", "mini"]])
def test_letters_that_the_terminal_has_not_are_replaced(arguments):
    done = larvseg(*arguments, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"?" in done.stdout


UNREADABLE = """
import builtins
from larvseg.__main__ import main

def interrupted(*_):
    raise KeyboardInterrupt

builtins.__import__ = interrupted
main()
"""


def test_a_command_that_is_interrupted_while_modules_are_read():
    done = subprocess.run([sys.executable, "-c", UNREADABLE], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


PLAN = """
import atexit, os, signal, sys
import larvseg.plan
from larvseg.__main__ import main

def plan(project):
    {0}

larvseg.plan.plan = plan
sys.argv = ["larvseg", "plan", "--profile", "mini"]
main()
"""


@pytest.mark.parametrize(
    ("happens", "status", "said"),
    [
        ("raise KeyboardInterrupt", 130, "interrupted\n"),
        ("atexit.register(os.kill, os.getpid(), signal.SIGINT); return ''", 0, ""),  # there is nothing left to interrupt
        ("error = OSError('closing failed'); error.filename = 'x.arrow'; raise error", 1, "error: x.arrow: closing failed\n"),
        ("bytearray(2**60)", 1, f"error: memory ran out; {MORE_MEMORY}\n"),
        (
            "raise RuntimeError('DefaultCPUAllocator: no\\nmemory')",
            1,
            f"error: memory ran out (DefaultCPUAllocator: no memory); {MORE_MEMORY}\n",
        ),
    ],
    ids=["interrupted", "interrupted when it has ended", "an error without a number", "memory", "memory of torch"],
)
def test_how_a_command_ends_is_one_line_at_most(happens, status, said):
    done = subprocess.run([sys.executable, "-c", PLAN.format(happens)], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (status, "", said)


CLOSED = """
import os, sys
import larvseg.plan
from larvseg.cli import main

def plan(*arguments, **options):
    with open(os.environ["MADE"], "w") as made:
        os.write(2, b"a warning of a library")  # by number, as libraries in C do
        made.write("the plan")
    return "printed"

larvseg.plan.plan = plan
sys.argv = ["larvseg", "plan", "--profile", "mini"]
main()
"""


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_with_closed_streams_nothing_stands_in_a_file_that_was_not_written_there(closed, tmp_path):
    made = tmp_path / "made.txt"
    command = f"\"{sys.executable}\" -c '{CLOSED}' {closed}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, env={**os.environ, "MADE": str(made)}, capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout.strip() == ("printed" if closed in ("<&-", "2>&-") else "")
    assert done.stderr == ("a warning of a library" if "2>&-" not in closed else "")
    assert made.read_text() == "the plan"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
@pytest.mark.parametrize("arguments", [["--help"], ["plan", "--profile", "mini"], ["vocab", "show", "sofa"]])
def test_what_cannot_be_printed_is_one_line(arguments):
    with open("/dev/full", "w") as full:
        done = larvseg(*arguments, stdout=full)
    assert done.returncode == 1
    assert re.fullmatch(rb"error: (standard output: )?No space left on device\n", done.stderr)
