"""Starting weights: trained on object images, or taken from a file of timm's names."""

import json
from argparse import Namespace
from pathlib import Path

import pytest
import torch

import larvseg.training.pretrain as module
from larvseg.config import PretrainConfig, Pretraining
from larvseg.errors import LarvSegError
from larvseg.models.backbone import build_backbone
from larvseg.training.checkpoint import load_tensors, save_tensors
from larvseg.training.pretrain import pretrain
from tests.interruption import Interrupted


@pytest.fixture
def settings(config) -> PretrainConfig:
    return PretrainConfig(
        profile="smoke",
        backbone=config.backbone,
        pretraining=Pretraining(steps=40, batch_size=8, optimiser=config.optimiser, augmentation=config.training_sets[2].augmentation),
        normalisation="imagenet",
    )


def published(settings: PretrainConfig, weights: str, image_size: int = 32) -> tuple[PretrainConfig, dict]:
    """A configuration that asks for `weights`, and the tensors of such a file: timm's names, another grid, a head."""
    backbone = settings.backbone.model_copy(update={"weights": weights})
    vit = build_backbone(backbone.model_copy(update={"image_size": image_size}), seed=3).vit
    tensors = {**vit.state_dict(), "head.weight": torch.zeros(5, 32), "head.bias": torch.zeros(5)}
    return settings.model_copy(update={"backbone": backbone, "pretraining": None}), tensors


def test_pretraining_learns_and_repeats(settings, inputs):
    for name in ("one", "two"):
        pretrain(settings, {"manifest": inputs["I124"]}, {"model": Path(name), "accuracy": Path(f"{name}.json")}, Path("work"))
    assert Path("one").read_bytes() == Path("two").read_bytes()
    report = json.loads(Path("one.json").read_text())
    assert report == {"accuracy": 1.0, "held_out": 2, "classes": 2, "steps": 40}  # red and green halves
    tensors, metadata = load_tensors(Path("one"))
    assert metadata == report
    assert sorted(tensors) == sorted(build_backbone(settings.backbone).state_dict())


def test_pretraining_goes_on_after_a_kill(settings, inputs):
    settings = settings.model_copy(update={"runtime": settings.runtime.model_copy(update={"checkpoint_every": 15})})
    pretrain(settings, {"manifest": inputs["I124"]}, {"model": Path("whole")}, Path("work/whole"))
    real = module._positions

    def interrupted(images: int, size: int, step: int, seed: int) -> list[int]:
        if step == 34:
            raise Interrupted
        return real(images, size, step, seed)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Interrupted):
        patch.setattr(module, "_positions", interrupted)
        pretrain(settings, {"manifest": inputs["I124"]}, {"model": Path("parts")}, Path("work/parts"))
    assert load_tensors(Path("work/parts/state.safetensors"))[1]["step"] == 30
    pretrain(settings, {"manifest": inputs["I124"]}, {"model": Path("parts")}, Path("work/parts"))
    assert Path("whole").read_bytes() == Path("parts").read_bytes()


def test_pretraining_refuses_a_loss_that_is_not_finite(settings, inputs):
    wild = settings.pretraining.optimiser.model_copy(update={"lr": 1e30, "warmup_steps": 0})
    wild = settings.model_copy(update={"pretraining": settings.pretraining.model_copy(update={"optimiser": wild})})
    with pytest.raises(LarvSegError, match=r"pretraining: at step \d+ loss = nan"):
        pretrain(wild, {"manifest": inputs["I124"]}, {"model": Path("wild")}, Path("work"))


def test_published_weights_lose_their_head_and_get_our_grid(settings, inputs):
    tag = "timm:vit_tiny_patch16_224.augreg_in21k"
    wanted, tensors = published(settings, tag)
    save_tensors(Path("published.safetensors"), tensors, {})
    pretrain(wanted, {"weights": Path("published.safetensors")}, {"model": Path("out")}, Path("work"))
    ours, metadata = load_tensors(Path("out"))
    assert metadata == {"weights": tag}
    assert torch.equal(ours["vit.blocks.1.mlp.fc1.weight"], tensors["blocks.1.mlp.fc1.weight"])
    position, stored = ours["vit.pos_embed"], tensors["pos_embed"]
    assert position.shape == (1, 1 + 4, 32)
    assert torch.equal(position[:, 0], stored[:, 0])  # the class token's position stays
    resized = torch.nn.functional.interpolate(stored[:, 1:].transpose(1, 2).reshape(1, 32, 4, 4), size=(2, 2), mode="bicubic")
    assert torch.allclose(position[:, 1:], resized.flatten(2).transpose(1, 2))


def test_weights_from_a_path(settings, inputs):
    wanted, tensors = published(settings, "mine.safetensors")
    with pytest.raises(LarvSegError, match="mine.safetensors: cannot be read .No such file"):
        pretrain(wanted, {}, {"model": Path("out")}, Path("work"))
    tensors.pop("norm.bias")
    save_tensors(Path("mine.safetensors"), tensors, {})
    with pytest.raises(LarvSegError, match="mine.safetensors: no tensor 'norm.bias' .nearest: 'head.bias'.; give weights of this network"):
        pretrain(wanted, {}, {"model": Path("out")}, Path("work"))


def test_weights_from_a_training_state(settings, inputs):
    """As the distilled transformer of ReCo is published: two heads, two tokens before the patches, the command line of its training."""
    arguments = {"depth": 1, "embed_dim": 32, "num_heads": 2}
    distilled = settings.backbone.model_copy(
        update={"name": "deit_small_distilled_patch16_224", "arguments": arguments, "patch_size": 16, "image_size": 48, "weights": "own"}
    )
    vit = build_backbone(distilled.model_copy(update={"image_size": 64}), seed=3).vit
    heads = {f"{head}.{kind}": torch.zeros(5) for head in ("head", "head_dist") for kind in ("weight", "bias")}
    torch.save({"model": vit.state_dict() | heads, "args": Namespace(lr=1), "epoch": 3}, "state.pth")
    wanted = settings.model_copy(update={"backbone": distilled, "pretraining": None})
    pretrain(wanted, {"weights": Path("state.pth")}, {"model": Path("out")}, Path("work"))
    ours = load_tensors(Path("out"))[0]
    assert torch.equal(ours["vit.dist_token"], vit.dist_token)
    assert ours["vit.pos_embed"].shape == (1, 2 + 9, 32)
    assert torch.equal(ours["vit.pos_embed"][:, :2], vit.pos_embed[:, :2])
    assert not any("head" in name for name in ours)


class Harmful:
    def __reduce__(self):
        return (Path.touch, (Path("touched"),))


def test_a_training_state_runs_no_code(settings, inputs):
    torch.save({"model": Harmful()}, "state.pth")
    wanted, _ = published(settings, "state.pth")
    with pytest.raises(LarvSegError, match="state.pth: holds more than tensors"):
        pretrain(wanted, {"weights": Path("state.pth")}, {"model": Path("out")}, Path("work"))
    assert not Path("touched").exists() and not Path("out").exists()


def test_missing_settings_are_refused(settings, inputs):
    with pytest.raises(LarvSegError, match="needs a section pretraining"):
        pretrain(settings.model_copy(update={"pretraining": None}), {"manifest": inputs["I124"]}, {"model": Path("out")}, Path("work"))
