import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from larvseg.evaluation.explore import group_by_pixels, group_by_texts, summary
from larvseg.evaluation.grouping import ImageGrid, draw_points, grouped, interpolation
from larvseg.evaluation.metrics import metrics_of
from larvseg.files import json_text
from tests.data import novel

NAMES = ["wall", "sky", "lamp", "television receiver", "person", "sofa"]  # novel: lamp, sofa, and under rule S television receiver


class Images:
    """Validation images of blocks of classes; an image is its own mask, so that features can be made of it."""

    def __init__(self, count=6, unlabelled=0):
        self.header = {"dataset": "A150", "classes": NAMES, "novel": novel(NAMES)}
        self.count, self.unlabelled = count, unlabelled

    def split(self, name):
        assert name == "validation"
        return np.arange(self.count)

    def mask(self, row):
        labels = np.random.default_rng(row).integers(0, 6, (3, 4)).astype(np.int16)
        mask = np.kron(labels, np.ones((8, 6), np.int16))
        mask[: self.unlabelled] = -1
        return mask

    def image(self, row):
        return self.mask(row)


def one_hot(image):
    """The mask itself as features: 100 % must follow."""
    return ImageGrid(F.one_hot(torch.from_numpy(image).long() + 1, 7).permute(2, 0, 1).float(), image.shape)


def noise(image):
    generator = torch.Generator().manual_seed(int(image.sum()))
    return ImageGrid(torch.randn(64, *image.shape, generator=generator), image.shape)


def test_one_hot_features_give_100_in_every_draw():
    draws = group_by_pixels(one_hot, Images(unlabelled=3), draws=5, seed=0)
    result = summary([draw.matrix() for draw in draws], NAMES, novel(NAMES), "P")
    assert [result["rules"][rule]["draws"] for rule in "SP"] == [[100.0] * 5] * 2
    assert (result["novel"], result["std"], result["rule"]) == (100.0, 0.0, "P")
    assert all(draw.matrix().sum() == 6 * 21 * 24 for draw in draws)


def test_noise_is_near_chance():
    images = Images()
    matrix = group_by_pixels(noise, images, draws=1, seed=0)[0].matrix()
    # every present class is as likely at every pixel, but for the known pixels themselves
    chance = sum(24 * 24 / len(np.unique(images.mask(row))) for row in range(6))
    assert np.diag(matrix).sum() == pytest.approx(chance, rel=0.1)


def test_draws_differ_and_are_the_same_in_every_run():
    def once():
        return [draw.matrix() for draw in group_by_pixels(noise, Images(), draws=3, seed=1)]

    first, again = once(), once()
    assert all((one == other).all() for one, other in zip(first, again, strict=True))
    assert (first[0] != first[1]).any() and (first[1] != first[2]).any()
    assert (group_by_pixels(noise, Images(), draws=1, seed=2)[0].matrix() != first[0]).any()


def test_texts_are_restricted_to_the_classes_in_the_image():
    """The text of class 5 is nearest to every pixel, where it may be compared; otherwise the right class is."""
    table = torch.eye(7)[1:]
    table[5] = 2
    images = Images()
    matrix = group_by_texts(one_hot, table, images).matrix()
    right = sum((images.mask(row) == 5).sum() if 5 in images.mask(row) else 24 * 24 for row in range(6))
    assert 0 < right < 6 * 24 * 24
    assert np.diag(matrix).sum() == right


def test_images_without_novel_categories_change_no_novel_number():
    class Base(Images):
        def split(self, name):
            return np.array([row for row in range(self.count) if not {2, 3, 5}.isdisjoint(np.unique(self.mask(row)))])

        def mask(self, row):
            return super().mask(row) if row % 2 else np.minimum(super().mask(row), 1)

    class All(Base):
        def split(self, name):
            return np.arange(self.count)

    assert len(Base(12).split("validation")) == 6
    matrices = [group_by_pixels(noise, cls(12), 1, 0)[0].matrix() for cls in (Base, All)]
    found = [metrics_of(matrix, NAMES, novel(NAMES))["rules"]["S"]["novel"] for matrix in matrices]
    assert found[0] == found[1] > 0


def test_points_are_pixels_of_their_classes():
    mask = np.random.default_rng(0).integers(-1, 5, (9, 7)).astype(np.int16)
    present, points = draw_points(mask, np.random.default_rng(1))
    assert present.tolist() == [0, 1, 2, 3, 4]
    assert mask[tuple(points.T)].tolist() == present.tolist()
    found = {tuple(draw_points(mask, np.random.default_rng(seed))[1][2]) for seed in range(200)}
    assert found == set(zip(*np.nonzero(mask == 2), strict=True))


def test_absent_classes_of_the_released_code_win_where_all_scores_are_negative():
    scores = torch.tensor([[[0.5, -0.2]], [[0.1, -0.1]]])
    present = np.array([1, 4])
    assert grouped(scores, present, 6).tolist() == [[1, 4]]
    assert grouped(scores, present, 6, "zero").tolist() == [[1, 0]]
    assert grouped(scores, np.array([0, 1]), 2, "zero").tolist() == [[0, 1]]


@pytest.mark.usefixtures("double")
def test_upsampling_is_that_of_torch_where_the_grid_spans_the_image():
    maps = torch.randn(5, 4, 6)
    grid = ImageGrid(maps, (19, 31))
    assert torch.allclose(grid.upsampled(maps), F.interpolate(maps[None], (19, 31), mode="bilinear")[0])


@pytest.mark.usefixtures("double")
def test_a_grid_that_reaches_past_the_image_is_cut():
    """32 patches of 4 pixels upsampled and cut to 30 · 4 pixels."""
    maps = torch.randn(32)
    whole = F.interpolate(maps[None, None], 128, mode="linear")[0, 0]
    assert torch.allclose(interpolation(32, 30, 120) @ maps, whole[:120])
    assert torch.allclose(interpolation(32, 30.5, 61).sum(1), torch.ones(61))


@pytest.mark.usefixtures("double")
def test_dots_and_cosines_equal_the_plain_way():
    """All D channels upsampled, normalised, compared."""
    grid = ImageGrid(torch.randn(100, 4, 5), (13, 17))
    points = np.array([[0, 0], [12, 3], [5, 16]])
    plain = F.interpolate(grid.values[None], (13, 17), mode="bilinear")[0]
    seeds = plain[:, points[:, 0], points[:, 1]].T
    assert torch.allclose(grid.at(points), seeds)
    expected = torch.einsum("cd,dhw->chw", F.normalize(seeds, dim=1), F.normalize(plain, dim=0))
    assert torch.allclose(grid.cosines(grid.at(points)), expected)
    assert torch.equal(grid.dots(F.normalize(seeds, dim=1)).argmax(0), expected.argmax(0))
    assert torch.allclose(torch.stack([expected[i, y, x] for i, (y, x) in enumerate(points)]), torch.ones(3))


def test_summary_has_mean_and_sample_deviation_of_each_rule():
    base, other = np.diag([5, 5, 10, 10, 5, 10]), np.diag([5, 5, 10, 10, 5, 10])
    other[5, 5], other[5, 2] = 0, 10  # sofa taken for lamp
    result = summary([base, other], NAMES, novel(NAMES), "S")
    assert result["rules"]["S"] == {"novel_classes": 3, "draws": [100.0, 50.0], "mean": 75.0, "std": 35.3553390593}
    assert result["rules"]["P"] == {"novel_classes": 2, "draws": [100.0, 25.0], "mean": 62.5, "std": 53.0330085890}
    assert (result["rule"], result["novel"], result["std"]) == ("S", 75.0, 35.3553390593)
    assert result["classes"][5] == {"name": "sofa", "iou": 50.0, "novel_s": True, "novel_p": True}
    assert json.loads(json_text(result))
    assert summary([base], NAMES, novel(NAMES), "S")["std"] is None


def test_the_validation_split_must_not_be_empty():
    from larvseg.errors import LarvSegError

    with pytest.raises(LarvSegError, match="no validation image"):
        group_by_pixels(noise, SimpleNamespace(header=Images().header, split=lambda name: np.zeros(0, int)), 1, 0)
