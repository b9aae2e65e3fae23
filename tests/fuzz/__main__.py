"""`python -m tests.fuzz`: many inputs of every kind, in processes of their own, so that one that kills its process is a fault, too."""

from __future__ import annotations

import argparse
import faulthandler
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import NamedTuple

from larvseg.columns import columns, grouped
from tests.fuzz.all_kinds import KINDS
from tests.fuzz.kind import Tried, tried

CHUNK = 500  # inputs of one process
STUCK = 1800  # seconds after which a process is given up that even its own watchdog could not stop


class Task(NamedTuple):
    """Inputs for one process."""

    name: str
    inputs: int
    number: int


def tasks(inputs: int, names: Sequence[str]) -> list[Task]:
    """About `inputs` inputs of the kinds `names`, as their shares say."""
    whole = sum(KINDS[name].share for name in names)
    found = []
    for name in names:
        own = max(1, round(inputs * KINDS[name].share / whole))
        found += [Task(name, min(CHUNK, own - start), start // CHUNK) for start in range(0, own, CHUNK)]
    return sorted(found, key=lambda task: task.number)


def outcomes(todo: Sequence[Task], processes: int) -> Iterator[tuple[Task, Tried]]:
    """What comes of each task, as it comes."""
    waiting, running = list(reversed(todo)), {}
    while waiting or running:
        while waiting and len(running) < processes:
            task = waiting.pop()
            ours, theirs = multiprocessing.Pipe(duplex=False)
            process = multiprocessing.get_context("fork").Process(target=_work, args=(task, theirs))
            process.start()
            theirs.close()
            running[ours] = task, process
        for pipe in wait(list(running)):
            task, process = running.pop(pipe)
            try:
                found = pipe.recv()
            except EOFError:
                process.join()
                found = Tried(
                    task.inputs, 0, (f"its process ended with {process.exitcode}; larvseg-fuzz-* in the temporary folder has the input",)
                )
            process.join()
            yield task, found


def _work(task: Task, pipe: Connection) -> None:
    faulthandler.dump_traceback_later(STUCK, exit=True, file=open(os.dup(2), "w"))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # where decoders in C say what they think of a file
    pipe.send(tried(KINDS[task.name], task.inputs, task.number))


def summary(found: dict[str, Tried]) -> list[str]:
    """One line for each kind, and one for all of them."""
    rows = [("kind", "inputs", "sound", "refused", "faults")]
    rows += [(name, *map(grouped, (each.inputs, each.sound, each.refused, len(each.faults)))) for name, each in found.items()]
    rows.append(
        (
            "all",
            *(
                grouped(sum(column))
                for column in zip(*((t.inputs, t.sound, t.refused, len(t.faults)) for t in found.values()), strict=True)
            ),
        )
    )
    return columns(rows, left=(0,))


def main() -> int:
    """The number of faults, as the exit status: 0 is what is hoped for."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=120_000, help="of all kinds together")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--kind", action="append", choices=KINDS, help="this kind alone; may be given several times")
    chosen = parser.parse_args()
    names = chosen.kind or list(KINDS)
    found = dict.fromkeys(names, Tried(0, 0))
    begun, told = time.monotonic(), 0.0
    for task, came in outcomes(tasks(chosen.inputs, names), chosen.processes):
        was = found[task.name]
        found[task.name] = Tried(was.inputs + came.inputs, was.sound + came.sound, was.faults + came.faults)
        for fault in came.faults:
            print(f"fault: {task.name}, part {task.number}: {fault}", file=sys.stderr, flush=True)
        if time.monotonic() - told > 10:
            told = time.monotonic()
            done = sum(each.inputs for each in found.values())
            print(f"{grouped(done)} of {grouped(chosen.inputs)} inputs, {told - begun:.0f} s", file=sys.stderr, flush=True)
    print("\n".join(summary(found)))
    return min(1, sum(len(each.faults) for each in found.values()))


if __name__ == "__main__":
    sys.exit(main())
