"""The two networks of mask proposals: ZSBaseline's knows classes by their text, OpenSeg's knows regions by what captions say."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from larvseg.comparators.masks.proposer import MaskProposer, build_proposer, perceptron
from larvseg.config.masks import ProposeConfig

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


class Regions(NamedTuple):
    """What OpenSeg's network sees in B pictures."""

    masks: Tensor  # (L, B, Q, h, w) logits
    vectors: Tensor  # (B, Q, D) unit vectors in the space of the texts, of the last layer's masks


class RegionEmbedder(nn.Module):
    """OpenSeg: masks that know no classes, and a vector for what lies under each.

    A region's vector is the mean of the pixels weighted by its mask (its sigmoid), then one linear map; the gradient of the vector stops
    at the mask, so that captions never bend what annotated masks taught.
    """

    def __init__(self, proposer: MaskProposer, width: int, dim: int, temperature: float) -> None:
        super().__init__()
        self.proposer = proposer
        self.see = nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.ReLU())
        self.project = nn.Linear(width, dim)
        self.log_scale = nn.Parameter(torch.tensor(math.log(1 / temperature)))

    @property
    def scale(self) -> Tensor:
        """1/τ of the cosines."""
        return self.log_scale.exp().clamp(max=LARGEST_SCALE)

    def forward(self, images: Tensor, valid: Tensor | None = None) -> Regions:
        """`images` (B, 3, H, W); `valid` (B, H, W), 1 picture and 0 padding, which no region looks at; None: all is picture."""
        proposals = self.proposer(images)
        with full_precision(images.device):
            masks, pixels = (maps.to(self.project.weight.dtype) for maps in (proposals.masks, proposals.pixels))
            pixels, weights = self.see(pixels), masks[-1].detach().sigmoid()
            if valid is not None:
                weights = weights * F.adaptive_avg_pool2d(valid[:, None].to(weights), weights.shape[2:])
            mean = torch.einsum("bqhw,bchw->bqc", weights, pixels) / weights.sum((2, 3)).clamp(min=1e-6)[..., None]
            return Regions(masks, F.normalize(self.project(mean), dim=-1))


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
        return RegionEmbedder(proposer, config.head.width, dim, config.grounding.temperature)
