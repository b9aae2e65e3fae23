"""The segmenter: backbone and classifier, with the memory banks that its training keeps."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from larvseg.config import TrainConfig
from larvseg.models.backbone import VisionTransformer, build_backbone
from larvseg.models.bank import MemoryBank
from larvseg.models.classifier import CosineClassifier
from larvseg.models.neck import Neck, build_neck


class Segmenter(nn.Module):
    """`segmenter(images, index)`: (B, 3, H, W) → logits (B, N, h, w) on the patch grid, for the N classes `index` of the union.

    With a neck as its backbone, `images` are features (B, F, h, w).

    `banks`: none, one, or one for each virtual rank; inference does not use them.
    """

    def __init__(self, backbone: VisionTransformer | Neck, classifier: CosineClassifier, banks: list[MemoryBank] | None = None) -> None:
        super().__init__()
        self.backbone = backbone
        self.classifier = classifier
        self.banks = nn.ModuleList(banks or [])

    def train(self, mode: bool = True) -> Segmenter:
        """As nn.Module.train, but batch statistics stay those of pretraining: the loss of a rank must not depend on other ranks' images."""
        super().train(mode)
        for module in self.backbone.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self

    def forward(self, images: Tensor, index: Tensor) -> Tensor:
        return self.classifier(self.backbone(images), index).logits


def build_segmenter(config: TrainConfig, classes: int, with_banks: bool = True, table: Tensor | None = None) -> Segmenter:
    """The untrained segmenter of a run over a union of `classes` names; initial values depend on `config.seed` alone.

    Without banks for inference, and for the methods that keep none. `table` (classes, any width): fixed embeddings of the names.
    """
    generator = torch.Generator().manual_seed(config.seed)
    backbone = build_neck(config.backbone, config.seed) if config.backbone.neck else build_backbone(config.backbone, config.seed)
    classifier = CosineClassifier(
        backbone.dim, classes, temperature=config.switches.temperature, tau=config.temperature, table=table, generator=generator
    )
    attention, banks = config.attention, []
    if with_banks and attention.variant in ("cross_image", "push_first"):
        count = config.ranks if config.switches.bank_scope == "per_rank" else 1
        banks = [MemoryBank(classes, backbone.dim, attention.memory_size, attention.top_k, generator) for _ in range(count)]
    return Segmenter(backbone, classifier, banks)
