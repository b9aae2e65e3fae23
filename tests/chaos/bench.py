"""One fault after the other on single jobs: the job with the fault, what it left, the job again."""

from __future__ import annotations

import atexit
import json
import random
from contextlib import nullcontext
from pathlib import Path

from tests.chaos import checks, plan, shim, whole
from tests.chaos.disk import small_disk
from tests.chaos.faults import KINDS, Fault, Sound
from tests.chaos.jobs import Child, command_of, run
from tests.chaos.report import Outcome
from tests.chaos.tree import SoundTree, Workshop

SLOW = ("miniature", "page", "figure1", "figure3", "figure4", "figure5", "tail", "class_map", "vocabulary")
QUICK = ("classes", "claims", "clip", "derive", "embed", "metrics", "render", "shares", "table", "table1", "table2", "zeroshot")
IN_TURN = ("signal at any moment", "signal at a call")  # kinds that meet every rule
OF_ONE_RULE = 3  # jobs that are met


class Bench:
    """Jobs of the `sound` tree, done again in folders below `folder`."""

    def __init__(self, sound: SoundTree, folder: Path, seed: int):
        self._sound, self._folder, self._seed = sound, folder, seed
        made = {rule: [path for path in paths if self._is_made(path)] for rule, paths in sound.by_rule.items()}
        self._jobs = {rule: paths[:OF_ONE_RULE] for rule, paths in made.items() if paths}
        self._known: dict[str, Sound] = {}

    def try_out(self, number: int) -> Outcome:
        """What becomes of the fault `number`."""
        kind = plan.kind_of(number)
        if kind in whole.KINDS:
            return whole.try_out(self._sound, self._folder, self._seed, number, kind)
        path = self._job(number, kind, random.Random(f"{self._seed} {number}"))
        sound = self._soundly(path)
        for attempt in range(8):
            chance = random.Random(f"{self._seed} {number} {attempt}")
            shop = self._shop(path)
            fault = KINDS[kind][1](chance, sound, shop)
            with small_disk(self._folder) if fault.on_small_disk else nullcontext() as disk:
                if disk:
                    shop = Workshop(self._sound, path, disk, symbolic=True)
                outcome, came_too_late = self._one(number, kind, fault, shop)
            if not came_too_late:
                return outcome
        return outcome

    def _one(self, number: int, kind: str, fault: Fault, shop: Workshop) -> tuple[Outcome, bool]:
        fault.before(shop)
        log = self._folder / "job.log"
        child = Child(shop.folder, command_of(shop.recipe, shop.path), lambda: fault.within(shop), log)
        fault.during(child)
        ended = child.wait()
        names, line = checks.after_fault(shop, ended, fault.victim), checks.unclear(ended, fault.signal, fault.ends)
        fault.after(shop)
        again = Child(shop.folder, command_of(shop.recipe, shop.path), log=self._folder / "again.log").wait()
        rerun = checks.after_rerun(shop, again)
        said = ended.said if names or line else again.said
        outcome = Outcome(number, kind, shop.recipe.title, fault.text, names, line, rerun, said if names or line or rerun else "")
        return outcome, fault.signal is not None and ended.status == 0 and not outcome.problems

    def _job(self, number: int, kind: str, chance: random.Random) -> str:
        """The recipe that is met: by signals every rule in turn, then by chance."""
        rules, rank = sorted(self._jobs, key=lambda rule: (rule in SLOW, rule)), plan.rank_of(number)
        in_turn = kind in IN_TURN and rank < len(rules)
        rule = rules[rank] if in_turn else chance.choices(rules, [_weight(each) for each in rules])[0]
        return chance.choice(self._jobs[rule])

    def _soundly(self, path: str) -> Sound:
        """What the job does without a fault; AssertionError if it does not do what it did in the sound tree."""
        if path not in self._known:
            shop, counts = self._shop(path), self._folder / "counts.json"

            def count() -> None:
                shim.arm(shop.folder)
                atexit.register(lambda: counts.write_text(json.dumps(shim.counted())))

            ended = run(shop.folder, command_of(shop.recipe, path), count)
            problem = checks.after_rerun(shop, ended)
            assert problem is None, f"{path}, without a fault: {problem}"
            written = sum((shop.folder / name).stat().st_size for name in shop.outputs)
            self._known[path] = Sound(ended.seconds, json.loads(counts.read_text()), written)
        return self._known[path]

    def _is_made(self, path: str) -> bool:
        return all(name in self._sound.hashes for name in self._sound.recipes[path].outputs.values())

    def _shop(self, path: str) -> Workshop:
        return Workshop(self._sound, path, self._folder / "shop")


def _weight(rule: str) -> float:
    """How often the jobs of `rule` are met: a thousand faults are to take minutes."""
    return 0.1 if rule in SLOW else 4 if rule in QUICK else 1
