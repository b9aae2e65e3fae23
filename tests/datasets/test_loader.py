"""Which images the ranks see, and the batches of joint steps."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from larvseg.config import Attention, Augmentation, Backbone, Optimiser, Switches, TrainConfig, TrainingSet, Windows
from larvseg.datasets import sampler
from larvseg.datasets.loader import JointLoader
from larvseg.errors import LarvSegError
from tests.data import kind_of

SHARES = {1: [8], 2: [4, 4], 3: [3, 3, 2]}


def training(*names: str, **changes) -> TrainConfig:
    scenes, objects = Augmentation(short_side=64, long_side=256, crop=64), Augmentation(short_side=40, long_side=40, crop=40)
    sets = [
        TrainingSet(name=name, kind=kind_of(name), augmentation=objects if name == "I124" else scenes, ranks=count)
        for name, count in zip(names, SHARES[len(names)], strict=True)
    ]
    plain = {
        "run": "test",
        "profile": "tiny",
        "method": "baseline",
        "benchmark": "A150",
        "training_sets": tuple(sets),
        "backbone": Backbone(name="vit", title="ViT", weights="pretrain", image_size=64, patch_size=8),
        "attention": Attention(memory_size=20, top_k=20),
        "switches": Switches(),
        "optimiser": Optimiser(name="sgd", lr=1.0, min_lr=0.0),
        "steps": 8,
    }
    return TrainConfig(**(plain | changes))


def manifests(world, *names: str, weak_labels="image") -> dict:
    return {name: world.derive(name, weak_labels=weak_labels) for name in names}


def same(first, second) -> bool:
    for mine, theirs in zip(first, second, strict=True):
        if (mine.dataset, mine.kind, mine.labels) != (theirs.dataset, theirs.kind, theirs.labels):
            return False
        for name in ("images", "masks", "valid"):
            a, b = getattr(mine, name), getattr(theirs, name)
            if (a is None) != (b is None) or (a is not None and not torch.equal(a, b)):
                return False
    return True


@pytest.mark.parametrize("datasets", SHARES)
def test_ranks_share_the_data_sets(datasets):
    drawn = Counter(sampler.dataset_of(rank, datasets) for rank in range(8))
    assert [drawn[i] for i in range(datasets)] == SHARES[datasets]


def test_each_rank_walks_through_its_eighth():
    seen = [[sampler.positions("C171", 40, step, rank, 8, 2, seed=0) for step in range(5)] for rank in range(8)]
    first = [sum(steps, [])[:5] for steps in seen]
    second = [sum(steps, [])[5:] for steps in seen]
    assert sorted(sum(first, [])) == list(range(40)) and sorted(sum(second, [])) == list(range(40))
    assert [sorted(share) for share in first] != [sorted(share) for share in second]
    assert seen[0] != [sampler.positions("C171", 40, step, 0, 8, 2, seed=1) for step in range(5)]
    assert seen[0] != [sampler.positions("A150", 40, step, 0, 8, 2, seed=0) for step in range(5)]


def test_shares_of_a_set_that_eight_does_not_divide():
    epoch = [sampler.positions("A150", 11, step, rank, 8, 1, seed=0)[0] for rank in range(8) for step in range(2)]
    assert set(epoch) == set(range(11)) and len(epoch) == 16 and max(Counter(epoch).values()) == 2
    assert all(0 <= sampler.positions("A150", 3, step, 7, 8, 2, seed=0)[1] < 3 for step in range(4))


def test_batches(world):
    sets = manifests(world, "WA150", "C171", "I124")
    steps = list(JointLoader(training("WA150", "C171", "I124"), sets))
    assert len(steps) == 8
    for step in steps:
        assert [batch.dataset for batch in step] == ["WA150", "C171", "I124"] * 2 + ["WA150", "C171"]
        for batch in step:
            side = 40 if batch.dataset == "I124" else 64
            assert batch.images.shape == (2, 3, side, side) and batch.images.dtype == torch.float32
            assert batch.images.to(torch.float64).abs().max() < 3 and len(batch.labels) == 2
            if batch.dataset == "C171":
                assert batch.masks.shape == (2, 64, 64) and batch.masks.dtype == torch.int16
                assert set(batch.masks.unique().tolist()) <= {-1, *sum((sets["C171"].labels(i) for i in range(4)), ())}
                for mask, labels in zip(batch.masks, batch.labels, strict=True):
                    assert labels == tuple(value for value in mask[::2, ::2].unique().tolist() if value >= 0)
            else:
                assert batch.masks is None
            if batch.dataset == "WA150":
                assert all(labels in [(0, 149), (2,)] for labels in batch.labels)
            if batch.dataset == "I124":
                assert all(labels in [(0,), (1,)] for labels in batch.labels)
            if batch.valid is not None:
                assert batch.valid.shape == (2, side, side) and 0 < batch.valid.mean() < 1
                assert (batch.images * (1 - batch.valid[:, None])).abs().max() == 0
                assert batch.masks is None or (batch.masks[batch.valid == 0] == -1).all()
    assert any(batch.valid is not None for step in steps for batch in step)
    assert any(batch.valid is None for step in steps for batch in step)


def test_starting_at_a_step_is_iterating_to_it(world):
    sets = manifests(world, "WA150", "C171")
    config = training("WA150", "C171")
    whole = list(JointLoader(config, sets))
    rest = list(JointLoader(config, sets, start_step=5))
    assert len(rest) == 3 and all(same(*pair) for pair in zip(whole[5:], rest, strict=True))
    assert not same(whole[0], whole[1])
    other = next(iter(JointLoader(training("WA150", "C171", seed=1), sets)))
    assert not same(whole[0], other)


def test_workers_change_no_byte(world):
    sets = manifests(world, "C171")
    config = training("C171", steps=4)
    plain = list(JointLoader(config, sets))
    fetched = list(JointLoader(config, sets, num_workers=2))
    assert len(fetched) == 4 and all(same(*pair) for pair in zip(plain, fetched, strict=True))


def test_labels_of_the_image_or_of_the_crop(world):
    image = JointLoader(training("WA150", steps=12), manifests(world, "WA150"))
    crop_config = training("WA150", steps=12, switches=Switches(weak_labels="crop"))
    crop = JointLoader(crop_config, manifests(world, "WA150", weak_labels="crop"))
    of_images = Counter(labels for step in image for batch in step for labels in batch.labels)
    of_crops = Counter(labels for step in crop for batch in step for labels in batch.labels)
    assert set(of_images) == {(0, 149), (2,)}
    assert {(0,), (149,)} & set(of_crops) and (0, 149) in of_crops
    assert all(batch.masks is None for batch in next(iter(crop)))


def test_normalisation_is_a_switch(world):
    sets = manifests(world, "WA150")
    first = next(iter(JointLoader(training("WA150"), sets)))[0]
    half = next(iter(JointLoader(training("WA150", switches=Switches(normalisation="half")), sets)))[0]
    assert half.images.abs().max() <= 1 < first.images.abs().max()
    mean = np.array([123.675, 116.28, 103.53])[:, None, None]
    std = np.array([58.395, 57.12, 57.375])[:, None, None]
    inside = first.valid[:, None].numpy() if first.valid is not None else 1
    assert np.allclose((first.images.numpy() * std + mean) * inside, (half.images.numpy() * 127.5 + 127.5) * inside, atol=1e-3)


def test_batches_move_to_a_device(world):
    batch = next(iter(JointLoader(training("C171"), manifests(world, "C171"))))[0].to("meta")
    assert batch.images.device.type == batch.masks.device.type == "meta" and batch.dataset == "C171"


def test_what_cannot_be_loaded(world):
    sets = manifests(world, "WA150", "C171")
    with pytest.raises(LarvSegError, match="no manifest of C171"):
        JointLoader(training("WA150", "C171"), {"WA150": sets["WA150"]})
    with pytest.raises(LarvSegError, match="has no masks.*weak_labels: crop"):
        JointLoader(training("WA150", switches=Switches(weak_labels="crop")), sets)
    uneven = training("C171")
    uneven = uneven.model_copy(update={"training_sets": (uneven.training_sets[0].model_copy(update={"ranks": 3}),)})
    with pytest.raises(LarvSegError, match="C171 has 8 of 8 ranks, not 3"):
        JointLoader(uneven, sets)


def in_windows(lanes: int = 4, **changes) -> TrainConfig:
    plain = training("I124", **changes)
    (only,) = plain.training_sets
    return plain.model_copy(update={"training_sets": (only.model_copy(update={"windows": Windows(lanes=lanes, open=2)}),)})


def test_windows_resume_anywhere_with_any_processes_and_give_the_images_of_the_archives(world):
    sets = manifests(world, "I124")
    whole = list(JointLoader(in_windows(), sets))
    assert all(same(*pair) for pair in zip(whole[5:], JointLoader(in_windows(), sets, start_step=5), strict=True))
    assert all(same(*pair) for pair in zip(whole[1:], JointLoader(in_windows(), sets, 1, num_workers=2), strict=True))
    assert not all(same(*pair) for pair in zip(whole, JointLoader(training("I124"), sets), strict=True))

    class Random(JointLoader):
        """Reads each image of the same order by itself."""

        def __init__(self, *arguments):
            super().__init__(*arguments)
            (order,) = self._orders.values()
            self._orders = {"I124": SimpleNamespace(visit=order.positions)}

    assert all(same(*pair) for pair in zip(whole, Random(in_windows(), sets), strict=True))


def test_processes_that_would_read_windows_several_times_are_refused(world):
    with pytest.raises(LarvSegError, match="I124 has windows in 4 lanes, and 3 processes load them.*be a multiple of 3"):
        JointLoader(in_windows(), manifests(world, "I124"), num_workers=3)
