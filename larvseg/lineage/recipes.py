"""Recipes: everything that decides the bytes of an artifact, in one small file that is an input of its rule.

A recipe is written when the Snakefile is read, and only when its content differs. Its file therefore changes exactly when the
configuration or the code behind the artifact does, and Snakemake reruns exactly those rules.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from larvseg.config import conform
from larvseg.config.lineage import Recipe as RecipeForm
from larvseg.errors import LarvSegError, reading
from larvseg.files import seal, sealed, unsealed, write_text

# What a profile says of speed alone is in no recipe; jobs read it here, in <profile>.json.
SPEED = Path("work/speed")
SCHEMA = "larvseg.recipe/1"


@dataclass(frozen=True)
class Recipe:
    """One job: its stage, the resolved configuration, the code behind it, and the files that it reads and writes."""

    rule: str
    name: str
    config: dict[str, Any]
    code: dict[str, dict[str, str]]  # module → qualified name → hash
    inputs: dict[str, str]  # role → path, handed to the stage
    outputs: dict[str, str]  # role → path, what it writes
    reads: tuple[str, ...] = ()  # archives that are read through the manifests among the inputs
    reference: dict[str, str] = field(default_factory=dict)  # committed file that the stage reads → sha256

    @property
    def title(self) -> str:
        """The job as people call it."""
        return f"{self.rule} {self.name}"

    @property
    def made_of(self) -> tuple[tuple[str, str], ...]:
        """(role, path) of the artifacts that it reads."""
        return (*self.inputs.items(), *(("read", path) for path in self.reads))

    @property
    def hash(self) -> str:
        """Hash of the whole recipe: the name of its folder in `work/`."""
        return seal(self._content)[:20]

    @property
    def _content(self) -> dict[str, Any]:
        return {"schema": SCHEMA, **vars(self)}

    def text(self) -> str:
        """The recipe as canonical JSON, sealed: a job of damaged settings would make something else in silence."""
        return sealed(self._content)

    def write(self, path: Path) -> None:
        """Write to `path` unless it already says the same, so that an unchanged recipe keeps its time."""
        if not self.stands_in(path):
            write_text(path, self.text())

    def stands_in(self, path: Path) -> bool:
        """Whether `path` says just this."""
        return path.is_file() and path.read_bytes() == self.text().encode()  # damaged, it may be no text

    @staticmethod
    def speed(path: Path) -> dict[str, Any]:
        """The settings of the profile of the recipe in `path` that are in no recipe."""
        settings = SPEED / f"{path.parent.parent.name}.json"
        if not settings.is_file():
            return {}
        with reading(settings, "settings of speed", "delete it, the next snakemake call writes it again"):
            return dict(json.loads(settings.read_text(encoding="utf-8")))

    @classmethod
    def load(cls, path: Path) -> Recipe:
        """The recipe in `path`; LarvSegError if it is not one."""
        if not path.exists():
            raise LarvSegError(f"{path}: no such recipe; `snakemake -n` writes the recipes of the selected profile")
        with reading(path, "a recipe", "delete it, the next snakemake call writes it again"):
            fields = unsealed(path.read_text(encoding="utf-8"))
            if fields.pop("schema") != SCHEMA:
                raise ValueError("another schema")
            conform(RecipeForm, fields)
            return cls(**{**fields, "reads": tuple(fields["reads"])})
