"""The report: one page with everything that was made."""

from __future__ import annotations

from larvseg.config.base import Model, Seed
from larvseg.config.diagnostics import Compared


class Shown(Model):
    """An output of a job that the page shows, and the file that explains it (none: it goes without a caption)."""

    rule: str
    name: str
    output: str  # its role
    caption: str | None = None  # workflow/report/*.rst

    def role(self, output: str | None = None) -> str:
        """What the stage calls the output `output` of the job; by default the one that is shown."""
        return f"{self.rule}/{self.name}/{output or self.output}"


class ClassGains(Model):
    """Pairs of runs that the page compares class by class, in a table of all classes of a benchmark."""

    benchmark: str
    classes: Shown
    pairs: tuple[Compared, ...]


class PageConfig(Model):
    """What stands on the page of a profile, each kind in the order of the jobs."""

    profile: str
    about: str  # the profile, in a sentence
    drawn: bool
    seeds: tuple[Seed, ...]
    tables: tuple[Shown, ...]
    pictures: tuple[Shown, ...] = ()  # figures of images, which stand before everything else
    figures: tuple[Shown, ...]  # all others
    claims: Shown | None = None
    gains: tuple[ClassGains, ...] = ()
    models: tuple[Shown, ...]  # whatever has a model card
    steps: dict[str, tuple[str, str]]  # rule → what the lineage calls a job of it, and what it tells of it
    recipes: str  # hash of the recipes of everything below: records say what no byte of an artifact may show
