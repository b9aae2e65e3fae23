"""Novel classes in thirds, from rare to frequent."""

import json
from types import SimpleNamespace

import pytest

from larvseg.errors import LarvSegError
from larvseg.reporting import tail
from larvseg.reporting.tail import pictures_of_each_class, print_thirds, thirds

PICTURES = {"wall": 90, "sofa": 40, "lamp": 8, "blind": 8, "bathtub": 20, "radiator": 3}


def metrics(benchmark="A150", **ious):
    return {"benchmark": benchmark, "classes": [{"name": name, "iou": iou, "novel_s": name != "wall"} for name, iou in ious.items()]}


def test_thirds_go_from_rare_to_frequent():
    one = metrics(wall=90.0, sofa=40.0, lamp=1.0, blind=2.0, bathtub=3.0, radiator=5.0)
    two = metrics(wall=10.0, sofa=20.0, lamp=7.0, blind=8.0, bathtub=9.0, radiator=3.0)
    assert thirds(PICTURES, [one, two]) == [((3, 8), [3.0, 5.0]), ((8, 20), [2.5, 8.5]), ((40, 40), [40.0, 20.0])]


def test_a_class_that_some_run_has_no_number_for_counts_for_none():
    one = metrics(sofa=40.0, lamp=1.0, blind=None, bathtub=3.0)
    assert thirds(PICTURES, [one, metrics(sofa=1.0, lamp=1.0, blind=1.0, bathtub=1.0)])[0] == ((8, 8), [1.0, 1.0])


def test_training_pictures_are_counted():
    labels = {0: (0, 1), 1: (1,), 2: (0,)}
    manifest = SimpleNamespace(header={"classes": ["sofa", "lamp"]}, split=lambda name: [0, 1], labels=labels.__getitem__)
    assert pictures_of_each_class(manifest) == {"sofa": 1, "lamp": 2}


def test_the_printed_table(tmp_path, monkeypatch):
    manifest = SimpleNamespace(header={"classes": list(PICTURES), "dataset": "WA150"})
    monkeypatch.setattr(tail, "Manifest", lambda path: manifest)
    monkeypatch.setattr(tail, "pictures_of_each_class", lambda manifest: PICTURES)
    (tmp_path / "one").write_text(json.dumps(metrics(sofa=40.0, lamp=1.0, radiator=5.0)))
    (tmp_path / "two").write_text(json.dumps(metrics("A847", sofa=40.0, lamp=1.0, radiator=5.0)))
    assert print_thirds({"larvseg": tmp_path / "one"}, tmp_path).splitlines()[1:] == [
        "         3–3  8–8  40–40",
        "larvseg  5.0  1.0   40.0",
    ]
    with pytest.raises(LarvSegError, match="runs of A150 and A847; name runs of one benchmark"):
        print_thirds({"larvseg": tmp_path / "one", "baseline": tmp_path / "two"}, tmp_path)
