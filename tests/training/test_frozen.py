"""Runs on features of a frozen network: the features are those of the network, and what is trained on them segments images."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import larvseg
import larvseg.training.train as module
from larvseg.config import Augmentation, EvaluateConfig, Evaluation, ExtractConfig, FreezeConfig, Neck
from larvseg.datasets.feature_files import read_index
from larvseg.datasets.manifest import Manifest
from larvseg.datasets.transforms import Window, normalise
from larvseg.errors import LarvSegError
from larvseg.evaluation.sliding_window import cut_features, segment, segment_cuts
from larvseg.models.extractor import build_extractor
from larvseg.training.checkpoint import save_tensors
from larvseg.training.extract import extract
from larvseg.training.freeze import freeze
from larvseg.training.frozen import features_of, standard
from larvseg.training.frozen_weights import load_frozen
from larvseg.training.segmenters import predictor
from larvseg.training.train import train
from tests.interruption import check_that_it_goes_on
from tests.training.conftest import BACKBONE, CLASSES, pack

SIDE, CELL = 64, 32
NETWORK = {"name": "mobilenetv3_small_050", "arguments": {}, "levels": (2, 3, 4), "image_size": SIDE, "patch_size": CELL}
AUGMENTATION = Augmentation(short_side=SIDE, long_side=256, crop=SIDE, scale=(1.0, 1.0), max_category_share=1.0)
EVALUATION = Evaluation(short_side=SIDE, long_side=256, cell=CELL, batch_size=2)


@pytest.fixture
def frozen(tmp_path, monkeypatch, config):
    """A configuration of a run on features, and its inputs; the network has random weights."""
    monkeypatch.chdir(tmp_path)
    manifests = {dataset: pack(Path("."), dataset, validation=3) for dataset in CLASSES}
    backbone = BACKBONE.model_copy(update={**NETWORK, "weights": "weights.safetensors"})
    extractor = build_extractor(backbone, seed=3)
    backbone = backbone.model_copy(update={"neck": Neck(channels=extractor.channels, dim=16)})
    save_tensors(Path("weights.safetensors"), {name: tensor for name, tensor in extractor.network.state_dict().items()}, {})
    network = Path("results/tiny/backbone/frozen.safetensors")
    network.parent.mkdir(parents=True)
    freeze(FreezeConfig(profile="tiny", backbone=backbone), {}, {"model": network}, Path("work"))

    inputs = dict(manifests)
    for view in ("plain", "flipped", "validation"):
        settings = ExtractConfig(
            datasets=tuple(manifests), view=view, profile="tiny", backbone=backbone, normalisation="half", short_side=SIDE, long_side=256
        )
        files = {view: Path(f"{view}.npy"), "index": Path("index.arrow")}
        files |= {f"{dataset}.statistics": Path(f"{dataset}.json") for dataset in manifests}
        extract(settings, {"frozen": network, **manifests}, files, Path("work"))
        inputs |= {f"{dataset}.{view}": files[view] for dataset in manifests}
    inputs |= {f"{dataset}.index": Path("index.arrow") for dataset in manifests}
    inputs |= {f"{dataset}.statistics": Path(f"{dataset}.json") for dataset in manifests}
    sets = tuple(each.model_copy(update={"augmentation": AUGMENTATION}) for each in config.training_sets)
    switches = config.switches.model_copy(update={"normalisation": "half"})
    return config.model_copy(update={"training_sets": sets, "backbone": backbone, "switches": switches}), inputs, network


def test_features_are_those_of_the_network_one_image_at_a_time(frozen):
    config, inputs, network = frozen
    manifest, extractor = Manifest(inputs["WA150"]), load_frozen(config.backbone, network, "cpu")
    for view, rows in (("plain", range(9)), ("flipped", range(9)), ("validation", range(9, 12))):
        features = features_of(inputs, view, manifest, AUGMENTATION, CELL)
        for row in rows:
            pixels = normalise(Window((SIDE, SIDE), 0, 0, SIDE, SIDE, view == "flipped").cut_image(manifest.image(row)), "half")
            expected = extractor(torch.from_numpy(pixels)[None])[0].permute(1, 2, 0).half()
            torch.testing.assert_close(torch.from_numpy(np.array(features[row])), expected, rtol=2e-3, atol=2e-3)
        assert row + 1 not in features


def test_each_image_is_seen_once_and_counted_by_the_data_sets_that_train_on_it(frozen):
    config, inputs, _ = frozen
    index = read_index(inputs["C171.index"])
    assert len(index) == len(set(index.images.to_pylist())) == 36
    assert [index.training.sum(), index.validation.sum()] == [27, 9]
    assert all(json.loads(inputs[f"{dataset}.statistics"].read_text())["cells"] == 9 * 4 for dataset in CLASSES)
    mean, deviation = standard(inputs[f"{dataset}.statistics"] for dataset in ("C171", "WA150"))
    cells = [features_of(inputs, "plain", Manifest(inputs[each]), AUGMENTATION, CELL) for each in ("C171", "WA150")]
    together = torch.from_numpy(np.concatenate([np.array(each[row]).reshape(-1, len(mean)) for each in cells for row in range(9)])).double()
    torch.testing.assert_close(mean.double(), together.mean(0), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(deviation.double(), together.std(0, correction=0), rtol=1e-4, atol=1e-5)


def test_killed_training_ends_with_the_same_bytes(frozen, outputs):
    config, inputs, _ = frozen
    whole = outputs("whole")
    train(config, inputs, whole, Path("work/whole"))
    check_that_it_goes_on(train, module, config, inputs, outputs, whole, {"once": [7]})


def test_a_neck_segments_features_and_behind_its_network_images_the_same(frozen, outputs):
    config, inputs, network = frozen
    files = outputs("results/tiny/runs/larvseg/seed0")
    files["model"].parent.mkdir(parents=True)
    train(config.model_copy(update={"steps": 30}), inputs, files, Path("work"))
    asked = EvaluateConfig(run="larvseg", method="larvseg", profile="tiny", seed=0, benchmark="WA150", evaluation=EVALUATION)
    own = {role: files[role] for role in ("model", "config")}
    on_features, on_images = predictor(asked, own, "cpu"), predictor(asked, own | {"frozen": network}, "cpu")
    manifest = Manifest(inputs["WA150"])
    features = features_of(inputs, "validation", manifest, EVALUATION, CELL)
    cuts = (cut_features(features[row], manifest.size(row), EVALUATION) for row in range(9, 12))
    run = larvseg.load(files["model"].parent, dataset="WA150")
    with torch.inference_mode():
        for row, labels in zip(range(9, 12), segment_cuts(on_features.logits, cuts, EVALUATION), strict=True):
            direct = segment(on_images.logits, manifest.image(row), EVALUATION, "half")
            assert (labels == direct).mean() > 0.99  # both round features to 16 bits, from sums in another order
            assert np.array_equal(direct, run.segment(manifest.image(row)).labels)
    network.unlink()
    with pytest.raises(LarvSegError, match=r"backbone/frozen.safetensors: no such file; the run is a neck"):
        larvseg.load(files["model"].parent)


def test_features_of_other_images_or_sizes_are_refused(frozen):
    _, inputs, _ = frozen
    manifest = Manifest(inputs["WA150"])
    with pytest.raises(LarvSegError, match=r"features of 0 have \(2, 2\) cells, \(4, 4\) are wanted; extract them again"):
        features_of(inputs, "plain", manifest, AUGMENTATION.model_copy(update={"short_side": 128}), CELL)
    other = Manifest(pack(Path("other"), "WA150", images=13)) if Path("other").mkdir() is None else None
    with pytest.raises(LarvSegError, match=r"plain.npy: 4 images are not in it, as WA150.zip/9.png"):
        features_of(inputs, "plain", other, AUGMENTATION, CELL)
