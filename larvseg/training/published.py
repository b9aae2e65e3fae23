"""Reading files of weights that others published: tensors by their names, out of safetensors or a file of torch."""

from __future__ import annotations

import re
import warnings
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from larvseg.errors import LarvSegError, lacks_memory, not_of_the_file
from larvseg.sources.bounded import Bounded

_WRAPPERS = ("state_dict", "model_state_dict", "model", "teacher", "student")  # the first of them that is there holds the weights
_DEEPEST = 3  # wrappers in wrappers; a pickle may hold itself
_TORCH = (b"PK\x03\x04", b"\x80")  # zip files, and pickles of before
_HEAD = 20  # bytes by which kinds of files are told apart
_REFUSED = re.compile(r"GLOBAL (\S+) was not")  # how torch names what it does not load
_SHOWN = 200  # letters of what is in a file


def read_published(path: Path) -> dict[str, Tensor]:
    """The tensors in `path`, in its order: a safetensors file, or one of torch, with or without training state around the weights.

    What the file is shows in how it begins, whatever its name. Loading runs no code of it.

    Raises:
        LarvSegError: missing, of another kind, damaged, without tensors by their names, or a pickle of more than tensors.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise LarvSegError(f"{path}: cannot be read ({error.strerror}); put the weights there, or say where they are") from None
    if head[8:9] == b"{":
        load = load_file
    elif head.startswith(_TORCH):
        load = _load_torch
    else:
        problem = f"it begins with {head!r}" if head else "it is empty"
        raise LarvSegError(f"{path}: no weights, neither safetensors nor a file of torch ({problem}); download the file itself")
    try:
        content = load(path)
    except Exception as error:  # a damaged or hostile file can end in any: struct, pickle, zip, text
        if lacks_memory(error):
            raise
        raise not_of_the_file(path, error) or LarvSegError(f"{path}: {_reason(error)}") from None
    return _unwrapped(content, path)


def _load_torch(path: Path) -> Any:
    # states of trainings hold their command line; of a file without its path, torch does not guess the kind by its name
    with open(path, "rb") as file, torch.serialization.safe_globals([Namespace]), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of TorchScript, which is an error below
        return torch.load(Bounded(file, path.stat().st_size), map_location="cpu", weights_only=True)


def _reason(error: Exception) -> str:
    """What torch or safetensors say, in one line: of torch's advice to trust the file nothing is left."""
    text = str(error).rpartition("WeightsUnpickler error:")[2].strip()
    if refused := _REFUSED.search(text):
        return f"holds more than tensors ({refused[1]}), which could run code and is not loaded; save the state dict alone"
    if "TorchScript" in text:
        return "a TorchScript archive, a program and not only tensors; save its state dict alone"
    first = " ".join(text.partition("\n")[0].split()).partition(". ")[0]
    return f"not a whole file of tensors ({first or type(error).__name__}); download it again"


def _unwrapped(content: Any, path: Path) -> dict[str, Tensor]:
    """The tensors by their names in `content`, without the training state around them."""
    for _ in range(_DEEPEST):
        if isinstance(content, Mapping):
            content = next((content[name] for name in _WRAPPERS if isinstance(content.get(name), Mapping)), content)
    entries = dict(content) if isinstance(content, Mapping) else {}
    if tensors := {name: value for name, value in entries.items() if isinstance(name, str) and _is_array(value)}:
        return tensors
    found = f"its entries are {', '.join(map(repr, entries))}" if entries else f"it holds a {type(content).__name__}"
    wrappers = ", ".join(map(repr, _WRAPPERS))
    raise LarvSegError(f"{path}: no tensors by their names ({found[:_SHOWN]}); save a state dict, as it is or as an entry {wrappers}")


def _is_array(value: Any) -> bool:
    """Whether `value` is a tensor with a number at each place; torch also saves sparse ones, nested ones, and shapes without numbers."""
    return isinstance(value, Tensor) and value.layout == torch.strided and not (value.is_meta or value.is_nested or value.is_quantized)
