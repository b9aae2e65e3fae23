import numpy as np
import pytest
import torch
import torch.nn.functional as F

from larvseg.config import Evaluation
from larvseg.evaluation.sliding_window import segment, segment_all, window_starts

MINI = Evaluation(short_side=64, long_side=256, window=64, stride=64, batch_size=4)


def colour_model(windows):
    """Three classes: how red, green, blue each patch of 8 × 8 pixels is."""
    return F.avg_pool2d(windows, 8)


def random_image(height, width, seed=0):
    """Blocks of red, green and blue."""
    rng = np.random.default_rng(seed)
    blocks = np.eye(3, dtype=np.uint8)[rng.integers(0, 3, (4, 4))] * 200 + 20
    return np.kron(blocks, np.ones((-(-height // 4), -(-width // 4), 1), np.uint8))[:height, :width]


@pytest.mark.parametrize(
    ("length", "starts"),
    [(513, (0, 1)), (512, (0,)), (400, (0,)), (1024, (0, 512)), (1025, (0, 512, 513)), (683, (0, 171))],
)
def test_windows_end_at_the_border(length, starts):
    assert window_starts(length, 512, 512) == starts


def test_windows_with_a_smaller_stride():
    assert window_starts(10, 4, 3) == (0, 3, 6)
    assert window_starts(11, 4, 3) == (0, 3, 6, 7)


@pytest.mark.parametrize("size", ["original", "resized"])
@pytest.mark.parametrize("shape", [(72, 96), (96, 72), (64, 64), (40, 200), (33, 300), (200, 150)])
def test_labels_have_the_size_of_the_image_and_follow_its_colours(shape, size):
    image = random_image(*shape)
    labels = segment(colour_model, image, MINI.model_copy(update={"size": size}), "half")
    assert labels.shape == shape
    assert labels.dtype == np.int64
    assert (labels == image.argmax(2)).mean() > 0.7


def test_constant_logits_stay_constant():
    seen = []

    def constant(windows):
        seen.append(windows.shape)
        return torch.tensor([0.1, 0.7, 0.3, 0.7]).view(1, 4, 1, 1).expand(len(windows), 4, 8, 8)

    for shape in ((72, 96), (33, 300), (512, 90)):
        assert (segment(constant, random_image(*shape), MINI, "imagenet") == 1).all()
    assert {shape[1:] for shape in seen} == {(3, 64, 64)}
    assert max(shape[0] for shape in seen) <= MINI.batch_size


def test_images_that_share_a_batch_do_not_touch_each_other():
    images = [random_image(72, 96, 1), random_image(40, 200, 2), random_image(64, 64, 3), random_image(96, 72, 4), random_image(72, 96, 5)]
    together = list(segment_all(colour_model, iter(images), MINI, "half"))
    assert len(together) == len(images)
    for image, labels in zip(images, together, strict=True):
        assert np.array_equal(labels, segment(colour_model, image, MINI, "half"))


def test_padding_is_zero_after_normalisation():
    wide = Evaluation(short_side=64, long_side=128, window=64, stride=64)
    windows = []
    segment(lambda batch: (windows.append(batch), colour_model(batch))[1], np.full((40, 160, 3), 255, np.uint8), wide, "half")
    (batch,) = windows
    assert batch.shape == (2, 3, 64, 64)  # the image is 32 × 128 pixels
    assert (batch[:, :, :32] == 1).all()
    assert (batch[:, :, 32:] == 0).all()


def test_argmax_at_the_resized_size_then_nearest():
    image = random_image(128, 128)
    labels = segment(colour_model, image, MINI.model_copy(update={"size": "resized"}), "half")
    assert np.array_equal(labels, np.kron(labels[::2, ::2], np.ones((2, 2), np.int64)))
