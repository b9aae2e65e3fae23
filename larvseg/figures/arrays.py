"""Arrays and their description from the safetensors files of other stages, without torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open

from larvseg.errors import LarvSegError, reading

METADATA_KEY = "larvseg"  # as larvseg.training.checkpoint writes it


def read_arrays(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays in `path` and their metadata; LarvSegError if it is not a file of this project."""
    with reading(path, "a readable safetensors file of this project", "delete it and make it again"):
        with safe_open(path, framework="np") as file:
            about = json.loads((file.metadata() or {})[METADATA_KEY])
            if not isinstance(about, dict):
                raise ValueError(f"its metadata is a {type(about).__name__}")
            return {name: file.get_tensor(name) for name in sorted(file.keys())}, about


def read_arrays_of(path: Path, **wanted: Any) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """As read_arrays; LarvSegError if the metadata says another thing than `wanted` of a key."""
    arrays, about = read_arrays(path)
    for key, value in wanted.items():
        if about.get(key) != value:
            raise LarvSegError(f"{path}: {key} is {about.get(key)!r}, the figure wants {value!r}")
    return arrays, about
