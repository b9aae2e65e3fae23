"""Two CLIP models of a few thousand parameters, and CLIP's attention written out."""

import torch
from torch import Tensor

from larvseg.config.clip import ClipModel

TEXT = {"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1}
RESNET = ClipModel(
    title="ResNet",
    architecture={
        "embed_dim": 12,
        "quick_gelu": True,
        "vision_cfg": {"layers": [1, 1, 1, 1], "width": 8, "head_width": 128},
        "text_cfg": TEXT,
    },
    weights="train",
    image_size=64,
)
VIT = ClipModel(
    title="ViT",
    architecture={
        "embed_dim": 12,
        "quick_gelu": True,
        "vision_cfg": {"layers": 2, "width": 32, "head_width": 16, "patch_size": 8},
        "text_cfg": TEXT,
    },
    weights="train",
    image_size=24,
)
BOTH = {"resnet": RESNET, "vit": VIT}


def attention_weights(queries: Tensor, keys: Tensor, heads: int) -> Tensor:
    """(B, C) query and (B, n, C) keys → (B, heads, n): softmax of the scaled dot products of each head."""
    q, k = queries.unflatten(1, (heads, -1)), keys.unflatten(2, (heads, -1))
    return torch.softmax(torch.einsum("bhc,bnhc->bhn", q, k) / q.shape[2] ** 0.5, dim=2)
