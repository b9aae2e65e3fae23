"""The two networks of mask proposals: ZSBaseline's knows classes by their text, OpenSeg's knows regions by what captions say."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from larvseg.config.masks import ProposeConfig
from larvseg.masks.proposer import MaskProposer, build_proposer, perceptron

LARGEST_SCALE = 100.0  # of cosines, as in CLIP


def full_precision(device: torch.device) -> AbstractContextManager:
    """No mixed precision inside."""
    mixes = torch.amp.is_autocast_available(device.type)  # the meta device does not
    return torch.autocast(device.type, enabled=False) if mixes else nullcontext()


class MaskClassifier(nn.Module):
    """ZSBaseline: `masks, logits = network(images, table)`, class logits of every query against a text table (N, D) of unit vectors.

    logits = cos(MLP(query), [table; non-object])/τ, where the non-object is learned: (L, B, Q, N + 1), the non-object last.
    """

    def __init__(self, proposer: MaskProposer, width: int, hidden: int, dim: int, temperature: float) -> None:
        super().__init__()
        self.proposer, self.temperature = proposer, temperature
        self.embed = perceptron(width, hidden, dim, layers=2)
        self.non_object = nn.Parameter(torch.randn(dim) / dim**0.5)

    def forward(self, images: Tensor, table: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, H, W), (N, D) → mask logits (L, B, Q, h, w), class logits (L, B, Q, N + 1)."""
        proposals = self.proposer(images)
        with full_precision(images.device):  # cosines divided by 0.01 ask for it
            classes = torch.cat([table, F.normalize(self.non_object, dim=0)[None]])
            cosines = F.normalize(self.embed(proposals.queries.to(table.dtype)), dim=-1) @ classes.T
        return proposals.masks.to(table.dtype), cosines / self.temperature


class RegionEmbedder(nn.Module):
    """OpenSeg: masks that know no classes, and a vector for what lies under each.

    A region's vector is the mean of the backbone's features weighted by its mask, then a perceptron.
    """

    def __init__(self, proposer: MaskProposer, hidden: int, dim: int, temperature: float) -> None:
        super().__init__()
        self.proposer = proposer
        self.embed = perceptron(proposer.backbone.dim, hidden, dim, layers=2)
        self.log_scale = nn.Parameter(torch.tensor(math.log(1 / temperature)))

    @property
    def scale(self) -> Tensor:
        """1/τ of the cosines."""
        return self.log_scale.exp().clamp(max=LARGEST_SCALE)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, H, W) → mask logits (B, Q, h, w) of the last layer, and the vectors (B, Q, D) of their regions."""
        features = self.proposer.backbone(images)
        masks = self.proposer.propose(features).masks[-1]
        return masks.to(self.log_scale.dtype), self.describe(features, masks)

    def describe(self, features: Tensor, masks: Tensor, valid: Tensor | None = None) -> Tensor:
        """Unit vectors (B, Q, D), in the space of the texts, of what lies under masks.

        features: (B, D', h', w') of the backbone; masks: (B, Q, h, w) logits; valid: (B, H, W), 1 image and 0 padding, which no region
        looks at; None: all is image.
        """
        with full_precision(features.device):
            features, weights = features.to(self.log_scale.dtype), masks.to(self.log_scale.dtype).sigmoid()
            if valid is not None:
                weights = weights * F.adaptive_avg_pool2d(valid[:, None].to(weights), weights.shape[2:])
            weights = F.adaptive_avg_pool2d(weights, features.shape[2:])
            mean = torch.einsum("bqhw,bchw->bqc", weights, features) / weights.sum((2, 3)).clamp(min=1e-6)[..., None]
            return F.normalize(self.embed(mean), dim=-1)


def build_classifier(config: ProposeConfig, dim: int) -> MaskClassifier:
    """ZSBaseline's untrained network for texts of `dim` numbers; initial values depend on config.seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        proposer = build_proposer(config.backbone, config.head, config.seed)
        settings = config.classification
        return MaskClassifier(proposer, config.head.width, settings.hidden, dim, settings.temperature)


def build_embedder(config: ProposeConfig, dim: int) -> RegionEmbedder:
    """OpenSeg's untrained network for texts of `dim` numbers; initial values depend on config.seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        proposer = build_proposer(config.backbone, config.head, config.seed)
        return RegionEmbedder(proposer, config.grounding.hidden, dim, config.grounding.temperature)
