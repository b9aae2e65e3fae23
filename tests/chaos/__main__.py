"""Meet the DAG of the smoke profile with faults, and say what became of each kind. Exit status 1 if something did not hold."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from tests.chaos import shim
from tests.chaos.report import Outcome, summary

LINE = 30.0  # seconds between two lines of progress


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--faults", type=int, default=1000, help="how many times something goes wrong")
    parser.add_argument("--seed", type=int, default=0, help="of all that is left to chance")
    parser.add_argument("--only", type=int, help="number of the one fault to repeat")
    parser.add_argument("--kinds", choices=("all", "jobs", "trees"), default="all", help="faults of single jobs, or of whole trees")
    parser.add_argument("--folder", type=Path, default=Path("work/chaos"), help="for the sound tree, which is kept, and what is done to it")
    parser.add_argument("--tree", type=Path, help="a finished tree to take instead; of whole trees, one that DVC has noted")
    parser.add_argument("--processes", type=int, default=2, help="faults at a time")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="after which no more faults begin")
    chosen = parser.parse_args()
    folder = chosen.folder.resolve()
    shim.restart_with_shim(folder)

    from tests.chaos import faults, plan, whole
    from tests.chaos.jobs import load_everything
    from tests.chaos.tree import SoundTree, make_sound

    sound = SoundTree(chosen.tree) if chosen.tree else make_sound(folder / "sound")
    load_everything()
    among = {"jobs": set(faults.KINDS), "trees": set(whole.KINDS), "all": {*faults.KINDS, *whole.KINDS}}[chosen.kinds]
    numbers = plan.numbers(chosen.faults, among) if chosen.only is None else [chosen.only]
    outcomes, began = [], time.monotonic()
    said = began
    for outcome in all_outcomes(sound, folder, chosen.seed, numbers, chosen.processes):
        outcomes.append(outcome)
        if outcome.problems:
            print(outcome.told(chosen.seed), flush=True)
        elif chosen.only is not None:
            print(f"{outcome.kind}, {outcome.job}, {outcome.text}: held")
        if time.monotonic() - said > LINE:
            said = time.monotonic()
            print(f"{len(outcomes)} of {len(numbers)}, {sum(bool(each.problems) for each in outcomes)} failed", flush=True)
        if time.monotonic() - began > 60 * chosen.minutes:
            break
    print(summary(outcomes))
    return int(any(outcome.problems for outcome in outcomes))


def all_outcomes(sound, folder: Path, seed: int, numbers: list[int], processes: int) -> Iterator[Outcome]:
    """What becomes of the faults `numbers`, in so many processes, as they end."""
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("fork"), _begin, (sound, folder, seed))
    try:
        for future in as_completed([pool.submit(_try_out, number) for number in numbers]):
            yield future.result()
    finally:  # also where no more are wanted
        pool.shutdown(cancel_futures=True)


def _begin(sound, folder: Path, seed: int) -> None:
    from tests.chaos.bench import Bench

    global _bench
    _bench = Bench(sound, folder / f"process{os.getpid()}", seed)


def _try_out(number: int) -> Outcome:
    try:
        return _bench.try_out(number)
    except Exception:  # of this program: the other faults are tried all the same
        return Outcome(number, "not tried", "–", "an error of this program", line="a traceback", said=traceback.format_exc())


if __name__ == "__main__":
    sys.exit(main())
