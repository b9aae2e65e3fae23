"""Joint transforms: geometry of image and mask together, photometric distortion, padding."""

import colorsys

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from larvseg.config import Augmentation
from larvseg.datasets.transforms import Window, augment, distort, draw_window, normalise, resize, resized_size


def random_image(height=72, width=96, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def settings(**changes) -> Augmentation:
    return Augmentation(**({"short_side": 64, "long_side": 256, "crop": 64} | changes))


@pytest.mark.parametrize(
    "size, sides, expected",
    [
        ((96, 72), (64, 256), (85, 64)),
        ((72, 96), (64, 256), (64, 85)),
        ((1000, 10), (64, 256), (256, 3)),
        ((640, 480), (512, 2048), (683, 512)),
    ],
)
def test_resized_size(size, sides, expected):
    assert resized_size(*size, *sides) == expected


@pytest.mark.parametrize("size", [(141, 107), (96, 72), (50, 31), (200, 30)])
def test_resize_is_bilinear_with_aligned_centres(size):
    image = random_image()
    tensor = torch.from_numpy(image.transpose(2, 0, 1).copy())[None].float()
    expected = F.interpolate(tensor, (size[1], size[0]), mode="bilinear", align_corners=False)[0].numpy().transpose(1, 2, 0)
    assert np.abs(resize(image, size) - expected).max() < 1.01  # Pillow cuts the fraction off


@pytest.mark.parametrize("flip", [False, True])
def test_a_window_is_a_part_of_the_resized_whole(flip):
    image, mask = random_image(), np.arange(72 * 96, dtype=np.int16).reshape(72, 96)
    window = Window((130, 97), 17, 20, 64, 48, flip)
    part = np.s_[20:68, 17:81]
    step = -1 if flip else 1
    whole = Window((130, 97), 0, 0, 130, 97)
    assert np.abs(window.cut_image(image).astype(int) - whole.cut_image(image)[part][:, ::step]).max() <= 1
    assert np.array_equal(window.cut_mask(mask), whole.cut_mask(mask)[part][:, ::step])
    nearest = F.interpolate(torch.from_numpy(mask)[None, None].float(), (97, 130), mode="nearest-exact")[0, 0].numpy()
    assert np.array_equal(whole.cut_mask(mask), nearest)


def test_image_and_mask_move_together():
    """An image whose colour is its label keeps that relation away from edges, whatever is drawn."""
    labels = np.zeros((72, 96), np.int16)
    labels[:36, 48:], labels[36:, :48], labels[36:, 48:] = 1, 2, 3
    image = np.repeat((labels * 80).astype(np.uint8)[..., None], 3, 2)
    for seed in range(30):
        window = draw_window(96, 72, labels, settings(crop=40), np.random.default_rng(seed))
        expected = window.cut_mask(labels) * 80
        assert (np.abs(window.cut_image(image)[..., 0].astype(int) - expected) > 1).mean() < 0.2


def test_scale_crop_and_flip_are_drawn_evenly():
    windows = [draw_window(96, 72, None, settings(), np.random.default_rng(seed)) for seed in range(400)]
    heights = np.array([window.resized[1] for window in windows])
    assert heights.min() >= 32 and heights.max() <= 128 and abs(heights.mean() - 80) < 4
    assert 0.4 < np.mean([window.flip for window in windows]) < 0.6
    assert all(window.width == min(64, window.resized[0]) and window.height == min(64, window.resized[1]) for window in windows)
    assert all(0 <= window.left <= window.resized[0] - window.width for window in windows)
    assert all(0 <= window.top <= window.resized[1] - window.height for window in windows)
    assert any(window.left + window.width == window.resized[0] and window.left for window in windows)


def test_crops_of_one_category_are_drawn_again():
    """Right of x = 60 lies another class; ignored pixels do not count. 255 is a class like any other."""
    mask = np.full((72, 96), -1, np.int16)
    mask[30:, :60], mask[30:, 60:] = 255, 3

    def share(window: Window) -> float:
        counts = np.unique(window.cut_mask(mask)[window.cut_mask(mask) >= 0], return_counts=True)[1]
        return counts.max(initial=0) / counts.sum() if len(counts) else 1.0

    def shares(**changes) -> np.ndarray:
        drawing = settings(crop=16, scale=(1.0, 1.0), **changes)
        return np.array([share(draw_window(96, 72, mask, drawing, np.random.default_rng(seed))) for seed in range(200)])

    assert (shares() >= 0.75).mean() < 0.6 < 0.7 < (shares(max_category_share=1.0) >= 0.75).mean()
    mask[:] = 7  # nothing to find: the tenth place is taken
    assert (shares() == 1).all()


def test_augment_pads_right_and_below():
    image, mask = random_image(), np.full((72, 96), 5, np.int16)
    sample = augment(image, mask, settings(short_side=32, scale=(1.0, 1.0)), "imagenet", np.random.default_rng(0))
    assert sample.image.shape == (3, 64, 64) and sample.image.dtype == np.float32 and sample.size == (32, 43)
    assert (sample.image[:, 32:] == 0).all() and (sample.image[:, :, 43:] == 0).all() and np.ptp(sample.image[:, :32, :43]) > 0
    assert sample.mask.dtype == np.int16 and (sample.mask[:32, :43] == 5).all() and (sample.mask == 5).sum() == 32 * 43
    assert (sample.mask[32:] == -1).all() and (sample.mask[:, 43:] == -1).all()
    assert augment(image, None, settings(), "imagenet", np.random.default_rng(0)).mask is None


def test_augment_is_a_function_of_its_generator():
    first, second, other = (augment(random_image(), None, settings(), "half", np.random.default_rng(seed)).image for seed in (3, 3, 4))
    assert np.array_equal(first, second) and not np.array_equal(first, other)


@pytest.mark.parametrize("name, mean, std", [("imagenet", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)), ("half", (0.5,) * 3, (0.5,) * 3)])
def test_normalise(name, mean, std):
    image = random_image()
    expected = ((image / 255 - mean) / std).transpose(2, 0, 1)
    result = normalise(image, name)
    assert result.dtype == np.float32 and result.flags.c_contiguous
    assert np.allclose(result, expected, atol=1e-5)


class Script:
    """A generator that draws what it is told: for each of the four steps and for the order a coin, and the steps' amounts."""

    def __init__(self, *draws):
        self.draws = list(draws)

    def random(self):
        return self.draws.pop(0)

    def uniform(self, low, high):
        amount = self.draws.pop(0)
        assert low <= amount <= high
        return amount


YES, NO = 0.0, 1.0
FIRST, LAST = 0.0, 1.0


@pytest.mark.parametrize(
    "draws, expected",
    [
        ((NO, NO, FIRST, NO, NO), lambda x: x),
        ((YES, 20, NO, FIRST, NO, NO), lambda x: x + 20),
        ((YES, -30, YES, 1.5, FIRST, NO, NO), lambda x: (x - 30).clip(0) * 1.5),
        ((NO, YES, 0.5, LAST, NO, NO), lambda x: x * 0.5),
    ],
)
def test_brightness_and_contrast(draws, expected):
    image = random_image()
    result = distort(image, Script(*draws))
    assert result.dtype == np.uint8
    assert np.abs(result - expected(image.astype(float)).clip(0, 255)).max() < 1


def test_saturation_and_hue():
    image = random_image(20, 20)
    result = distort(image, Script(NO, NO, FIRST, YES, 0.5, YES, 0.1))

    def expected(pixel):
        hue, saturation, value = colorsys.rgb_to_hsv(*(pixel / 255))
        return np.multiply(255, colorsys.hsv_to_rgb((hue + 0.1) % 1, saturation * 0.5, value))

    errors = np.abs(result - np.apply_along_axis(expected, 2, image))
    assert errors.max() < 6 and errors.mean() < 1.5


def test_grey_has_no_hue():
    grey = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, 2)
    assert np.array_equal(distort(grey, Script(NO, NO, FIRST, YES, 1.5, YES, 0.1)), grey)
