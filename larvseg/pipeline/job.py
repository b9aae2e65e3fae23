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
