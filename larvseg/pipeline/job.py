"""One job of the DAG."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from larvseg.config import Model
from larvseg.pipeline.stage import Needs, Stage
from larvseg.pipeline.stages import STAGES


@dataclass(frozen=True)
class Job:
    """One job of the DAG before its recipe is written: the stage `rule`, and what this job of it runs on.

    `inputs` go to the stage; `reads` are archives behind its manifests; `reference` are committed files that the stage reads.
    """

    rule: str
    name: str
    wildcards: Mapping[str, str]  # what the fields of the stage's patterns are
    config: Model
    inputs: Mapping[str, str]  # role → path
    outputs: Mapping[str, str]  # role → path
    needs: Needs
    reads: tuple[str, ...] = ()
    reference: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()  # code that the stage chooses by its configuration

    @property
    def gpus(self) -> int:
        """How many GPUs it takes."""
        return gpus_of(STAGES[self.rule], self.config)


def gpus_of(stage: Stage, config: Model) -> int:
    """How many GPUs a job of `stage` with this configuration takes: where its `runtime` is on a GPU, one for each process."""
    runtime = getattr(config, "runtime", None)
    if runtime is None or runtime.device != "cuda":
        return 0
    return runtime.processes if stage.processes else 1
