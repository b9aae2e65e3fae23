"""`larvseg segment`: its files, and what it says."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from larvseg import load
from larvseg.cli import app
from larvseg.errors import LarvSegError
from larvseg.pictures.overlay import colours_of
from larvseg.segment.classes import classes_in
from tests.small_run import NECK, small_run


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return small_run(tmp_path_factory.mktemp("model"))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A folder that is no checkout of the project."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def picture(path, seed=0, size=(60, 44)):
    coarse = np.random.default_rng(seed).integers(0, 256, (5, 6, 3), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).save(path)
    return path


def segment(*arguments, model):
    return CliRunner().invoke(app, ["segment", *map(str, arguments), "--model", str(model)], catch_exceptions=False)


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_of_a_picture_labels_overlay_and_json_are_written(elsewhere, model):
    path = picture(elsewhere / "a.png")
    said = segment(path, model=model)
    assert said.exit_code == 0 and "segmented: 1 picture; 0 hidden and 0 other files skipped" in said.stdout
    assert files(elsewhere / "segmented") == ["a.png.json", "a.png.labels.png", "a.png.overlay.png"]
    found = load(model).segment(path)
    with Image.open("segmented/a.png.labels.png") as labels:
        assert labels.mode == "P" and np.array_equal(np.asarray(labels), found.labels)
        assert np.array_equal(np.asarray(labels.convert("RGB")), colours_of(found.names)[found.labels])
    with Image.open("segmented/a.png.overlay.png") as overlay:
        assert np.array_equal(np.asarray(overlay), np.asarray(found.overlay()))
    told = json.loads((elsewhere / "segmented/a.png.json").read_text())
    table = found.to_pandas()
    assert (told["width"], told["height"], told["picture"]) == (60, 44, "a.png")
    assert [each["name"] for each in told["classes"]] == table["class"].tolist() and len(table) > 1
    assert [each["pixels"] for each in told["classes"]] == table["pixels"].tolist()
    assert [each["mean_score"] for each in told["classes"]] == pytest.approx(table["mean_score"].tolist(), abs=1e-4)
    assert [found.names[each["id"]] for each in told["classes"]] == table["class"].tolist()
    before = {name: (elsewhere / "segmented" / name).read_bytes() for name in files(elsewhere / "segmented")}
    segment(path, model=model)
    assert before == {name: (elsewhere / "segmented" / name).read_bytes() for name in files(elsewhere / "segmented")}


def test_labels_of_many_classes_have_16_bits(elsewhere):
    many = small_run(elsewhere / "many", [f"class {number}" for number in range(300)])
    path = picture(elsewhere / "a.png")
    assert segment(path, model=many).exit_code == 0
    with Image.open("segmented/a.png.labels.png") as labels:
        assert labels.mode == "I;16" and np.array_equal(np.asarray(labels), load(many).segment(path).labels)


def test_what_fails_is_told_and_the_others_go_on(elsewhere, model):
    whole = picture(elsewhere / "in/b.png").read_bytes()
    (elsewhere / "in/a.png").write_bytes(whole[:300])
    (elsewhere / "in/c.jpg").write_text("no picture")
    with pytest.raises(LarvSegError, match="3 of 4 pictures could not be segmented"):
        segment("in", "nix.png", model=model)
    assert files(elsewhere / "segmented") == ["in/b.png.json", "in/b.png.labels.png", "in/b.png.overlay.png"]


def test_errors_are_one_line_each(elsewhere, model, capfd):
    (elsewhere / "c.jpg").write_text("no picture")
    with pytest.raises(LarvSegError):
        segment("c.jpg", "nix.png", model=model)
    runner = CliRunner().invoke(app, ["segment", "c.jpg", "nix.png", "--model", str(model)])
    told = [line for line in runner.stderr.splitlines() if line.startswith("error: ")]
    assert [line.split(":")[1].strip() for line in told] == ["c.jpg", "nix.png"] and runner.exit_code == 1


def test_folders_are_walked_without_what_is_hidden_or_no_picture(elsewhere, model):
    for name in ("in/b.png", "in/A/a.jpg", "in/A/a.png", "in/.hidden.png", "in/.git/x.png"):
        picture(elsewhere / name)
    (elsewhere / "in/notes.txt").write_text("")
    said = segment("in", model=model)
    assert "3 pictures; 2 hidden and 1 other files skipped" in said.stdout
    assert [name for name in files(elsewhere / "segmented") if name.endswith(".json")] == [
        "in/A/a.jpg.json",
        "in/A/a.png.json",
        "in/b.png.json",
    ]
    with pytest.raises(LarvSegError, match=r"in/.git: no picture there \(1 hidden|in/A: no|no picture there"):
        (elsewhere / "empty").mkdir()
        segment("empty", model=model)


def test_links_in_a_circle_and_pipes_are_told_and_the_others_go_on(elsewhere, model):
    picture(elsewhere / "in/a.png")
    (elsewhere / "in/circle.png").symlink_to("circle.png")
    os.mkfifo(elsewhere / "in/pipe.png")
    runner = CliRunner().invoke(app, ["segment", "in", "--model", str(model)])
    told = [line for line in runner.stderr.splitlines() if line.startswith("error: ")]
    assert [line.split(": ")[1] for line in told] == ["in/circle.png", "in/pipe.png"] and told[1].endswith("(it is no file)")
    assert [name for name in files(elsewhere / "segmented") if name.endswith(".json")] == ["in/a.png.json"]


def test_names_of_results_do_not_clash(elsewhere, model):
    for number, name in enumerate(("x/in/a.png", "y/in/a.png", "a.png", "z/a.png", "z/A.PNG")):
        picture(elsewhere / name, number)
    assert segment("x/in", "y/in", "a.png", "z/a.png", "z/A.PNG", "a.png", model=model).exit_code == 0
    found = [name for name in files(elsewhere / "segmented") if name.endswith(".json")]
    assert found == ["A-3.PNG.json", "a-2.png.json", "a.png.json", "in-2/a.png.json", "in/a.png.json"]


def test_results_of_an_earlier_call_are_no_pictures(elsewhere, model, monkeypatch):
    picture(elsewhere / "in/a.png")
    monkeypatch.chdir(elsewhere / "in")
    for _ in range(2):
        assert "1 picture;" in segment(".", model=model).stdout
    with pytest.raises(LarvSegError, match="results would lie among the pictures"):
        segment(elsewhere / "in", "--out", elsewhere, model=model)
    picture(elsewhere / "in/a.png.labels.png")
    with pytest.raises(LarvSegError, match="a.png.labels.png: results of another picture would replace it"):
        segment("a.png", "a.png.labels.png", "--out", ".", model=model)


def test_nothing_half_written_stays(elsewhere, model, monkeypatch):
    def broken(self, path, *_, **__):
        path.write_bytes(b"half")
        raise OSError("no space left on device")

    path = picture(elsewhere / "a.png")
    monkeypatch.setattr(Image.Image, "save", broken)
    with pytest.raises(LarvSegError, match="1 of 1 pictures could not be segmented"):
        segment(path, model=model)
    assert files(elsewhere) == ["a.png"]


def test_a_choice_of_classes(elsewhere, model):
    path = picture(elsewhere / "a.png")
    assert segment(path, "--classes", "sofa, lamp", "--top", 1, model=model).exit_code == 0
    told = json.loads((elsewhere / "segmented/a.png.json").read_text())
    found = load(model).segment(path, ["lamp", "sofa"])
    assert told["chosen_from"] == ["sofa", "lamp"] and set(np.unique(found.labels)) <= {1, 2}
    assert len(told["classes"]) == 1 and told["classes"][0]["name"] == found.to_pandas()["class"][0]
    assert told["others"] == {"classes": len(found.areas()) - 1, "pixels": 60 * 44 - found.areas()[0].pixels}
    with pytest.raises(LarvSegError, match="no class 'sofas'; did you mean 'sofa'"):
        segment(path, "--classes", "lamp, sofas", model=model)
    with pytest.raises(LarvSegError, match="no class to choose from"):
        segment(path, "--classes", " , ", model=model)


def test_names_with_commas_are_classes():
    names = ["sofa", "sofa, couch", "lamp", "couch"]
    assert classes_in("lamp, sofa, couch ,couch", names) == ["lamp", "sofa, couch", "couch"]
    assert classes_in("couch,sofa,nix", names) == ["couch", "sofa", "nix"]


def test_a_run_on_a_frozen_network(elsewhere):
    neck = small_run(elsewhere / "neck", backbone=NECK)
    path = picture(elsewhere / "a.png")
    assert segment(path, model=neck).exit_code == 0
    with Image.open("segmented/a.png.labels.png") as labels:
        assert np.array_equal(np.asarray(labels), load(neck).segment(np.asarray(Image.open(path))).labels)


def test_without_a_run_one_is_told(elsewhere):
    with pytest.raises(LarvSegError, match="larvseg-a150: no folder with model.safetensors and config.json; runs have names only in"):
        segment(picture(elsewhere / "a.png"), model="larvseg-a150")


def test_without_a_gpu_one_is_told(elsewhere, model, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(LarvSegError, match="device cuda: torch sees no GPU; take cpu"):
        segment(picture(elsewhere / "a.png"), "--device", "cuda", model=model)


@pytest.mark.full
def test_a_huge_picture_takes_less_than_two_gigabytes(elsewhere, model):
    draw = "from PIL import Image; Image.linear_gradient('L').resize((20000, 10000)).convert('CMYK').save('huge.jpg')"
    subprocess.run([sys.executable, "-c", draw], check=True)
    # not getrusage's ru_maxrss, which begins with the memory of the process that starts this one
    code = f"""
import re
from larvseg.cli import app
app(["segment", "huge.jpg", "--model", {str(model)!r}], standalone_mode=False)
print(*re.findall(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read()))
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert int(done.stdout.split()[-1]) * 1024 < 2e9
    Image.MAX_IMAGE_PIXELS, before = None, Image.MAX_IMAGE_PIXELS
    try:
        with Image.open("segmented/huge.jpg.labels.png") as labels:
            assert labels.size == (20000, 10000)
    finally:
        Image.MAX_IMAGE_PIXELS = before
