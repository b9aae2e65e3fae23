"""The tensors of a TorchScript archive, read without running anything of it: OpenAI publishes CLIP's weights as such archives.

The archive is a zip file: a pickle of the tree of modules, the code of their methods, and the numbers of each tensor as a file. Loading
it as a program would run what it says; here its code is not looked at, its modules become empty boxes, and its pickle may name nothing
but these boxes and the functions that put tensors together.
"""

from __future__ import annotations

import io
import math
import pickle
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from larvseg.errors import LarvSegError, reading
from larvseg.sources.pickles import Unpickler

_DTYPES = {
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "DoubleStorage": torch.float64,
    "BFloat16Storage": torch.bfloat16,
    "BoolStorage": torch.bool,
}


def read_torchscript(path: Path) -> dict[str, Tensor]:
    """Parameters and buffers of the archive at `path` by their names in the tree of modules, as a state dict has them.

    Raises:
        LarvSegError: not such an archive, damaged, or one whose pickle names anything else than modules and tensors.
    """
    with reading(path, "a readable TorchScript archive", "fetch it again", missing="fetch it first"):
        with zipfile.ZipFile(path) as archive:
            folder = next((name.split("/")[0] for name in archive.namelist() if name.endswith("/data.pkl")), None)
            if folder is None or not any(name.startswith(f"{folder}/code/") for name in archive.namelist()):
                raise LarvSegError(f"{path}: not a TorchScript archive")
            content = _stored(archive, f"{folder}/data.pkl")
            return dict(_tensors(_Unpickler(content, archive, folder).load()))


def _stored(archive: zipfile.ZipFile, name: str) -> bytes:
    """A file of `archive`, which holds them as they are: what is compressed could be of any size."""
    entry = archive.getinfo(name)
    if entry.compress_type != zipfile.ZIP_STORED:
        raise pickle.UnpicklingError(f"{name} is compressed, which torch does not do")
    return archive.read(entry)


class _Box:
    """In the place of a module: unpickling puts the module's attributes into it."""


class _Unpickler(Unpickler):
    def __init__(self, content: bytes, archive: zipfile.ZipFile, folder: str):
        super().__init__(io.BytesIO(content), len(content))
        self._archive, self._folder = archive, folder

    def find_class(self, module: str, name: str) -> Any:
        if module.startswith("__torch__"):
            return _Box
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        if (module, name) in _FUNCTIONS:
            return _FUNCTIONS[module, name]
        raise pickle.UnpicklingError(f"its pickle names {module}.{name}, which is neither a module nor a tensor")

    def persistent_load(self, pid: Any) -> Tensor:
        kind, dtype, key, _device, count = pid
        if kind != "storage" or not isinstance(dtype, torch.dtype):
            raise pickle.UnpicklingError(f"its pickle refers to {kind!r}")
        data = bytearray(_stored(self._archive, f"{self._folder}/data/{key}"))
        if len(data) != count * dtype.itemsize:
            raise pickle.UnpicklingError(f"{len(data)} bytes for {count} numbers of {dtype}")
        return torch.frombuffer(data, dtype=dtype) if count else torch.empty(0, dtype=dtype)


def _tensor(storage: Tensor, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any) -> Tensor:
    if math.prod(size) > len(storage):  # strides of 0 make any number of one
        raise pickle.UnpicklingError(f"a tensor of {tuple(size)} out of {len(storage)} numbers")
    return storage.as_strided(size, stride, offset).clone()  # as_strided refuses what lies outside the storage


def _dict(*content: Any) -> dict:
    if content:
        raise pickle.UnpicklingError("a dict of something")
    return {}


_FUNCTIONS = {
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("collections", "OrderedDict"): _dict,  # hooks of a module and backward hooks of a tensor, which are empty
    # attributes that are lists
    ("torch.jit._pickle", "build_intlist"): list,
    ("torch.jit._pickle", "build_tensorlist"): list,
    ("torch.jit._pickle", "build_doublelist"): list,
    ("torch.jit._pickle", "build_boollist"): list,
}


def _tensors(box: _Box, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    for name, value in vars(box).items():
        if isinstance(value, Tensor):
            yield prefix + name, value
        elif isinstance(value, _Box):
            yield from _tensors(value, f"{prefix}{name}.")
