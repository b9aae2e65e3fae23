import numpy as np
import pyarrow as pa
import pytest

from larvseg.errors import LarvSegError
from larvseg.evaluation import confusion
from larvseg.evaluation.confusion import ConfusionCounts, accumulate, read_confusion
from larvseg.evaluation.metrics import class_iou, mean_iou, metrics_of


@pytest.mark.parametrize("dense", [0, 1000])
def test_counts_of_images_sum_to_the_matrix(dense, tmp_path, monkeypatch):
    monkeypatch.setattr(confusion, "DENSE", dense)
    rng = np.random.default_rng(0)
    counts, expected = ConfusionCounts(300), np.zeros((300, 300), np.int64)
    for image in (3, 7, 8):
        target = rng.integers(-1, 300, (20, 30)).astype(np.int16)  # class 255 is one like any other
        prediction = rng.integers(0, 300, (20, 30))
        counts.add(image, target, prediction)
        for t, p in zip(target.ravel(), prediction.ravel(), strict=True):
            if t >= 0:
                expected[t, p] += 1
    assert np.array_equal(counts.matrix(), expected)
    counts.write(tmp_path / "confusion.arrow")
    rows, classes = read_confusion(tmp_path / "confusion.arrow")
    assert classes == 300
    assert np.array_equal(rows, counts.rows())
    assert sorted(set(rows[0])) == [3, 7, 8]
    assert rows[3].min() > 0
    assert np.array_equal(accumulate(rows, 300), expected)


def test_file_is_plain_arrow_and_reproducible(tmp_path):
    for name in "ab":
        counts = ConfusionCounts(4)
        counts.add(0, np.array([[0, 1], [1, -1]]), np.array([[0, 1], [3, 2]]))
        counts.write(tmp_path / name)
    table = pa.ipc.open_file(tmp_path / "a").read_all()
    assert table.to_pydict() == {"image": [0, 0, 0], "target": [0, 1, 1], "prediction": [0, 1, 3], "count": [1, 1, 1]}
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_an_image_without_labels_and_no_image_at_all():
    counts = ConfusionCounts(3)
    assert counts.matrix().sum() == 0
    counts.add(0, np.full((2, 2), -1, np.int16), np.zeros((2, 2), np.int64))
    assert counts.rows().shape == (4, 0)


def test_wrong_shapes_and_classes_are_refused():
    counts = ConfusionCounts(3)
    with pytest.raises(LarvSegError, match="shape"):
        counts.add(0, np.zeros((2, 2), np.int16), np.zeros((2, 3), np.int64))
    with pytest.raises(LarvSegError, match="mask with a class outside 0 to 2"):
        counts.add(0, np.full((2, 2), 255), np.zeros((2, 2), np.int64))
    with pytest.raises(LarvSegError, match="prediction with a class outside"):
        counts.add(0, np.zeros((2, 2), np.int16), np.full((2, 2), -1))


def test_iou_conventions():
    # class 0: 3 of 4 pixels, one taken by class 2; class 1: nowhere; class 2: predicted only; class 3: missed
    matrix = np.array([[3, 0, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0]])
    iou = class_iou(matrix)
    assert iou[0] == pytest.approx(3 / 5)
    assert np.isnan(iou[1])
    assert iou[2] == 0
    assert iou[3] == 0
    assert metrics_of(matrix, "abcd", {"S": (), "P": (), "by_name": ()})["excluded_classes"] == 1
    assert mean_iou(iou) == pytest.approx(0.2)
    assert mean_iou(iou, [0, 1]) == pytest.approx(0.6)
    assert mean_iou(iou, [1, 3]) == 0
    assert np.isnan(mean_iou(iou, [1]))
    assert np.isnan(mean_iou(iou, []))


@pytest.mark.parametrize(
    ("column", "values", "classes"),
    [
        ("target", [3, 0], 3),
        ("prediction", [0, -1], 3),
        ("count", [1, -1], 3),
        ("image", [-1, 0], 3),
        ("image", [0, 1], 0),
        ("count", [1, 1], "x"),
    ],
)
def test_counts_that_no_evaluation_writes_are_refused(tmp_path, column, values, classes):
    columns = {"image": [0, 1], "target": [0, 1], "prediction": [0, 1], "count": [1, 1]} | {column: values}
    table = pa.table({name: pa.array(each, pa.int64()) for name, each in columns.items()})
    with pa.OSFile(str(tmp_path / "c.arrow"), "wb") as sink:
        with pa.ipc.new_file(sink, table.schema.with_metadata({"classes": str(classes)})) as writer:
            writer.write_table(table)
    with pytest.raises(LarvSegError, match="c.arrow: not confusion counts .*evaluate the run again"):
        read_confusion(tmp_path / "c.arrow")


@pytest.mark.parametrize("data", [b"", b"nothing", b"ARROW1\0\0" + b"\xff" * 40])
def test_what_is_no_arrow_file_is_refused(tmp_path, data):
    (tmp_path / "c.arrow").write_bytes(data)
    with pytest.raises(LarvSegError, match="c.arrow: not confusion counts"):
        read_confusion(tmp_path / "c.arrow")
