"""What the jobs of a profile compute."""

import pytest

from larvseg.pipeline.dag import jobs_below
from larvseg.pipeline.jobs.methods import make
from larvseg.plan import counted
from larvseg.plan.operations import operations, step
from larvseg.plan.storage import images


def of_rule(project, rule: str) -> dict[str, float]:
    return {job.name: operations(project, job) for job in jobs_below(project) if job.rule == rule}


def test_a_step_of_the_paper(paper):
    tera = {run: step(paper, make(paper, run, 0).config) / 1e12 for run in ("supervised-a150", "larvseg-a150", "larvseg-a150-i124")}
    assert tera == pytest.approx({"supervised-a150": 10.34, "larvseg-a150": 10.34, "larvseg-a150-i124": 8.66}, abs=0.01)


def test_a_run_costs_its_steps(paper, changed):
    half = changed("paper", steps=160_000)
    run, same = make(half, "supervised-a150", 0), make(paper, "supervised-a150", 0)
    assert operations(half, run) == operations(paper, same) / 2 == 160_000 * step(paper, same.config)


def test_evaluation_slides_windows_of_what_the_method_is_made_of(paper):
    evaluated, comparators, backbone = of_rule(paper, "evaluate"), paper.comparators, paper.backbone_config
    # 683×512 pixels are two windows of 512
    one = {name: work / (2_000 * 2) for name, work in evaluated.items()}
    dense, vit = counted.dense(comparators.clip["RN50x64"], 512, 512), counted.trained(backbone, 512, 512)
    assert one["denseclip-a150.seed0"] == dense
    assert one["reco-a150.seed0"] == dense + counted.trained(comparators.reco.features, 512, 512)
    assert vit < one["larvseg-a150.seed0"] < one["larvseg-a847.seed0"] < 1.02 * vit  # the classifier has more classes
    proposals = counted.proposals(backbone, comparators.zsbaseline.head, 512, 512)
    assert one["zsbaseline-a847.seed0"] == proposals + 100 * counted.image(comparators.clip["ViT-B-16"])  # a crop for each query


def test_clip_sees_every_image_of_the_index_and_of_zero_shot(paper):
    clip = paper.comparators.clip
    assert of_rule(paper, "index") == {"I1K": 1_281_167 * counted.image(clip["ViT-L-14-336"])}
    assert of_rule(paper, "zeroshot") == {name: images(paper, "I585") * counted.image(model) for name, model in clip.items()}
    assert set(of_rule(paper, "clip").values()) == {0.0}  # published weights
    references = of_rule(paper, "retrieve")
    assert references["reco-a847.seed0"] / references["reco-a150.seed0"] == pytest.approx(847 / 150)


def test_networks_of_the_drawn_world_are_trained(mini):
    assert min(of_rule(mini, "clip").values()) > 0 and of_rule(mini, "pretrain")["backbone"] > 0
    settings = mini.profile.pretraining
    one = counted.trained(mini.backbone_config, settings.augmentation.crop, settings.augmentation.crop)
    assert of_rule(mini, "pretrain")["backbone"] == 3 * settings.steps * settings.batch_size * one


def test_features_of_a_frozen_network_are_extracted_once(changed):
    photos = changed("photos")
    one = counted.frozen(photos.backbone_config, 512, 768)
    assert one == pytest.approx(2 * 0.39e9 * 512 * 768 / 224**2, rel=0.25)  # 0.4 billion multiply-adds with its head, as published
    assert of_rule(photos, "extract") == {"msrc.plain": 333 * one, "msrc.flipped": 333 * one, "msrc.validation": 256 * one}
    neck = counted.trained(photos.backbone_config, 448, 448)
    assert neck == 2 * 14**2 * 432 * 256 and 3 * neck < step(photos, make(photos, "larvseg", 0).config) / 16 < 9 * neck


def test_jobs_without_a_network_compute_nothing(paper):
    assert {rule: sum(of_rule(paper, rule).values()) for rule in ("fetch", "derive", "table", "claims")} == dict.fromkeys(
        ("fetch", "derive", "table", "claims"), 0.0
    )
