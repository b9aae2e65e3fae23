"""Images as the networks of comparators take them."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from larvseg.datasets.annotations import TrainingImages
from larvseg.datasets.manifest import Manifest
from larvseg.datasets.transforms import normalise

STATISTICS = ("imagenet", "half", "clip")


def central_square(image: np.ndarray, size: int) -> np.ndarray:
    """RGB (H, W, 3) uint8, short side at `size` (bicubic, antialiased), the middle of it: (size, size, 3)."""
    height, width = image.shape[:2]
    scale = size / min(height, width)
    resized = Image.fromarray(image).resize((max(size, round(width * scale)), max(size, round(height * scale))), Image.Resampling.BICUBIC)
    left, top = (resized.width - size) // 2, (resized.height - size) // 2
    return np.asarray(resized.crop((left, top, left + size, top + size)))


class CentralSquares(Dataset):
    """The middle of each image as CLIP takes it: (3, size, size) float32."""

    def __init__(self, images: Manifest | TrainingImages, size: int):
        self.images, self.size = images, size

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, position: int) -> Tensor:
        return torch.from_numpy(normalise(central_square(self.images.image(position), self.size), "clip"))


def renormalised(images: Tensor, before: str, after: str) -> Tensor:
    """Images (B, 3, H, W) normalised by the statistics `before` → the same normalised by `after` (see transforms.normalise)."""
    if before == after:
        return images
    shift, scale = _affine(before, after)
    return images * scale.to(images) + shift.to(images)


def _affine(before: str, after: str) -> tuple[Tensor, Tensor]:
    """(3, 1, 1) shift and scale: normalising is affine, so black and white tell all."""
    colours = np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8)
    (old, new) = (torch.from_numpy(normalise(colours, name)).double() for name in (before, after))  # (3, 1, 2)
    scale = (new[..., 1:] - new[..., :1]) / (old[..., 1:] - old[..., :1])
    return new[..., :1] - old[..., :1] * scale, scale
