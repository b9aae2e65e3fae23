"""Training curves as event files, which TensorBoard shows. A training knows nothing of it: its curves are copied as they come."""

from __future__ import annotations

import csv
from contextlib import AbstractContextManager, ExitStack, closing
from pathlib import Path
from typing import Any

import numpy as np

from larvseg.errors import LarvSegError, reading

try:
    from tensorboard.backend.event_processing.event_accumulator import SCALARS, EventAccumulator
    from tensorboard.compat.proto.event_pb2 import Event, SessionLog
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
except ImportError as missing:
    said = f"TensorBoard cannot be used ({missing}); pip install -c constraints.txt -e '.[tensorboard]' installs it"
    raise LarvSegError(said) from None

Points = dict[int, dict[str, float]]  # step → column of the curves → value, in the precision of event files


class Events(AbstractContextManager["Events"]):
    """The event files below `folder`, one folder in it for each training; what is there already is not written again."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._there: dict[str, Points] = {}
        self._read: dict[str, tuple[int, int]] = {}  # of each training, which curves were written last
        self._writers: dict[str, Any] = {}
        self._stack = ExitStack()

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def write(self, name: str, curves: Path) -> None:
        """Add what the file `curves` says of the training `name` beyond what is there.

        Where it says otherwise than what is there (the training was begun anew), a session begins at that step: TensorBoard drops what
        came after it before.
        """
        try:
            status = curves.stat()
            if self._read.get(name) == (status.st_ino, status.st_mtime_ns):
                return
            points, there = points_of(curves), self._points(name)
        except FileNotFoundError:  # it was finished this moment: its curves are beside the model now
            return
        if new := dict(_from_the_first_other(points, there)):
            first = min(new)
            if dropped := [step for step in there if step >= first]:
                self._add(name, Event(wall_time=status.st_mtime, step=first, session_log=SessionLog(status=SessionLog.START)))
                for step in dropped:
                    del there[step]
            for step, values in new.items():
                summary = Summary(value=[Summary.Value(tag=column, simple_value=value) for column, value in values.items()])
                self._add(name, Event(wall_time=status.st_mtime, step=step, summary=summary))
            self._writers[name].flush()
            there |= new
        self._read[name] = status.st_ino, status.st_mtime_ns

    def _points(self, name: str) -> Points:
        if name not in self._there:
            self._there[name] = read_points(self.folder / name) if (self.folder / name).is_dir() else {}
        return self._there[name]

    def _add(self, name: str, event: Event) -> None:
        if name not in self._writers:
            self._writers[name] = self._stack.enter_context(closing(EventFileWriter(str(self.folder / name))))
        self._writers[name].add_event(event)


def points_of(curves: Path) -> Points:
    """What a CSV of curves says."""
    with curves.open(encoding="utf-8", newline="") as file, reading(curves, "a file of curves", "delete it"):
        rows = list(csv.DictReader(file))
        return {int(row.pop("step")): {column: float(np.float32(text)) for column, text in row.items() if text} for row in rows}


def read_points(folder: Path) -> Points:
    """What the event files of one training say."""
    events = EventAccumulator(str(folder), size_guidance={SCALARS: 0})  # 0: all of them
    events.Reload()
    points: Points = {}
    for column in events.Tags()[SCALARS]:
        for event in events.Scalars(column):
            points.setdefault(event.step, {})[column] = event.value
    return points


def _from_the_first_other(points: Points, there: Points) -> list[tuple[int, dict[str, float]]]:
    """`points` from the first on that is not `there` just so."""
    steps = list(points.items())
    first = next((at for at, (step, values) in enumerate(steps) if there.get(step) != values), len(steps))
    return steps[first:]
