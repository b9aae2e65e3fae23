"""Profiles with a frozen backbone: what features that are computed once do not leave free is refused in one line."""

import textwrap
from pathlib import Path

import pytest
import torch
import yaml

from larvseg.errors import LarvSegError
from larvseg.models.extractor import build_extractor
from larvseg.pipeline import Project


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v["backbone"].pop("neck"), "a frozen backbone says levels and neck, and evaluation says cell"),
        (lambda v: v["evaluation"].update(cell=16), "evaluation.cell is 16, backbone.patch_size 32: they are the same cells"),
        (lambda v: v["scene_augmentation"].update(crop=450), "crop 450 is no multiple of backbone.patch_size 32"),
        (lambda v: v["object_augmentation"].update(scale=[0.5, 2.0]), "leaves scale .1.0, 1.0. and max_category_share 1.0"),
        (lambda v: v.update(windows={"A150": {}}), "windows are of archives, and a frozen backbone is trained on features"),
        (lambda v: v["evaluation"].update(short_side=256), "scene_augmentation, object_augmentation and evaluation resize alike"),
        (lambda v: v["evaluation"].update(window=512, stride=512), "says either window and stride or, for whole images, cell"),
    ],
)
def test_what_does_not_go_with_features_is_refused(project, change, message):
    with pytest.raises(LarvSegError, match=rf"photos.yaml: .*{message}"):
        project("photos", "photos.yaml", change)


def test_figure3_is_not_drawn_of_a_frozen_backbone(project):
    from larvseg.pipeline.dag import jobs_below

    with pytest.raises(LarvSegError, match="figure3: shows the attention of a backbone that is trained"):
        list(jobs_below(project("photos", "photos/experiments.yaml", lambda v: v.update(figure3={"run": "larvseg"}))))


def test_its_tables_lie_in_a_folder_of_the_profile_and_so_many_seeds_are_trained_as_it_says():
    assert Project("photos").seeds == (0, 1, 2, 3, 4) and Project("photos", seeds=2).seeds == (0, 1)
    assert Project("photos").path("table", "table", table="table3") == "results/photos/table3.csv"
    assert Project("mini").path("table", "table", table="table3") == "results/table3.csv"


def test_the_other_network_of_the_documentation_is_a_profile_and_its_features_are_as_told(project):
    told = Path("docs/own-data.md").read_text(encoding="utf-8").partition("## Another network")[2]
    block = textwrap.dedent("".join(line for line in told.splitlines(True) if line.startswith("    ")))
    profile = project("photos", "photos.yaml", lambda values: values.update(yaml.safe_load(block))).profile
    extractor = build_extractor(profile.backbone)
    assert extractor(torch.zeros(1, 3, 28, 42)).shape == (1, profile.backbone.neck.channels, 2, 3)
