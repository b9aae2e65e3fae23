"""What the memory bank of a trained model saw, read from its checkpoint without torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors import safe_open

from larvseg.config import Attention, conform
from larvseg.errors import LarvSegError, reading
from larvseg.training.saved import settings_in, vocabulary_in


def images_written(model: Path, config: Path, dataset: str, names: Sequence[str]) -> np.ndarray:
    """(N,) how many images were written to the ring of each class `names` of `dataset`, in all banks of the checkpoint `model`.

    config: the config.json beside it. Raises LarvSegError if the model keeps no memory bank or has other classes.
    """
    vocabulary = vocabulary_in(config)
    if vocabulary.classes.get(dataset) != tuple(names):
        raise LarvSegError(f"{config}: made for other classes than those of {dataset}; make the run again")
    return np.sum(_pushed(model), axis=0)[list(vocabulary.index[dataset])]


def slots_of(model: Path, config: Path) -> int:
    """How many images the rings of a class hold, in the banks of the checkpoint `model` that were written to; errors as in
    images_written."""
    with reading(config, "the configuration of a run", "make the run again"):
        attention = conform(Attention, settings_in(config)["attention"])
    return sum(bank.any() for bank in _pushed(model)) * attention.memory_size


def _pushed(model: Path) -> list[np.ndarray]:
    """Of each bank (names,): how many images were written to each ring."""
    with reading(model, "a readable safetensors file", "delete it and make it again"), safe_open(model, framework="np") as file:
        banks = [file.get_tensor(name) for name in sorted(file.keys()) if name.startswith("banks.") and name.endswith(".pushed")]
    if not banks:
        raise LarvSegError(f"{model}: keeps no memory bank; compare LarvSeg runs in the gains of experiments.yaml")
    return banks
