"""What a profile costs: arithmetic against real models, and what of it is there already."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from larvseg.columns import grouped
from larvseg.config import Backbone, TrainConfig
from larvseg.errors import LarvSegError
from larvseg.models.backbone import build_backbone
from larvseg.models.segmenter import build_segmenter
from larvseg.pipeline import Project
from larvseg.pipeline.jobs.training import train_config
from larvseg.plan import plan
from larvseg.plan.compute import shape_of
from larvseg.plan.hours import evaluation_operations, measured, tables, training_operations
from larvseg.plan.storage import disk, downloads, images, model_bytes, shared_bytes

ROOT = Path(__file__).parents[2]
VIT_B = Backbone(title="ViT-B/16", name="vit_base_patch16_384", weights="timm", image_size=512, patch_size=16)


@pytest.fixture(scope="module")
def paper() -> Project:
    return Project("paper", ROOT / "workflow/config")


@pytest.fixture
def changed(tmp_path):
    def changed(base: str, presets: dict | None = None, **settings) -> Project:
        """The profile `base` with other settings, and more presets."""
        shutil.copytree(ROOT / "workflow/config", tmp_path / "config")
        (tmp_path / "config/other.yaml").write_text(yaml.safe_dump({"extends": base, **settings}))
        known = yaml.safe_load((tmp_path / "config/presets.yaml").read_text())
        (tmp_path / "config/presets.yaml").write_text(yaml.safe_dump(known | (presets or {})))
        return Project("other", tmp_path / "config")

    return changed


def lines_of(text: str, word: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines() if line.startswith(word)]


# ---- arithmetic


@pytest.mark.parametrize(
    "name, arguments, patch",
    [
        ("vit_tiny_patch16_224", {"embed_dim": 32, "depth": 2, "num_heads": 2, "patch_size": 8, "mlp_ratio": 2}, 8),
        ("vit_tiny_patch16_384", {}, 16),
    ],
)
def test_parameters_and_operations_are_those_of_the_model(paper, name, arguments, patch):
    backbone = VIT_B.model_copy(update={"name": name, "arguments": arguments, "patch_size": patch, "image_size": 64})
    run: TrainConfig = train_config(paper, "baseline-a150", seed=0)
    model = build_segmenter(run.model_copy(update={"backbone": backbone}), 150)
    shape = shape_of(backbone)
    assert shape.parameters == sum(parameter.numel() for parameter in model.backbone.parameters())
    # of the fused kernels the counter knows only some
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(1, 3, 64, 64), torch.arange(150))
    projected = 2 * 150 * shape.width**2  # once a step and not once an image: the class embeddings
    assert shape.forward(64, 150) == pytest.approx(counter.get_total_flops() - projected, rel=0.001)


def test_vit_b_at_the_size_of_the_paper():
    shape = shape_of(VIT_B)
    assert shape_of(VIT_B.model_copy(update={"image_size": 224})).parameters == 85_798_656  # without its head, as often quoted
    assert shape.parameters == 86_434_560
    assert shape.forward(512, 150) / 1e9 == pytest.approx(215, rel=0.01)


def test_deit_s_distilled():
    deit = Backbone(title="", name="deit_small_distilled_patch16_224", weights="deit_s_sin_dist.pth", image_size=224, patch_size=16)
    with torch.device("meta"):
        assert shape_of(deit).parameters == sum(parameter.numel() for parameter in build_backbone(deit).parameters())


def test_a_backbone_of_unknown_size_is_refused():
    with pytest.raises(LarvSegError, match="'vit_odd_patch16': its size is not known .*say embed_dim and depth"):
        shape_of(VIT_B.model_copy(update={"name": "vit_odd_patch16"}))
    known = shape_of(VIT_B.model_copy(update={"name": "vit_odd_patch16", "arguments": {"embed_dim": 64, "depth": 3}}))
    assert (known.width, known.depth, known.hidden) == (64, 3, 256)


def test_a_run_costs_its_steps_and_its_images(paper, changed):
    half = changed("paper", steps=160_000)
    assert training_operations(half, "supervised-a150") == training_operations(paper, "supervised-a150") / 2
    # images of 320 pixels among those of 512
    assert training_operations(paper, "larvseg-a150-i124") < training_operations(paper, "larvseg-a150")
    step = 3 * 16 * shape_of(paper.backbone_config).forward(512, 150)
    assert training_operations(paper, "supervised-a150") == pytest.approx(320_000 * step)
    # 683×512 pixels are two windows of 512
    assert evaluation_operations(paper, "supervised-a150") == 2_000 * 2 * shape_of(paper.backbone_config).forward(512, 150)


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
    assert len(text.splitlines()) <= 38
    assert text.startswith("profile paper: ViT-B/16, 320 000 steps a run, 27 runs\n")
    count, gigabytes = len(paper.synsets), f"{len(paper.synsets) * 0.15:.1f}"
    assert lines_of(text, "{wnid}.tar ×")[0][2:] == [str(count), gigabytes, "–", gigabytes, "login"]
    assert "ADE20K_2021_17_01.zip: ask for access at https://ade20k.csail.mit.edu/request_data/" in text
    assert "{wnid}.tar: ask for access at https://image-net.org/login" in text
    assert "ILSVRC2012_img_train.tar: ask for access at https://image-net.org/login" in text
    weights = ("RN50x64.pt", "ViT-B-16.pt", "ViT-L-14.pt", "ViT-L-14-336px.pt", "deit_s_sin_dist.pth")
    assert all(lines_of(text, name)[0][-1] == "open" for name in weights)
    assert "at 50 MB/s" in text and "14 teraflops reached on each GPU" in text


def test_all_of_imagenet_21k_is_left_out_unless_it_is_asked_for(paper, changed, tmp_path):
    whole = changed("paper", whole_imagenet=True)
    without, with_it = plan(paper, tmp_path), plan(whole, tmp_path)
    hours = sum(training_operations(paper, run) for run in ("in11k-baseline", "i21k-larvseg")) / (14e12 * 3600)
    assert f"Figure 5 is left out; whole_imagenet: true adds 1300 GB and 2 runs of {hours:.1f} GPU hours" in without
    assert "left out" not in with_it and "winter21_whole.tar" not in without
    assert "it belongs at data/incoming/winter21_whole/{wnid}.tar" in without
    assert lines_of(with_it, "winter21_whole.tar ")[0][1:] == ["1300.0", "–", "1300.0", "registration"]
    assert lines_of(with_it, "figure5")[0][1:3] == ["2", f"{hours:.1f}"]
    before, after = (lines_of(text, "all, each run once")[0] for text in (without, with_it))
    assert int(after[4]) == int(before[4]) + 2 and float(after[5]) - float(before[5]) == pytest.approx(hours, abs=0.15)
    more = {kind: size - disk(paper, tmp_path)[kind] for kind, size in disk(whole, tmp_path).items()}
    assert more["archives"] == 1300 and more["manifests"] == pytest.approx((13_151_276 + 11_582_723) * 300 / 1e9)
    assert more["checkpoints"] == pytest.approx((model_bytes(whole, "in11k-baseline") + model_bytes(whole, "i21k-larvseg")) / 1e9)
    bank = 4 * 768 * 21 * 19_167  # of every synset, and of the names of C171
    assert bank < model_bytes(whole, "i21k-larvseg") - 4 * 86_434_560 - 4 * 768 * (768 + 19_167) < 1.02 * bank


def test_each_run_is_counted_once(paper, tmp_path):
    three = Project("paper", ROOT / "workflow/config", seeds=3)
    assert len(tables(paper)["table3"]) == 18 and len(tables(three)["table3"]) == 3 * 14 + 4  # DenseCLIP and ReCo train nothing
    assert tables(paper).keys() == paper.experiments.tables.keys() and len(set(paper.trained)) == len(paper.trained)
    hours = [float(lines_of(plan(project, tmp_path), "all, each run once")[0][5]) for project in (paper, three)]
    work = [sum(training_operations(project, run) for run, _ in project.trained) for project in (paper, three)]
    assert hours[1] / hours[0] == pytest.approx(work[1] / work[0], rel=0.01)
    rows = {line[0]: line for line in (line.split() for line in plan(paper, tmp_path).splitlines()) if line}
    assert hours[0] < sum(float(rows[name][2]) for name in paper.experiments.tables)  # what tables share is counted once


def test_faster_machines_take_less_time(changed, paper, tmp_path):
    fast = changed("paper", machine={"gpus": 1, "teraflops": 2 * paper.profile.machine.teraflops, "megabytes_per_second": 100.0})
    slow, quick = (lines_of(plan(project, tmp_path), "table3")[0] for project in (paper, fast))
    assert float(quick[2]) == pytest.approx(float(slow[2]) / 2, abs=0.1)
    assert quick[3:] == [f"{float(quick[2]) / 24:.1f}", "days"] and slow[3:] == [f"{float(slow[2]) / 8 / 24:.1f}", "days"]


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
    for path in (paper.path("train", "model", run="larvseg-a150", seed=0), paper.manifest("C171")):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    after = disk(paper, tmp_path)
    assert before["checkpoints"] - after["checkpoints"] == pytest.approx(model_bytes(paper, "larvseg-a150") / 1e9)
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
        path.write_text(f'{{"seconds": {seconds}}}')

    return write


@pytest.fixture(scope="module")
def mini() -> Project:
    return Project("mini", ROOT / "workflow/config")


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
    with pytest.raises(LarvSegError, match="model.safetensors.run.json: says no seconds; delete it"):
        plan(mini, tmp_path)


def test_planning_imports_neither_torch_nor_timm():
    code = "import sys, larvseg.plan, larvseg.doctor, larvseg.reporting.table2; print([m for m in ('torch', 'timm') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout == "[]\n"
