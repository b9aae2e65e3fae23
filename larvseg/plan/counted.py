"""What networks compute for one image, in floating-point operations (a multiply-add is two).

Torch counts them on its meta device, where a network has shapes and no numbers: nothing is computed, and no weights need be there. Torch is
imported when something is counted, so that a plan without GPU hours does without it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from larvseg.config import Backbone, ClipModel, MaskHead, Model


def _once(count: Callable[..., float]) -> Callable[..., float]:
    """`count`, which counts what it is asked for once."""
    known: dict[tuple[object, ...], float] = {}

    @wraps(count)
    def counted(*asked: Model | int) -> float:
        key = tuple(each.model_dump_json() if isinstance(each, Model) else each for each in asked)
        if key not in known:
            known[key] = count(*asked)
        return known[key]

    return counted


def _operations(build: Callable[[], Callable[..., object]], shape: tuple[int, ...]) -> float:
    """Of the forward pass that `build` gives, on an input of `shape`."""
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    with torch.device("meta"), torch.no_grad():
        forward = build()  # left in training: for inference alone attention has a fused kernel that is not counted
        with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
            forward(torch.zeros(shape))
    return float(counter.get_total_flops())


@_once
def trained(network: Backbone, height: int, width: int) -> float:
    """What of `network` is trained, on an image of `height`·`width` pixels: a transformer, or the neck on features of a frozen network."""
    if neck := network.neck:
        from larvseg.models.neck import build_neck

        cells = (-(-side // network.patch_size) for side in (height, width))
        return _operations(lambda: build_neck(network), (1, neck.channels, *cells))
    from larvseg.models.backbone import build_backbone

    return _operations(lambda: build_backbone(network), (1, 3, height, width))


@_once
def frozen(network: Backbone, height: int, width: int) -> float:
    """The frozen network in front of a neck, on an image of `height`·`width` pixels."""
    from larvseg.models.extractor import build_extractor

    return _operations(lambda: build_extractor(network), (1, 3, height, width))


@_once
def proposals(network: Backbone, head: MaskHead, height: int, width: int) -> float:
    """Backbone, pixel decoder and queries of a network that proposes masks, on an image of `height`·`width` pixels."""
    from larvseg.masks.proposer import build_proposer

    return _operations(lambda: build_proposer(network, head, seed=0), (1, 3, height, width))


@_once
def image(model: ClipModel) -> float:
    """The embedding of an image of its own size by a CLIP model."""
    from larvseg.clip.model import build_clip

    return _operations(lambda: build_clip(model).encode_image, (1, 3, model.image_size, model.image_size))


@_once
def pair(model: ClipModel) -> float:
    """The embeddings of an image of its own size and of a text by a CLIP model."""
    import torch

    from larvseg.clip.model import build_clip

    def build() -> Callable[..., object]:
        clip = build_clip(model)
        tokens = torch.zeros(1, clip.context_length, dtype=torch.long)
        return lambda images: (clip.encode_image(images), clip.encode_text(tokens))

    return _operations(build, (1, 3, model.image_size, model.image_size))


@_once
def dense(model: ClipModel, height: int, width: int) -> float:
    """The embedding of every cell of an image of `height`·`width` pixels by a CLIP model."""
    from larvseg.clip.dense import dense_features
    from larvseg.clip.model import build_clip

    def build() -> Callable[..., object]:
        visual = build_clip(model).visual
        return lambda images: dense_features(visual, images)

    return _operations(build, (1, 3, height, width))
