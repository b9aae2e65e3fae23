"""Accuracy of a CLIP model on object images, by the names of the classes."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from larvseg.clip.images import CentralSquares
from larvseg.clip.model import build_clip, load_clip, save_clip
from larvseg.clip.zeroshot import zeroshot
from larvseg.config import ZeroShotConfig
from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError
from larvseg.training.checkpoint import save_tensors
from tests.clip.tiny_clip import VIT
from tests.training.conftest import pack


@pytest.fixture
def inputs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_clip(Path("clip"), VIT, build_clip(VIT))
    return {"clip": Path("clip"), "manifest": pack(Path("."), "I124"), "text": Path("text")}


def accuracy(inputs, classes, table):
    save_tensors(inputs["text"], {"text": table}, {"classes": classes, "prompts": "vild14"})
    zeroshot(ZeroShotConfig(clip="tiny", dataset="I124", batch_size=7), inputs, {"accuracy": Path("accuracy.json")}, Path("work"))
    return json.loads(Path("accuracy.json").read_text())


def test_images_are_known_by_their_own_embeddings_and_by_no_other(inputs):
    manifest, clip = Manifest(inputs["manifest"]), load_clip(inputs["clip"])
    names = [*manifest.header["classes"], "sky", "sea"]
    with torch.inference_mode():
        embedded = clip.encode_images(torch.stack(list(CentralSquares(manifest, clip.image_size))))
    labels = np.array([manifest.labels(row)[0] for row in range(len(manifest))])
    # one embedding of each class: exactly the images that are nearest to that of their own class are right
    table = torch.stack([*(embedded[int(np.flatnonzero(labels == label)[0])] for label in range(2)), -embedded[0], -embedded[1]])
    order = (embedded @ table.T).argsort(dim=1, descending=True, stable=True)
    found = accuracy(inputs, names, table)
    for k in (1, 3, 5):
        assert found[f"top{k}"] == pytest.approx(100 * np.mean([labels[i] in order[i, :k] for i in range(len(labels))]))
    assert found["top1"] >= 100 * 2 / len(manifest) and found["top3"] == 100
    assert found["classes"] == 4 and found["images"] == len(manifest)
    # a vocabulary in another order is the same vocabulary
    assert accuracy(inputs, names[::-1], table.flip(0)) == found


def test_a_table_without_a_class_of_the_images_is_refused(inputs):
    with pytest.raises(LarvSegError, match="text: has no class 'lamp', which .* shows; embed its vocabulary"):
        accuracy(inputs, ["sofa"], torch.ones(1, VIT.architecture["embed_dim"]))
