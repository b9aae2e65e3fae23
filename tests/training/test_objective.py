"""The joint step against the published losses, rank by rank and pair by pair."""

import numpy as np
import pytest
import torch

from larvseg.bench import plain
from larvseg.config import Attention, Augmentation, Backbone, Optimiser, Switches, TrainConfig, TrainingSet
from larvseg.datasets.loader import RankBatch
from larvseg.errors import LarvSegError
from larvseg.models.segmenter import build_segmenter
from larvseg.training.losses import TERMS
from larvseg.training.objective import Objective, forward_by_size, mean_of_ranks, sample_classes

pytestmark = pytest.mark.usefixtures("double")

UNION, M, K = 12, 2, 4
INDICES = {"C171": [0, 1, 1, 2, 3], "WA150": [2, 3, 4, 5, 6, 7, 8], "I124": [5, 6, 7, 8]}
NOVEL = {4, 5, 6, 7, 8, 9, 10, 11}
KINDS = {"C171": "pixel", "WA150": "multi_label", "I124": "single_label"}
ORDER = ("WA150", "C171", "I124", "WA150", "C171", "I124")
SIDES = {"C171": 32, "WA150": 32, "I124": 24}


def configuration(variant="cross_image", switches=None, sample_classes=None, weights=(0.3, 0.2), **attention):
    augmentation = Augmentation(short_side=32, long_side=128, crop=32)
    lambda_aux = dict(zip(KINDS, (0.0, *weights), strict=True))
    return TrainConfig(
        run="test",
        profile="smoke",
        method="larvseg",
        benchmark="A150",
        training_sets=tuple(
            TrainingSet(name=name, kind=KINDS[name], augmentation=augmentation, lambda_cls=0.1, lambda_aux=lambda_aux[name], ranks=2)
            for name in ORDER[:3]
        ),
        backbone=Backbone(
            title="tiny",
            name="vit_tiny_patch16_224",
            arguments={"patch_size": 8, "embed_dim": 16, "depth": 1, "num_heads": 2},
            weights="pretrain",
            image_size=32,
            patch_size=8,
        ),
        attention=Attention(
            variant=variant,
            **{"memory_size": M, "top_k": K, "background_threshold": -0.2, "background_mse_threshold": 1.5, **attention},
        ),
        switches=Switches(**(switches or {})),
        optimiser=Optimiser(name="sgd", lr=0.1, min_lr=0.01),
        steps=10,
        ranks=len(ORDER),
        sample_classes=sample_classes,
    )


def batch(dataset, generator):
    images = torch.randn(2, 3, SIDES[dataset], SIDES[dataset], generator=generator)
    if dataset == "C171":
        masks = torch.randint(-1, len(INDICES[dataset]), images[:, 0].shape, generator=generator)
        return RankBatch(dataset, "pixel", images, masks, [(), ()], None)
    valid = torch.ones_like(images[:, 0])
    valid[0, :, -6:] = 0
    counts = (1, 1) if dataset == "I124" else torch.randint(1, 5, (2,), generator=generator).tolist()
    labels = [tuple(sorted(torch.randperm(len(INDICES[dataset]), generator=generator)[:count].tolist())) for count in counts]
    return RankBatch(dataset, KINDS[dataset], images, None, labels, valid)


def steps(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [[batch(dataset, generator) for dataset in ORDER] for _ in range(count)]


def plain_banks(segmenter):
    """Published banks with our content: K equal vectors have the mean of a slot."""
    return [plain.Bank(bank.slots[:, :, None].repeat(1, 1, K, 1)) for bank in segmenter.banks]


def plain_step(config, segmenter, batches, banks):
    """The joint objective: means for each rank, then the mean over ranks. One backbone pass for each rank."""
    switches, total, scored = config.switches, 0.0, 0
    for rank, batch in enumerate(batches):
        index, dataset = INDICES[batch.dataset], next(s for s in config.training_sets if s.name == batch.dataset)
        out = plain.classify(segmenter.classifier, segmenter.backbone(batch.images), index)
        size = tuple(side // 2 for side in batch.images.shape[2:])
        if batch.masks is not None:
            total = total + plain.segmentation_loss(out.logits, batch.masks[:, ::2, ::2], switches.pixel_denominator == "labelled_pixels")
            continue
        pairs = sum(map(len, batch.labels))
        total = total + dataset.lambda_cls * plain.image_label_loss(out, batch.labels, size) / pairs
        bank = banks[rank if len(banks) > 1 else 0] if banks else None
        banked = [category in NOVEL for category in index] if switches.bank_classes == "novel" else None
        valid = batch.valid[:, ::2, ::2] > 0
        head, attention = segmenter.classifier, config.attention
        aux, own = plain.attentive_loss(out, batch.labels, index, size, head, bank, attention, switches, banked, valid)
        denominator = max(own, 1) if switches.aux_denominator == "warm_pairs" else pairs
        total, scored = total + dataset.lambda_aux * aux / denominator, scored + own
    return total / len(batches), scored


@pytest.mark.parametrize(
    "variant, switches",
    [
        ("cross_image", {}),
        ("cross_image", {"bank_scope": "per_rank"}),
        ("cross_image", {"bank_classes": "novel"}),
        ("cross_image", {"attention_on": "similarity", "pooling": "attention"}),
        ("cross_image", {"temperature": "cosine", "aux_denominator": "warm_pairs", "pixel_denominator": "labelled_pixels"}),
        ("push_first", {}),
        ("single_image", {}),
        ("single_image", {"aux_denominator": "warm_pairs"}),
    ],
)
def test_loss_gradients_and_bank_equal_the_published_ones(variant, switches):
    config = configuration(variant, switches, **({"memory_size": 1, "warm_up": 0} if variant == "push_first" else {}))
    segmenter = build_segmenter(config, UNION).eval().double()
    objective, banks = Objective(config, segmenter, INDICES), plain_banks(segmenter)
    parameters = [p for p in segmenter.parameters() if p.requires_grad]
    for step, batches in enumerate(steps(6)):
        ours, parts = objective(batches, step)
        theirs, scored = plain_step(config, segmenter, batches, banks)
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-10)
        torch.testing.assert_close(parts["loss_seg"] + parts["loss_cls"] + parts["loss_aux"], ours.detach())
        assert (parts["loss_aux"] > 0) == (scored > 0)
        gradients = [torch.autograd.grad(loss, parameters) for loss in (ours, theirs)]
        for mine, expected in zip(*gradients, strict=True):
            torch.testing.assert_close(mine, expected, rtol=1e-8, atol=1e-8)  # the position embedding is resampled in single precision
    assert scored > 0
    for mine, expected in zip(segmenter.banks, banks, strict=True):
        torch.testing.assert_close(mine.slots, expected.vectors.mean(2))
        assert mine.full.tolist() == expected.full


def test_a_cold_bank_is_not_scored_but_counted():
    config = configuration(memory_size=100)
    segmenter = build_segmenter(config, UNION).eval().double()
    objective = Objective(config, segmenter, INDICES)
    for step, batches in enumerate(steps(2)):
        _, parts = objective(batches, step)
        assert parts["loss_aux"] == 0 and parts["loss_cls"] > 0
    assert objective.bank_state()["warm"] == 0 < objective.bank_state()["fill"] < 1
    assert segmenter.banks[0].pushed.sum() == sum(len(labels) for batches in steps(2) for b in batches for labels in b.labels)


def test_a_set_without_attentive_loss_leaves_the_bank_alone():
    config = configuration(weights=(0.0, 0.2))
    segmenter = build_segmenter(config, UNION).eval().double()
    Objective(config, segmenter, INDICES)(steps(1)[0], 0)
    assert segmenter.banks[0].pushed.sum() == 4  # the four single-label images


def test_the_bank_fills_and_then_is_warm():
    config = configuration(memory_size=2)
    segmenter = build_segmenter(config, UNION).eval().double()
    objective = Objective(config, segmenter, INDICES)
    states = []
    for step, batches in enumerate(steps(16)):
        objective(batches, step)
        states.append(objective.bank_state())
    for name in ("warm", "fill"):
        shares = [state[name] for state in states]
        assert shares == sorted(shares) and shares[0] < 1 and shares[-1] == 1
    assert all(state["warm"] <= state["fill"] for state in states) and states[0]["warm"] < states[0]["fill"]


def test_banks_that_no_rank_pushes_to_do_not_count():
    """WA150 has no attentive loss: of the six banks those of the ranks of I124 are pushed to, with its four categories."""
    config = configuration(switches={"bank_scope": "per_rank"}, weights=(0.0, 0.2))
    segmenter = build_segmenter(config, UNION).eval().double()
    objective = Objective(config, segmenter, INDICES)
    assert objective.bank_state() == {"warm": 0, "fill": 0}
    for step, batches in enumerate(steps(3)):
        objective(batches, step)
    used = [bank.pushed[INDICES["I124"]] for place, bank in enumerate(segmenter.banks) if ORDER[place] == "I124"]
    assert len(used) == 2 and sum(bank.pushed.sum() for bank in segmenter.banks) == sum(pushed.sum() for pushed in used) == 12
    fill = sum((pushed / M).clamp(max=1).mean().item() for pushed in used) / 2
    warm = sum((pushed >= M).double().mean().item() for pushed in used) / 2
    assert objective.bank_state() == pytest.approx({"warm": warm, "fill": fill}) and fill > 0.4
    for batches in steps(30)[3:]:
        objective(batches, 0)
    assert objective.bank_state() == {"warm": 1, "fill": 1}


def test_a_further_term_is_weighted_and_counted_as_the_others(monkeypatch):
    def term(out, masks, labels):
        return None if labels is None else (3.0 * (labels >= 0), labels >= 0)

    monkeypatch.setitem(TERMS, "three", term)
    config = configuration().model_copy(update={"losses": {"three": 0.5}})
    segmenter = build_segmenter(config, UNION).eval().double()
    loss, parts = Objective(config, segmenter, INDICES)(steps(1)[0], 0)
    torch.testing.assert_close(parts["loss_three"], torch.tensor(0.5 * 3.0 * 4 / 6))  # four of six ranks have image labels
    torch.testing.assert_close(sum(parts[f"loss_{name}"] for name in ("seg", "cls", "aux", "three")), loss.detach())


def test_an_unknown_term_is_refused():
    config = configuration().model_copy(update={"losses": {"entropie": 0.5}})
    with pytest.raises(LarvSegError, match="test: no loss 'entropie'.*losses.py"):
        Objective(config, build_segmenter(config, UNION), INDICES)


@pytest.mark.parametrize("scope", ["global", "per_rank"])
def test_base_categories_that_have_no_bank_do_not_count(scope):
    config = configuration(switches={"bank_classes": "novel", "bank_scope": scope})
    segmenter = build_segmenter(config, UNION).eval().double()
    objective = Objective(config, segmenter, INDICES)
    for step, batches in enumerate(steps(30)):
        objective(batches, step)
    base = sorted(set(range(UNION)) - NOVEL)
    assert all(not bank.pushed[base].any() for bank in segmenter.banks)
    assert objective.bank_state() == {"warm": 1, "fill": 1}


def test_images_of_one_size_go_together_the_largest_last():
    seen = []

    def backbone(images):
        seen.append(tuple(images.shape))
        return images * 2

    images = [torch.full((2, 3, side, side), float(rank)) for rank, side in enumerate((32, 24, 32, 24))]
    features = forward_by_size(backbone, images)
    assert seen == [(4, 3, 24, 24), (4, 3, 32, 32)]
    assert all(torch.equal(found, own * 2) for found, own in zip(features, images, strict=True))


def test_contrast_is_the_deviation_of_what_attention_compares():
    config = configuration()
    segmenter = build_segmenter(config, UNION).eval().double()
    bank, objective = plain_banks(segmenter)[0], Objective(config, segmenter, INDICES)
    images = torch.randn(1, 3, 32, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    _, parts = objective([RankBatch("WA150", "multi_label", images, None, [(0, 1)], None)], 0)
    (pixels,) = plain.classify(segmenter.classifier, segmenter.backbone(images), INDICES["WA150"]).pixels
    first, second = (INDICES["WA150"][label] for label in (0, 1))
    alone = bank.score(first, pixels) - bank.score(second, pixels)  # the second label comes after the first has pushed
    bank.push(first, pixels, pixels @ _embedding(segmenter, first))
    after = bank.score(second, pixels) - bank.score(first, pixels)
    expected = (alone.std(correction=0) + after.std(correction=0)) / 2
    torch.testing.assert_close(parts["contrast"], expected)
    assert expected > 0.01
    none = configuration("none")
    _, parts = Objective(none, build_segmenter(none, UNION).eval(), INDICES)(steps(1)[0], 0)
    assert parts["contrast"] == 0


def _embedding(segmenter, category):
    classes = segmenter.classifier.table[category] @ segmenter.classifier.project_classes
    return classes / classes.norm()


def test_no_weak_labels_at_all_still_has_a_graph():
    config = configuration()
    segmenter = build_segmenter(config, UNION).eval().double()
    images = torch.randn(2, 3, 32, 32)
    loss, _ = Objective(config, segmenter, INDICES)([RankBatch("WA150", "multi_label", images, None, [(), ()], None)], 0)
    loss.backward()
    assert loss == 0 and segmenter.classifier.table.grad is not None


def test_class_sampling_draws_anew_and_keeps_what_is_present():
    present = np.array([-1, 3, 90])
    first, again, other = (sample_classes(present, 100, 20, seed) for seed in ((0, 1, 2), (0, 1, 2), (0, 2, 2)))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert {3, 90} <= set(first.tolist()) and 20 <= len(first) <= 22
    assert first.tolist() == sorted(set(first.tolist()))


def test_sampled_classes_are_all_that_a_step_sees():
    config = configuration(sample_classes=3, memory_size=100)  # cold: the attentive loss is 0
    segmenter = build_segmenter(config, UNION).eval().double()
    objective, batches = Objective(config, segmenter, INDICES), steps(1)[0]
    loss, _ = objective(batches, 4)
    total = 0.0
    for rank, batch in enumerate(batches):
        index = INDICES[batch.dataset]
        present = {c for labels in batch.labels for c in labels} if batch.masks is None else set(batch.masks.unique().tolist()) - {-1}
        kept = sample_classes(np.array(sorted(present), int), len(index), 3, (config.seed, 4, rank)).tolist()
        out = plain.classify(segmenter.classifier, segmenter.backbone(batch.images), [index[column] for column in kept])
        size = tuple(side // 2 for side in batch.images.shape[2:])
        if batch.masks is not None:
            masks = batch.masks[:, ::2, ::2].clone().apply_(lambda c, kept=kept: kept.index(c) if c >= 0 else -1)
            total = total + plain.segmentation_loss(out.logits, masks)
        else:
            labels = [tuple(kept.index(label) for label in own) for own in batch.labels]
            total = total + 0.1 * plain.image_label_loss(out, labels, size) / sum(map(len, labels))
    torch.testing.assert_close(loss, total / len(batches))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"temperature": "cosine"},
        {"attention_on": "similarity"},
        {"bank_classes": "novel"},
        {"bank_scope": "per_rank"},
        {"pooling": "all_pixels"},
    ],
    ids=lambda changes: "-".join(map(str, changes.items())),
)
@pytest.mark.parametrize("variant", ["cross_image", "single_image"])
def test_ranks_that_sample_classes_do_not_see_those_of_others(variant, changes):
    class Apart(Objective):
        def _groups(self, batches, features, step):
            return [self._group(batches, features, [rank], step) for rank in range(len(batches))]

    config = configuration(variant, changes, sample_classes=2)
    grouped, apart = (build_segmenter(config, UNION).eval().double() for _ in range(2))
    together, alone = Objective(config, grouped, INDICES), Apart(config, apart, INDICES)
    seen = 0.0
    for number, batches in enumerate(steps(6)):
        (loss, parts), (expected, expected_parts) = together(batches, number), alone(batches, number)
        torch.testing.assert_close((loss, parts), (expected, expected_parts))
        loss.backward()
        expected.backward()
        seen += parts["loss_aux"].item()
    assert seen > 0, "the attentive loss was there"
    for mine, others in zip(grouped.parameters(), apart.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, others.grad)
    for mine, others in zip(grouped.buffers(), apart.buffers(), strict=True):
        torch.testing.assert_close(mine, others)


def test_means_of_ranks():
    values, counted = torch.tensor([[1.0, 3.0], [2.0, 0.0], [5.0, 0.0]]), torch.tensor([[1, 1], [1, 0], [1, 0]])
    # rank 0: (1 + 3 + 2) / 3, rank 1: 5 / 1, rank 2 has none
    assert mean_of_ranks(values, counted, torch.tensor([0, 0, 1]), 3).item() == pytest.approx((2 + 5) / 3)


def test_the_bank_travels_in_the_checkpoint():
    config = configuration()
    first, second = build_segmenter(config, UNION).eval().double(), build_segmenter(config, UNION).eval().double()
    for step, batches in enumerate(steps(3)):
        Objective(config, first, INDICES)(batches, step)
    second.load_state_dict(first.state_dict())
    batches = steps(1, seed=5)[0]
    losses = [Objective(config, segmenter, INDICES)(batches, 3)[0] for segmenter in (first, second)]
    assert torch.equal(*losses)
    assert len(build_segmenter(config, UNION, with_banks=False).banks) == 0


def test_inference_gives_patch_logits():
    segmenter = build_segmenter(configuration(), UNION).eval().double()
    assert segmenter(torch.randn(2, 3, 32, 40), torch.tensor(INDICES["WA150"])).shape == (2, 7, 4, 5)
