"""CLIP (Radford et al., ICML 2021) as open_clip builds it: embeddings of images, of texts, and of every cell of an image."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import open_clip
import torch
import torch.nn.functional as F
from open_clip.modified_resnet import ModifiedResNet
from open_clip.transformer import VisionTransformer
from torch import Tensor

from larvseg.clip.dense import dense_features
from larvseg.clip.prompts import load_prompts, sentences
from larvseg.config import nearest, parse
from larvseg.config.clip import ClipModel
from larvseg.errors import LarvSegError
from larvseg.training.checkpoint import fill, load_tensors, save_tensors

_TEXTS_AT_ONCE = 256


class Clip:
    """A CLIP model that is ready to use and never trained further. All embeddings are unit vectors of `dim` numbers.

    `image_size`: side of the images that `encode_images` takes, in pixels. Images are normalised as "clip" (transforms.normalise).
    """

    def __init__(self, settings: ClipModel, model: open_clip.CLIP):
        self.settings, self.model = settings, model.eval().requires_grad_(False)
        self.image_size = settings.image_size
        self.dim: int = model.visual.output_dim

    @property
    def scale(self) -> Tensor:
        """What training multiplied the cosines by, a number; 100 in OpenAI's weights."""
        return self.model.logit_scale.exp()

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        """n texts → (n, D); a text longer than the model's context is cut."""
        parts = [list(texts[start : start + _TEXTS_AT_ONCE]) for start in range(0, len(texts), _TEXTS_AT_ONCE)]
        device = self.model.logit_scale.device
        tokens = [open_clip.tokenize(part, self.model.context_length).to(device) for part in parts]
        return torch.cat([self.model.encode_text(part, normalize=True) for part in tokens])

    def encode_images(self, images: Tensor) -> Tensor:
        """(B, 3, image_size, image_size) → (B, D)."""
        return self.model.encode_image(images, normalize=True)

    def dense(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) → (B, D, h, w), an embedding for each cell of `dense_features`."""
        return F.normalize(dense_features(self.model.visual, images), dim=1)

    def table(self, names: Sequence[str], prompts: str) -> Tensor:
        """N class names → (N, D): the normalised mean over the prompt set `prompts` of the embeddings of the name in each sentence."""
        return F.normalize(sum(self.encode_text(sentences(template, names)) for template in load_prompts(prompts)), dim=1)


def build_clip(settings: ClipModel, seed: int = 0) -> open_clip.CLIP:
    """The untrained model of `settings`, in single precision; its weights depend on `seed` alone.

    Raises:
        LarvSegError: an architecture that open_clip does not know, or whose towers are not those of the CLIP paper.
    """
    architecture = _architecture(settings)
    vision, text = architecture["vision_cfg"], architecture["text_cfg"]
    if "timm_model_name" in vision or "hf_model_name" in text or architecture.get("custom_text"):
        raise LarvSegError(
            f"CLIP model {settings.title!r}: towers of other libraries are not supported; name one of OpenAI's architectures"
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # open_clip draws from the global generator
        try:
            model = open_clip.CLIP(**{**architecture, "vision_cfg": {**vision, "image_size": settings.image_size}})
        except (TypeError, ValueError, AssertionError, RuntimeError, ZeroDivisionError) as error:
            raise LarvSegError(f"CLIP model {settings.title!r}: {error}; correct its architecture") from None
    visual = model.visual
    plain = isinstance(visual, ModifiedResNet) or (
        isinstance(visual, VisionTransformer) and visual.pool_type == "tok" and visual.attn_pool is None and not visual.final_ln_after_pool
    )
    if not plain:
        raise LarvSegError(f"CLIP model {settings.title!r}: expected a ResNet with attention pooling, or a transformer with a class token")
    return model


def _architecture(settings: ClipModel) -> dict[str, Any]:
    named = settings.architecture
    if isinstance(named, str):
        known = open_clip.list_models()
        if named not in known:  # names with a scheme would make open_clip look on the network
            raise LarvSegError(f"CLIP model {settings.title!r}: open_clip has no architecture {named!r}{nearest(named, known)}")
        return open_clip.get_model_config(named)
    if missing := {"embed_dim", "vision_cfg", "text_cfg"} - named.keys():
        raise LarvSegError(f"CLIP model {settings.title!r}: its architecture has no {sorted(missing)[0]!r}")
    return named


def save_clip(path: Path, settings: ClipModel, model: open_clip.CLIP) -> None:
    """Write `model` and what it is to `path`."""
    save_tensors(path, model.state_dict(), {"clip": settings.model_dump(mode="json")})


def load_clip(path: Path, device: torch.device | str = "cpu") -> Clip:
    """The model that `save_clip` wrote.

    Raises:
        LarvSegError: unreadable, not of a CLIP model, or of one with other tensors.
    """
    tensors, metadata = load_tensors(path)
    if "clip" not in metadata:
        raise LarvSegError(f"{path}: not a CLIP model of this project; make it by the stage clip")
    settings = parse(ClipModel, metadata["clip"], path)
    model = build_clip(settings)
    fill(model, tensors, path)
    return Clip(settings, model.to(device))
