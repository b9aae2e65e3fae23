"""Published weights in the forms that publishers give them: loaded where that is well defined, else refused in one line."""

import math

import pytest
import timm
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from larvseg.config import Backbone
from larvseg.errors import LarvSegError
from larvseg.models.extractor import build_extractor
from larvseg.training.fitting import load_published

TINY = {"patch_size": 8, "embed_dim": 32, "depth": 2, "num_heads": 2, "num_classes": 0}
LITE = {"name": "tf_efficientnet_lite0", "patch_size": 32, "levels": (3, 4)}
VIT = {"name": "vit_tiny_patch16_224", "patch_size": 16, "levels": (1, 3), "arguments": {"depth": 4}}
PREFIXES = ["module.", "backbone.", "encoder.", "model.", "module.backbone.", "vit.", "image_encoder.trunk."]
ALWAYS = {"deadline": None, "derandomize": True, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


def vit(image_size: int | tuple[int, int] = 32, **arguments) -> torch.nn.Module:
    return timm.create_model("vit_tiny_patch16_224", **TINY | {"img_size": image_size} | arguments)


def features(title="x", image_size=224, weights="x", **settings) -> torch.nn.Module:
    """The network of a frozen backbone, as the stage `freeze` fills it."""
    network = build_extractor(Backbone(title=title, image_size=image_size, weights=weights, **settings), seed=1).network
    return getattr(network, "model", network)


@pytest.fixture
def load(tmp_path):
    """load(network, tensors): the network, filled from a file of them; the error is one line that names the file."""

    def load(network: torch.nn.Module, tensors: dict, **how) -> torch.nn.Module:
        torch.save(tensors, tmp_path / "w.pth")
        before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        try:
            load_published(network, tmp_path / "w.pth", **how)
        except LarvSegError as error:
            assert str(error).startswith(f"{tmp_path / 'w.pth'}: ") and len(str(error).splitlines()) == 1
            assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())  # nothing half-filled
            raise
        return network

    return load


def same(network: torch.nn.Module, tensors: dict) -> bool:
    return all(torch.equal(tensor, tensors[name]) for name, tensor in network.state_dict().items())


@pytest.mark.parametrize("prefix", ["", *PREFIXES])
def test_what_stands_before_all_names_is_left_out(prefix, load):
    tensors = vit().state_dict()
    beside = {"head.weight": torch.zeros(5, 32), "module.head.mlp.0.weight": torch.zeros(3), f"{prefix}mask_token": torch.zeros(1, 32)}
    assert same(load(vit(), {prefix + name: tensor for name, tensor in tensors.items()} | beside), tensors)


def test_a_network_that_is_there_twice_is_refused(load):
    twice = {f"{prefix}.{name}": tensor for prefix in ("base", "momentum") for name, tensor in vit().state_dict().items()}
    with pytest.raises(LarvSegError, match="the network is there more than once, as 'base.' and 'momentum.'; keep the tensors of one"):
        load(vit(), twice)
    plain = vit().state_dict()
    assert same(load(vit(), twice | plain), plain)  # what has no prefix is meant


@pytest.mark.parametrize("precision", [torch.float16, torch.bfloat16, torch.float64])
def test_every_precision_becomes_that_of_the_network(precision, load):
    tensors = {name: tensor.to(precision) for name, tensor in vit(64).state_dict().items()}
    network = load(vit(), tensors)
    assert {tensor.dtype for tensor in network.state_dict().values()} == {torch.float32}
    assert torch.equal(network.cls_token, tensors["cls_token"].float())
    expected = load(vit(), {name: tensor.float() for name, tensor in tensors.items()}).pos_embed  # resampled in single precision
    assert torch.equal(network.pos_embed, expected)


@pytest.mark.parametrize("how", [{}, {"pruned": True}], ids=["all", "first levels"])
def test_counters_of_batches_may_lack_or_have_the_precision_of_the_rest(how, load):
    tensors = timm.create_model("resnet18").state_dict()
    counters = {name for name in tensors if name.endswith("num_batches_tracked")}
    wanted = {name: tensor if name in counters else tensor.half().float() for name, tensor in tensors.items()}
    network = timm.create_model("resnet18", features_only=bool(how))
    assert same(load(network, {f"module.{name}": tensor.half() for name, tensor in tensors.items()}, **how), wanted)
    assert same(load(network, {name: wanted[name] for name in wanted.keys() - counters}, **how), wanted)
    counted = wanted | {name: torch.tensor(7) for name in counters}
    assert same(load(network, counted, **how), counted)


GRIDS = {
    "square to square": ((64, 64), (32, 32)),
    "square to wide": ((64, 64), (32, 48)),
    "wide to the same": ((24, 64), (24, 64)),
    "wide to half of it": ((32, 64), (16, 32)),
}


@pytest.mark.parametrize(("stored", "wanted"), GRIDS.values(), ids=GRIDS)
@pytest.mark.parametrize("classless", [False, True])
def test_positions_are_resampled_between_grids(stored, wanted, classless, load):
    tensors = vit(stored, no_embed_class=classless).state_dict()
    for form in (tensors["pos_embed"], tensors["pos_embed"][0]):  # (1, N, D) and (N, D)
        position = load(vit(wanted), tensors | {"pos_embed": form}).pos_embed
        before = torch.zeros(1, 32) if classless else tensors["pos_embed"][:, 0]
        assert torch.equal(position[:, 0], before)
        grid = tensors["pos_embed"][:, 0 if classless else 1 :].transpose(1, 2).unflatten(2, [side // 8 for side in stored])
        expected = F.interpolate(grid, size=[side // 8 for side in wanted], mode="bicubic")
        torch.testing.assert_close(position[:, 1:], expected.flatten(2).transpose(1, 2), atol=1e-5, rtol=0)


def test_a_class_token_without_position_computes_the_same(load):
    published = vit(no_embed_class=True).eval()
    images = torch.randn(1, 3, 32, 32)
    torch.testing.assert_close(load(vit(), published.state_dict()).eval()(images), published(images))


def test_a_network_without_class_token_does_without_its_position(load):
    tensors = vit(64).state_dict()
    network = load(vit(class_token=False, global_pool="avg", fc_norm=False), tensors)
    assert torch.equal(network.pos_embed, load(vit(), tensors).pos_embed[:, 1:])


REFUSED = {
    "another width": (lambda t: vit(embed_dim=64).state_dict(), r"'cls_token' is \(1, 1, 64\) float32, that of the network \(1, 1, 32\)"),
    "unknown grid": (
        lambda t: vit((16, 40)).state_dict(),
        r"'pos_embed' is \(1, 11, 32\) float32, that of the network \(1, 17, 32\) float32; .*arguments: {img_size: \[height, width\]}",
    ),
    "no positions": (lambda t: t | {"pos_embed": torch.zeros(1, 0, 32)}, r"tensor 'pos_embed' is \(1, 0, 32\)"),
    "flat positions": (lambda t: t | {"pos_embed": torch.zeros(17 * 32)}, r"tensor 'pos_embed' is \(544,\)"),
    "integers": (lambda t: t | {"norm.bias": torch.zeros(32, dtype=torch.int8)}, r"tensor 'norm.bias' is \(32,\) int8, that of"),
    "deeper": (
        lambda t: vit(depth=3).state_dict(),
        r"no tensor 'blocks.2.norm1.weight' \(nearest: 'blocks.[01].norm1.weight'\)",
    ),
    "less deep": (lambda t: vit(depth=1).state_dict(), r"no tensor 'blocks.1.norm1.weight' \(nearest: "),
    "layer scale": (lambda t: vit(init_values=1.0).state_dict(), "the network has no tensor 'blocks.0.ls1.gamma'"),
    "distillation token": (lambda t: t | {"dist_token": torch.zeros(1, 1, 32)}, "the network has no tensor 'dist_token'"),
    "one other name": (
        lambda t: {"module." + name.replace("norm.bias", "norm.beta"): tensor for name, tensor in t.items()},
        r"no tensor 'module.norm.bias' \(nearest: 'module.norm.beta'\)",
    ),
    "another network": (lambda t: {"a": torch.zeros(3)}, r"no tensor 'cls_token' \(nearest: 'a'\); give weights of this network"),
}


@pytest.mark.parametrize(("change", "message"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_is_refused_in_one_line(change, message, load):
    with pytest.raises(LarvSegError, match=message):
        load(vit(), change(vit().state_dict()))


def test_pixels_in_the_arguments_say_a_grid_that_is_not_square(load):
    tensors = vit((16, 40)).state_dict()
    assert same(load(vit((16, 40)), tensors), tensors)


def readings(positions: int, grid: tuple[int, int]) -> set[int]:
    """With how many positions of tokens, 0 or 1, so many positions are those of `grid`, of a square or of the proportions of `grid`."""
    sides = {(height, width) for height in range(1, positions + 1) for width in range(1, positions + 1)}
    known = {height * width for height, width in sides if (height, width) == grid or height == width or height * grid[1] == width * grid[0]}
    return {tokens for tokens in (0, 1) if positions - tokens in known}


@settings(max_examples=100, **ALWAYS)
@given(
    prefix=st.sampled_from(["", *PREFIXES]),
    positions=st.integers(1, 40),
    grid=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    flat=st.booleans(),
    precision=st.sampled_from([torch.float16, torch.bfloat16, torch.float32]),
    wrapper=st.sampled_from([None, "model", "state_dict", "teacher"]),
)
def test_any_mixture_of_forms_is_loaded_where_it_can_be_read_in_one_way(prefix, positions, grid, flat, precision, wrapper, load):
    network = vit(tuple(side * 8 for side in grid), depth=0)
    tensors = {name: torch.randn(tensor.shape).to(precision) for name, tensor in network.state_dict().items()}
    tensors["pos_embed"] = torch.randn(1, positions, 32).to(precision)
    stored = {prefix + name: tensor[0] if flat and name == "pos_embed" else tensor for name, tensor in tensors.items()}
    ways = {1} if positions == 1 + math.prod(grid) else readings(positions, grid)
    if len(ways) != 1:
        with pytest.raises(LarvSegError, match=rf"'pos_embed' is \(1, {positions}, 32\)"):
            load(network, {wrapper: stored} if wrapper else stored)
    else:
        load(network, {wrapper: stored} if wrapper else stored)
        assert torch.equal(network.norm.weight, tensors["norm.weight"].float())
        assert torch.equal(network.pos_embed[:, 0], tensors["pos_embed"][:, 0].float() if ways == {1} else torch.zeros(1, 32))
        assert network.pos_embed[:, 1:].any(dim=2).all()


@settings(max_examples=80, **ALWAYS)
@given(data=st.data())
def test_any_broken_tensor_is_refused_in_one_line(data, load):
    tensors = vit().state_dict()
    name = data.draw(st.sampled_from(sorted(tensors)))
    shape = data.draw(st.lists(st.integers(0, 3), max_size=5))
    kind = data.draw(st.sampled_from([torch.float32, torch.float16, torch.int64, torch.bool, torch.complex64, torch.float8_e5m2]))
    gone = data.draw(st.booleans())
    del tensors[name]
    with pytest.raises(LarvSegError, match=name):
        load(vit(), tensors if gone else tensors | {name: torch.zeros(shape, dtype=kind)})


@pytest.mark.parametrize("settings", [LITE, VIT], ids=["convolutions", "transformer"])
def test_the_first_levels_of_a_network_are_taken_by_timms_names(settings, load, tmp_path):
    whole = timm.create_model(settings["name"], **settings.get("arguments", {})).state_dict()  # with a head and every level
    network = load(features(**settings), {"module." + name: tensor for name, tensor in whole.items()}, pruned=True)
    assert same(network, whole)
    save_file(whole, tmp_path / "w.safetensors")
    network = features(**settings)
    load_published(network, tmp_path / "w.safetensors", pruned=True)
    assert same(network, whole)


@pytest.mark.parametrize(
    ("name", "first", "tables"),
    [
        ("convnext_atto", "stages.0.blocks.0.norm.weight", []),
        ("swin_tiny_patch4_window7_224", "layers.0.blocks.0.norm1.weight", ["layers.0.blocks.1.attn_mask"]),
    ],
)
def test_timm_joins_names_of_levels_by_an_underscore(name, first, tables, tmp_path):
    whole = timm.create_model(name).state_dict() | {table: torch.zeros(1) for table in tables}
    save_file(whole, tmp_path / "w.safetensors")
    network = features(name=name, patch_size=16, levels=(1, 2))
    load_published(network, tmp_path / "w.safetensors", pruned=True)
    assert torch.equal(network.state_dict()[first.replace(".0", "_0", 1)], whole[first])


def test_names_of_a_package_may_be_others_in_timms_order(load):
    whole = timm.create_model("tf_efficientnet_lite0").state_dict()
    assert same(load(features(**LITE), {f"_{name}": tensor for name, tensor in whole.items()}, pruned=True), whole)
    with pytest.raises(LarvSegError, match="no tensor 'conv_stem.weight' .nearest: '_conv_stem.weight'"):
        load(features(**LITE), dict(reversed([(f"_{name}", tensor) for name, tensor in whole.items()])), pruned=True)


def test_positions_of_a_frozen_transformer_are_resampled_and_its_blocks_are_whole(load):
    whole = timm.create_model(VIT["name"], depth=4, img_size=64).state_dict()
    network = load(features(**VIT), whole, pruned=True)
    assert network.pos_embed.shape == (1, 197, 192) and torch.equal(network.pos_embed[:, 0], whole["pos_embed"][:, 0])
    scaled = timm.create_model(VIT["name"], depth=4, init_values=1.0).state_dict()
    with pytest.raises(LarvSegError, match="the network has no tensor 'blocks.0.ls1.gamma'"):
        load(features(**VIT), scaled, pruned=True)
    with pytest.raises(LarvSegError, match="the network has no tensor 'register_tokens'"):
        load(features(**VIT), whole | {"register_tokens": torch.zeros(1, 4, 192)}, pruned=True)
