"""Features in files: what was written is read, and what is not of these images is refused."""

import numpy as np
import pytest

from larvseg.datasets.feature_files import Features, write_view
from larvseg.errors import LarvSegError

SHAPES = [(2, 3), (1, 4), (3, 3)]


def grids(channels: int = 5) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=(*shape, channels)).astype(np.float32) for shape in SHAPES]


def test_features_come_back_in_half_precision(tmp_path):
    write_view(tmp_path / "plain.npy", iter(grids()), SHAPES, 5)
    features = Features(tmp_path / "plain.npy", SHAPES)
    assert len(features) == 3 and features.channels == 5
    for row, grid in enumerate(grids()):
        assert np.array_equal(features[row], grid.astype(np.float16))
    assert not features[0].flags.writeable


def test_nothing_is_left_of_features_that_cannot_be_written(tmp_path):
    large = grids()
    large[1][0, 0, 0] = 1e6
    for wrong, message in (
        (large, "a feature of image 1 is not finite in 16 bits"),
        ([grids()[0], grids()[0]], r"features of image 1 have the shape \(2, 3, 5\), expected \(1, 4, 5\)"),
    ):
        with pytest.raises(LarvSegError, match=message):
            write_view(tmp_path / "plain.npy", wrong, SHAPES, 5)
        assert list(tmp_path.iterdir()) == []


def test_features_of_other_images_are_refused(tmp_path):
    write_view(tmp_path / "plain.npy", grids(), SHAPES, 5)
    with pytest.raises(LarvSegError, match=r"holds \(19, 5\) of float16, not 21 cells of float16"):
        Features(
            tmp_path / "plain.npy",
            [
                *SHAPES[:2],
                (3, 4),
            ][:2]
            + [(1, 11)],
        )
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    (tmp_path / "text.npy").write_text("x")
    for file in ("objects.npy", "text.npy", "none.npy"):
        with pytest.raises(LarvSegError, match="no file of features"):
            Features(tmp_path / file, SHAPES)
