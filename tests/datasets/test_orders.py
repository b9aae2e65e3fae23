"""Training in windows draws every image as often as training image by image, reads each window once, and mixes what is sorted."""

import pickle
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from larvseg.config import Windows
from larvseg.datasets.orders import Shuffled, WindowDraws
from larvseg.datasets.windows import Layout, WindowedManifest
from tests.datasets.conftest import jpeg, tar_of

WINDOWS = Windows(lanes=4, open=3)


def layout(images: int, size: int = 7) -> Layout:
    """Images whose order in the archive is not that of the manifest."""
    return Layout(np.random.default_rng(5).permutation(images).astype(np.int32), np.append(np.arange(0, images, size), images))


def epoch(order: WindowDraws, number: int, ranks: int = 8) -> list[list]:
    """The draws of each rank in an epoch whose shares are whole steps."""
    steps = order.share // order.images
    return [[draw for step in range(number * steps, (number + 1) * steps) for draw in order.draws(step, rank)] for rank in range(ranks)]


@pytest.mark.parametrize("images", [1600, 1601 + 14, 24, 16 * 7])
def test_an_epoch_draws_as_often_as_when_shuffled(images):
    order = WindowDraws("I21K", layout(images), WINDOWS, 8, 1, seed=0)
    shuffled = Shuffled("I21K", images, 8, 1, 0)
    for number in range(2):
        drawn = Counter(draw.position for rank in epoch(order, number) for draw in rank)
        steps = range(number * order.share, (number + 1) * order.share)
        plain = Counter(position for rank in range(8) for step in steps for position in shuffled.positions(step, rank))
        assert set(drawn) == set(plain) == set(range(images))
        assert sorted(drawn.values()) == sorted(plain.values())  # the last shares wrap around to the start


def test_fewer_images_than_ranks():
    order = WindowDraws("I21K", layout(3), WINDOWS, 8, 2, seed=0)
    drawn = Counter(draw.position for step in range(60) for rank in range(8) for draw in order.draws(step, rank))
    assert set(drawn) == {0, 1, 2} and max(drawn.values()) < 1.4 * min(drawn.values())


def test_draws_depend_on_the_seed_the_name_the_epoch_and_nothing_else():
    def order(name="I21K", seed=0):
        return WindowDraws(name, layout(1600), WINDOWS, 8, 2, seed)

    def steps(found, numbers):
        return [[*found.draws(step, 3)] for step in numbers]

    first = order()
    assert steps(first, range(99, 150)) == steps(order(), range(99, 150)) == steps(first, reversed(range(99, 150)))[::-1]
    assert steps(first, range(20)) != steps(order(seed=1), range(20))
    assert steps(first, range(20)) != steps(order(name="IN11K"), range(20))
    assert steps(first, range(100)) != steps(first, range(100, 200))


def opened(draws: list) -> list[tuple[int, int]]:
    """(place, window) of each window that is opened."""
    held, found = {}, []
    for draw in draws:
        if held.get(draw.place) != draw.window:
            held[draw.place] = draw.window
            found.append((draw.place, draw.window))
    return found


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_each_window_is_opened_once_but_for_those_where_streams_meet(workers):
    """In 12 streams of 8 ranks; a worker loads every so many-th step."""
    images = 7 * 3000
    order, streams = WindowDraws("I21K", layout(images), Windows(lanes=4, open=3), 8, 2, seed=0), 2 * 4 * 3
    found, places = [], []
    for rank in range(8):
        for worker in range(workers):
            draws = [draw for step in range(worker, order.share // 2, workers) for draw in order.draws(step, rank)]
            found += opened(draws)
            places.append({draw.place for draw in draws})
    assert all(len(place) == streams // workers for place in places)  # memory
    assert set(window for _, window in found) == set(range(3000))
    assert len(found) <= 3000 + 8 * streams


def test_workers_keep_their_places_from_epoch_to_epoch():
    order = WindowDraws("I21K", layout(8 * 333), Windows(lanes=2, open=3), 8, 2, seed=0)  # 333: an epoch ends within a step
    places = [{draw.place for step in range(worker, 999, 2) for draw in order.draws(step, 0)} for worker in range(2)]
    assert [len(place) for place in places] == [6, 6] and not places[0] & places[1]


def test_sorted_classes_mix_in_a_step_and_come_as_often():
    classes = np.repeat(np.arange(400), 72)  # of an archive that is sorted by them
    images = len(classes)
    windows = Layout(np.arange(images, dtype=np.int32), np.append(np.arange(0, images, 36), images))
    orders = WindowDraws("I21K", windows, Windows(open=2), 8, 2, 0), Shuffled("I21K", images, 8, 2, 0)
    ours, random = (
        [np.concatenate([classes[[getattr(d, "position", d) for d in draws(step, rank)]] for rank in range(8)]) for step in range(1800)]
        for draws in (orders[0].draws, orders[1].positions)
    )
    assert np.array_equal(*(np.bincount(np.concatenate(each), minlength=400) for each in (ours, random)))
    distinct = [np.mean([len(np.unique(step)) for step in each]) for each in (ours, random)]
    assert distinct[0] > 0.99 * distinct[1] > 15
    again = [len(np.intersect1d(*pair)) for pair in pairwise(ours)]
    assert np.mean(again) < 2  # of 16, in the next step


@pytest.fixture
def two_tars(world) -> WindowedManifest:
    """A tar of synsets in another order than theirs, with files of half a megabyte between them, in windows of one."""
    photographs = {f"{synset}_{i}.JPEG": jpeg(i, (48, 40)) + bytes(2**19) for synset in ("n04256520", "n01983481") for i in range(5)}
    tars = {
        f"{synset}.tar": tar_of({name: data for name, data in photographs.items() if synset in name})
        for synset in ("n04256520", "n01983481")
    }
    world.archives = lambda dataset, prepared=False: {f"{name}": _write(world.folder / name, data) for name, data in tars.items()}
    plain = world.derive("I21K")
    return WindowedManifest(plain.path, plain.root, megabytes=1)


def _write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_windows_follow_the_archives(two_tars):
    rows = two_tars.split("training")
    places = [two_tars.row(int(rows[position]))["image"] for position in two_tars.layout.order]
    for before, after in pairwise(places):
        assert before["archive"] != after["archive"] or before["offset"] + before["length"] <= after["offset"]
    windows = np.repeat(np.arange(len(two_tars.layout)), two_tars.layout.sizes)
    assert sum(two_tars.layout.sizes) == len(rows) == 10
    cuts = [(place["archive"], place["offset"] // 2**20) for place in places]
    assert [len(set(cuts[:i])) - 1 for i in range(1, 11)] == windows.tolist() and len(two_tars.layout) > 4


@pytest.mark.parametrize("made_by", [lambda manifest: manifest, lambda manifest: pickle.loads(pickle.dumps(manifest))])
def test_images_in_windows_are_those_of_the_manifest(two_tars, made_by, monkeypatch):
    from larvseg.sources import archives

    manifest, rows = made_by(two_tars), two_tars.split("training")
    plain, read = {int(row): two_tars.image(row) for row in rows}, []
    pread = archives.os.pread
    monkeypatch.setattr(archives.os, "pread", lambda *arguments: read.append(arguments) or pread(*arguments))
    windows = np.repeat(np.arange(len(manifest.layout)), manifest.layout.sizes)
    for window, position in zip(windows, manifest.layout.order, strict=True):
        manifest.turn_to("stream", int(window))
        assert np.array_equal(manifest.image(int(rows[position])), plain[int(rows[position])])
    assert len(read) == len(manifest.layout) < len(rows)
