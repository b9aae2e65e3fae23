"""Data sets of one's own: no Python, an entry and a class list."""

import json
import shutil
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from larvseg.config import FetchConfig
from larvseg.datasets.derive import derive
from larvseg.datasets.fetch import fetch
from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError
from larvseg.pipeline.jobs.data import derive_config
from larvseg.sources.own import listing_of
from larvseg.vocabulary import names as vocabulary_names
from larvseg.vocabulary.datasets import load_datasets

SOURCE = "data/incoming/mine"
CLASSES = "name,id,colour\nwall,3,#0000ff\nlantern,7,#00ff00\nsky,9,#ff0000\n"
MASK = np.array([[0, 1], [2, 2]])  # train ids; the upper right pixel is a lantern
BASE = {"name": "name", "file": "base.csv"}
ENCODINGS = {
    "ids": ("id", "L", lambda train_id: (3, 7, 9)[train_id]),
    "ids of a palette": ("id", "P", lambda train_id: (3, 7, 9)[train_id]),
    "colours": ("colour", "RGB", lambda train_id: ((0, 0, 255), (0, 255, 0), (255, 0, 0))[train_id]),
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty project."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(vocabulary_names, "ROOT", tmp_path)
    vocabulary_names.read_csv.cache_clear()
    Path("mine.csv").write_text(CLASSES)
    yield tmp_path
    vocabulary_names.read_csv.cache_clear()


def image(path: str, seed: int = 0) -> None:
    place = Path(SOURCE, path)
    place.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (2, 2, 3), dtype=np.uint8)).save(place)


def mask(path: str, mode: str, value) -> None:
    place = Path(SOURCE, path)
    place.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.array([[value(train_id) for train_id in row] for row in MASK], np.uint8)
    image = Image.fromarray(pixels, mode)
    if mode == "P":
        image.putpalette(list(range(256)) * 3)
    image.save(place)


def entry(**settings) -> dict:
    return {"source": SOURCE, "classes": {"file": "mine.csv", "id": "id"}} | settings


def manifest_of(**settings) -> Manifest:
    """The manifest of the data set Mine, made as the DAG makes it: an archive of the source, then the manifest of the archive."""
    Path("datasets.yaml").write_text(yaml.safe_dump({"Mine": entry(**settings)}))
    data = load_datasets(Path("datasets.yaml"))
    (archive,) = data["Mine"].archives
    fetch(FetchConfig(family=data["Mine"].family, own=listing_of(data["Mine"].source)), {}, {archive: Path(archive)}, Path("work"))
    outputs = {"manifest": Path("Mine.arrow"), "rejects": Path("Mine.rejects.csv")}
    derive(derive_config(data, "Mine", drawn=False), {archive: Path(archive)}, outputs, Path("work"))
    return Manifest(Path("Mine.arrow"))


def pack(suffix: str) -> str:
    """The folder as one archive."""
    path = f"data/incoming/packed{suffix}"
    files = sorted(each for each in Path(SOURCE).rglob("*") if each.is_file())
    with zipfile.ZipFile(path, "w") if suffix == ".zip" else tarfile.open(path, "w") as archive:
        for each in files:
            (archive.write if suffix == ".zip" else archive.add)(each, each.relative_to(SOURCE).as_posix())
    shutil.rmtree(SOURCE)
    return path


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("form", ["folder", ".zip", ".tar"])
def test_images_with_masks(encoding, form):
    column, mode, value = ENCODINGS[encoding]
    for split, name, seed in (("train", "one", 1), ("train", "two", 2), ("val", "three", 3)):
        image(f"images/{split}/{name}.png", seed)
        mask(f"masks/{split}/{name}.png", mode, value)
    files = {split: {"images": f"images/{split}/*.png", "masks": f"masks/{split}/{{stem}}.png"} for split in ("train", "val")}
    source = SOURCE if form == "folder" else pack(form)
    found = manifest_of(
        source=source,
        kind="pixel",
        encoding=encoding.split()[0],
        classes={"file": "mine.csv", "id": column},
        training=files["train"],
        validation=files["val"],
    )
    assert [len(found.split(split)) for split in ("training", "validation")] == [2, 1]
    assert found.header["classes"] == ["wall", "lantern", "sky"]
    for row in range(3):
        np.testing.assert_array_equal(found.mask(row), MASK)
        assert found.labels(row) == (0, 1, 2)


def test_labels_are_folders():
    for label, name in (("sky", "a"), ("wall", "b"), ("wall", "c")):
        image(f"{label}/{name}.png")
    found = manifest_of(kind="single_label", training={"images": "{class}/*.png"})
    assert {found.name(row): found.labels(row) for row in range(3)} == {"a": (2,), "b": (0,), "c": (0,)}


def test_labels_are_lines_of_a_table():
    for name in ("a", "b", "unnamed"):
        image(f"{name}.png")
    Path(SOURCE, "labels.csv").write_text("file,label\na.png,sky\nb.png,wall; lantern\n")
    found = manifest_of(kind="multi_label", training={"images": "*.png", "labels": "labels.csv"})
    assert {found.name(row): found.labels(row) for row in range(2)} == {"a": (2,), "b": (0, 1)} and len(found) == 2


def test_a_folder_gives_the_same_archive_whenever_it_is_packed():
    for name in ("b", "a"):
        image(f"sky/{name}.png")
    Path(SOURCE, ".DS_Store").write_text("left out")
    for output in ("one.tar", "two.tar"):
        fetch(FetchConfig(family="own_mine", own=listing_of(SOURCE)), {}, {"own/mine.tar": Path(output)}, Path("work"))
        image("sky/a.png")  # written again, later
    assert Path("one.tar").read_bytes() == Path("two.tar").read_bytes()
    with tarfile.open("one.tar") as archive:
        assert archive.getnames() == ["sky/a.png", "sky/b.png"]


def test_files_that_change_after_the_plan_are_refused():
    image("sky/a.png")
    planned = listing_of(SOURCE)
    image("sky/b.png")
    with pytest.raises(LarvSegError, match="data/incoming/mine: its files have changed since this run was planned"):
        fetch(FetchConfig(family="own_mine", own=planned), {}, {"own/mine.tar": Path("out.tar")}, Path("work"))
    assert not Path("out.tar").exists()


@pytest.mark.parametrize("source", ["/etc", "../mine", "a/../../b"])
def test_a_source_outside_the_project_is_refused(source):
    with pytest.raises(LarvSegError, match="datasets.yaml: Mine: source .* leads out of the project"):
        manifest_of(source=source, kind="single_label", training={"images": "{class}/*.png"})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "multi_label", "training": {"images": "*.png", "labels": "labels.csv"}}, "'lamp' is no class; known: lantern"),
        ({"kind": "single_label", "training": {"images": "*.png", "labels": "labels.csv"}}, "has 2 labels, of a single_label data set"),
        ({"kind": "single_label", "training": {"images": "*.png", "labels": "absent.csv"}}, "no table of labels"),
        ({"kind": "single_label", "training": {"images": "{class}/*.jpg"}}, "no such image of Mine"),
        ({"kind": "pixel", "training": {"images": "*.png"}}, "masks need an encoding"),
        ({"kind": "single_label", "classes": None, "training": {"images": "{class}/*.png"}}, "its labels need a class list"),
        ({"kind": "single_label", "training": {"images": "*.png"}}, "says neither .* nor a table"),
        ({"kind": "single_label", "training": {"images": "{class}/*.png"}, "archives": ["x.tar"]}, "from which family and archives follow"),
    ],
)
def test_mistakes_are_told(changes, message):
    image("a.png")
    image("b.png")
    text = "file,label\na.png,lamp\n" if "lamp" in message else "file,label\na.png,sky;wall\n"
    Path(SOURCE, "labels.csv").write_text(text)
    with pytest.raises(LarvSegError, match=message):
        manifest_of(**changes)


def test_its_base_decides_what_is_novel():
    Path("base.csv").write_text("name\nwall\nsky\n")
    image("images/one.png")
    mask("masks/one.png", "L", ENCODINGS["ids"][2])
    files = {"images": "images/*.png", "masks": "masks/{stem}.png"}
    listed = {"Mine": entry(kind="pixel", encoding="ids", base="Base", training=files)}
    listed["Base"] = listed["Mine"] | {"classes": BASE}
    listed["Base"].pop("base")
    Path("datasets.yaml").write_text(yaml.safe_dump(listed))
    settings = derive_config(load_datasets(Path("datasets.yaml")), "Mine", drawn=False)
    fetch(FetchConfig(family="own_mine", own=listing_of(SOURCE)), {}, {"own/mine.tar": Path("own/mine.tar")}, Path("work"))
    outputs = {"manifest": Path("Mine.arrow"), "rejects": Path("Mine.rejects.csv")}
    derive(settings, {"own/mine.tar": Path("own/mine.tar")}, outputs, Path("work"))
    assert json.loads(json.dumps(Manifest(Path("Mine.arrow")).header["novel"])) == {"S": [1], "P": [1], "by_name": []}
