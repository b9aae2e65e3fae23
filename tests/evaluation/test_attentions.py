"""Figure 3's arrays: the crops behind a bank's slots, and the maps of a training step as the model's own modules have them."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from larvseg.config import Attention, Evaluation, Optimiser, Switches, TrainConfig, TrainingSet, parse
from larvseg.config.figures import AttentionsConfig
from larvseg.datasets.loader import JointLoader
from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError
from larvseg.evaluation.attended import attend, principal_components
from larvseg.evaluation.attentions import View, attentions
from larvseg.evaluation.bank_contents import load_banked, slots_of
from larvseg.models.backbone import build_backbone
from larvseg.models.bank import MemoryBank
from larvseg.training.checkpoint import load_tensors, save_tensors
from larvseg.training.objective import Objective
from larvseg.training.train import train
from tests.training.conftest import AUGMENTATION, BACKBONE, KINDS, pack

M, STEPS = 3, 8
STILL = Optimiser(name="sgd", lr=1e-12, min_lr=0.0)  # a network that does not change pushes what it would push again
SURE = BACKBONE.model_copy(update={"arguments": BACKBONE.arguments | {"drop_path_rate": 0.0}})
EVALUATION = {"short_side": 16, "long_side": 64, "window": 16, "stride": 16}


@pytest.fixture(scope="module", autouse=True)
def place(tmp_path_factory):
    """Manifests of all three data sets and a backbone, where the tests of this file run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("attentions"))
        for dataset in KINDS:
            pack(Path("."), dataset)
        save_tensors(Path("backbone"), build_backbone(SURE, seed=5).state_dict(), {})
        yield


def trained(folder: str, optimiser: Optimiser = STILL, images: int = 2, ranks: int = 8, switches=None, **attention) -> dict[str, Path]:
    """`model`, `config` and manifests of a run; one of each name is trained once."""
    files = {role: Path(folder, role) for role in ("model", "config", "curves", "card")}
    lambdas = {"WA150": 0.1, "C171": 0.0, "I124": 0.1}
    config = TrainConfig(
        run=folder,
        profile="smoke",
        method="larvseg",
        benchmark="A150",
        training_sets=tuple(
            TrainingSet(name=name, kind=KINDS[name], augmentation=AUGMENTATION, lambda_cls=0.1, lambda_aux=weight, ranks=count)
            for (name, weight), count in zip(lambdas.items(), [len(range(first, ranks, 3)) for first in range(3)], strict=True)
        ),
        backbone=SURE,
        attention=Attention(**({"variant": "cross_image", "memory_size": M, "top_k": 2} | attention)),
        switches=Switches(**(switches or {})),
        optimiser=optimiser,
        steps=STEPS,
        ranks=ranks,
        images_per_rank=images,
    )
    manifests = {name: Path(f"{name}.arrow") for name in KINDS}
    if not files["model"].exists():
        train(config, {"backbone": Path("backbone"), **manifests}, files, Path("work", folder))
    return {"model": files["model"], "config": files["config"], **manifests}


def opened(inputs):
    return load_banked(inputs, "cpu"), {name: Manifest(inputs[name]) for name in KINDS}


# ---- what lies in a bank


def test_crops_behind_slots_give_the_slots_again():
    run, manifests = opened(trained("still"))
    bank = run.bank_of(0)
    assert bank.pushed.min() > M  # rings have wrapped
    for category in range(len(run.names)):
        slots = slots_of(run, manifests, bank, category, limit=10)
        assert len(slots) == M
        assert [slot.agreement for slot in slots] == pytest.approx([1] * M, abs=1e-5)
        assert [slot.push.step for slot in slots] == sorted((slot.push.step for slot in slots), reverse=True)
    sofa = [slots_of(run, manifests, bank, run.names.index("sofa"), limit) for limit in (1, M)]
    assert len(sofa[0]) == 1 and sofa[0][0].push.name == sofa[1][0].push.name
    assert {slot.push.dataset for category in range(4) for slot in slots_of(run, manifests, bank, category, M)} == {"WA150", "I124"}


def test_top_patches_of_a_crop_are_those_of_its_slot():
    run, manifests = opened(trained("still"))
    category, bank = run.names.index("lamp"), run.bank_of(0)
    newest = slots_of(run, manifests, bank, category, 1)[0]
    out = run.classify(newest.push.image[None], newest.push.dataset)
    slot = bank.slots[category, (bank.pushed[category] - 1) % M]
    assert torch.allclose(out.pixels[0, newest.top].mean(0), slot, atol=1e-6)
    assert newest.grid == tuple(out.logits.shape[2:])
    assert not torch.allclose(bank.slots[category, 0], bank.slots[category, 1], atol=1e-3)  # another slot would not have fitted


def test_agreement_says_how_much_the_network_has_changed_since():
    run, manifests = opened(trained("moving", Optimiser(name="adamw", lr=0.01, min_lr=0.0)))
    slots = slots_of(run, manifests, run.bank_of(0), run.names.index("wall"), M)
    assert all(slot.agreement < 1 - 1e-5 for slot in slots)


def test_each_rank_has_its_own_bank():
    run, manifests = opened(trained("per_rank", switches={"bank_scope": "per_rank"}))
    assert len(run.segmenter.banks) == 8
    for rank in (0, 2, 3, 5):  # two of WA150, two of I124
        bank = run.bank_of(rank)
        assert run.writers(bank) == [rank]
        for category in bank.pushed.nonzero()[:, 0].tolist():
            slots = slots_of(run, manifests, bank, category, M)
            assert len(slots) == min(int(bank.pushed[category]), M)
            assert [slot.agreement for slot in slots] == pytest.approx([1] * len(slots), abs=1e-5)
            assert {slot.push.dataset for slot in slots} == {run.dataset_of(rank)}
    assert run.writers(run.bank_of(1)) == []  # C171


def test_base_categories_have_no_slots_where_the_bank_is_of_novel_ones():
    run, manifests = opened(trained("novel", switches={"bank_classes": "novel"}))
    bank = run.bank_of(0)
    assert [name for name, novel in zip(run.names, run.novel.tolist(), strict=True) if novel] == ["sofa", "lamp"]
    assert len(slots_of(run, manifests, bank, run.names.index("wall"), M)) == 0
    assert len(slots_of(run, manifests, bank, run.names.index("sofa"), M)) == M


def test_a_bank_that_the_images_of_the_training_cannot_have_filled_is_refused():
    run, manifests = opened(trained("still"))
    bank = run.segmenter.banks[0] = MemoryBank(len(run.names), 32, memory_size=100, top_k=2)
    bank.pushed[:] = 100
    with pytest.raises(LarvSegError, match=r"still: sofa was pushed 100 times, its images explain \d\d; train the run again"):
        slots_of(run, manifests, bank, run.names.index("sofa"), 100)


def test_a_run_without_a_bank_is_refused():
    with pytest.raises(LarvSegError, match="single keeps no memory bank"):
        load_banked(trained("single", variant="single_image"), "cpu")


# ---- one image


def next_step(run, manifests):
    """The batches of the step after the last."""
    return JointLoader(run.config, manifests)[STEPS]


@pytest.mark.parametrize(
    ("switches", "attention"),
    [({}, {}), ({"pooling": "attention"}, {}), ({"attention_on": "similarity"}, {}), ({}, {"variant": "push_first"})],
)
def test_losses_of_an_image_are_those_of_the_objective(switches, attention):
    name = "-".join(["one", *switches, *attention])
    run, manifests = opened(trained(name, images=1, ranks=3, switches=switches, **attention))
    weak = run.config.training_sets[0]
    silent = {"lambda_aux": 0.0, "lambda_cls": 0.0}
    alone = [weak, run.config.training_sets[1], run.config.training_sets[2].model_copy(update=silent)]
    batches = next_step(run, manifests)
    with torch.no_grad():
        seen = attend(run, weak, run.bank_of(0), batches[0].images, batches[0].labels[0])
        objective = Objective(run.config.model_copy(update={"training_sets": tuple(alone)}), run.segmenter, run.index)
        _, parts = objective(batches, STEPS)
    assert seen.scored.all()
    assert float(parts["loss_aux"]) == pytest.approx(0.1 / 3 * float(seen.loss_aux.mean()), rel=1e-5)
    assert float(parts["loss_cls"]) == pytest.approx(0.1 / 3 * float(seen.loss_cls.mean()), rel=1e-5)
    own = seen.log_probability[range(len(batches[0].labels[0])), batches[0].labels[0]]
    assert torch.allclose(-own, seen.loss_aux, atol=1e-5)


def test_maps_are_those_that_the_loss_is_pooled_by():
    run, manifests = opened(trained("still"))
    weak, bank = run.config.training_sets[0], run.bank_of(0)
    batch = next_step(run, manifests)[0]
    image, labels = batch.images[:1], batch.labels[0]
    rows = run.index["WA150"][list(labels)]
    means, slots = bank.category_means(rows).clone(), bank.slots.clone()
    with torch.no_grad():
        seen = attend(run, weak, bank, image, labels)
    assert torch.equal(bank.slots, slots)  # the bank is as it was

    # s_fg of a label: cosines to all slots, in the mean; s_bg of the first of two: s_fg of the second, which has not pushed yet
    cosines = torch.stack([seen.out.pixels[0] @ slot for slot in slots[rows].flatten(0, 1)]).unflatten(0, (len(labels), M)).mean(1)
    assert torch.allclose(seen.foreground, cosines, atol=1e-5)
    assert len(labels) == 2 and torch.allclose(seen.background[0], means[1] @ seen.out.pixels[0].T, atol=1e-5)
    assert not torch.allclose(seen.background[1], means[0] @ seen.out.pixels[0].T, atol=1e-5)  # the first has

    difference = seen.foreground - seen.background
    assert torch.allclose(seen.contrast, difference.std(1, correction=0), atol=1e-6)

    # A pools the upsampled logits to the vector that the loss is taken of
    logits = F.interpolate(seen.out.logits, seen.attention.shape[1:], mode="bilinear")[0]
    pooled = (seen.attention[:, None] * logits).sum((2, 3)) / seen.attention.sum((1, 2))[:, None]
    for place, label in enumerate(labels):
        kept = [column for column in range(logits.shape[0]) if column == label or column not in labels]
        assert torch.allclose(pooled[place, kept].log_softmax(0), seen.log_probability[place, kept], atol=1e-5)
        assert all(seen.log_probability[place, column] == -torch.inf for column in labels if column != label)


def test_principal_components_have_fixed_signs():
    spread = torch.tensor([5.0, 3.0, 1.0, 0.1, 0.1])[:, None, None]
    embeddings = torch.randn(5, 4, 6, generator=torch.Generator().manual_seed(0)) * spread + 7
    found = principal_components(embeddings)
    assert found.shape == (3, 4, 6)
    rows = embeddings.flatten(1).numpy().T.astype(float)
    directions = np.linalg.svd(rows - rows.mean(0), full_matrices=False)[2][:3]
    directions *= np.sign([row[np.abs(row).argmax()] for row in directions])[:, None]
    assert np.allclose(found.flatten(1).numpy().T, (rows - rows.mean(0)) @ directions.T, atol=1e-4)


# ---- the stage


def stage(inputs, folder, **changes):
    settings = {"run": "still", "profile": "smoke", "seed": 0, "novel": 1, "base": 1, "slots": 2, "evaluation": EVALUATION}
    config = parse(AttentionsConfig, settings | changes, "test")
    attentions(config, inputs, {"attentions": folder / "attentions"}, folder / "work")
    return load_tensors(folder / "attentions")


def test_the_stage_writes_one_image_of_each_kind(tmp_path):
    inputs = trained("still")
    tensors, about = stage(inputs, tmp_path)
    first = (tmp_path / "attentions").read_bytes()
    stage(inputs, tmp_path)
    assert (tmp_path / "attentions").read_bytes() == first

    run, manifests = opened(inputs)
    weak, manifest = about["weak"], manifests["WA150"]
    assert about["names"] == list(run.names) and about["novel"] == run.novel.tolist()
    row = [manifest.name(number) for number in range(len(manifest))].index(weak["name"])
    labels = manifest.labels(row)
    assert weak["labels"] == run.index["WA150"][list(labels)].tolist()
    assert [about["novel"][each["row"]] for each in weak["shown"]] == [True, False]
    assert (tensors["weak.image"].numpy() == manifest.image(row)).all()
    for number, shown in enumerate(weak["shown"]):
        assert len(shown["slots"]) == 2 and shown["scored"]
        assert tensors[f"slots.{number}.0.image"].shape == (16, 16, 3)
        assert shown["slots"][0]["agreement"] == pytest.approx(1, abs=1e-5)
        own = weak["rows"].index(shown["row"])
        assert -np.log(float(tensors["weak.probabilities"][number, own])) == pytest.approx(shown["loss_aux"], abs=1e-4)
    assert tensors["weak.attention"].shape == (2, 8, 8) and tensors["weak.foreground"].shape == (2, 2, 2)
    masks = {int(value) for value in tensors["pixel.mask"].unique()}
    assert masks <= set(run.index["C171"].tolist()) and tensors["pixel.prediction"].shape == tensors["pixel.mask"].shape == (16, 16)


def test_the_stage_shows_the_image_whose_labels_the_bank_tells_best_from_the_rest(tmp_path):
    inputs = trained("still")
    run, manifests = opened(inputs)
    manifest, evaluation, least = manifests["WA150"], parse(Evaluation, EVALUATION, "test"), {}
    for row in range(len(manifest)):
        labels = manifest.labels(row)
        if min(labels) < 2 <= max(labels):  # one of wall and person, one of sofa and lamp
            image = View(run, evaluation, manifest.image(row)).image
            seen = attend(run, run.config.training_sets[0], run.bank_of(0), image, labels)
            least[manifest.name(row)] = float(seen.contrast.min())
    assert len(least) > 3
    for candidates in (2, 12):
        _, about = stage(inputs, tmp_path, candidates=candidates)
        looked_at = dict([*least.items()][:candidates])
        assert about["weak"]["name"] == max(looked_at, key=looked_at.get)
        assert min(shown["contrast"] for shown in about["weak"]["shown"]) == pytest.approx(max(looked_at.values()))


def test_crops_have_their_colours_back(tmp_path):
    tensors, about = stage(trained("still"), tmp_path)
    crop = tensors["slots.0.0.image"].numpy().astype(int)
    assert crop.std() > 20 and 30 < crop.mean() < 225


def test_more_labels_than_any_image_has_are_refused(tmp_path):
    with pytest.raises(LarvSegError, match="no training image has 3 novel and 1 base labels"):
        stage(trained("still"), tmp_path, novel=3)


def test_no_mask_of_the_image_with_image_labels_is_opened(tmp_path, monkeypatch):
    opened_masks = []
    monkeypatch.setattr(Manifest, "mask", lambda self, row, real=Manifest.mask: opened_masks.append(self.path.stem) or real(self, row))
    stage(trained("still"), tmp_path)
    assert set(opened_masks) == {"C171"}
