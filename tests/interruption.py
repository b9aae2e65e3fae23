"""Trainings that are killed and go on, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest

from larvseg.files import sha256_of
from larvseg.training.checkpoint import load_tensors


class Interrupted(Exception):
    """Stands for a kill."""


def hashes(files: Mapping[str, Path]) -> dict[str, str]:
    return {role: sha256_of(path) for role, path in files.items()}


def interrupt_at(step: int, module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the loader of the stage in `module` stop the training before `step`."""

    class Loader(module.JointLoader):
        def __getitem__(self, index):
            if index == step:
                raise Interrupted
            return super().__getitem__(index)

    monkeypatch.setattr(module, "JointLoader", Loader)


def check_that_it_goes_on(stage, module, config, inputs, outputs, whole, interruptions: Mapping[str, list[int]]) -> None:
    """`stage` ends with the bytes of the files `whole` however often it was killed; `interruptions`: name → before which steps."""
    every = config.runtime.checkpoint_every
    for name, steps in interruptions.items():
        files = outputs(name)
        for step in steps:
            with pytest.MonkeyPatch.context() as patch, pytest.raises(Interrupted):
                interrupt_at(step, module, patch)
                stage(config, inputs, files, Path("work", name))
            assert load_tensors(Path("work", name, "state.safetensors"))[1]["step"] == step // every * every
        stage(config, inputs, files, Path("work", name))
        assert hashes(files) == hashes(whole), name
