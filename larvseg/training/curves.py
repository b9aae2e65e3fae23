"""Training curves: one CSV line every few steps, each the mean since the line before."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from larvseg.files import write_text

MEANS = ("loss", "loss_seg", "loss_cls", "loss_aux", "contrast")
STATES = ("warm", "fill", "scale")
SO_FAR = "curves.csv"  # in the folder of the state of a training that runs, for those who watch it
SECONDS_BETWEEN_FILES = 5.0
HEADER = ",".join(("step", "learning_rate", *MEANS, *STATES))


class Curves:
    """Lines of `step`, `learning_rate`, `means` over the line's steps, and `states` after its last step; HEADER unless others are named.

    `contrast`: standard deviation over patches of what the attention sees, before it is standardised. `warm`, `fill`: see Objective.
    `scale`: γ of the cosine classifier, the factor of its normalised cosines.
    """

    def __init__(self, every: int = 10, means: Sequence[str] = MEANS, states: Sequence[str] = STATES):
        self.every, self.means, self.states = every, tuple(means), tuple(states)
        self.header = ",".join(("step", "learning_rate", *self.means, *self.states))
        self.lines: list[str] = []
        self._sums = dict.fromkeys(self.means, 0.0)
        self._count = 0
        self._shown = -SECONDS_BETWEEN_FILES

    def add(self, step: int, learning_rate: float, values: Mapping[str, float], last: bool = False) -> None:
        """Count the `values` of 1-based `step`; one that the run does not have is 0. The `last` step always closes a line."""
        for name in self.means:
            self._sums[name] += values.get(name, 0.0)
        self._count += 1
        if step % self.every and not last:
            return
        means = [self._sums[name] / self._count for name in self.means]
        states = [values.get(name, 0.0) for name in self.states]
        self.lines.append(",".join([str(step), *(f"{value:.6g}" for value in (learning_rate, *means, *states))]))
        self._sums, self._count = dict.fromkeys(self.means, 0.0), 0

    @property
    def text(self) -> str:
        """The CSV file."""
        return "\n".join([self.header, *self.lines]) + "\n"

    def show(self, work: Path) -> None:
        """Write SO_FAR in the folder `work` with the lines that are there, unless that was done a moment ago."""
        if self.lines and time.monotonic() - self._shown >= SECONDS_BETWEEN_FILES:
            write_text(work / SO_FAR, self.text)
            self._shown = time.monotonic()

    def state(self) -> dict[str, Any]:
        """What `restore` needs, as JSON."""
        return {"lines": self.lines, "sums": self._sums, "count": self._count}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue as if `add` had never stopped."""
        self.lines, self._sums, self._count = list(state["lines"]), dict(state["sums"]), state["count"]
