"""What lies beside each artifact: its record, and when it was made."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field, NonNegativeInt

from larvseg.config.base import Model

LINEAGE = "larvseg.lineage/1"


class _Open(Model):
    """Of what else it says, others know."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, allow_inf_nan=False)


class Artifact(Model):
    """What the artifact is."""

    path: str
    role: str
    sha256: str
    size: NonNegativeInt


class Job(Model):
    """The recipe, without what its inputs and outputs are called."""

    rule: str
    name: str
    config: dict[str, Any]
    code: dict[str, dict[str, str]]
    environment: list[str]


class Input(Model):
    """What it was made of."""

    role: str
    path: str
    sha256: str


class Record(Model):
    """X.lineage.json."""

    schema_: Literal[LINEAGE] = Field(alias="schema")
    artifact: Artifact
    recipe: Job
    inputs: list[Input]


class Moments(_Open):
    """X.run.json: when the job started, in seconds since 1970, and how long it took."""

    started: float = 0.0
    seconds: float


class Recipe(_Open):
    """work/recipes/…/<name>.json."""

    rule: str
    name: str
    config: dict[str, Any]
    code: dict[str, dict[str, str]]
    inputs: dict[str, str]
    outputs: dict[str, str]
    reads: list[str]
    reference: dict[str, str] = {}
