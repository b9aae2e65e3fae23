import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from larvseg.config import Evaluation
from larvseg.errors import LarvSegError
from larvseg.evaluation.sliding_window import cut, segment
from larvseg.pictures import bands as module
from larvseg.pictures.bands import bands_of
from larvseg.pictures.overlay import colours_of, overlay
from larvseg.pictures.result import Segmentation

WINDOWS = Evaluation(short_side=48, long_side=200, window=48, stride=36, batch_size=4)
CELLS = Evaluation(short_side=48, long_side=200, cell=16)
SHAPES = [(60, 80), (90, 40), (48, 48), (40, 200), (20, 330)]


def image_of(height, width):
    coarse = np.random.default_rng(height).integers(0, 256, (6, 8, 3), np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def model(windows, classes=7):
    """Each class is a direction in colours, on a grid of 8 × 8 pixels."""
    generator = torch.Generator().manual_seed(0)
    padded = F.pad(windows, (0, -windows.shape[3] % 16, 0, -windows.shape[2] % 16))
    return torch.einsum("nc,bchw->bnhw", 3 * torch.randn(classes, 3, generator=generator), F.avg_pool2d(padded, 8))


def bands(image, evaluation, chosen=None, **sizes):
    found = list(bands_of(model, cut(image, evaluation, "half"), evaluation, chosen, **sizes))
    assert [band.rows.start for band in found] == [0, *(band.rows.stop for band in found[:-1])]
    return np.concatenate([band.labels for band in found]), np.concatenate([band.scores for band in found]), len(found)


@pytest.mark.parametrize("evaluation", [WINDOWS, CELLS, WINDOWS.model_copy(update={"size": "resized"})])
@pytest.mark.parametrize("shape", SHAPES)
def test_labels_are_those_of_the_evaluation_in_one_band_and_in_many(evaluation, shape):
    image = image_of(*shape)
    expected = segment(model, image, evaluation, "half")
    assert len(np.unique(expected)) > 2
    labels, scores, count = bands(image, evaluation)
    assert count == 1 and np.array_equal(labels, expected)
    tiled, own, count = bands(image, evaluation, whole=100, rows=700)
    assert count > 1 and np.array_equal(tiled, expected)
    assert np.array_equal(own, scores)


@pytest.mark.parametrize("evaluation", [WINDOWS, CELLS])
def test_scores_are_softmax_probabilities_of_interpolated_logits(evaluation, monkeypatch):
    image = image_of(60, 80)
    pieces = cut(image, evaluation, "half")
    logits = model(pieces.windows)
    height, width = pieces.resized
    total, count = torch.zeros(7, height, width), torch.zeros(height, width)
    places = [(top, left) for top in pieces.starts[0] for left in pieces.starts[1]]
    for (top, left), window in zip(places, F.interpolate(logits, pieces.window, mode="bilinear"), strict=True):
        part = window[:, : height - top, : width - left]
        total[:, top : top + part.shape[1], left : left + part.shape[2]] += part
        count[top : top + part.shape[1], left : left + part.shape[2]] += 1
    expected = F.interpolate((total / count)[None], image.shape[:2], mode="bilinear")[0].softmax(0).amax(0)
    _, scores, _ = bands(image, evaluation)
    torch.testing.assert_close(torch.from_numpy(scores), expected, rtol=1e-4, atol=1e-5)
    monkeypatch.setattr(module, "CHUNK", 200)  # a few classes at a time
    _, again, _ = bands(image, evaluation)
    np.testing.assert_allclose(again, scores, rtol=1e-5)


def test_a_choice_of_classes_is_the_likeliest_of_them():
    image, chosen = image_of(60, 80), torch.tensor([1, 4, 6])
    labels, scores, _ = bands(image, WINDOWS, chosen)
    assert set(np.unique(labels)) <= {1, 4, 6} and scores.min() > 1 / 3 - 1e-5
    expected = segment(lambda windows: model(windows)[:, chosen], image, WINDOWS, "half")
    assert np.array_equal(labels, chosen.numpy()[expected])
    alone, scores, _ = bands(image, WINDOWS, torch.tensor([4]))
    assert (alone == 4).all() and np.allclose(scores, 1)


def test_a_damaged_model_is_told():
    with pytest.raises(LarvSegError, match="no finite numbers"):
        list(bands_of(lambda windows: model(windows) * float("nan"), cut(image_of(60, 80), WINDOWS, "half"), WINDOWS))


@pytest.fixture
def found():
    labels = np.zeros((40, 100), np.int64)
    labels[:, 60:] = 2
    labels[:10, :30] = 1
    return Segmentation(
        labels, ("wall", "lamp", "sofa", "door"), np.where(labels == 2, 0.5, 0.25).astype(np.float32), np.full((40, 100, 3), 90, np.uint8)
    )


def test_a_table_of_classes_has_the_largest_first(found):
    table = found.to_pandas()
    assert table.to_dict("list") == {
        "class": ["wall", "sofa", "lamp"],
        "pixels": [2100, 1600, 300],
        "share": [0.525, 0.4, 0.075],
        "mean_score": [0.25, 0.5, 0.25],
    }
    assert np.array_equal(np.asarray(found), found.labels)


def test_the_overlay_tints_each_class_in_the_colour_of_its_legend(found):
    image = np.asarray(found.overlay())
    assert image.shape[1] == 400 and image.shape[0] > 160  # four times as large, and the legend
    expected = 0.4 * 90 + 0.6 * colours_of(found.names)[[1, 0, 2]].astype(float)
    assert np.abs(image[[20, 80, 80], [60, 60, 320]] - expected).max() <= 1
    legend = image[160:].reshape(-1, 3)
    shown = [(legend == colour).all(1).sum() for colour in colours_of(found.names)]
    assert min(shown[:3]) > 200 and shown[3] == 0


def test_a_legend_of_fewer_classes_sums_up_the_rest(found):
    legend = np.asarray(found.overlay(top=1))[160:].reshape(-1, 3)
    assert [(legend == colour).all(1).any() for colour in colours_of(found.names)] == [True, False, False, False]
    assert found.overlay(top=2).height > found.overlay(top=3).height - 24


@pytest.mark.parametrize("name", ["x" * 5000, "a\nb\x00\x1b[31m", "日本語 العربية", "W" * 40, ""])
def test_a_legend_takes_any_name(found, name):
    picture = np.zeros((30, 30, 3), np.uint8)
    areas = [area._replace(name=name) for area in found.areas()]
    assert overlay(picture, found.labels, areas, found.names).width == 480
