"""Faults of whole trees: Snakemake and DVC that are killed or meet each other, damaged files in a finished tree, file times."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from larvseg.audit.tree import Tree
from larvseg.audit.verify import paths_of, verify
from larvseg.lineage.records import record_path, run_path
from larvseg.pipeline import Dag, selected
from tests.chaos import checks, shim
from tests.chaos.faults import damage
from tests.chaos.jobs import Child
from tests.chaos.report import Outcome
from tests.chaos.tree import SoundTree
from tests.workflow.clone import NOTHING, Clone

QUICK = ("render", "shares", "classes", "metrics", "table2", "embed", "zeroshot")  # rules whose jobs take a second
UPPER = (*QUICK, "table", "table1", "claims", "confusion", "curves", "evaluate")  # on which little stands
STATE = (".snakemake", ".dvc/tmp", "work")  # what Snakemake, DVC and the project remember
LONGEST = 400.0  # seconds for one command


class Whole:
    """A copy of the `sound` tree in `folder`, for one fault; hard links where nothing writes into files."""

    def __init__(self, sound: SoundTree, folder: Path):
        shutil.rmtree(folder, ignore_errors=True)
        self.sound = sound
        self.clone = Clone(sound.folder).copy_to(folder)
        self.clone.variables = {shim.PRELOAD: "", "OMP_NUM_THREADS": "1"}
        self.folder = folder

    def remove(self, paths: list[str]) -> None:
        """Delete the outputs of the jobs with the recipes `paths`, and all that is kept."""
        shutil.rmtree(self.folder / "work/kept", ignore_errors=True)
        for path in paths:
            for output in map(Path, self.sound.recipes[path].outputs.values()):
                for name in (output, record_path(output), run_path(output)):
                    (self.folder / name).unlink(missing_ok=True)

    def start(self, command: list[str]) -> subprocess.Popen:
        """`command` in a group of processes of its own."""
        return self.clone.start(*command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)

    def wrong(self) -> str | None:
        """What lies under a final name and is not what it is in the sound tree."""
        names = [name for name, found in self.clone.hashes().items() if self.sound.hashes.get(name) != found]
        return f"wrong under its final name: {', '.join(names[:5])}" if names else None

    def ends_well(self, *commands: list[str]) -> str | None:
        """What is not as it should be after `commands`, which make again what is missing."""
        for command in commands:
            process = self.start(command)
            said, _ = process.communicate(timeout=LONGEST)
            if process.returncode:
                return f"{' '.join(command[:4])}: status {process.returncode}: {' / '.join(said.strip().splitlines()[-6:])}"
        hashes = self.clone.hashes()
        different = sorted(name for name in hashes.keys() | self.sound.hashes.keys() if hashes.get(name) != self.sound.hashes.get(name))
        if different:
            return f"{len(different)} files are others or absent: {', '.join(different[:5])}"
        left = [path.name for made in ("results", "reports", "data/smoke") for path in (self.folder / made).rglob(".*.tmp")]
        return f"left over: {', '.join(left)}" if left else None


SNAKEMAKE = ["snakemake", "--cores", "2"]
DVC = ["dvc", "repro"]
ALL = [*SNAKEMAKE, "all"]
CLEAR = re.compile(r"error|exception|terminat|cancel|interrupt|exit|lock", re.IGNORECASE)


def unclear(said: str, status: int) -> str | None:
    """What is wrong with how a program ended."""
    interrupted = "KeyboardInterrupt" in said  # Snakemake and DVC that still read modules show where
    if checks.MARKS[0] in said and not interrupted:
        return "a traceback"
    return None if status <= 0 or CLEAR.search(said) else f"status {status} and no line of error"


def some_jobs(sound: SoundTree, chance: random.Random, rules: tuple[str, ...], number: int) -> list[str]:
    paths = [path for rule in rules for path in sound.by_rule[rule]]
    return chance.sample(paths, number)


def outputs_of(sound: SoundTree, paths: list[str]) -> list[str]:
    return [output for path in paths for output in sound.recipes[path].outputs.values()]


def killed(chance: random.Random, whole: Whole) -> tuple[str, str | None, str | None, str | None, str]:
    """A Snakemake or a DVC is killed, alone or with all of its jobs, or one of its jobs is."""
    jobs = some_jobs(whole.sound, chance, QUICK, 3)
    whole.remove(jobs)
    again = [*SNAKEMAKE, *outputs_of(whole.sound, jobs)]
    command = chance.choice((again, again, DVC))
    number = chance.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT))
    whom, delay = chance.choice(("", "the group of ", "the group of ", "a job of ")), chance.uniform(0.5, 12)
    process = whole.start(command)
    try:
        process.wait(delay)
    except subprocess.TimeoutExpired:
        jobs_now = [child.pid for child in psutil.Process(process.pid).children()]
        if whom == "a job of " and jobs_now:
            os.kill(chance.choice(jobs_now), number)
        else:
            (os.kill if whom == "" else os.killpg)(process.pid, number)
    said, _ = process.communicate(timeout=LONGEST)
    text = f"{number.name} to {whom}{command[0]} after {delay:.1f} s"
    return text, whole.wrong(), unclear(said, process.returncode), whole.ends_well(again, DVC if command == DVC else ALL, ALL), said


def two_at_once(chance: random.Random, whole: Whole) -> tuple[str, str | None, str | None, str | None, str]:
    """Two Snakemakes, two DVCs or one of each begin at about the same time."""
    jobs = some_jobs(whole.sound, chance, QUICK, 3)
    whole.remove(jobs)
    again = [*SNAKEMAKE, *outputs_of(whole.sound, jobs)]
    both = chance.choice(((again, again), (again, ALL), (DVC, DVC), (again, DVC), (DVC, again)))
    pause = chance.uniform(0, 3)
    first = whole.start(both[0])
    time.sleep(pause)
    second = whole.start(both[1])
    ended = [(process.communicate(timeout=LONGEST)[0], process.returncode) for process in (first, second)]
    lines = [problem for said, status in ended if (problem := unclear(said, status))]
    if all(status for _, status in ended):
        lines.append("neither came to its end")
    text = f"{both[0][0]} and, {pause:.1f} s later, {both[1][0]}"
    return text, whole.wrong(), "; ".join(lines) or None, whole.ends_well(again, ALL), "\n".join(said for said, _ in ended)


def damaged_tree(chance: random.Random, whole: Whole) -> tuple[str, str | None, str | None, str | None, str]:
    """Files of a finished tree are damaged: the audit finds each, and what stands on them."""
    names = chance.sample(sorted(whole.sound.hashes), 4)
    texts = [f"{name}: {_damage(whole, name, chance)}" for name in names]
    found = _found(whole)
    missed = [name for name in names if name.removesuffix(".lineage.json") not in found]
    return "; ".join(texts), f"not found by the audit: {', '.join(missed)}" if missed else None, None, None, ""


def repaired_tree(chance: random.Random, whole: Whole) -> tuple[str, str | None, str | None, str | None, str]:
    """Files of a finished tree are damaged, `larvseg audit verify --repair` deletes them, and Snakemake makes them again."""
    names = [chance.choice(outputs_of(whole.sound, [job])) for job in some_jobs(whole.sound, chance, UPPER, 5)]
    names = [chance.choice((name, str(record_path(Path(name))))) for name in names]
    texts = [f"{name}: {_damage(whole, name, chance)}" for name in names]
    audit = Child(whole.folder, ["audit", "verify", "--repair"]).wait()
    line = "a traceback" if checks.MARKS[0] in audit.said else None if audit.status == 1 else f"the audit ended with {audit.status}"
    return "; ".join(texts), whole.wrong(), line, whole.ends_well(ALL), audit.said


def damaged_memory(chance: random.Random, whole: Whole) -> tuple[str, str | None, str | None, str | None, str]:
    """What Snakemake, DVC and the project remember is damaged, and something is to be made."""
    jobs = some_jobs(whole.sound, chance, QUICK, 2)
    whole.remove(jobs)
    files = sorted(path for folder in STATE for path in (whole.folder / folder).rglob("*") if path.is_file() and path.suffix != ".log")
    texts = []
    for path in chance.sample(files, 5):
        _unlink_from_sound(path)
        texts.append(f"{path.relative_to(whole.folder)}: {damage(path, chance)}")
    return "; ".join(texts), None, None, whole.ends_well([*SNAKEMAKE, *outputs_of(whole.sound, jobs)], ALL), ""


def file_times(chance: random.Random, whole: Whole) -> tuple[str, str | None, str | None, str | None, str]:
    """Files have times of the past or the future, as after a clock was set back: finished work is not done again."""
    files = sorted(
        path for folder in ("results", "reports", "data/smoke", "work") for path in (whole.folder / folder).rglob("*") if path.is_file()
    )
    for path in chance.sample(files, 200):
        _unlink_from_sound(path)
        seconds = chance.uniform(0, 2**31)
        os.utime(path, (seconds, seconds))
    said = whole.clone.run("snakemake", "-n", "all", check=False)
    line = None if NOTHING in said else "finished work would be done again"
    jobs = some_jobs(whole.sound, chance, UPPER, 3)  # what reads a file from the future is to be made
    whole.remove(jobs)
    made = whole.ends_well([*SNAKEMAKE, *outputs_of(whole.sound, jobs)], ALL)
    return "200 files with times of other years", None, line, made, said


def _damage(whole: Whole, name: str, chance: random.Random) -> str:
    _unlink_from_sound(whole.folder / name)
    return damage(whole.folder / name, chance)


def _unlink_from_sound(path: Path) -> None:
    """Have the hard link `path` be a file of its own, with the same times."""
    copy = path.with_name(f"{path.name}.copy")
    shutil.copy2(path, copy)
    os.replace(copy, path)


def _found(whole: Whole) -> set[str]:
    """What the audit finds, and what stands on that."""
    answer = whole.folder.with_name("found.json")

    def look() -> None:
        tree = Tree(Dag(selected("smoke")).recipes)
        found = paths_of(verify(tree), "MODIFIED", "MISSING", "STALE")
        answer.write_text(json.dumps(sorted(found | tree.above(found))))

    ended = Child(whole.folder, ["--help"], look).wait()
    assert ended.status == 0, ended.said
    return set(json.loads(answer.read_text()))


KINDS: dict[str, tuple[float, int, Callable]] = {  # title → (how many of a hundred, faults of each, which)
    "killed snakemake or dvc": (1.2, 1, killed),
    "two at once": (0.9, 1, two_at_once),
    "damaged files of a tree": (2.0, 4, damaged_tree),
    "damaged, repaired": (0.3, 5, repaired_tree),
    "damaged memory": (0.5, 5, damaged_memory),
    "file times": (0.3, 1, file_times),
}


def try_out(sound: SoundTree, folder: Path, seed: int, number: int, kind: str) -> Outcome:
    """What becomes of the fault `number`, of this `kind`."""
    _, faults, happen = KINDS[kind]
    whole = Whole(sound, folder / "whole")
    text, names, line, made, said = happen(random.Random(f"{seed} {number}"), whole)
    return Outcome(number, kind, "the tree", text, names, line, made, said, faults)
