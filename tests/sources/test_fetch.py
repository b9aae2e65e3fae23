"""Archives of the miniature and archives that a person has put in place."""

import sys
import types
import zipfile
from pathlib import Path

import pytest

from larvseg.config import FetchConfig, World
from larvseg.errors import LarvSegError
from larvseg.sources.fetch import fetch

OFFICIAL = FetchConfig(family="coco", world=None)


@pytest.fixture
def outputs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("data/incoming").mkdir(parents=True)
    return {name: Path("data/paper/archives") / f".{name}.tmp" for name in ("train2017.zip", "val2017.zip")}


def incoming(name: str) -> Path:
    path = Path("data/incoming") / name
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("val2017/1.jpg", b"0123456789")
    return path


def test_official_archives_are_taken_from_incoming(outputs):
    for name in outputs:
        incoming(name)
    for _ in range(2):
        fetch(OFFICIAL, {}, outputs, Path("work"))
        assert all(path.read_bytes() == (Path("data/incoming") / name).read_bytes() for name, path in outputs.items())


def test_missing_official_archive(outputs):
    incoming("val2017.zip")
    with pytest.raises(LarvSegError, match="^profile paper: put train2017.zip into data/incoming"):
        fetch(OFFICIAL, {}, outputs, Path("work"))
    assert not any(path.exists() for path in outputs.values())


def test_damaged_official_archive_leaves_nothing_behind(outputs):
    incoming("train2017.zip")
    path = incoming("val2017.zip")
    path.write_bytes(path.read_bytes().replace(b"0123456789", b"0123456780"))
    with pytest.raises(LarvSegError, match=f"data/incoming/val2017.zip: .*found {path.stat().st_size} bytes"):
        fetch(OFFICIAL, {}, outputs, Path("work"))
    assert not any(path.exists() for path in outputs.values())


def test_a_world_is_drawn(outputs, monkeypatch):
    calls = []
    drawing = types.ModuleType("larvseg.miniature.archives")
    drawing.draw_archive = lambda *arguments: calls.append(arguments)
    monkeypatch.setitem(sys.modules, "larvseg.miniature.archives", drawing)
    world = World(seed=0, coco_training=1, coco_validation=1, ade_training=1, ade_validation=1, objects=2)
    fetch(FetchConfig(family="coco", world=world, threads=2), {}, outputs, Path("work"))
    assert calls == [("coco", world, outputs, 2)]
