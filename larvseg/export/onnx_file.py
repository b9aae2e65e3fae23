"""A run as an ONNX file: images in, logits on the patch grid out (see Exported), and in its metadata all that one needs to use it alone.

The converter is the one that goes by traces. That by torch.export wants symbolic sizes, which explode in the padding of EfficientNets
(minutes for what takes a second here), and a package more.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from larvseg.errors import LarvSegError
from larvseg.export.agreement import check
from larvseg.export.network import about, fixed_window, ready, tracing
from larvseg.export.pictures import Pictures
from larvseg.files import replacing
from larvseg.loading import LoadedRun

OPSET = 18  # of 2022, which every runtime of today knows


def write(run: LoadedRun, folder: Path, target: Path, pictures: Pictures) -> str:
    """Write `run` to `target`; it gets this name when onnxruntime has agreed with PyTorch on `pictures`.

    The input `images` (N, 3, H, W) float32 has any N, H and W, or the window of fixed_window. The output is `logits`. Metadata: about.
    Raises LarvSegError without the extra `export`, and for a file that does not agree.
    """
    try:
        import onnx
        import onnxruntime
    except ModuleNotFoundError as error:
        raise LarvSegError(f"--to onnx: {error.name} is not installed; pip install -c constraints.txt -e '.[export]'") from None
    network, example = ready(run)
    data = io.BytesIO()
    axes = {0: "N"} if fixed_window(run) else {0: "N", 2: "H", 3: "W"}
    names = {"input_names": ["images"], "output_names": ["logits"], "dynamic_axes": {"images": axes, "logits": {0: "N"}}}
    with tracing():
        torch.onnx.export(network, (example,), data, dynamo=False, opset_version=OPSET, **names)
    model = onnx.load_model_from_string(data.getvalue())
    _name_axes(model.graph.output[0].type.tensor_type.shape, run)
    onnx.helper.set_model_props(model, {key: value if isinstance(value, str) else json.dumps(value) for key, value in about(run).items()})
    onnx.checker.check_model(model)
    with replacing(target) as temporary:
        temporary.write_bytes(model.SerializeToString(deterministic=True))
        session = onnxruntime.InferenceSession(temporary, providers=["CPUExecutionProvider"])

        def logits(images: Tensor) -> Tensor:
            return torch.from_numpy(session.run(None, {"images": images.numpy()})[0])

        return str(check(run, logits, pictures, "onnx"))


def _name_axes(shape: Any, run: LoadedRun) -> None:
    """Say in the file what `shape` (N, C, h, w) of the logits is, of which the tracer knows less than we."""
    _, classes, *grid = shape.dim
    classes.dim_value = len(run.names)
    for axis, name in zip(grid, "hw", strict=True):
        if side := fixed_window(run):
            axis.dim_value = -(-side // run.config.backbone.patch_size)
        else:
            axis.dim_param = name
