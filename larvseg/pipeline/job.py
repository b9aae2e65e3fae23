"""One job of the DAG."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from larvseg.config import Model
from larvseg.pipeline.stage import Needs


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
        return gpus_of(self.config)


def gpus_of(config: Model) -> int:
    """How many GPUs a job with this configuration takes: one where it has a `runtime` on a GPU."""
    runtime = getattr(config, "runtime", None)
    return int(runtime is not None and runtime.device == "cuda")
