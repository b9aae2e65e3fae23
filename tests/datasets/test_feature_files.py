"""Features in files: what was written is read, and what is not of these images is refused."""

import numpy as np
import pytest

from larvseg.datasets.feature_files import Entry, Features, entries_of, read_index, write_index, write_view
from larvseg.errors import LarvSegError

ENTRIES = [
    Entry("a.zip/x.bmp", 2, 3, training=True, validation=False),
    Entry("a.zip/y.bmp", 1, 4, training=True, validation=True),
    Entry("a.zip/z.bmp", 3, 3, training=False, validation=True),
]
IMAGES = {0: "a.zip/z.bmp", 1: "a.zip/x.bmp", 4: "a.zip/y.bmp"}  # in the order of some manifest


def grids(channels: int = 5) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=(entry.rows, entry.columns, channels)).astype(np.float32) for entry in ENTRIES]


def test_features_come_back_in_half_precision(tmp_path):
    write_view(tmp_path / "plain.npy", iter(grids()), ENTRIES, 5)
    write_index(tmp_path / "index.arrow", ENTRIES)
    assert read_index(tmp_path / "index.arrow") == ENTRIES
    features = Features(tmp_path / "plain.npy", read_index(tmp_path / "index.arrow"), IMAGES)
    assert features.channels == 5
    for row, number in ((0, 2), (1, 0), (4, 1)):
        assert np.array_equal(features[row], grids()[number].astype(np.float16))
    assert not features[0].flags.writeable


def test_the_file_of_a_view_holds_the_images_of_its_split(tmp_path):
    assert [entries_of(view, ENTRIES) for view in ("plain", "flipped", "validation")] == [ENTRIES[:2], ENTRIES[:2], ENTRIES[1:]]
    write_view(tmp_path / "flipped.npy", grids()[:2], ENTRIES[:2], 5)
    features = Features(tmp_path / "flipped.npy", entries_of("flipped", ENTRIES), {7: "a.zip/y.bmp"})
    assert np.array_equal(features[7], grids()[1].astype(np.float16))
    with pytest.raises(LarvSegError, match=r"1 images are not in it, as a.zip/z.bmp"):
        Features(tmp_path / "flipped.npy", ENTRIES[:2], IMAGES)


def test_a_view_without_images_is_a_file_like_any_other(tmp_path):
    write_view(tmp_path / "flipped.npy", [], [], 5)
    assert Features(tmp_path / "flipped.npy", [], {}).channels == 5


def test_nothing_is_left_of_features_that_cannot_be_written(tmp_path):
    large = grids()
    large[1][0, 0, 0] = 1e6
    for wrong, message in (
        (large, "a feature of a.zip/y.bmp is not finite in 16 bits"),
        ([grids()[0], grids()[0]], r"the features of a.zip/y.bmp have the shape \(2, 3, 5\), expected \(1, 4, 5\)"),
    ):
        with pytest.raises(LarvSegError, match=message):
            write_view(tmp_path / "plain.npy", wrong, ENTRIES, 5)
        assert list(tmp_path.iterdir()) == []


def test_damaged_files_are_refused(tmp_path):
    write_view(tmp_path / "plain.npy", grids(), ENTRIES, 5)
    with pytest.raises(LarvSegError, match=r"holds \(19, 5\) of float16, not the cells of its index"):
        Features(tmp_path / "plain.npy", [*ENTRIES[:2], Entry("a.zip/z.bmp", 3, 4, False, True)], IMAGES)
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    (tmp_path / "text.npy").write_text("x")
    for file in ("objects.npy", "text.npy", "none.npy"):
        with pytest.raises(LarvSegError, match="not a file of features"):
            Features(tmp_path / file, ENTRIES, IMAGES)
        with pytest.raises(LarvSegError, match="not an index of features"):
            read_index(tmp_path / file)
