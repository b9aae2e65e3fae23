"""Claims: the quantitative statements of the paper, and what each is tested on."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, NonNegativeFloat, PositiveInt, model_validator

from larvseg.config.base import Model, Seed

Measure = Literal["all", "base", "novel", "grouping"]
Kind = Literal["above", "not_worse", "best"]


class Claim(Model):
    """A statement of the paper, as `experiments.yaml` writes it down before the runs that test it.

    It is about differences in points of mIoU, `run` minus each run of `than`, over the categories that `measure` names (rule S);
    `grouping` is the mIoU of Table 1, where a run is written <run>.<benchmark>. For the published difference each run has a row in `table`.

    above: better than the one of `than`. not_worse: at most `margin` points worse. best: better than each of `than`.
    """

    statement: str
    source: str  # where in the paper
    table: str
    where: dict[str, str] = {}  # cells of the rows in `table`, where a run has several
    measure: Measure = "novel"
    kind: Kind = "above"
    run: str
    than: tuple[str, ...] = Field(min_length=1)
    margin: NonNegativeFloat = 0.0  # points
    remark: str = ""  # what a reader has to know beside it

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if (self.margin > 0) != (self.kind == "not_worse"):
            raise ValueError("a margin goes with kind not_worse, and no other")
        if self.kind != "best" and len(self.than) > 1:
            raise ValueError("several runs to be better than go with kind best")
        return self


class Side(Model):
    """One run of a claim."""

    run: str
    seeds: tuple[Seed, ...]
    trained: bool  # its result depends on the seed
    published: dict[str, str]  # the texts by which its row is found in the published table


class ResolvedClaim(Claim):
    """A claim at the scale of a profile."""

    benchmark: str
    published: str | None = None  # table; None where the paper has no such runs
    column: str  # of that table
    sides: tuple[Side, ...]  # first that of `run`, then those of `than`
    quoted: tuple[str, ...] = ()  # runs that this profile does not have


class ClaimsConfig(Model):
    """All claims, and the bootstrap that tests them."""

    profile: str
    seeds: tuple[Seed, ...]
    claims: tuple[ResolvedClaim, ...]
    resamples: PositiveInt = 2000
    seed: Seed = 0  # of the resamples
