"""A sound tree on the profile `smoke`, and folders in which one of its jobs finds what it reads and nothing of what it writes."""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from functools import cached_property
from pathlib import Path

from larvseg.files import sha256_of
from larvseg.lineage.recipes import SPEED, Recipe
from larvseg.lineage.records import record_path, run_path
from tests.chaos import shim
from tests.workflow.clone import clone_to, final_names

COMMITTED = ("larvseg", "workflow", "data/reference")


class SoundTree:
    """What a sound run has made in `folder`, by a whole `snakemake all`."""

    def __init__(self, folder: Path):
        self.folder = folder.resolve()

    @cached_property
    def recipes(self) -> dict[str, Recipe]:
        """Path in the tree → recipe, in a fixed order."""
        found = sorted(self.folder.glob("work/recipes/smoke/*/*.json"))
        return {path.relative_to(self.folder).as_posix(): Recipe.load(path) for path in found}

    @cached_property
    def by_rule(self) -> dict[str, list[str]]:
        """Rule → recipes; each family of archives is a rule, as for Snakemake."""
        rules = defaultdict(list)
        for path, recipe in self.recipes.items():
            rules[f"fetch_{recipe.name}" if recipe.rule == "fetch" else recipe.rule].append(path)
        return dict(rules)

    @cached_property
    def hashes(self) -> dict[str, str]:
        """Every file under a final name → its sha256."""
        return {path: sha256_of(self.folder / path) for path in final_names(self.folder)}


def make_sound(folder: Path) -> SoundTree:
    """The sound tree in `folder`, of this checkout: what is missing or was made otherwise is made, by Snakemake and noted by DVC."""
    print(f"a sound tree, in {folder}", flush=True)
    clone = clone_to(folder)
    clone.variables = {shim.PRELOAD: "", "OMP_NUM_THREADS": "1"}
    clone.snakemake("all")
    clone.run("dvc", "config", "--local", "core.no_scm", "true")
    clone.run("dvc", "repro", "--quiet")
    return SoundTree(folder)


class Workshop:
    """A `folder` for the job of the recipe at `path`: links to what it reads in the sound tree, none of its outputs."""

    def __init__(self, sound: SoundTree, path: str, folder: Path, symbolic: bool = False):
        self.sound, self.path, self.folder, self.recipe = sound, path, folder, sound.recipes[path]
        self._symbolic = symbolic
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        for name in COMMITTED:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).symlink_to(sound.folder / name)
        for name in self.reads:
            self.bring(name)
        for name in self.mutable:
            self.restore(name)

    @property
    def inputs(self) -> list[str]:
        """The artifacts that the job reads."""
        return list(dict.fromkeys(path for _, path in self.recipe.made_of))

    @property
    def reads(self) -> list[str]:
        """Them and their records."""
        return [each for path in self.inputs for each in (path, str(record_path(Path(path))))]

    @property
    def outputs(self) -> list[str]:
        return [each for path in self.recipe.outputs.values() for each in (path, str(record_path(Path(path))))]

    @property
    def mutable(self) -> list[str]:
        """What is copied and not linked."""
        return [self.path, str(SPEED / "smoke.json")]

    def bring(self, name: str) -> None:
        """Link the file `name` of the sound tree to its place."""
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if self._symbolic:
            target.symlink_to(self.sound.folder / name)
        else:
            os.link(self.sound.folder / name, target)

    def restore(self, name: str) -> None:
        """Have the file `name` be what it is in the sound tree, in a file of its own."""
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copy2(self.sound.folder / name, target)

    def bring_outputs(self) -> None:
        """Have the outputs lie there, as after a sound run, in files of their own."""
        for path in self.recipe.outputs.values():
            for name in (path, str(record_path(Path(path))), str(run_path(Path(path)))):
                self.restore(name)

    def wrong(self) -> list[str]:
        """The files under final names that are not what they are in the sound tree."""
        sound = self.sound.hashes
        return [name for name in final_names(self.folder) if sound.get(name) != sha256_of(self.folder / name)]

    def absent(self) -> list[str]:
        """The outputs and records that are not there."""
        return [name for name in self.outputs if not (self.folder / name).is_file()]

    def leftovers(self) -> list[str]:
        """Files on their way that nobody writes any more."""
        return [path.relative_to(self.folder).as_posix() for path in self.folder.rglob(".*.tmp")]
