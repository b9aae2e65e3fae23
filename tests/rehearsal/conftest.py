"""The rehearsal's archives, built once, but for WordNet and the weights of 350 MB."""

from pathlib import Path

import pytest

from larvseg.rehearsal.ade_full import pack_ade_full
from larvseg.rehearsal.archives import LICENSED, SERVED, SYNSET_FOLDER, pack_challenge, pack_coco, pack_synsets
from larvseg.rehearsal.captions import ILSVRC, pack_ilsvrc, pack_narratives


@pytest.fixture(scope="session")
def place(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("rehearsal")
    pack_coco(folder / SERVED, 0)
    pack_challenge(folder / SERVED / "ADEChallengeData2016.zip", 0)
    pack_synsets(folder / SERVED / SYNSET_FOLDER, 0)
    pack_ilsvrc(folder / SERVED / ILSVRC, 0)
    pack_narratives(folder / SERVED, 0)
    pack_ade_full(folder / LICENSED / "ADE20K_2021_17_01.zip", 0)
    return folder
