"""What came out: a line for each failure with the command that repeats it, and at the end a line for each kind of fault."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

HEADER = ("kind", "faults", "nothing wrong", "clear line", "same bytes")


@dataclass(frozen=True)
class Outcome:
    """What became of the fault `number`: None where all is well, else what is wrong."""

    number: int
    kind: str
    job: str
    text: str  # what happened
    names: str | None = None  # under final names
    line: str | None = None  # of error
    bytes: str | None = None  # after the rerun
    said: str = ""  # by the job
    faults: int = 1  # that happened together

    @property
    def problems(self) -> tuple[str, ...]:
        return tuple(problem for problem in (self.names, self.line, self.bytes) if problem)

    def told(self, seed: int) -> str:
        """The failure and how to repeat it."""
        said = "".join(f"\n    | {line}" for line in self.said.strip().splitlines()[-12:])
        repeat = f"python -m tests.chaos --seed {seed} --only {self.number}"
        return f"FAILED {self.number}: {self.kind}, {self.job}, {self.text}: {'; '.join(self.problems)}{said}\n    repeat: {repeat}"


def summary(outcomes: Iterable[Outcome]) -> str:
    """One line for each kind, and one for all."""
    rows: dict[str, list[int]] = {}
    for outcome in outcomes:
        held = (True, outcome.names is None, outcome.line is None, outcome.bytes is None)
        for kind in (outcome.kind, "all"):
            row = rows.setdefault(kind, [0, 0, 0, 0])
            row[:] = [count + one * outcome.faults for count, one in zip(row, held, strict=True)]
    total = rows.pop("all", [0, 0, 0, 0])
    return "\n".join(
        f"{kind:<28}" + "".join(f"{cell:>15}" for cell in cells)
        for kind, *cells in [HEADER, *([k, *r] for k, r in rows.items()), ["all", *total]]
    )
