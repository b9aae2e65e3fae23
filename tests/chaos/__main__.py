"""`python -m tests.chaos`: meet the smoke profile with faults, and say what became of each kind."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tests.chaos import shim
from tests.chaos.report import summary


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--faults", type=int, default=1000, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="of all that is left to chance")
    parser.add_argument("--only", type=int, help="the number of the one fault to repeat")
    parser.add_argument("--folder", type=Path, default=Path("work/chaos"), help="for the sound tree and what is done in it; kept")
    parser.add_argument("--processes", type=int, default=2, help="faults at a time")
    chosen = parser.parse_args()
    chosen.folder = chosen.folder.resolve()
    shim.restart_with_shim(chosen.folder)

    from tests.chaos.bench import Bench
    from tests.chaos.faults import KINDS
    from tests.chaos.jobs import load_everything
    from tests.chaos.tree import SoundTree

    load_everything()
    sound = SoundTree(chosen.folder / "sound")
    plan = [kind for kind, (share, _) in KINDS.items() for _ in range(round(share * chosen.faults / 100))]
    numbers = [chosen.only] if chosen.only is not None else list(range(len(plan)))
    began, outcomes = time.monotonic(), []
    bench = Bench(sound, chosen.folder / "0", chosen.seed)
    for number in numbers:
        outcome = bench.try_out(number, plan[number])
        outcomes.append(outcome)
        if outcome.problems:
            print(outcome.told(chosen.seed), flush=True)
        else:
            print(f"{number} {outcome.kind}, {outcome.job}, {outcome.text} {time.monotonic() - began:.0f}s", flush=True)
    print(summary(outcomes))
    return int(any(outcome.problems for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
