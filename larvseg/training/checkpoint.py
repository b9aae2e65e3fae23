"""Tensors on disk: finished models, and the resumable state of a run. safetensors only, so that loading never runs code."""

import fcntl
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from larvseg.config import TrainConfig, nearest, parse
from larvseg.datasets.annotations import Ledger
from larvseg.errors import LarvSegError
from larvseg.files import replacing
from larvseg.models.segmenter import Segmenter, build_segmenter
from larvseg.training.curves import Curves

METADATA_KEY = "larvseg"  # one key: safetensors writes several in no fixed order


def save_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> None:
    """Write `tensors` and JSON `metadata` to `path`, atomically; the same content gives the same bytes."""
    # clones: safetensors refuses tensors that share memory
    own = {name: tensors[name].detach().cpu().contiguous().clone() for name in sorted(tensors)}
    with replacing(path) as temporary:
        save_file(own, temporary, {METADATA_KEY: json.dumps(metadata, sort_keys=True)})
        temporary.chmod(0o644)  # safetensors makes files that only their owner reads


def load_tensors(path: Path, without: str | None = None) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors (on the CPU) and metadata ({} if it is not ours) of `path`; names that begin with `without` are not read.

    Raises:
        LarvSegError: missing or not a safetensors file.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = json.loads((file.metadata() or {}).get(METADATA_KEY, "{}"))
            names = sorted(name for name in file.keys() if not (without and name.startswith(without)))
            return {name: file.get_tensor(name) for name in names}, metadata
    except (FileNotFoundError, SafetensorError, json.JSONDecodeError) as error:
        raise LarvSegError(f"{path}: not a readable safetensors file ({error}); delete it and make it again") from None


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
    save_tensors(path, tensors, state)


def restore_state(path: Path, model: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    """Undo `save_state` for the tensors; its JSON `state` is the metadata of `load_tensors`."""
    tensors, _ = load_tensors(path)
    fill(model, {name.removeprefix("model."): tensor for name, tensor in tensors.items() if name.startswith("model.")}, path)
    slots: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimiser."):
            _, index, slot = name.split(".")
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
    metadata = load_tensors(state)[1]
    if metadata.get("origin") != origin:
        print(f"{state}: made by another configuration or other inputs; starting from step 0", file=sys.stderr)
        return 0
    restore_state(state, model, optimiser)
    curves.restore(metadata["curves"])
    ledger.restore(metadata["annotations"])
    return metadata["step"]


class DatasetSegmenter(nn.Module):
    """A trained segmenter for the classes of one data set: (B, 3, H, W) → logits (B, N, h, w) on the patch grid."""

    def __init__(self, segmenter: Segmenter, index: Tensor, names: tuple[str, ...]):
        super().__init__()
        self.segmenter, self.names = segmenter, names
        self.register_buffer("index", index)

    def forward(self, images: Tensor) -> Tensor:
        return self.segmenter(images, self.index)


def load_segmenter(
    model_path: Path, config_path: Path, dataset: str | None = None, device: torch.device | str = "cpu"
) -> tuple[DatasetSegmenter, TrainConfig]:
    """The trained segmenter of a run, for the class list of `dataset` (its benchmark), in evaluation mode, and the run's configuration.

    Raises:
        LarvSegError: unreadable files, a model that does not fit its configuration, or a data set that the run does not know.
    """
    try:
        saved = json.loads(Path(config_path).read_text(encoding="utf-8"))
        settings, vocabulary = saved["train"], saved["vocabulary"]
        names, index, classes = vocabulary["names"], vocabulary["index"], vocabulary["classes"]
    except FileNotFoundError:
        raise LarvSegError(f"{config_path}: no such file; train the run first") from None
    except (ValueError, KeyError, TypeError) as error:
        raise LarvSegError(f"{config_path}: not the config.json of a run ({error}); train the run again") from None
    config = parse(TrainConfig, settings, config_path)
    dataset = dataset or config.benchmark
    if dataset not in index:
        raise LarvSegError(f"{config_path}: the run was not trained for {dataset!r}{nearest(dataset, list(index))}")
    tensors, _ = load_tensors(model_path, without="banks.")  # inference does not use them
    table = tensors.get("classifier.table") if config.method == "lseg" else None  # fixed, and as wide as the text tower made it
    segmenter = build_segmenter(config, len(names), with_banks=False, table=table)
    fill(segmenter, tensors, model_path)
    return DatasetSegmenter(segmenter, torch.tensor(index[dataset]), tuple(classes[dataset])).to(device).eval(), config


@contextmanager
def hold(work: Path) -> Iterator[Path]:
    """Own the folder `work` while the block runs; yield the path of its state file.

    Raises:
        LarvSegError: another living process owns it.
    """
    work.mkdir(parents=True, exist_ok=True)
    with open(work / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LarvSegError(f"{work}: another process is training this run; wait for it or stop it") from None
        yield work / "state.safetensors"
