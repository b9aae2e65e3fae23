"""What `larvseg inspect` says of a label file."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from larvseg.doctor.mask import describe, inspect
from larvseg.errors import LarvSegError


def save(path, values, kind="PNG"):
    data = io.BytesIO()
    Image.fromarray(values).save(data, kind)
    path.write_bytes(data.getvalue())
    return path


def full(ids) -> np.ndarray:
    ids = np.asarray(ids)
    return np.dstack([ids // 256 * 10, ids % 256, ids % 7]).astype(np.uint8)


def test_ids_are_strings_in_the_order_of_numbers(tmp_path):
    path = save(tmp_path / "a.png", np.array([[10, 9], [0, 9]], np.uint8))
    found = inspect(path, "ade-challenge")
    assert list(found.items()) == [("0", 1), ("9", 2), ("10", 1)]
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize(
    "encoding, values, kind, lines",
    [
        ("ade-challenge", np.array([[0, 1, 1, 150]], np.uint8), "PNG", ["0 1 25.00% (unlabelled)", "1 2 50.00% wall", "150 1 25.00% flag"]),
        (
            "coco-stuff",
            np.array([[255, 0, 0, 181]], np.uint8),
            "PNG",
            ["0 2 50.00% person", "181 1 25.00% wood", "255 1 25.00% (unlabelled)"],
        ),
        ("ade-full", full([[0, 2978, 1, 2978]]), "PNG", ["0 1 25.00% (unlabelled)", "1 1 25.00% (outside", "2978 2 50.00% wall"]),
        ("a847-prepared", np.array([[0, 65535]], np.uint16), "TIFF", ["0 1 50.00% wall", "65535 1 50.00% (unlabelled)"]),
    ],
)
def test_table(tmp_path, encoding, values, kind, lines):
    path = save(tmp_path / f"some.{kind.lower()}", values, kind)
    first, blank, header, *rows = describe(path, encoding).splitlines()
    assert first == f"{path}: {values.shape[1]}×1 pixels, {encoding}" and blank == ""
    assert header.split() == ["id", "pixels", "share", "name"]
    assert len(rows) == len(lines) and all(" ".join(row.split()).startswith(line) for row, line in zip(rows, lines, strict=True))
    columns = {header.index("name"), *(row.index(row.split(maxsplit=3)[3]) for row in rows)}
    assert len(columns) == 1
    assert inspect(path, encoding) == {row.split()[0]: int(row.split()[1]) for row in rows}


def test_objects_outside_the_847_are_named_by_the_json_beside_the_mask(tmp_path):
    path = save(tmp_path / "ADE_train_00000001_seg.png", full([[1279, 2978]]))
    assert "1279       1  50.00%  (outside the class list)" in describe(path, "ade-full")
    one = {"id": 1, "raw_name": "housing", "hypernym": [], "attributes": [], "depth_ordering_rank": 2, "occluded": "no", "crop": "0"}
    one |= {"parts": {"ispartof": 68, "hasparts": [], "part_level": 1}, "instance_mask": "x", "polygon": {"x": [], "y": []}}
    objects = [one | {"name": "housing", "name_ndx": 1279}, one | {"name": "wall, by another name", "name_ndx": 2978}]
    content = {"filename": "x", "folder": "x", "imsize": [1, 2, 3], "scene": "street", "object": objects}
    annotation = tmp_path / "ADE_train_00000001.json"
    annotation.write_text(json.dumps({"annotation": content}))
    assert describe(path, "ade-full").splitlines()[3:] == ["1279       1  50.00%  housing", "2978       1  50.00%  wall"]
    annotation.write_text("nonsense")
    with pytest.raises(LarvSegError, match="ADE_train_00000001.json: not an annotation"):
        describe(path, "ade-full")


@pytest.mark.parametrize("function", [inspect, describe])
def test_errors_are_one_line(tmp_path, function):
    path = save(tmp_path / "a.png", np.array([[167]], np.uint8))
    cases = {
        (path, "ade-ful"): "unknown label encoding 'ade-ful'; did you mean 'ade-full'?",
        (path, "ade-challenge"): f"{path}: label id 167 is outside the encoding ade-challenge",
        (path, "ade-full"): f"{path}: the mask is a L image",
        (path, "a847-prepared"): f"{path}: not a readable image (unknown image format)",
        (tmp_path / "none.png", "ade-full"): f"{tmp_path / 'none.png'}: no such file or directory; give",
        (tmp_path, "ade-full"): f"{tmp_path}: is a directory; give the path of one label file",
    }
    for (file, encoding), complaint in cases.items():
        with pytest.raises(LarvSegError) as error:
            function(file, encoding)
        assert str(error.value).startswith(complaint) and "\n" not in str(error.value)
