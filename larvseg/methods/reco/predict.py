"""How ReCo segments: by the references that `retrieve` made, guided by CLIP's dense features."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from larvseg.clip.images import renormalised
from larvseg.clip.model import load_clip
from larvseg.config import Backbone, EvaluateConfig, parse
from larvseg.errors import LarvSegError
from larvseg.methods.reco.references import similarity
from larvseg.models.backbone import VisionTransformer, build_backbone
from larvseg.models.predictor import Predictor
from larvseg.training.checkpoint import load_into, load_tensors
from larvseg.training.text_table import load_text

CHUNK = 1 << 25  # scores at window size that are in the making at once: 128 MiB


def predictor(config: EvaluateConfig, inputs: Mapping[str, Path], device: torch.device | str) -> Predictor:
    """Scores sigmoid(cos(f, reference)) · sigmoid(temperature · cos(CLIP's dense feature, text)) at window size.

    inputs: `model` (see reco), `features`, and the guide: `clip` and `text`. Raises LarvSegError for inputs that do not belong together.
    """
    tensors, about = load_tensors(inputs["model"])
    text, described = load_text(inputs["text"])
    if described["classes"] != about["classes"]:
        raise LarvSegError(f"{inputs['text']}: texts of other classes than the references of {inputs['model']}; make them again")
    features = load_features(parse(Backbone, about["features"], inputs["model"]), inputs["features"], device)
    clip = load_clip(inputs["clip"], device)
    references, text = tensors["references"].to(device), text.to(device)

    def logits(windows: Tensor) -> Tensor:
        values = F.normalize(features(windows).to(references.dtype), dim=1)
        guide = clip.dense(renormalised(windows, about["normalisation"], "clip")).to(text.dtype)
        with torch.autocast(windows.device.type, enabled=False):  # near classes differ by less than half precision tells apart
            return fused(values, references, guide, text, about["temperature"], windows.shape[2:])

    return Predictor(tuple(about["classes"]), logits, about["normalisation"])


def fused(pixels: Tensor, references: Tensor, dense: Tensor, text: Tensor, temperature: float, size: tuple[int, int]) -> Tensor:
    """(B, D, h, w), (N, D), (B, E, h', w'), (N, E) unit vectors → scores (B, N, *size): the product of two maps, each upsampled by itself.

    A product of bilinear maps is not bilinear, so it is taken at `size`, a few classes at a time.
    """
    scores = references.new_empty(len(pixels), len(references), *size)
    step = max(1, CHUNK // (len(pixels) * size[0] * size[1]))
    for start in range(0, len(references), step):
        some = slice(start, start + step)
        scores[:, some] = similarity(pixels, references[some], 1.0, size) * similarity(dense, text[some], temperature, size)
    return scores


def load_features(backbone: Backbone, path: Path, device: torch.device | str) -> VisionTransformer:
    """The feature network `backbone` with the weights in `path`, in evaluation mode."""
    network = build_backbone(backbone)
    load_into(network, path)
    return network.to(device).eval()
