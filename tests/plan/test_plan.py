"""What a profile costs, and what of it is there already."""

import subprocess
import sys
from pathlib import Path

import pytest

from larvseg.columns import grouped
from larvseg.errors import LarvSegError
from larvseg.pipeline.jobs.methods import make
from larvseg.plan import plan
from larvseg.plan.measured import measured
from larvseg.plan.operations import operations
from larvseg.plan.storage import disk, downloads, images, model_bytes, shared_bytes

ROOT = Path(__file__).parents[2]


def lines_of(text: str, word: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines() if line.startswith(word)]


def test_a_checkpoint_holds_the_backbone_the_names_and_the_bank(paper):
    without = model_bytes(paper, "baseline-a150")
    assert without == pytest.approx(4 * (86_434_560 + 768 * (768 + 251)))  # C171 and A150 have 251 names
    assert model_bytes(paper, "larvseg-a150") - without == 4 * 251 * 768 * (20 + 1)


def test_images_of_each_data_set(paper, mini):
    """As many as there are in the archives, about."""
    assert [images(paper, dataset) for dataset in ("LN", "I1K", "A150", "WA150")] == [118_287, 1_281_167, 22_210, 20_210]
    world = mini.profile.world
    expected = {"LN": 2000, "ITPair": world.web, "I1K": 30 * world.ilsvrc, "C171": 2100, "WA847": 2000, "I21K": 94 * 240}
    assert {dataset: images(mini, dataset) for dataset in expected} == expected


# ---- the plan


def test_the_paper_profile_on_one_screen(paper, tmp_path):
    text = plan(paper, tmp_path)
    assert len(text.splitlines()) <= 45
    assert text.startswith("profile paper: ViT-B/16, 320 000 steps a run, 27 runs\n")
    count, gigabytes = len(paper.synsets), f"{len(paper.synsets) * 0.15:.1f}"
    assert lines_of(text, "{wnid}.tar ×")[0][2:] == [str(count), gigabytes, "–", gigabytes, "login"]
    assert "ADE20K_2021_17_01.zip: ask for access at https://ade20k.csail.mit.edu/request_data/" in text
    assert "{wnid}.tar: ask for access at https://image-net.org/login" in text
    assert "ILSVRC2012_img_train.tar: ask for access at https://image-net.org/login" in text
    weights = ("RN50x64.pt", "ViT-B-16.pt", "ViT-L-14.pt", "ViT-L-14-336px.pt", "deit_s_sin_dist.pth")
    assert all(lines_of(text, name)[0][-1] == "open" for name in weights)
    assert "at 50 MB/s" in text


def test_all_of_imagenet_21k_is_left_out_unless_it_is_asked_for(paper, changed, tmp_path):
    whole = changed("paper", whole_imagenet=True, runtime={"precision": "float32"})
    without, with_it = plan(changed("paper", runtime={"precision": "float32"}), tmp_path), plan(whole, tmp_path)
    hours = sum(operations(paper, make(paper, run, 0)) for run in ("in11k-baseline", "i21k-larvseg")) / (14e12 * 3600)
    assert f"Figure 5 is left out; whole_imagenet: true adds 1300 GB and 2 runs of {hours:.1f} GPU hours" in without
    assert "left out" not in with_it and "winter21_whole.tar" not in without
    assert "it belongs at data/incoming/winter21_whole/{wnid}.tar" in without
    assert lines_of(with_it, "winter21_whole.tar ")[0][1:] == ["1300.0", "–", "1300.0", "registration"]
    assert lines_of(with_it, "figure5")[0][1:3] == ["2", f"{hours:.1f}"]
    before, after = (lines_of(text, "all ")[0] for text in (without, with_it))
    assert int(after[1]) == int(before[1]) + 2 and float(after[2]) - float(before[2]) == pytest.approx(hours, abs=0.15)
    more = {kind: size - disk(paper, tmp_path)[kind] for kind, size in disk(whole, tmp_path).items()}
    assert more["archives"] == 1300 and more["manifests"] == pytest.approx((13_151_276 + 11_582_723) * 300 / 1e9)
    assert more["checkpoints"] == pytest.approx((model_bytes(whole, "in11k-baseline") + model_bytes(whole, "i21k-larvseg")) / 1e9)
    bank = 4 * 768 * 21 * 19_167  # of every synset, and of the names of C171
    assert bank < model_bytes(whole, "i21k-larvseg") - 4 * 86_434_560 - 4 * 768 * (768 + 19_167) < 1.02 * bank


def test_hours_are_those_of_the_precision_that_the_profile_chooses(changed, tmp_path):
    whole, half = (plan(changed("paper", runtime=runtime), tmp_path) for runtime in ({"precision": "float32"}, {"precision": "bfloat16"}))
    assert whole.partition("precision  teraflops")[2] == half.partition("precision  teraflops")[2]
    rows = {line[0]: line[1:] for line in map(str.split, half.partition("precision  teraflops")[2].splitlines()[1:4])}
    assert {name: row[0] for name, row in rows.items()} == {"float32": "14", "tf32": "61", "bfloat16": "131"}
    for text, precision in ((whole, "float32"), (half, "bfloat16")):
        assert f"GPU hours, {precision}  trainings" in text
        assert lines_of(text, "all ")[0][2:] == [rows[precision][3], *rows[precision][5:]]


def test_gpu_hours_of_a_frozen_network(changed, tmp_path):
    machine = {"gpus": 1, "teraflops": {"float32": 0.001, "tf32": 0.002, "bfloat16": 0.002}, "megabytes_per_second": 10.0}
    (line,) = lines_of(plan(changed("photos", machine=machine), tmp_path), "of all: ")
    assert [word for word in line if word.isalpha()] == ["of", "training", "features", "evaluation"]


def test_what_is_there_is_not_fetched_again(paper, tmp_path):
    def missing(name: str) -> float:
        return next(download.missing for download in downloads(paper, tmp_path) if download.name == name)

    assert missing("wordnet.zip") == 10_775_600 / 1e9
    before = disk(paper, tmp_path)["archives"]
    incoming = tmp_path / "data/incoming"
    (incoming / "winter21_whole").mkdir(parents=True)
    (incoming / "wordnet.zip.part").write_bytes(bytes(775_600))
    assert missing("wordnet.zip") == pytest.approx(0.01)
    (incoming / "wordnet.zip").write_bytes(b"x")
    assert missing("wordnet.zip") == 0
    all_tars = missing("{wnid}.tar")
    (incoming / "winter21_whole" / f"{paper.synsets[0]}.tar").write_bytes(b"x")
    assert missing("{wnid}.tar") == pytest.approx(all_tars - 0.15)
    archive = tmp_path / paper.archive(f"{paper.synsets[1]}.tar")
    archive.parent.mkdir(parents=True)
    archive.write_bytes(b"x")
    assert missing("{wnid}.tar") == pytest.approx(all_tars - 0.3)
    assert disk(paper, tmp_path)["archives"] == pytest.approx(before - 0.3 - 0.0107756)
    (incoming / "winter21_whole.tar.gz").write_bytes(b"x")
    assert missing("{wnid}.tar") == 0
    assert "{wnid}.tar: ask" not in plan(paper, tmp_path)


def test_finished_work_needs_no_more_disk(paper, tmp_path):
    before = disk(paper, tmp_path)
    # Table 1 alone looks at the second run
    models = [paper.path("train", "model", run=run, seed=0) for run in ("larvseg-a150", "segmenter-c171")]
    for path in (*models, paper.manifest("C171")):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    after = disk(paper, tmp_path)
    sizes = [model_bytes(paper, run) for run in ("larvseg-a150", "segmenter-c171")]
    assert min(sizes) > 0 and before["checkpoints"] - after["checkpoints"] == pytest.approx(sum(sizes) / 1e9)
    assert before["manifests"] - after["manifests"] == pytest.approx(123_287 * 300 / 1e9)


def test_disk_of_what_runs_share(paper, mini, tmp_path):
    sizes = {
        paper.backbone: 4 * 86_434_560,
        paper.feature_network: 4 * 21_666_432,  # DeiT-S without its heads
        paper.path("clip", "model", clip="RN50x64"): 2 * 1.3e9,
        paper.path("index", "embeddings", dataset="I1K"): 1_281_167 * 768 * 4,
    }
    left = shared_bytes(paper, tmp_path)
    for path, size in sizes.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
        before, left = left, shared_bytes(paper, tmp_path)
        assert before - left == pytest.approx(size, rel=1e-6)
    assert left == pytest.approx(2 * (0.35 + 0.93 + 0.93) * 1e9)
    assert mini.feature_network == mini.backbone


def test_the_published_preparation_takes_disk_too(changed, tmp_path, paper):
    project = changed("paper", {"prepared": {"a847_preparation": "published"}}, preset="prepared")
    assert disk(project, tmp_path)["archives"] - disk(paper, tmp_path)["archives"] == pytest.approx(20.9, abs=0.1)


# ---- drawn profiles


@pytest.fixture
def took(tmp_path):
    def write(file: str, seconds: float) -> None:
        path = tmp_path / f"{file}.run.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'{{"started": 0, "seconds": {seconds}}}')

    return write


def test_a_drawn_profile_fetches_nothing(mini, tmp_path):
    text = plan(mini, tmp_path)
    captions = grouped(mini.profile.world.web)
    scenes = f"2 100 scenes for COCO-Stuff, 2 400 for ADE20K, {captions} images with captions"
    assert f"nothing to fetch: {scenes} and about 240 images of each of 94 synsets are drawn" in text
    assert "no run was measured here yet" in text and "GPU" not in text


def test_measured_minutes(mini, tmp_path, took):
    took("data/mini/archives/train2017.zip", 60)
    took("data/mini/manifests/C171.arrow", 30)
    for run in ("larvseg-a150", "baseline-a150"):
        took(f"results/mini/runs/{run}/seed0/model.safetensors", 90)
        took(f"results/mini/evaluations/{run}/seed0/confusion.arrow", 30)
    took("results/mini/runs/supervised-a150/seed0/model.safetensors", 600)  # not evaluated yet
    assert measured(mini, tmp_path)["train/larvseg-a150.seed0"] == 1.5
    text = plan(mini, tmp_path)
    assert lines_of(text, "archives, manifests, backbone")[0][-1] == "1.5"
    assert lines_of(text, "table3")[0][1:] == ["20", "2", "40.0"]
    assert lines_of(text, "all, each run once")[0][-3:] == [str(len(mini.trained)), "2", f"{2 * len(mini.trained):.1f}"]


def test_a_note_without_seconds_is_named(mini, tmp_path, took):
    took("results/mini/runs/larvseg-a150/seed0/model.safetensors", 1)
    (tmp_path / "results/mini/runs/larvseg-a150/seed0/model.safetensors.run.json").write_text("nothing\n")
    with pytest.raises(LarvSegError, match="model.safetensors.run.json: not a note of when a job ran .*delete it"):
        plan(mini, tmp_path)


def test_planning_imports_neither_torch_nor_timm():
    code = "import sys, larvseg.plan, larvseg.doctor, larvseg.reporting.table2; print([m for m in ('torch', 'timm') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout == "[]\n"
