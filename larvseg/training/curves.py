"""Training curves: one CSV line every few steps, each the mean since the line before."""

from collections.abc import Mapping, Sequence
from typing import Any

LOSSES = ("loss", "loss_seg", "loss_cls", "loss_aux")
HEADER = ",".join(("step", "learning_rate", *LOSSES, "warm"))


class Curves:
    """Lines of `step`, `learning_rate`, the `losses`, and `warm` of runs that keep a memory bank; HEADER unless other losses are named.

    Losses are means, the others those of the line's last step. `warm`: share of the weakly labelled categories whose bank is warm.
    """

    def __init__(self, every: int = 10, losses: Sequence[str] = LOSSES, warm: bool = True):
        self.every, self.losses = every, tuple(losses)
        self.header = ",".join(("step", "learning_rate", *self.losses, *(("warm",) if warm else ())))
        self.lines: list[str] = []
        self._sums = dict.fromkeys(self.losses, 0.0)
        self._count = 0

    def add(self, step: int, learning_rate: float, losses: Mapping[str, float], *warm: float, last: bool = False) -> None:
        """Count the losses of 1-based `step`; a loss that the run does not have is 0. The `last` step always closes a line."""
        for name in self.losses:
            self._sums[name] += losses.get(name, 0.0)
        self._count += 1
        if step % self.every and not last:
            return
        means = [self._sums[name] / self._count for name in self.losses]
        self.lines.append(",".join([str(step), *(f"{value:.6g}" for value in (learning_rate, *means, *warm))]))
        self._sums, self._count = dict.fromkeys(self.losses, 0.0), 0

    @property
    def text(self) -> str:
        """The CSV file."""
        return "\n".join([self.header, *self.lines]) + "\n"

    def state(self) -> dict[str, Any]:
        """What `restore` needs, as JSON."""
        return {"lines": self.lines, "sums": self._sums, "count": self._count}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue as if `add` had never stopped."""
        self.lines, self._sums, self._count = list(state["lines"]), dict(state["sums"]), state["count"]
