"""Joint transforms of an image and its mask for training (the pipeline of mmsegmentation), with every draw from an explicit generator.

Resizing, cropping and flipping are one affine map, so only the pixels of the crop are ever computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image

from larvseg.config import Augmentation
from larvseg.sources.encodings import IGNORE

CROP_TRIES = 10
_NORMALISATION = {
    "imagenet": ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
    "half": ((127.5, 127.5, 127.5), (127.5, 127.5, 127.5)),
    "tensorflow_lite": ((127.0, 127.0, 127.0), (128.0, 128.0, 128.0)),  # as EfficientNet-Lite was trained
    "clip": ((122.7709383, 116.7460125, 104.09373615), (68.5005327, 66.6321579, 70.32316305)),  # as CLIP was trained
}
_HUE_CIRCLE = 255  # Pillow's HSV: hues 0 and 255 are the same


class Sample(NamedTuple):
    """One training image of C×C pixels, C = Augmentation.crop; what the crop did not fill is padding, right and below."""

    image: np.ndarray  # (3, C, C) float32, normalised; 0 in the padding
    mask: np.ndarray | None  # (C, C) int16 train ids; IGNORE in the padding
    size: tuple[int, int]  # height and width of the part that is image


@dataclass(frozen=True)
class Window:
    """A part of the resized image: its size, its place there, and whether it is mirrored. All in pixels of the resized image."""

    resized: tuple[int, int]  # width, height
    left: int
    top: int
    width: int
    height: int
    flip: bool = False

    def cut_image(self, image: np.ndarray) -> np.ndarray:
        """Resize (H, W, 3) uint8 bilinearly (without antialiasing, pixel centres aligned, as OpenCV does) and cut."""
        sx, sy = image.shape[1] / self.resized[0], image.shape[0] / self.resized[1]
        x = (-sx, 0, sx * (self.left + self.width)) if self.flip else (sx, 0, sx * self.left)
        coefficients = (*x, 0, sy, sy * self.top)
        size = (self.width, self.height)
        return np.asarray(Image.fromarray(image).transform(size, Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR))

    def cut_mask(self, mask: np.ndarray) -> np.ndarray:
        """Resize to the nearest pixel and cut."""
        height, width = mask.shape
        columns = _nearest(self.left, self.width, width / self.resized[0], width)
        rows = _nearest(self.top, self.height, height / self.resized[1], height)
        return mask.take(columns[::-1] if self.flip else columns, axis=1).take(rows, axis=0)  # a fifth of the time of both at once


def _nearest(start: int, count: int, scale: float, size: int) -> np.ndarray:
    return np.minimum(((np.arange(start, start + count) + 0.5) * scale).astype(np.intp), size - 1)


def resized_size(width: int, height: int, short_side: float, long_side: float) -> tuple[int, int]:
    """(width, height) with the short side at `short_side`, unless the long side would pass `long_side`; the ratio is kept."""
    factor = min(long_side / max(width, height), short_side / min(width, height))
    return max(1, int(width * factor + 0.5)), max(1, int(height * factor + 0.5))


def cells_of(sizes: np.ndarray, short_side: float, long_side: float, cell: int) -> np.ndarray:
    """(N, 2) widths and heights of images → (N, 2) rows and columns of cells of `cell` pixels that cover each as `resized_size` has it."""
    factor = np.minimum(long_side / sizes.max(1), short_side / sizes.min(1))[:, None]
    resized = np.maximum((sizes * factor + 0.5).astype(np.int64), 1)
    return -(-resized[:, ::-1] // cell)


def resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """`image` (H, W, 3) uint8 at `size` (width, height), interpolated as in training."""
    return Window(size, 0, 0, *size).cut_image(image)


def normalise(image: np.ndarray, normalisation: str) -> np.ndarray:
    """RGB (H, W, 3) uint8 to (3, H, W) float32, normalised by the statistics of a name of _NORMALISATION."""
    mean, std = (np.array(values, np.float32)[:, None, None] for values in _NORMALISATION[normalisation])
    result = image.transpose(2, 0, 1).astype(np.float32, order="C")
    result -= mean
    result /= std
    return result


def augment(image: np.ndarray, mask: np.ndarray | None, augmentation: Augmentation, normalisation: str, rng: np.random.Generator) -> Sample:
    """Random scale, crop and flip of `image` (H, W, 3) uint8 and `mask` (H, W) int16; then distortion, normalisation, padding."""
    height, width = image.shape[:2]
    window = draw_window(width, height, mask, augmentation, rng)
    distorted = distort(window.cut_image(image), rng)
    padded = np.zeros((3, augmentation.crop, augmentation.crop), np.float32)
    padded[:, : window.height, : window.width] = normalise(distorted, normalisation)
    labels = None
    if mask is not None:
        labels = np.full((augmentation.crop, augmentation.crop), IGNORE, np.int16)
        labels[: window.height, : window.width] = window.cut_mask(mask)
    return Sample(padded, labels, (window.height, window.width))


def view(image: np.ndarray, augmentation: Augmentation, normalisation: str, rng: np.random.Generator) -> np.ndarray:
    """(H, W, 3) uint8 → (3, crop, crop): randomly scaled, cut and flipped, zero where nothing is left of the image; colours stay."""
    window = draw_window(image.shape[1], image.shape[0], None, augmentation, rng)
    padded = np.zeros((3, augmentation.crop, augmentation.crop), np.float32)
    padded[:, : window.height, : window.width] = normalise(window.cut_image(image), normalisation)
    return padded


def draw_window(width: int, height: int, mask: np.ndarray | None, augmentation: Augmentation, rng: np.random.Generator) -> Window:
    """A random scale, place and flip for an image of `width`×`height` pixels.

    With a mask, places are drawn until no class covers max_category_share of the labelled pixels, CROP_TRIES times at most.
    """
    scale = rng.uniform(*augmentation.scale)
    resized = resized_size(width, height, augmentation.short_side * scale, augmentation.long_side * scale)
    crop_width, crop_height = min(augmentation.crop, resized[0]), min(augmentation.crop, resized[1])
    flip = bool(rng.random() < 0.5)
    for _ in range(CROP_TRIES):
        left, top = int(rng.integers(resized[0] - crop_width + 1)), int(rng.integers(resized[1] - crop_height + 1))
        window = Window(resized, left, top, crop_width, crop_height, flip)
        if mask is None or augmentation.max_category_share >= 1 or _is_varied(window.cut_mask(mask), augmentation.max_category_share):
            break
    return window


def _is_varied(mask: np.ndarray, share: float) -> bool:
    counts = np.bincount(mask.ravel() - IGNORE)[-IGNORE:]
    return bool(counts.size) and counts.max() < share * counts.sum()


def distort(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Photometric distortion of `image` (H, W, 3) uint8 RGB, each step with probability 1/2.

    Brightness ±32; contrast ×0.5–1.5, before or after: saturation ×0.5–1.5 and hue ±36°.
    """
    brightness = rng.uniform(-32, 32) if rng.random() < 0.5 else 0.0
    contrast = rng.uniform(0.5, 1.5) if rng.random() < 0.5 else 1.0
    contrast_first = rng.random() < 0.5
    saturation = rng.uniform(0.5, 1.5) if rng.random() < 0.5 else 1.0
    hue = rng.uniform(-0.1, 0.1) if rng.random() < 0.5 else 0.0

    # a step is a table of 256 values; steps in a row are one table
    if brightness or (contrast_first and contrast != 1):
        brightened = _bytes(_LEVELS + brightness)
        image = (_bytes(brightened * contrast) if contrast_first else brightened)[image]
    if saturation != 1 or hue:
        colours = np.array(Image.fromarray(image).convert("HSV"))
        colours[..., 0] = ((_LEVELS + round(hue * _HUE_CIRCLE)) % _HUE_CIRCLE).astype(np.uint8)[colours[..., 0]]
        colours[..., 1] = _bytes(_LEVELS * saturation)[colours[..., 1]]
        image = np.asarray(Image.fromarray(colours, "HSV").convert("RGB"))
    if not contrast_first and contrast != 1:
        image = _bytes(_LEVELS * contrast)[image]
    return image


_LEVELS = np.arange(256)


def _bytes(values: np.ndarray) -> np.ndarray:
    return values.clip(0, 255).astype(np.uint8)
