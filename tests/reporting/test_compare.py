"""Runs beside each other: class by class, image by image, and by how rare a class is."""

import csv
import io
import json
from types import SimpleNamespace

import numpy as np
import pytest

from larvseg.datasets.manifest import Annotated
from larvseg.errors import LarvSegError
from larvseg.evaluation.confusion import ConfusionCounts
from larvseg.reporting.compare import RESAMPLES, Evaluated, Line, by_class, by_image, by_third, gains, image_iou
from larvseg.reporting.layout import Layout
from larvseg.reporting.spreadsheet import as_csv
from tests.reporting.toy_runs import NAMES, ToyRuns


@pytest.fixture
def toy(tmp_path) -> ToyRuns:
    return ToyRuns(tmp_path)


def evaluated(toy: ToyRuns, run: str, *skills: float, **other) -> Evaluated:
    """`run` with a seed for each of `skills`, as `ToyRuns.run` has it."""
    seeds = toy.run(run, *skills, **other).seeds
    paths = [tuple(toy.inputs[f"{run}.seed{seed}{role}"] for seed in seeds) for role in ("", ".confusion")]
    return Evaluated(run, *paths)


def number(cell: str) -> float:
    return float(cell.replace("−", "-"))


def texts(layout: Layout) -> list[list[str]]:
    return [[str(entry) for entry in row] for row in layout.rows]


@pytest.mark.parametrize("skills", [((0.3,), (0.8,)), ((0.3, 0.4, 0.3), (0.7, 0.8, 0.9))])
def test_means_have_the_intervals_of_claims(toy, skills):
    runs = [evaluated(toy, "Baseline", *skills[0]), evaluated(toy, "LarvSeg", *skills[1])]
    first, last = (toy.run(run.name, *each) for run, each in zip(runs, skills, strict=True))
    for row, measure in zip(texts(by_class(runs)), ("all", "base", "novel"), strict=False):
        claim = toy.test(last, first, measure=measure, column=measure, resamples=RESAMPLES)
        assert row[:2] == [f"mIoU, {measure}", measure]
        expected = [float(claim[key]) for key in ("measured", "low", "high")]
        assert [number(cell) for cell in row[4:]] == pytest.approx(expected, abs=0.056)  # one decimal beside two


def test_classes_are_sorted_by_what_the_last_run_gains(toy):
    runs = [evaluated(toy, name, skill) for name, skill in (("Baseline", 0.2), ("LSeg", 0.5), ("LarvSeg", 0.9))]
    layout = by_class(runs)
    assert [column.heading for column in layout.columns] == ["class", "kind", "Baseline", "LSeg", "LarvSeg", "gain", "low", "high"]
    rows = texts(layout)[3:]
    assert {row[0]: row[1] for row in rows} == {name: "base" if at < 3 else "novel" for at, name in enumerate(NAMES)}
    ranked = [number(row[5]) for row in rows]
    assert ranked == sorted(ranked, reverse=True) and {row[0] for row in rows[:3]} == set(NAMES[3:])
    for row in rows:
        classes = [{each["name"]: each["iou"] for each in run.documents[0]["classes"]} for run in runs]
        assert row[2:5] == [f"{each[row[0]]:.1f}" for each in classes]
        gain, low, high = map(number, row[5:])
        assert low <= gain <= high


def test_several_seeds_are_averaged_and_widen_the_interval(toy):
    one, same = evaluated(toy, "Baseline", 0.5), evaluated(toy, "LarvSeg", 0.8)
    wide = texts(by_class([evaluated(toy, "Baseline", 0.5, 0.5), evaluated(toy, "LarvSeg", 0.8, 0.4)]))[2]
    narrow = texts(by_class([one, same]))[2]
    assert number(wide[-1]) - number(wide[-2]) > number(narrow[-1]) - number(narrow[-2])
    assert wide[3] == f"{np.mean([toy.metric('LarvSeg', seed, 'novel') for seed in (0, 1)]):.1f}"


def test_a_class_without_a_number_comes_last():
    lines = [Line("a", "base", (None, 1.0)), Line("b", "novel", (3.0, 1.0)), Line("c", "novel", (1.0, 1.02))]
    layout = gains("x", ["one", "two"], lines)
    assert texts(layout) == [["c", "novel", "1.0", "1.0", "+0.0"], ["b", "novel", "3.0", "1.0", "−2.0"], ["a", "base", "–", "1.0", "–"]]
    assert as_csv(layout) == "class,kind,one,two,gain\nc,novel,1.0,1.0,+0.0\nb,novel,3.0,1.0,-2.0\na,base,,1.0,\n"


def test_the_iou_of_an_image_is_that_of_the_classes_it_shows():
    mask, prediction = np.array([[0, 0, 0, 1]]), np.array([[0, 0, 2, 1]])
    counts = ConfusionCounts(3)
    counts.add(5, mask, prediction)
    labelled = np.array([[3.0, 1, 0]])
    iou = image_iou(np.stack([labelled, np.array([[2.0, 1, 1]]), np.array([[2.0, 1, 0]])]))
    np.testing.assert_allclose(iou, [[2 / 3, 1, np.nan]])


def test_images_that_differ_most_are_shown_from_gain_to_loss(toy):
    masks = toy.masks
    one = evaluated(toy, "Baseline", 0.5)
    other = evaluated(toy, "LarvSeg", 0.5)
    for run, wrong in ((one, 3), (other, 7)):  # everything right but in one image
        counts = ConfusionCounts(len(NAMES))
        for image, mask in enumerate(masks):
            counts.add(10 * image, mask, np.where(mask == 4, 0, mask) if image == wrong else mask)
        counts.write(run.confusion[0])
    layout = by_image([one, other], lambda row: f"image {row}", most=2)
    rows = texts(layout)
    assert [row[0] for row in rows] == ["image 30", "image 70"]
    assert [row[-1] for row in rows] == ["sofa +100.0", "sofa −100.0"]
    shown = [np.unique(masks[image][masks[image] >= 0]) for image in (3, 7)]
    wall = [(masks[image] == 0).sum() / ((masks[image] == 0) | (masks[image] == 4)).sum() for image in (3, 7)]
    mious = [100 * (len(classes) - 2 + iou) / len(classes) for classes, iou in zip(shown, wall, strict=True)]
    accuracy = [100 * (1 - (masks[image] == 4).sum() / (masks[image] >= 0).sum()) for image in (3, 7)]
    for row, miou, right, way in zip(rows, mious, accuracy, (1, -1), strict=True):
        assert row[1:3] == [f"{miou:.1f}", "100.0"][::way] and row[4:6] == [f"{right:.1f}", "100.0"][::way]
        assert number(row[3]) == pytest.approx(way * (100 - miou), abs=0.06)
    head = next(csv.reader(io.StringIO(as_csv(layout))))
    assert head[:4] == ["image", "mIoU Baseline", "mIoU LarvSeg", "mIoU gain"] and len(rows) == 2


def test_runs_that_cannot_be_compared_are_refused(toy):
    runs = [evaluated(toy, "Baseline", 0.5), evaluated(toy, "LarvSeg", 0.5, benchmark="A847")]
    for compared in (by_class, lambda runs: by_image(runs, str, 1), lambda runs: by_third(runs, None)):
        with pytest.raises(LarvSegError, match="^Baseline, LarvSeg: runs of A150 and A847; name runs of one benchmark$"):
            compared(runs)
    runs[1] = evaluated(toy, "LarvSeg", 0.5, masks=toy.masks[::-1])
    with pytest.raises(LarvSegError, match="LarvSeg.seed0.arrow: counts of other images or masks than those of Baseline"):
        by_class(runs)


IMAGES = {"wall": 90, "sofa": 40, "lamp": 8, "stool": 8, "bathtub": 20, "radiator": 3, "blind": 30, "television-receiver": 2}


def test_thirds_of_novel_classes(tmp_path):
    names = list(IMAGES)
    labels = np.repeat(np.arange(len(names)), list(IMAGES.values()))
    images = np.arange(len(labels))
    shown = Annotated(images, np.full(len(labels), 64), images, labels, None)
    manifest = SimpleNamespace(header={"classes": names, "dataset": "WA150"}, annotated=lambda split: iter([shown]))

    def run(name: str, seed: int, **ious: float) -> Evaluated:
        classes = [{"name": each, "iou": iou, "novel_s": each != "wall", "by_name": each == "blind"} for each, iou in ious.items()]
        head = {"benchmark": "A150", "profile": "toy", "seed": seed, "novel": sum(ious.values()) / len(ious)}
        (tmp_path / name).write_text(json.dumps(head | {"classes": classes}))
        return Evaluated(name, (tmp_path / name,), ())

    layout = by_third([run("larvseg", 0, sofa=40.0, lamp=1.0, radiator=4.0, blind=90.0)], manifest)
    assert [column.heading for column in layout.columns] == ["run", "novel", "without 1", "3–3", "8–8", "40–40"]
    assert texts(layout) == [["larvseg", "33.8", "15.0", "4.0", "1.0", "40.0"]]
    assert layout.notes[1] == "left out: blind, which have pixel labels under another name"
