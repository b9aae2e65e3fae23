"""What Snakemake did, from what it printed."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

_JOB = re.compile(r"    jobid: (\d+)$")
_BENCHMARK = re.compile(r"    benchmark: (\S+)$")
_FINISHED = re.compile(r"Finished jobid: (\d+) \(Rule: (\w+)\)$")
_ERROR = re.compile(r"(?:error|\w+(?:Error|Exception)): (.+)$")
_STEPS = re.compile(r"(\d+) of (\d+) steps \(")


@dataclass
class Transcript:
    """`finished`: rule → the benchmark files of its finished jobs; `last`: the rule that finished last; `done` of `steps` jobs are done.

    `error`: what the last job to fail said.
    """

    finished: dict[str, list[str]] = field(default_factory=dict)
    last: str = ""
    error: str = ""
    done: int = 0
    steps: int = 0
    _job: str = ""
    _benchmarks: dict[str, str] = field(default_factory=dict)

    def add(self, line: str) -> bool:
        """Take in a line of Snakemake's output; whether it says that a job is done."""
        if found := _ERROR.match(line):
            self.error = found[1]
        elif found := _JOB.match(line):
            self._job = found[1]
        elif found := _BENCHMARK.match(line):
            self._benchmarks[self._job] = found[1]
        elif found := _STEPS.match(line):
            self.done, self.steps = int(found[1]), int(found[2])
            return True
        elif found := _FINISHED.match(line):
            self.last = found[2]
            self.finished.setdefault(found[2], []).extend([self._benchmarks.pop(found[1])] if found[1] in self._benchmarks else [])
        return False


def transcript_of(lines: Iterable[str]) -> Transcript:
    """The transcript of `lines`."""
    transcript = Transcript()
    for line in lines:
        transcript.add(line.rstrip("\n"))
    return transcript


def seconds_of(benchmark: Path) -> float:
    """Wall-clock seconds in a benchmark file of Snakemake."""
    with open(benchmark, encoding="utf-8", newline="") as file:
        return sum(float(row["s"]) for row in csv.DictReader(file, delimiter="\t"))
