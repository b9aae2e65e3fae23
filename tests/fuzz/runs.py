"""Folders with a run, as `larvseg.load` opens them."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from larvseg import load
from tests.fuzz.damage import NAMES, TEXT_TOKENS, VALUES, changed, damaged
from tests.fuzz.kind import Kind
from tests.fuzz.weights import tensor_files
from tests.small_run import NECK, small_run


def _files(**settings: object) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        return {path.name: path.read_bytes() for path in small_run(Path(folder, "run"), **settings).iterdir()}


_PLAIN, _NECK = _files(), _files(backbone=NECK)
_CONFIGS = [json.loads(files["config.json"]) for files in (_PLAIN, _NECK)]
_MODEL, _CONFIG, _FROZEN = "model.safetensors", "config.json", "frozen.safetensors"
_SIZES = st.sampled_from([0, -1, 1, 2**13, 2**14, 2**31, 10**12, 1.5, "32", None, "../canary", "hf-hub:x/y"]) | VALUES
_configs = changed(_CONFIGS, _SIZES).map(lambda value: json.dumps(value).encode())


def _run(value: tuple[dict[str, bytes], dict[str, bytes]], folder: Path) -> None:
    sound, other = value
    for name, data in {**sound, **other}.items():
        (folder / name).write_bytes(data)
    run = load(folder)
    run.segment(np.zeros((16, 24, 3), np.uint8))


_changed = st.one_of(
    _configs.map(lambda data: {_CONFIG: data}),
    damaged([_PLAIN[_CONFIG], _NECK[_CONFIG]], TEXT_TOKENS).map(lambda data: {_CONFIG: data}),
    tensor_files(_PLAIN[_MODEL]).map(lambda data: {_MODEL: data}),
    tensor_files(_NECK[_MODEL]).map(lambda data: {_MODEL: data}),
)
_wholes = st.one_of(
    st.tuples(st.sampled_from(["plain", "neck"]).map({"plain": _PLAIN, "neck": _NECK}.get), _changed),
    st.tuples(st.just(_NECK), damaged([_NECK[_FROZEN]], (b'"F32"', b"[0,8]")).map(lambda data: {_FROZEN: data})),
)
_names = st.lists(st.sampled_from(NAMES) | st.text(max_size=8), min_size=3, max_size=3)
KINDS = (Kind("folders of runs", "config.json, model, frozen network: sizes, names, shapes, headers", _wholes, _run, "", share=0.1),)
