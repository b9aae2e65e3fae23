"""Features in files: what was written is read, and what is not of these images is refused."""

import numpy as np
import pyarrow as pa
import pytest

from larvseg.datasets.feature_files import Features, Index, read_index, write_index, write_view
from larvseg.errors import LarvSegError

NAMES = ["a.zip/x.bmp", "a.zip/y.bmp", "a.zip/z.bmp"]
TRAINING, VALIDATION = [True, True, False], [False, True, True]
SHAPES = [(2, 3), (1, 4), (3, 3)]
ROWS, IMAGES = np.array([0, 1, 4]), pa.chunked_array([["a.zip/z.bmp", "a.zip/x.bmp", "a.zip/y.bmp"]])  # of some manifest


def index(names=tuple(NAMES), shapes=tuple(SHAPES), training=(True,) * 3, validation=tuple(VALIDATION)) -> Index:
    return Index(
        pa.chunked_array([names], pa.string()), *np.array(shapes, np.int32).reshape(-1, 2).T, *map(np.array, (training, validation))
    )


def grids(channels: int = 5) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=(*shape, channels)).astype(np.float32) for shape in SHAPES]


def test_features_come_back_in_half_precision(tmp_path):
    write_view(tmp_path / "plain.npy", iter(grids()), index(), "plain", 5)
    write_index(tmp_path / "index.arrow", index())
    features = Features(tmp_path / "plain.npy", read_index(tmp_path / "index.arrow"), "plain", ROWS, IMAGES)
    assert features.channels == 5 and features.shapes.tolist() == [[3, 3], [2, 3], [1, 4]]
    for row, number in ((0, 2), (1, 0), (4, 1)):
        assert row in features and np.array_equal(features[row], grids()[number].astype(np.float16))
    assert 2 not in features and 5 not in features and not features[0].flags.writeable
    with pytest.raises(KeyError):
        features[2]


def test_an_index_comes_back_and_is_a_plain_table(tmp_path):
    write_index(tmp_path / "index.arrow", index(training=TRAINING))
    found = read_index(tmp_path / "index.arrow")
    assert found.images.to_pylist() == NAMES and [found.shape(image) for image in range(len(found))] == SHAPES
    assert found.training.tolist() == TRAINING and found.validation.tolist() == VALIDATION
    assert pa.ipc.open_file(tmp_path / "index.arrow").read_all().to_pylist()[1] == {
        **{"image": "a.zip/y.bmp", "rows": 1, "columns": 4},
        **{"training": True, "validation": True},
    }


def test_the_file_of_a_view_holds_the_images_of_its_split(tmp_path):
    own = index(training=TRAINING)
    assert [own.of(view).tolist() for view in ("plain", "flipped", "validation")] == [[0, 1], [0, 1], [1, 2]]
    write_view(tmp_path / "validation.npy", grids()[1:], own, "validation", 5)
    features = Features(tmp_path / "validation.npy", own, "validation", np.array([7]), pa.chunked_array([["a.zip/z.bmp"]]))
    assert np.array_equal(features[7], grids()[2].astype(np.float16))
    with pytest.raises(LarvSegError, match=r"1 images are not in it, as a.zip/x.bmp"):
        Features(tmp_path / "validation.npy", own, "validation", ROWS, IMAGES)


def test_a_view_without_images_is_a_file_like_any_other(tmp_path):
    nothing = index((), (), np.zeros(0, bool), np.zeros(0, bool))
    write_view(tmp_path / "flipped.npy", [], nothing, "flipped", 5)
    assert Features(tmp_path / "flipped.npy", nothing, "flipped", np.zeros(0, int), pa.chunked_array([], pa.string())).channels == 5


def test_nothing_is_left_of_features_that_cannot_be_written(tmp_path):
    large = grids()
    large[1][0, 0, 0] = 1e6
    for wrong, message in (
        (large, "a feature of a.zip/y.bmp is not finite in 16 bits"),
        ([grids()[0], grids()[0]], r"the features of a.zip/y.bmp have the shape \(2, 3, 5\), expected \(1, 4, 5\)"),
    ):
        with pytest.raises(LarvSegError, match=message):
            write_view(tmp_path / "plain.npy", wrong, index(), "plain", 5)
        assert list(tmp_path.iterdir()) == []


def test_damaged_files_are_refused(tmp_path):
    write_view(tmp_path / "plain.npy", grids(), index(), "plain", 5)
    with pytest.raises(LarvSegError, match=r"holds \(19, 5\) of float16, not the cells of its index"):
        Features(tmp_path / "plain.npy", index(shapes=[*SHAPES[:2], (3, 4)]), "plain", ROWS, IMAGES)
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    (tmp_path / "text.npy").write_text("x")
    for file in ("objects.npy", "text.npy", "none.npy"):
        with pytest.raises(LarvSegError, match="not a file of features|no such file"):
            Features(tmp_path / file, index(), "plain", ROWS, IMAGES)
        with pytest.raises(LarvSegError, match="not an index of features|no such file"):
            read_index(tmp_path / file)
