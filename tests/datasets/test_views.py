"""Crops of features: they show what the mask beside them says, in the plain and in the flipped view, at every border."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from larvseg.config import Augmentation
from larvseg.datasets.feature_files import VIEWS, Features, Index, write_view
from larvseg.datasets.transforms import Window, resized_size
from larvseg.datasets.views import FeatureViews

CELL, IGNORE = 8, -1
AUGMENTATION = Augmentation(short_side=64, long_side=256, crop=48, scale=(1.0, 1.0), max_category_share=1.0)
SIZES = [(120, 90), (64, 64), (40, 150), (33, 31)]  # width, height


class Images:
    """Images whose labels are stripes and squares."""

    def __len__(self) -> int:
        return len(SIZES)

    def row(self, position: int) -> int:
        return position

    def size(self, row: int) -> tuple[int, int]:
        return SIZES[row]

    def mask(self, row: int) -> np.ndarray:
        width, height = SIZES[row]
        return (np.arange(width)[None] // 13 + 3 * (np.arange(height)[:, None] // 17)).astype(np.int16)


def cells_of(mask: np.ndarray, size: tuple[int, int], flipped: bool) -> np.ndarray:
    """Features (h, w, 2): in each cell of the resized mask the mean label, and how much of it is image."""
    resized = Window(size, 0, 0, *size, flipped).cut_mask(mask).astype(np.float32)
    height, width = (-(-length // CELL) for length in resized.shape)
    padded = np.zeros((2, height * CELL, width * CELL), np.float32)
    padded[0, : resized.shape[0], : resized.shape[1]], padded[1, : resized.shape[0], : resized.shape[1]] = resized, 1
    return padded.reshape(2, height, CELL, width, CELL).mean((2, 4)).transpose(1, 2, 0)


@pytest.fixture
def views(tmp_path) -> FeatureViews:
    images, features = Images(), {}
    sizes = [resized_size(*size, AUGMENTATION.short_side, AUGMENTATION.long_side) for size in SIZES]
    for view in VIEWS:
        grids = [cells_of(images.mask(row), size, view == "flipped") for row, size in enumerate(sizes)]
        names, there = pa.chunked_array([list(map(str, range(len(grids))))]), np.ones(len(grids), bool)
        index = Index(names, *np.array([grid.shape[:2] for grid in grids]).T, there, there)
        write_view(Path(tmp_path / view), grids, index, view, 2)
        features[view] = Features(tmp_path / view, index, view, np.arange(len(grids)), names)
    return FeatureViews(images, features, AUGMENTATION, CELL)


@pytest.mark.parametrize("row", range(len(SIZES)))
def test_a_crop_shows_what_its_mask_says(views, row):
    seen = set()
    for seed in range(40):
        sample = views.sample(row, views.images.mask(row), np.random.default_rng(seed))
        assert sample.image.shape == (2, 6, 6) and sample.image.dtype == np.float32 and sample.mask.shape == (48, 48)
        inside = sample.mask != IGNORE
        assert inside.sum() == sample.size[0] * sample.size[1] and inside[: sample.size[0], : sample.size[1]].all()
        blocks = np.where(inside, sample.mask, 0).reshape(6, CELL, 6, CELL).mean((1, 3))
        np.testing.assert_allclose(sample.image[0], blocks, atol=0.01)
        np.testing.assert_allclose(sample.image[1], inside.reshape(6, CELL, 6, CELL).mean((1, 3)), atol=0.001)
        seen.add(sample.image.tobytes())
    assert len(seen) > 1  # other places, or the flipped view


def test_without_a_mask_the_same_features(views):
    with_mask = views.sample(0, views.images.mask(0), np.random.default_rng(5))
    without = views.sample(0, None, np.random.default_rng(5))
    assert without.mask is None and np.array_equal(without.image, with_mask.image) and without.size == with_mask.size
