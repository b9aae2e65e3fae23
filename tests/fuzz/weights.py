"""Tensors: published weights, TorchScript archives, checkpoints, states of trainings, arrays of figures, features."""

from __future__ import annotations

import io
import json
import os
import struct
import tempfile
import warnings
import zipfile
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from hypothesis import strategies as st
from safetensors.torch import save

from larvseg.clip.torchscript import read_torchscript
from larvseg.datasets.annotations import Ledger
from larvseg.datasets.feature_files import Features, Index
from larvseg.figures.arrays import read_arrays
from larvseg.training.checkpoint import load_into, load_tensors, resume, save_state
from larvseg.training.curves import Curves
from larvseg.training.published import read_published
from tests.fuzz.ade import Harm
from tests.fuzz.damage import TEXT_TOKENS, changed, damaged
from tests.fuzz.guard import CANARY
from tests.fuzz.kind import Kind
from tests.training.test_published import TENSORS, torch_file

_PICKLE_TOKENS = (
    b"cos\nsystem\n",
    b"ctorch\nload\n",
    b"cbuiltins\neval\n",
    b"r\xff\xff\xff\x1f",
    b"tR.",
    b"K\x00",
    b"\x8a\x04",
    b"FloatStorage",
    b"._rebuild_tensor_v2",
)
_ZIP_TOKENS = (b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"data.pkl", b"../", b"\x08\x00")


# ---- safetensors: eight bytes, a header of JSON, numbers


def safetensors(header: Any, body: bytes) -> bytes:
    """A file with the header that `header` says, true or not."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def _header(data: bytes) -> tuple[dict[str, Any], bytes]:
    size = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8 : 8 + size]), data[8 + size :]


def tensor_files(*sound: bytes) -> st.SearchStrategy[bytes]:
    """Files of safetensors like `sound`, with other headers, or damaged."""
    parts = [_header(each) for each in sound]
    headers = st.integers(0, len(parts) - 1).flatmap(lambda at: st.tuples(changed([parts[at][0]]), st.just(parts[at][1])))
    return headers.map(lambda pair: safetensors(*pair)) | damaged(
        sound, (*TEXT_TOKENS, b'"F32"', b'"F4"', b"data_offsets", b"[0,8]", b"-1")
    )


# ---- what is read


class Block(torch.nn.Module):
    """The network of the archives and states here."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = torch.nn.Linear(3, 2)
        self.sizes = [1, 2]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x)


def _torchscript() -> bytes:
    made = io.BytesIO()
    with warnings.catch_warnings(action="ignore"):
        torch.jit.save(torch.jit.script(Block()), made)
    return made.getvalue()


def _repacked(pair: tuple[bytes, bytes, int]) -> bytes:
    """An archive with another pickle in the place of its own."""
    data, pickled, method = pair
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            new.writestr(name, pickled if name.endswith("/data.pkl") else old.read(name), method)
    return made.getvalue()


def _pickle_in(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(next(name for name in archive.namelist() if name.endswith("/data.pkl")))


def _state() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    model = Block()
    return model, torch.optim.AdamW(model.parameters())


def _state_file() -> bytes:
    model, optimiser = _state()
    model(torch.ones(1, 3)).sum().backward()
    optimiser.step()
    with tempfile.TemporaryDirectory() as folder:
        state = {"origin": {"a": 1}, "step": 7, "curves": Curves().state(), "annotations": Ledger().counts}
        save_state(Path(folder, "state"), model, optimiser, state)
        return Path(folder, "state").read_bytes()


def _npy(values: np.ndarray) -> bytes:
    made = io.BytesIO()
    np.save(made, values, allow_pickle=True)
    return made.getvalue()


def _npz() -> bytes:
    made = io.BytesIO()
    np.savez(made, weight=np.ones(3))
    return made.getvalue()


def _published(data: bytes, folder: Path) -> None:
    (folder / "w.pth").write_bytes(data)
    assert all(isinstance(tensor, torch.Tensor) for tensor in read_published(folder / "w.pth").values())


def _script(data: bytes, folder: Path) -> None:
    (folder / "clip.pt").write_bytes(data)
    for tensor in read_torchscript(folder / "clip.pt").values():
        tensor.float().sum()


def _checkpoint(data: bytes, folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(data)
    load_tensors(folder / "model.safetensors", without="banks.")
    load_into(Block(), folder / "model.safetensors")


def _resumed(data: bytes, folder: Path) -> None:
    (folder / "state.safetensors").write_bytes(data)
    step = resume(folder / "state.safetensors", {"a": 1}, *_state(), Curves(), Ledger())
    assert isinstance(step, int)


def _arrays(data: bytes, folder: Path) -> None:
    (folder / "predictions.safetensors").write_bytes(data)
    arrays, about = read_arrays(folder / "predictions.safetensors")
    for array in arrays.values():
        array.sum()


_IMAGES = pa.chunked_array([["a.zip/1.jpg", "a.zip/2.jpg"]])
_INDEX = Index(_IMAGES, np.array([2, 1]), np.array([3, 4]), np.array([True, True]), np.array([False, False]))


def _features(data: bytes, folder: Path) -> None:
    (folder / "plain.npy").write_bytes(data)
    features = Features(folder / "plain.npy", _INDEX, "plain", np.arange(2), _IMAGES)
    assert features[1].shape == (1, 4, features.channels)


_SCRIPT = _torchscript()
_SCRIPTS = st.tuples(st.just(_SCRIPT), damaged([_pickle_in(_SCRIPT)], _PICKLE_TOKENS), st.sampled_from([0, 0, 0, 8])).map(_repacked)
_BOMB = _repacked((_SCRIPT, b"\x80\x02X\x00\x00\x00\x04" + bytes(2**26) + b".", 8))  # 64 MB of text in 64 kB
_TORCH = torch_file({"model": TENSORS, "args": Namespace(lr=1)})
_TORCHES = [torch_file({"model": TENSORS, "more": Harm(os.system, f"touch {CANARY}")}, zipped) for zipped in (True, False)]
_PUBLISHED = [_TORCH, torch_file(TENSORS, zipped=False), save(TENSORS), _npz(), *_TORCHES]
_MODELS = [save(Block().state_dict(), {"larvseg": '{"weights": "published"}'}), save({"banks.a": torch.ones(2)} | TENSORS)]
_ARRAYS = save({"1": torch.ones(2, 3).short(), "2": torch.zeros(2).half()}, {"larvseg": '{"run": "a"}'})

KINDS = (
    Kind(
        "published weights",
        "files of torch, new and old, safetensors, npz: pickles, directories, headers",
        damaged(_PUBLISHED, (*_PICKLE_TOKENS, *_ZIP_TOKENS)) | tensor_files(_PUBLISHED[2]),
        _published,
        "w.pth",
        share=2,
    ),
    Kind(
        "TorchScript archives",
        "pickles of modules, directories, sizes",
        damaged([_SCRIPT], _ZIP_TOKENS) | _SCRIPTS,
        _script,
        "clip.pt",
        (_BOMB,),
    ),
    Kind("checkpoints", "safetensors: headers, metadata, shapes, places", tensor_files(*_MODELS), _checkpoint, "model.safetensors"),
    Kind("states of trainings", "the same, and the JSON of the state", tensor_files(_state_file()), _resumed, "state.safetensors"),
    Kind("arrays of figures", "the same, read by NumPy", tensor_files(_ARRAYS), _arrays, "predictions.safetensors"),
    Kind(
        "features",
        "NumPy's header: shape, type, order",
        damaged([_npy(np.ones((10, 4), np.float16)), _npy(np.array([{}], object))], (b"'|O'", b"(9,", b"{", b"F")),
        _features,
        "plain.npy",
    ),
)
