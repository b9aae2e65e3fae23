"""What is said of a stage of the DAG, once: its command, its rule, its recipes, its records and its captions all follow from it."""

from __future__ import annotations

import gc
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal, NamedTuple

from larvseg.config import Model

Threads = Literal["one", "running", "drawing", "deriving", "pretraining"]
Target = Literal["sources", "datasets", "train_all", "evaluate_all", "tables", "report"]


@dataclass(frozen=True)
class Needs:
    """What one job of a stage takes. `threads` names a setting of the profile; None stands for what the profile says of a training."""

    threads: Threads = "running"
    memory_mb: int | None = None
    memory_mb_of_a_thread: int = 0  # beside memory_mb
    minutes: int | None = None
    foundation: bool = False  # takes minutes, and others wait for it: such jobs run one at a time
    local: bool = False  # takes seconds, or downloads: on a cluster it runs where Snakemake does


class Caption(NamedTuple):
    """How Snakemake's report shows an output: the text is in workflow/report/<file>.rst. `labels` may use the wildcards of the output."""

    file: str
    category: str
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Stage:
    """A stage of the DAG.

    `job` and `outputs` are patterns: {profile} stands for the name of the profile, the other fields are wildcards, which name a job.
    A stage without `outputs` has a rule for each of its jobs, and each job says what it writes.
    """

    help: str  # of the command, a sentence
    step: tuple[str, str]  # what the report calls one of its jobs, and what it tells of it
    config: type[Model]
    function: str  # module:function(config, inputs, outputs, work), which makes the outputs
    job: str  # the name of a job
    outputs: Mapping[str, str] | None  # role → path
    target: Target  # the rule, and the stage of dvc.yaml, that asks for all its jobs
    needs: Needs = Needs()
    captions: Mapping[str, Caption] = field(default_factory=dict)  # role → how the report shows it
    verb: str | None = None  # the command, where it has another name than the stage
    torch: bool = True  # it imports torch
    processes: bool = False  # one of its jobs runs on `runtime.processes`, with a GPU for each
    reference: tuple[str, ...] = ()  # files of the repository that all its jobs read, beside code

    @property
    def fields(self) -> tuple[str, ...]:
        """The wildcards of its rule."""
        return tuple(re.findall(r"{(\w+)}", self.job)) if self.outputs else ()

    def load(self) -> Any:
        """The function, imported."""
        _, _, function = self.function.partition(":")
        gc.disable()  # what is imported stays; looking through it for garbage, again and again, takes a fifth of a short job
        try:
            return getattr(import_module(self.module), function)
        finally:
            gc.freeze()
            gc.enable()

    @property
    def module(self) -> str:
        """Where the function is."""
        return self.function.partition(":")[0]
