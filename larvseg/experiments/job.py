"""One job of the DAG."""

from __future__ import annotations

from dataclasses import dataclass

from larvseg.config import Model


@dataclass(frozen=True)
class Job:
    """One job of the DAG before its recipe is written.

    `inputs` go to the stage; `reads` are archives behind its manifests; `reference` are files of data/reference that the stage reads.
    """

    rule: str
    name: str
    config: Model
    inputs: dict[str, str]
    reads: tuple[str, ...] = ()
    reference: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()  # code that the stage chooses by its configuration
