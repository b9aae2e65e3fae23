"""What the index that ReCo retrieves from keeps of each image."""

from __future__ import annotations

from pathlib import Path

from larvseg.bench.memory import inputs
from larvseg.bench.memory.data import MANIFEST
from larvseg.bench.memory.stage import Stage
from larvseg.clip.model import build_clip, save_clip
from larvseg.config.clip import ClipModel
from larvseg.config.reco import IndexConfig
from larvseg.methods.reco.retrieve import index

_DIM = 512  # numbers of an embedding, as a ViT-B/16 has
_CLIP, _EMBEDDINGS = Path("clip.safetensors"), Path("embeddings.safetensors")
_MODEL = ClipModel(
    title="tiny",
    architecture={
        "embed_dim": _DIM,
        "vision_cfg": {"layers": 1, "width": 16, "head_width": 8, "patch_size": 8},
        "text_cfg": {"context_length": 8, "vocab_size": 64, "width": 8, "heads": 1, "layers": 1},
    },
    weights="train",
    image_size=inputs.SIDE,
)


def make_indexed(images: int) -> None:
    inputs.manifest(MANIFEST, images, "I1K", "single_label")
    save_clip(_CLIP, _MODEL, build_clip(_MODEL))


def embed(images: int) -> None:
    index(IndexConfig(dataset="I1K"), {"index": MANIFEST, "retrieval": _CLIP}, {"embeddings": _EMBEDDINGS}, Path("work"))


STAGES = (Stage("retrieve: index", "its embedding, here of 512 numbers", embed, make_indexed, 2 * 10**4),)
