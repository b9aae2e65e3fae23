"""The annotation of an image of ADE20K full, in the forms that Matlab wrote it."""

import json

import pytest

from larvseg.errors import LarvSegError
from larvseg.sources.ade_json import read_annotation


def annotation(**changes) -> dict:
    car = {
        "id": 4,
        "name": "car, auto, automobile, machine, motorcar",
        "name_ndx": 401,
        "hypernym": ["car, auto, automobile, machine, motorcar", "motor vehicle, automotive vehicle"],
        "raw_name": "voiture garée",
        "attributes": "parked",
        "depth_ordering_rank": 5,
        "occluded": "yes",
        "crop": "1",
        "parts": {"hasparts": [54, 56], "ispartof": [], "part_level": 0},
        "instance_mask": "ADE_train_00016869/instance_004_ADE_train_00016869.png",
        "polygon": {"x": [10, 20.5, 20], "y": [1, 2, 3], "click_date": []},
        "saved_date": "10-Oct-2007 12:10:25",
    }
    window = car | {"id": 3, "name": "window", "name_ndx": 3050, "hypernym": [], "attributes": [], "depth_ordering_rank": []}
    window |= {"occluded": [], "crop": "0", "parts": {"ispartof": 9, "hasparts": 7, "part_level": 1}, "polygon": {"x": 1, "y": 2}}
    return {
        "filename": "ADE_train_00016869.jpg",
        "folder": "ADE20K_2021_17_01/images/ADE/training/urban/street",
        "imsize": [1536, 2048, 3],
        "source": {"folder": "x", "filename": "y", "origin": "z"},
        "scene": ["outdoor", "urban", "street"],
        "object": [car, window],
    } | changes


def encoded(content, encoding="utf-8") -> bytes:
    return json.dumps({"annotation": content}, ensure_ascii=False).encode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "iso-8859-1"])
def test_every_field_in_either_encoding(encoding):
    read = read_annotation(encoded(annotation(), encoding), "x")
    assert (read.filename, read.size, read.scene) == ("ADE_train_00016869.jpg", (2048, 1536), ("outdoor", "urban", "street"))
    assert read.folder.endswith("urban/street")
    car, window = read.objects
    assert (car.id, car.name_ndx, car.raw_name, car.depth_ordering_rank) == (4, 401, "voiture garée", 5)
    assert car.name == car.hypernym[0] == "car, auto, automobile, machine, motorcar" and len(car.hypernym) == 2
    assert (car.occluded, car.crop, car.attributes) == (True, True, ("parked",))
    assert (car.part_level, car.part_of, car.parts) == (0, None, (54, 56))
    assert car.polygon == ((10, 1), (20.5, 2), (20, 3)) and car.instance_mask.endswith("instance_004_ADE_train_00016869.png")
    assert (window.depth_ordering_rank, window.occluded, window.crop, window.attributes) == (None, None, False, ())
    assert (window.part_level, window.part_of, window.parts, window.polygon) == (1, 9, (7,), ((1, 2),))


def test_a_list_of_one_and_of_none():
    read = read_annotation(encoded(annotation(scene="street", object=annotation()["object"][0])), "x")
    assert read.scene == ("street",) and len(read.objects) == 1
    assert read_annotation(encoded(annotation(object=[])), "x").objects == ()


def without(key: str) -> dict:
    return {name: value for name, value in annotation().items() if name != key}


BAD = [
    b"",
    b"nonsense",
    b"[1]",
    b'{"annotation": []}',
    b"[" * 100_000,
    encoded(without("object")),
    encoded(annotation(imsize=[1])),
    encoded(annotation(object=["car"])),
    encoded(annotation(object=[annotation()["object"][0] | {"name_ndx": "many"}])),
    encoded(annotation(object=[annotation()["object"][0] | {"polygon": {"x": [1], "y": []}}])),
]


@pytest.mark.parametrize("data", BAD, ids=range(len(BAD)))
def test_what_is_no_annotation(data):
    with pytest.raises(LarvSegError, match=r"^ADE_train_00000001\.json: not an annotation of ADE20K full \(.+\); fetch") as error:
        read_annotation(data, "ADE_train_00000001.json")
    assert "\n" not in str(error.value)
