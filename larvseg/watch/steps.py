"""How far a job is: the step of a training, and the last line that a job said."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from larvseg.errors import reading
from larvseg.lineage.recipes import Recipe

SAID = re.compile(r"step (\d+)/\d+, loss (\S+), (\S+) steps/s")  # larvseg.training.runtime.Progress
END = 4096  # bytes of a file in which its last line is looked for


class Step(NamedTuple):
    """Where a training is; None for what is not known."""

    step: int
    steps: int
    loss: float | None
    rate: float | None  # steps a second

    @property
    def seconds_left(self) -> float | None:
        """How long it will take at this rate."""
        return (self.steps - self.step) / self.rate if self.rate else None


def steps_of(recipe: Recipe) -> int | None:
    """How many steps a training takes; None for other jobs."""
    sections = (recipe.config, *(section for section in recipe.config.values() if isinstance(section, dict)))
    return next((section["steps"] for section in sections if isinstance(section.get("steps"), int)), None)


def step_of(steps: int, curves: Path, said: str) -> Step:
    """Where the training of `steps` steps is that shows its `curves` and `said` something in its log; what is newer counts."""
    step, loss, rate = 0, None, None
    if match := SAID.search(said):
        step, loss, rate = int(match[1]), float(match[2]), float(match[3])
    heading, line = first_line(curves), last_line(curves)
    if line and line != heading:
        with reading(curves, "a file of curves", "delete it"):
            shown = dict(zip(heading.split(","), line.split(","), strict=True))
            if int(shown["step"]) >= step:
                step, loss = int(shown["step"]), float(shown["loss"])
    return Step(step, steps, loss, rate)


def first_line(file: Path) -> str:
    """The first line of `file`; empty if it is not there."""
    try:
        with file.open(encoding="utf-8", errors="replace") as opened:
            return opened.readline(END).rstrip("\n")
    except FileNotFoundError:
        return ""


def last_line(file: Path) -> str:
    """The last line of `file` that says something, after the last return in it; empty if there is none."""
    try:
        with file.open("rb") as opened:
            size = opened.seek(0, os.SEEK_END)
            opened.seek(max(0, size - END))
            text = opened.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return next((line.strip() for line in reversed(re.split(r"[\r\n]", text)) if line.strip()), "")
