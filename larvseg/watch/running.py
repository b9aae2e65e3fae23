"""The jobs that run now, on whatever host: told by what they and Snakemake leave in the folder. Nothing is changed."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode
from functools import cache
from pathlib import Path
from typing import NamedTuple

from larvseg.files import host
from larvseg.lineage.process import LOCK
from larvseg.lineage.recipes import Recipe
from larvseg.locks import noted
from larvseg.watch.steps import steps_of

INCOMPLETE = Path(".snakemake/incomplete")  # a file for each output of a job that was begun and has not ended
LOCKS = Path(".snakemake/locks")  # written when a Snakemake starts to work
SLACK = 5.0  # seconds by which a file system may tell times otherwise than another one


class Running(NamedTuple):
    """A job that runs: `since` is the time at which Snakemake began it, None where somebody else did; `host` is where it trains."""

    recipe: Recipe
    since: float | None
    host: str
    log: Path

    @property
    def work(self) -> Path:
        """Where it keeps what it can go on from."""
        return Path("work") / self.recipe.hash


def running(profile: str) -> list[Running]:
    """The jobs of `profile` that run.

    Snakemake marks the outputs of a job from when it sends it off until it has ended; the log is made when it starts, on a cluster later.
    Marks of a Snakemake that is gone say nothing, and those from before the present one started neither. A training is told by its lock,
    too, so that one runs also where it was not started by Snakemake.
    """
    begun, found = _begun(), []
    for path in sorted(Path("work/recipes", profile).glob("*/*.json")):
        recipe = _recipe(path, _changed(path) or 0.0)
        log = Path("results", profile, "logs", recipe.rule, f"{recipe.name}.log")
        since = min((begun[output] for output in recipe.outputs.values() if output in begun), default=None)
        if since is not None and (_changed(log) or 0.0) < since - SLACK:
            since = None  # sent off, and not started yet
        holders = noted(Path("work", _hash(path, _changed(path) or 0.0), "lock")) if steps_of(recipe) else []
        alive = [holder for holder in holders if holder.is_at_work]
        if alive or (since is not None and not any(holder.seen >= since for holder in holders)):  # else it has died
            found.append(Running(recipe, since, alive[0].host if alive else host(), log))
    return found


def _begun() -> dict[str, float]:
    """Output → when Snakemake began the job that writes it, of the jobs that have not ended."""
    if not any(holder.is_at_work for holder in noted(LOCK)):
        return {}
    started = min((time for lock in LOCKS.glob("*.lock") if (time := _changed(lock))), default=0.0)
    found = {}
    for mark in INCOMPLETE.rglob("*"):
        if mark.is_file() and (time := _changed(mark)) and time >= started - SLACK:
            parts = mark.relative_to(INCOMPLETE).parts  # long names go on in a folder @<beginning>
            try:
                found[urlsafe_b64decode("".join(part.removeprefix("@") for part in parts)).decode()] = time
            except (binascii.Error, UnicodeDecodeError):  # no mark of an output
                continue
    return found


def _changed(file: Path) -> float | None:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:  # it has ended meanwhile
        return None


@cache
def _recipe(path: Path, changed: float) -> Recipe:
    return Recipe.load(path)


@cache
def _hash(path: Path, changed: float) -> str:
    return _recipe(path, changed).hash
