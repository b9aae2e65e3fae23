"""One thing that was looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from larvseg.pipeline import Project

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """`what` was found at `where`. An error stops the DAG or makes its numbers wrong; a warning may.

    mend: the command that mends it, or what a person has to do. `remedy` mends it without loss, where that can be done automatically.
    """

    level: Level
    what: str
    where: str = ""
    mend: str = ""
    group: str = ""
    remedy: Callable[[], object] | None = field(default=None, compare=False, repr=False)


def ok(what: str, where: object = "") -> Finding:
    """Nothing to do."""
    return Finding("ok", what, str(where))


def warning(what: str, where: object, mend: str, remedy: Callable[[], object] | None = None) -> Finding:
    """Something that may stop the DAG, slow it down or waste space."""
    return Finding("warning", what, str(where), mend, remedy=remedy)


def error(what: str, where: object, mend: str, remedy: Callable[[], object] | None = None) -> Finding:
    """Something that stops the DAG or makes its numbers wrong."""
    return Finding("error", what, str(where), mend, remedy=remedy)


def snakemake(project: Project, *targets: object) -> str:
    """The command that makes `targets` of the profile of `project`, whichever profile is selected."""
    return f"snakemake --config profile={project.name} --cores all {' '.join(map(str, targets))}"


def some(names: list[str], limit: int = 3) -> str:
    """The first of `names`, and how many more there are."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
