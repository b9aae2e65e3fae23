"""Arrays and their description from the safetensors files of other stages, without torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from larvseg.errors import LarvSegError

METADATA_KEY = "larvseg"  # as larvseg.training.checkpoint writes it


def read_arrays(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays in `path` and their metadata; LarvSegError if it is not a file of this project."""
    try:
        with safe_open(path, framework="np") as file:
            return {name: file.get_tensor(name) for name in sorted(file.keys())}, json.loads((file.metadata() or {})[METADATA_KEY])
    except (FileNotFoundError, SafetensorError, KeyError, json.JSONDecodeError) as error:
        raise LarvSegError(f"{path}: not a readable safetensors file of this project ({error}); delete it and make it again") from None


def read_arrays_of(path: Path, **wanted: Any) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """As read_arrays; LarvSegError if the metadata says another thing than `wanted` of a key."""
    arrays, about = read_arrays(path)
    for key, value in wanted.items():
        if about.get(key) != value:
            raise LarvSegError(f"{path}: {key} is {about.get(key)!r}, the figure wants {value!r}")
    return arrays, about
