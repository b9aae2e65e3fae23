"""CLIP models: built, saved, loaded; their texts and tables."""

import pytest
import torch

from larvseg.clip import prompts
from larvseg.clip.model import Clip, build_clip, load_clip, save_clip
from larvseg.clip.prompts import load_prompts
from larvseg.errors import LarvSegError
from larvseg.training.checkpoint import load_tensors, save_tensors
from tests.clip.tiny_clip import BOTH, RESNET, VIT

NAMES = ["traffic-light", "wall", "sea", "dog"]


@pytest.fixture(scope="module")
def clip() -> Clip:
    return Clip(VIT, build_clip(VIT))


@pytest.mark.parametrize("name", BOTH)
def test_a_saved_model_is_the_same_model(name, tmp_path):
    built = Clip(BOTH[name], build_clip(BOTH[name], seed=1))
    save_clip(tmp_path / "model.safetensors", BOTH[name], built.model)
    loaded = load_clip(tmp_path / "model.safetensors")
    assert loaded.settings == BOTH[name] and (loaded.dim, loaded.image_size) == (12, BOTH[name].image_size)
    images = torch.randn(2, 3, loaded.image_size, loaded.image_size)
    assert torch.equal(loaded.encode_images(images), built.encode_images(images))
    assert torch.equal(loaded.encode_text(NAMES), built.encode_text(NAMES))
    assert not any(parameter.requires_grad for parameter in loaded.model.parameters()) and not loaded.model.training


def test_the_weights_depend_on_the_seed_alone():
    torch.manual_seed(5)
    one, state = build_clip(VIT, seed=1), torch.get_rng_state()
    two, other = build_clip(VIT, seed=1), build_clip(VIT, seed=2)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(one.visual.proj, two.visual.proj) and not torch.equal(one.visual.proj, other.visual.proj)


def test_texts_have_unit_embeddings_however_many_share_a_batch(clip):
    many = [f"a photo of {number} dogs" for number in range(300)]
    embeddings = clip.encode_text(many)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(300))
    torch.testing.assert_close(embeddings[280], clip.encode_text(["a photo of 280 dogs"])[0])
    assert clip.encode_text(["dog " * 100]).shape == (1, 12)  # cut to the context


@pytest.mark.parametrize("prompts", ["name", "vild14", "openai80", "maskclip85"])
def test_permuted_names_permute_the_rows_of_a_table(clip, prompts):
    table = clip.table(NAMES, prompts)
    torch.testing.assert_close(table.norm(dim=1), torch.ones(4))
    torch.testing.assert_close(clip.table([NAMES[i] for i in (2, 0, 3, 1)], prompts), table[[2, 0, 3, 1]])


def test_a_table_is_the_mean_over_the_sentences(clip):
    sentences = [template.replace("{}", "traffic light") for template in load_prompts("vild14")]
    mean = clip.encode_text(sentences).mean(0)
    torch.testing.assert_close(clip.table(["traffic-light"], "vild14")[0], mean / mean.norm())


def test_prompt_sets():
    sizes = {name: len(set(load_prompts(name))) for name in ("name", "vild14", "openai80", "maskclip85")}
    assert sizes == {"name": 1, "vild14": 14, "openai80": 80, "maskclip85": 85}
    assert load_prompts("name") == ("{}",)
    assert load_prompts("maskclip85")[:80] == load_prompts("openai80")
    with pytest.raises(LarvSegError, match="no prompt set 'vild41'; did you mean 'vild14'"):
        load_prompts("vild41")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [("latin", b"a caf\xe9 {}\n", "latin.txt: not text in UTF-8"), ("twice", b"a {}\na {} or {}\n", "twice.txt:2: .* needs one {}")],
)
def test_prompts_of_ones_own_that_cannot_be_used(tmp_path, monkeypatch, name, content, said):
    monkeypatch.setattr(prompts, "_FOLDER", tmp_path)
    (tmp_path / f"{name}.txt").write_bytes(content)
    with pytest.raises(LarvSegError, match=said):
        load_prompts(name)


def test_the_prompts_of_openai_are_those_that_open_clip_ships():
    from open_clip import OPENAI_IMAGENET_TEMPLATES

    assert load_prompts("openai80") == tuple(template("{}") for template in OPENAI_IMAGENET_TEMPLATES)


def test_what_is_no_clip_model_is_refused(tmp_path):
    save_tensors(tmp_path / "other", {"a": torch.zeros(1)}, {})
    with pytest.raises(LarvSegError, match="other: not a CLIP model of this project"):
        load_clip(tmp_path / "other")
    save_clip(tmp_path / "model", RESNET, build_clip(RESNET))
    tensors, metadata = load_tensors(tmp_path / "model")
    tensors.pop("visual.attnpool.c_proj.bias")
    save_tensors(tmp_path / "model", tensors, metadata)
    with pytest.raises(LarvSegError, match="tensor 'visual.attnpool.c_proj.bias' of the model is missing"):
        load_clip(tmp_path / "model")


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        ("RN50x65-quickgelu", "no architecture 'RN50x65-quickgelu'; did you mean 'RN50x64-quickgelu'"),
        ("hf-hub:someone/something", "open_clip has no architecture 'hf-hub:someone/something'"),
        ("xlm-roberta-base-ViT-B-32", "towers of other libraries are not supported"),
        ("coca_ViT-B-32", "towers of other libraries are not supported"),
        ({"embed_dim": 12}, "its architecture has no 'text_cfg'"),
        ({**VIT.architecture, "vision_cfg": {**VIT.architecture["vision_cfg"], "pool_type": "avg"}}, "a transformer with a class token"),
        ({**VIT.architecture, "vision_cfg": {"depth": 3}}, "unexpected keyword argument 'depth'"),
    ],
)
def test_architectures_that_are_not_clip_are_refused(architecture, message):
    with pytest.raises(LarvSegError, match=message):
        build_clip(VIT.model_copy(update={"architecture": architecture}))
