"""Tensors on disk: finished models, and the resumable state of a run. safetensors only, so that loading never runs code."""

import hashlib
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from larvseg.datasets.annotations import Ledger
from larvseg.errors import LarvSegError, reading
from larvseg.files import replacing
from larvseg.locks import owned
from larvseg.training.curves import Curves

STATE = "state.safetensors"
METADATA_KEY = "larvseg"  # one key: safetensors writes several in no fixed order


def save_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> None:
    """Write `tensors` and JSON `metadata` to `path`, atomically; the same content gives the same bytes."""
    own = dict(_apart({name: tensors[name].detach().cpu().contiguous() for name in sorted(tensors)}))
    with replacing(path) as temporary:
        temporary.touch()
        mode = temporary.stat().st_mode  # which the umask decides
        try:
            save_file(own, temporary, {METADATA_KEY: json.dumps(metadata, sort_keys=True)})
        except SafetensorError as error:
            if found := re.search(r"\(os error (\d+)\)", str(error)):  # the disk is full, say
                raise OSError(int(found[1]), os.strerror(int(found[1]))) from None
            raise
        temporary.chmod(mode)  # safetensors makes files that only their owner reads


def _apart(tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """The same, with a copy of each that shares memory with another or with more than it shows: safetensors refuses those."""
    shared = Counter(tensor.untyped_storage().data_ptr() for tensor in tensors.values())
    for name, tensor in tensors.items():
        storage = tensor.untyped_storage()
        alone = shared[storage.data_ptr()] == 1 and storage.nbytes() == tensor.nbytes
        yield name, tensor if alone else tensor.clone()


def load_tensors(path: Path, without: str | None = None) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors (on the CPU) and metadata ({} if it is not ours) of `path`; names that begin with `without` are not read.

    Raises:
        LarvSegError: missing or not a safetensors file.
    """
    with (
        reading(path, "a readable safetensors file", "delete it and make it again", missing="make it first"),
        safe_open(path, framework="pt") as file,
    ):
        metadata = json.loads((file.metadata() or {}).get(METADATA_KEY, "{}"))
        if not isinstance(metadata, dict):
            raise ValueError(f"its metadata is a {type(metadata).__name__}")
        names = sorted(name for name in file.keys() if not (without and name.startswith(without)))
        return {name: file.get_tensor(name) for name in names}, metadata


def load_into(module: nn.Module, path: Path) -> None:
    """Fill `module` from `path`, which holds its tensors and no others; LarvSegError as of `load_tensors` and `fill`."""
    fill(module, load_tensors(path)[0], path)


def fill(module: nn.Module, tensors: Mapping[str, Tensor], where: str | Path) -> None:
    """Copy `tensors` into `module`.

    Raises:
        LarvSegError: names or shapes differ; it names the file `where` and the first difference.
    """
    own = module.state_dict()
    for name in sorted(own.keys() | tensors.keys()):
        if name not in tensors:
            raise LarvSegError(f"{where}: tensor {name!r} of the model is missing; was it made with another configuration?")
        if name not in own:
            raise LarvSegError(f"{where}: the model has no tensor {name!r}; was it made with another configuration?")
        if own[name].shape != tensors[name].shape:
            shapes = f"{tuple(tensors[name].shape)}, the model wants {tuple(own[name].shape)}"
            raise LarvSegError(f"{where}: tensor {name!r} is {shapes}; was it made with another configuration?")
    module.load_state_dict(dict(tensors))


def save_state(path: Path, model: nn.Module, optimiser: torch.optim.Optimizer, state: Mapping[str, Any]) -> None:
    """Everything a run needs to go on, in one file: `model`, `optimiser` and JSON `state`."""
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    for index, slots in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{slot}": tensor for slot, tensor in slots.items() if tensor is not None}
    save_tensors(path, tensors, {**state, "sha256": _digest(tensors, state)})


def load_state(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and the JSON state that `save_state` wrote; LarvSegError if they are not just these: safetensors has no checksum."""
    tensors, state = load_tensors(path)
    if state.pop("sha256", None) != _digest(tensors, state):
        raise LarvSegError(f"{path}: damaged; delete it, and the training begins anew")
    return tensors, state


def _digest(tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(state, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)} ".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()


def restore_state(tensors: Mapping[str, Tensor], path: Path, model: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    """Undo `save_state` with the `tensors` of the state at `path`."""
    fill(model, {name.removeprefix("model."): tensor for name, tensor in tensors.items() if name.startswith("model.")}, path)
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    slots: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimiser."):
            _, index, slot = name.split(".")
            if tensor.shape not in ((), parameters[int(index)].shape):
                raise LarvSegError(f"{path}: tensor {name!r} is not of the shape of its parameter; was it made with another configuration?")
            slots.setdefault(int(index), {})[slot] = tensor
    optimiser.load_state_dict({"state": slots, "param_groups": optimiser.state_dict()["param_groups"]})


def resume(
    state: Path, origin: Mapping[str, Any], model: nn.Module, optimiser: torch.optim.Optimizer, curves: Curves, ledger: Ledger
) -> int:
    """The step to start at: 0, or that of a state of the same configuration and inputs, which is then restored.

    The JSON state that a loop saves holds "step", "curves", "annotations" (of the ledger) and "origin".
    """
    if not state.exists():
        return 0
    try:
        tensors, saved = load_state(state)
    except LarvSegError as error:
        print(f"{error}; starting from step 0", file=sys.stderr)
        return 0
    if saved.get("origin") != origin:
        print(f"{state}: made by another configuration or other inputs; starting from step 0", file=sys.stderr)
        return 0
    with reading(state, "a state of this training", "delete it, and the training begins again"):
        restore_state(tensors, state, model, optimiser)
        curves.restore(saved["curves"])
        ledger.restore(saved["annotations"])
        return int(saved["step"])


@contextmanager
def hold(work: Path) -> Iterator[Path]:
    """Own the folder `work` while the block runs; yield the path of its state file.

    Raises:
        LarvSegError: another process owns it that is alive or, on another host, may be (see larvseg.locks).
    """
    with owned(work / "lock", f"{work}: another process is training this run; wait for it or stop it"):
        yield work / STATE
