"""A clean project has no leaks; a planted one of each kind is found, with the runs that it spoils."""

import io
import json
import sqlite3
import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from larvseg.audit import image_hashes
from larvseg.audit.image_hashes import near, perceptual_hash
from larvseg.audit.leaks import DISTANCE, AnnotationLeak, ImageLeak, find_leaks
from larvseg.datasets.manifest import write_manifest
from larvseg.errors import LarvSegError
from larvseg.files import sha256_of
from larvseg.lineage import memory
from larvseg.lineage.recipes import Recipe
from larvseg.lineage.records import write_record
from larvseg.pipeline import CONFIG, Project
from larvseg.sources.archives import members

RUNS = {
    "supervised": {"method": "supervised", "benchmark": "A150", "training_data": ["A150"]},
    "larvseg": {"method": "larvseg", "benchmark": "A150", "training_data": ["C171", "WA150"]},
}
COLUMNS = ["model", "backbone", "benchmark", "training_data"]
ROWS = [
    {"model": "Supervised", "benchmark": "A150", "training_data": "A150", "run": "supervised"},
    {"model": "LarvSeg", "benchmark": "A150", "training_data": "C171, WA150", "run": "larvseg"},
]
HONEST = {"supervised": {"A150": {"masks": 48}}, "larvseg": {"C171": {"masks": 24}, "WA150": {"image_labels": 24}}}
SIZE = (96, 72)


def random_image(seed: int) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), np.uint8)
    return Image.fromarray(coarse).resize(SIZE, Image.Resampling.BICUBIC)


def jpeg(image: Image.Image, quality: int = 92) -> bytes:
    data = io.BytesIO()
    image.save(data, "JPEG", quality=quality)
    return data.getvalue()


def record(path: Path, rule: str, inputs: dict[str, str]) -> None:
    recipe = Recipe(rule, path.stem, {}, {}, inputs, {})
    write_record(path, "output", recipe, [{"role": role, "path": read, "sha256": "0"} for role, read in inputs.items()], [])


class World:
    """The data sets and runs of a project in the current folder."""

    def __init__(self):
        numbers = {"C171": range(0, 6), "WA150": range(10, 16), "A150": range(10, 20), "I21K": range(30, 36)}
        self.images = {name: {f"{name}_{i}": jpeg(random_image(i)) for i in some} for name, some in numbers.items()}
        self.opened = json.loads(json.dumps(HONEST))
        self.preset = "default"
        self.runs, self.rows = dict(RUNS), [dict(row) for row in ROWS]
        self.features = None  # of ReCo

    def pack(self) -> Project:
        """Write everything."""
        self._configure()
        project = Project("smoke")
        for dataset, images in self.images.items():
            self._manifest(project, dataset, images)
        for run, opened in self.opened.items():
            path = Path(project.path("train", "config", run=run, seed=0))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"annotations": opened}))
            record(path, "train", {name: project.manifest(name) for name in opened})
        return project

    def _configure(self) -> None:
        CONFIG.mkdir(parents=True, exist_ok=True)
        smoke = yaml.safe_load((self.source / "smoke.yaml").read_text())
        smoke["comparators"]["reco"]["features"] = self.features and {**smoke["backbone"], "weights": self.features}
        (CONFIG / "smoke.yaml").write_text(yaml.safe_dump({**smoke, "preset": self.preset}))
        for file in ("presets.yaml", "datasets.yaml"):
            (CONFIG / file).write_text((self.source / file).read_text())
        defaults = yaml.safe_load((self.source / "experiments.yaml").read_text())["defaults"]
        experiments = {"defaults": defaults, "runs": self.runs, "tables": {"table3": {"columns": COLUMNS, "rows": self.rows}}}
        (CONFIG / "experiments.yaml").write_text(yaml.safe_dump(experiments))

    @property
    def source(self) -> Path:
        return Path(__file__).parents[2] / CONFIG

    def _manifest(self, project: Project, dataset: str, images: dict[str, bytes]) -> None:
        archive = Path(project.archive(f"{dataset}.zip"))
        archive.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(archive, "w") as file:
            for name, data in images.items():
                file.writestr(zipfile.ZipInfo(f"{name}.jpg"), data)
        rows = []
        for number, member in enumerate(members(archive)):
            location = {"archive": archive.as_posix(), "member": member.name, **member._asdict()}
            location.pop("name")
            split = "validation" if dataset == "A150" and number >= 6 else "training"
            row = {"name": Path(member.name).stem, "split": split, "width": SIZE[0], "height": SIZE[1], "image": location}
            rows.append(row | {"mask": None, "labels": [0], "pixels": None, "synset": None})
        header = {"dataset": dataset, "kind": "pixel", "classes": ["wall"], "keys": {}, "encoding": None, "raw_ids": [], "absent": []}
        header |= {"archives": {archive.as_posix(): sha256_of(archive)}, "archive_sizes": {archive.as_posix(): archive.stat().st_size}}
        path = Path(project.manifest(dataset))
        write_manifest(path, rows, header)
        record(path, "derive", {archive.name: archive.as_posix()})


@pytest.fixture
def world(tmp_path, monkeypatch) -> World:
    monkeypatch.chdir(tmp_path)
    return World()


def test_a_clean_project(world):
    leaks = find_leaks(world.pack(), threads=1)
    assert leaks.found == ()
    # WA150 has the training images of A150; 6 of C171, 6 of both, 6 that made the backbone
    assert leaks.text() == "0 leaks among 18 training × 4 validation images, 2 runs (2 trained)"


def test_a_validation_image_among_the_training_images(world):
    world.images["WA150"]["copy"] = world.images["A150"]["A150_17"]
    leaks = find_leaks(world.pack(), threads=1)
    assert leaks.found == (ImageLeak("WA150", "copy", "A150", "A150_17", True, 0, ("larvseg",)),)
    text = leaks.text().splitlines()
    assert text[0] == "leak: WA150 copy (training) is A150 A150_17 (validation): same bytes; larvseg"
    assert text[1].startswith("1 leak among 19 training × 4 validation")
    (found,) = json.loads(json.dumps(leaks.as_json()))["leaks"]
    assert found["kind"] == "ImageLeak" and found["runs"] == ["larvseg"]


@pytest.mark.parametrize(
    "change",
    [
        lambda image: jpeg(image, quality=50),
        lambda image: jpeg(image.resize((48, 36)), quality=75),
        lambda image: jpeg(image.resize((192, 144))),
        lambda image: jpeg(image.convert("L")),
        lambda image: jpeg(image.point(lambda value: value * 4 // 5)),
    ],
)
def test_a_changed_copy_of_a_validation_image(world, change):
    world.images["C171"]["copy"] = change(random_image(18))
    (leak,) = find_leaks(world.pack(), threads=1).found
    assert (leak.image, leak.validation, leak.same_bytes) == ("copy", "A150_18", False)
    assert leak.distance <= DISTANCE and leak.runs == ("larvseg",)
    assert f"{leak.distance} of 256 bits differ" in str(leak)


def test_what_made_the_backbone_counts_for_every_run(world):
    world.images["I21K"]["copy"] = world.images["A150"]["A150_19"]
    (leak,) = find_leaks(world.pack(), threads=1).found
    assert leak.dataset == "I21K" and leak.runs == ("supervised", "larvseg")


@pytest.mark.parametrize(("features", "spoiled"), [(None, True), ("pretrain", True), ("own.safetensors", False)])
def test_reco_has_seen_what_its_feature_network_was_trained_on(world, features, spoiled):
    world.features = features
    world.runs["reco"] = {"method": "reco", "benchmark": "A150", "training_data": ["I1K", "ITPair"]}
    world.runs["denseclip"] = {"method": "denseclip", "benchmark": "A150", "training_data": ["ITPair"]}
    world.rows += [{"model": "ReCo", "benchmark": "A150", "training_data": "I1K, ITPair", "run": "reco"}]
    world.rows += [{"model": "DenseCLIP", "benchmark": "A150", "training_data": "ITPair", "run": "denseclip"}]
    world.images |= {"I1K": {"I1K_50": jpeg(random_image(50))}, "ITPair": {"ITPair_60": jpeg(random_image(60))}}
    world.images["I21K"]["copy"] = world.images["A150"]["A150_17"]
    (leak,) = find_leaks(world.pack(), threads=1).found
    assert (leak.dataset, leak.runs) == ("I21K", ("supervised", "larvseg", *(["reco"] if spoiled else [])))


def test_a_run_that_opened_masks_its_row_does_not_list(world):
    world.opened["larvseg"]["WA150"]["masks"] = 24
    (leak,) = find_leaks(world.pack(), threads=1).found
    assert leak == AnnotationLeak("larvseg.seed0", "WA150", "masks", 24, "table3 (LarvSeg, A150)", ("C171", "WA150"), "image_labels")
    assert str(leak) == "larvseg.seed0 opens masks of WA150 24 times; table3 (LarvSeg, A150) lists only its image labels"


def test_a_run_that_opened_a_data_set_its_row_does_not_list(world):
    world.opened["larvseg"]["I124"] = {"image_labels": 24}
    (leak,) = find_leaks(world.pack(), threads=1).found
    assert str(leak) == "larvseg.seed0 opens image labels of I124 24 times; table3 (LarvSeg, A150) lists C171, WA150 alone"


def test_a_row_that_lists_other_data_sets_than_its_run_is_refused(world):
    world.rows[1]["training_data"] = "C171"
    with pytest.raises(LarvSegError, match="the row of 'larvseg': training_data is 'C171', that of the run 'C171, WA150'"):
        find_leaks(world.pack(), threads=1)


def test_a_run_that_was_given_another_manifest(world):
    project = world.pack()
    path = Path(project.path("train", "config", run="larvseg", seed=0))
    record(path, "train", {name: project.manifest(name) for name in ("C171", "WA150", "A150")})
    (leak,) = find_leaks(project, threads=1).found
    assert (leak.dataset, leak.annotation) == ("A150", "manifest") and "is given A150" in str(leak)


def test_the_released_labels_of_crops_are_reported_before_anything_is_trained(world):
    world.preset, world.opened = "as_released", {}
    leaks = find_leaks(world.pack(), threads=1)
    assert [str(leak) for leak in leaks.found] == ["larvseg.seed0 opens masks of WA150; table3 (LarvSeg, A150) lists only its image labels"]
    assert leaks.text().endswith("2 runs (0 trained)")


def test_a_second_audit_reads_no_image_again(world, monkeypatch):
    project = world.pack()
    world.images["C171"]["copy"] = world.images["A150"]["A150_19"]
    first = find_leaks(project, threads=2)
    monkeypatch.setattr(image_hashes, "perceptual_hash", None)  # would fail if it was called
    assert find_leaks(project, threads=1) == first
    monkeypatch.undo()


@pytest.mark.parametrize("content", [None, b"no database" * 100])
def test_hashes_that_cannot_be_remembered_are_computed(world, monkeypatch, content):
    """None: nothing can be written there either."""
    monkeypatch.setattr(memory, "_useless", set())
    project = world.pack()
    world.images["C171"]["copy"] = world.images["A150"]["A150_19"]
    first = find_leaks(project, threads=1)
    image_hashes.CACHE.unlink()
    if content is None:
        image_hashes.CACHE.mkdir()
    else:
        image_hashes.CACHE.write_bytes(content)
    assert find_leaks(project, threads=1) == first


@pytest.mark.parametrize("odd", ["'text'", "3", "null", "x'00'"])
def test_what_is_remembered_and_is_no_hash_is_computed_again(world, odd):
    project = world.pack()
    world.images["C171"]["copy"] = world.images["A150"]["A150_19"]
    first = find_leaks(project, threads=1)
    with sqlite3.connect(image_hashes.CACHE) as database:
        database.execute(f"update images set digest = {odd} where offset % 2 = 0")
        database.execute(f"update images set perceptual = {odd} where offset % 2 = 1")
    assert find_leaks(project, threads=1) == first


def test_an_archive_that_changed_is_read_again(world):
    assert find_leaks(world.pack(), threads=1).found == ()
    world.images["C171"]["C171_0"] = world.images["A150"]["A150_19"]
    (leak,) = find_leaks(world.pack(), threads=1).found
    assert leak.image == "C171_0"


def test_what_cannot_be_audited(world):
    project = world.pack()
    with pytest.raises(LarvSegError, match="choose one from 0 to 127"):
        find_leaks(project, distance=200)
    Path(project.path("train", "config", run="larvseg", seed=0)).write_text("{}")
    with pytest.raises(LarvSegError, match="config.json was changed after it was made"):
        find_leaks(project, threads=1)
    with open(project.manifest("C171"), "ab") as file:
        file.write(b"x")
    with pytest.raises(LarvSegError, match="C171.arrow was changed after it was made"):
        find_leaks(project, threads=1)


def test_near_finds_the_pairs_that_a_plain_count_finds():
    rng = np.random.default_rng(0)
    first, second = (rng.integers(0, 2**63, (n, 4), np.uint64) for n in (300, 2000))
    second[7] = first[299] ^ np.uint64(0b111)
    bits = [np.unpackbits(some.view(np.uint8), axis=1) for some in (first, second)]
    expected = {(i, j): int(d) for i in range(300) for j, d in enumerate((bits[0][i] != bits[1]).sum(1)) if d <= 100}
    assert {(i, j): d for i, j, d in near(first, second, 100)} == expected
    assert expected[299, 7] == 12


def test_different_images_are_far_apart():
    hashes = np.stack([perceptual_hash(np.asarray(random_image(seed))) for seed in range(40)])
    assert {(i, j) for i, j, _ in near(hashes, hashes, DISTANCE)} == {(i, i) for i in range(40)}
