"""The rehearsal's archives, built once, but for WordNet and the backbone of 350 MB."""

from pathlib import Path

import pytest

from larvseg.config import Experiments, Profile, load_yaml, parse
from larvseg.pipeline.project import load_profile
from larvseg.rehearsal.ade_full import pack_ade_full
from larvseg.rehearsal.archives import LICENSED, SERVED, SYNSET_FOLDER, every_synset, pack_challenge, pack_coco, pack_synsets
from larvseg.rehearsal.captions import ILSVRC, WHOLE, pack_ilsvrc, pack_narratives, pack_whole
from larvseg.rehearsal.run import shown_in
from larvseg.rehearsal.weights import pack_clip, pack_training_state

CONFIG = Path(__file__).parents[2] / "workflow/config"


@pytest.fixture(scope="session")
def profile() -> Profile:
    return load_profile("rehearse", CONFIG)


@pytest.fixture(scope="session")
def experiments() -> Experiments:
    return parse(Experiments, load_yaml(CONFIG / "experiments.yaml"), "experiments.yaml")


@pytest.fixture(scope="session")
def place(tmp_path_factory, profile, experiments) -> Path:
    folder = tmp_path_factory.mktemp("rehearsal")
    pack_coco(folder / SERVED, 0)
    shown = shown_in(experiments)
    pack_challenge(folder / SERVED / "ADEChallengeData2016.zip", 0, shown.a150)
    pack_synsets(folder / SERVED / SYNSET_FOLDER, 0)
    pack_ilsvrc(folder / SERVED / ILSVRC, 0)
    pack_narratives(folder / SERVED, 0)
    pack_ade_full(folder / LICENSED / "ADE20K_2021_17_01.zip", 0, shown.a847)
    pack_whole(folder / LICENSED / WHOLE, 0, every_synset(shown.synsets))
    for model in profile.comparators.clip.values():
        pack_clip(folder / SERVED / model.weights, model, 0)
    features = profile.comparators.reco.features
    pack_training_state(folder / SERVED / features.weights, features, 0)
    return folder
