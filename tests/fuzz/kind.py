"""A kind of input, and how many of it are tried."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.guard import CANARY, Fault, judged

QUICK = Path("/dev/shm")  # where files are made and deleted in no time, if the system has it


@dataclass(frozen=True)
class Kind:
    """Inputs for one parser. `read` puts an input into the folder it is given and has it read, twice over where there are two ways."""

    name: str
    varied: str  # what differs between inputs, for people
    inputs: st.SearchStrategy[Any]
    read: Callable[[Any, Path], Any]
    named: str  # what a refusal says of where the input is: the name of its file
    found: tuple[Any, ...] = ()  # inputs that led to a fault once
    share: float = 1.0  # of the inputs of a run; small for what takes long


class Tried(NamedTuple):
    """What came of the inputs of a kind."""

    inputs: int
    sound: int
    faults: tuple[str, ...] = ()

    @property
    def refused(self) -> int:
        return self.inputs - self.sound - len(self.faults)


def tried(kind: Kind, inputs: int, number: int = 0) -> Tried:
    """The outcome of those of `kind` that once led to a fault and of `inputs` others: the same for the same `number`."""
    outcomes: list[bool] = []

    def attempt(value: Any) -> None:
        place = folder / str(next(names))
        place.mkdir()
        outcomes.append(judged(lambda: kind.read(value, place), place, kind.named))
        shutil.rmtree(place)

    with tempfile.TemporaryDirectory(prefix="larvseg-fuzz-", dir=QUICK if QUICK.is_dir() else None) as made, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder, names = Path(made), itertools.count()
        (folder / CANARY).write_bytes(b"not for you")
        phases = (Phase.generate, Phase.shrink)
        quiet = settings(max_examples=inputs, database=None, deadline=None, phases=phases, suppress_health_check=list(HealthCheck))
        try:
            for value in kind.found if number == 0 else ():
                attempt(value)
            quiet(seed(number)(given(kind.inputs)(attempt)))()
        except (Fault, BaseExceptionGroup) as fault:
            said = "; ".join(map(str, fault.exceptions)) if isinstance(fault, BaseExceptionGroup) else str(fault)
            notes = "; ".join(getattr(fault, "__notes__", ()))
            return Tried(len(outcomes) + 1, sum(outcomes), (f"{said} [{notes}]",))
    return Tried(len(outcomes), sum(outcomes))
