"""Novel classes in thirds, from rare to frequent."""

import json
from types import SimpleNamespace

import pytest

from larvseg.errors import LarvSegError
from larvseg.reporting import tail
from larvseg.reporting.aliases import ALIASES, has_alias
from larvseg.reporting.tail import pictures_of_each_class, print_thirds, thirds
from larvseg.vocabulary import base_novel, load_vocabulary

PICTURES = {"wall": 90, "sofa": 40, "lamp": 8, "stool": 8, "bathtub": 20, "radiator": 3, "blind": 30, "television-receiver": 2}


def metrics(benchmark="A150", **ious):
    return {"benchmark": benchmark, "classes": [{"name": name, "iou": iou, "novel_s": name != "wall"} for name, iou in ious.items()]}


def test_thirds_go_from_rare_to_frequent():
    one = metrics(wall=90.0, sofa=40.0, lamp=1.0, stool=2.0, bathtub=3.0, radiator=5.0)
    two = metrics(wall=10.0, sofa=20.0, lamp=7.0, stool=8.0, bathtub=9.0, radiator=3.0)
    assert thirds(PICTURES, [one, two]) == [((3, 8), [3.0, 5.0]), ((8, 20), [2.5, 8.5]), ((40, 40), [40.0, 20.0])]


def test_a_class_that_some_run_has_no_number_for_counts_for_none():
    one = metrics(sofa=40.0, lamp=1.0, stool=None, bathtub=3.0)
    assert thirds(PICTURES, [one, metrics(sofa=1.0, lamp=1.0, stool=1.0, bathtub=1.0)])[0] == ((8, 8), [1.0, 1.0])


def test_what_c171_has_under_another_name_is_left_out():
    one = metrics(sofa=40.0, lamp=1.0, radiator=5.0)
    assert thirds(PICTURES, [metrics(sofa=40.0, lamp=1.0, radiator=5.0, blind=90.0, **{"television-receiver": 80.0})]) == thirds(
        PICTURES, [one]
    )


@pytest.mark.parametrize("benchmark", ["A150", "A847"])
def test_aliases_are_what_the_two_alignment_rules_differ_in(benchmark):
    c171, names = load_vocabulary("C171"), [name.replace("-", " ") for name in load_vocabulary(benchmark).names]
    by_name, by_meaning = (base_novel(names, c171, rule)[1] for rule in ("S", "P"))
    renamed = {names[label] for label in set(by_name) - set(by_meaning)}
    assert renamed == {name for name in names if has_alias(name)} and renamed >= {*ALIASES} - {"glass"}
    assert set(ALIASES.values()) <= set(c171.names)


def test_training_pictures_are_counted():
    labels = {0: (0, 1), 1: (1,), 2: (0,)}
    manifest = SimpleNamespace(header={"classes": ["sofa", "lamp"]}, split=lambda name: [0, 1], labels=labels.__getitem__)
    assert pictures_of_each_class(manifest) == {"sofa": 1, "lamp": 2}


def test_the_printed_table(tmp_path, monkeypatch):
    manifest = SimpleNamespace(header={"classes": list(PICTURES), "dataset": "WA150"})
    monkeypatch.setattr(tail, "Manifest", lambda path: manifest)
    monkeypatch.setattr(tail, "pictures_of_each_class", lambda manifest: PICTURES)
    (tmp_path / "one").write_text(json.dumps(metrics(sofa=40.0, lamp=1.0, radiator=4.0, blind=90.0) | {"novel": 33.75}))
    (tmp_path / "two").write_text(json.dumps(metrics("A847", sofa=40.0, lamp=1.0, radiator=5.0) | {"novel": 15.3}))
    assert print_thirds({"larvseg": tmp_path / "one"}, tmp_path).splitlines()[1:] == [
        "left out: blind, which C171 has pixel labels of under another name",
        "         novel  without 1  3–3  8–8  40–40",
        "larvseg   33.8       15.0  4.0  1.0   40.0",
    ]
    with pytest.raises(LarvSegError, match="runs of A150 and A847; name runs of one benchmark"):
        print_thirds({"larvseg": tmp_path / "one", "baseline": tmp_path / "two"}, tmp_path)
