"""Dense features: pooled with the weights of CLIP's attention they are CLIP's own embedding of the image."""

import copy

import pytest
import torch
from torch import nn

from larvseg.clip.dense import after_attention, before_last, dense_features, values
from larvseg.clip.model import Clip, build_clip
from tests.clip.tiny_clip import BOTH, RESNET, VIT, attention_weights

pytestmark = pytest.mark.usefixtures("double")


def random_model(settings) -> Clip:
    """Nothing in it is 0 or 1 any more: biases, norms and position embeddings count."""
    model = build_clip(settings, seed=3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return Clip(settings, model)


def only_head(projection: nn.Linear, head: int, heads: int) -> None:
    """Zero what the other heads have in the rows of a value projection."""
    kept = torch.zeros(heads, projection.out_features // heads, dtype=torch.bool)
    kept[head] = True
    projection.weight[~kept.flatten()] = 0
    projection.bias[~kept.flatten()] = 0


def test_pooled_features_of_a_resnet_are_its_embedding():
    """Heads have weights of their own, so each head's part of the features is pooled by itself.

    The pooled sequence is the mean cell and the cells, each with its position: (a + a₀/n) · y over the cells, and what the values make of
    the positions, which the dense features leave out.
    """
    clip = random_model(RESNET)
    visual, images = clip.model.visual, torch.randn(2, 3, 64, 64)
    pool = visual.attnpool
    stages = nn.Sequential(visual.layer1, visual.layer2, visual.layer3, visual.layer4)
    cells = stages(visual.stem(images)).flatten(2).transpose(1, 2)
    tokens = torch.cat([cells.mean(1, keepdim=True), cells], dim=1) + pool.positional_embedding
    weights = attention_weights(pool.q_proj(tokens[:, 0]), pool.k_proj(tokens), pool.num_heads)
    assert pool.num_heads == 2
    embedding = pool.c_proj.bias.expand(2, -1)
    for head in range(pool.num_heads):
        part = copy.deepcopy(visual)
        only_head(part.attnpool.v_proj, head, pool.num_heads)
        part.attnpool.c_proj.bias.zero_()
        features = dense_features(part, images).flatten(2)
        shares = weights[:, head, 1:] + weights[:, head, :1] / cells.shape[1]
        positions = weights[:, head] @ pool.positional_embedding @ part.attnpool.v_proj.weight.T @ pool.c_proj.weight.T
        embedding = embedding + torch.einsum("bn,bdn->bd", shares, features) + positions
    torch.testing.assert_close(embedding, clip.model.encode_image(images))


def test_pooled_values_of_a_transformer_are_its_embedding():
    """The class token attends to the values of all tokens; from there on it goes the way of every cell."""
    clip = random_model(VIT)
    visual, images = clip.model.visual, torch.randn(2, 3, 24, 24)
    tokens, last = before_last(visual, images), visual.transformer.resblocks[-1]
    width, heads = tokens.shape[2], last.attn.num_heads
    queries, keys = (
        last.ln_1(tokens) @ last.attn.in_proj_weight[:width].T,
        last.ln_1(tokens) @ last.attn.in_proj_weight[width : 2 * width].T,
    )
    queries, keys = queries + last.attn.in_proj_bias[:width], keys + last.attn.in_proj_bias[width : 2 * width]
    weights = attention_weights(queries[:, 0], keys, heads)
    assert heads == 2
    attended = last.attn.out_proj.bias.expand(2, -1)
    for head in range(heads):
        part = copy.deepcopy(last)
        others = torch.ones(heads, width // heads, dtype=torch.bool)
        others[head] = False
        part.attn.in_proj_weight[2 * width :][others.flatten()] = 0
        part.attn.in_proj_bias[2 * width :][others.flatten()] = 0
        part.attn.out_proj.bias.zero_()
        attended = attended + torch.einsum("bn,bnc->bc", weights[:, head], values(part, tokens))
    embedding = after_attention(visual, tokens[:, :1], attended[:, None])[:, 0]
    torch.testing.assert_close(embedding, clip.model.encode_image(images))


def test_one_cell_is_its_own_image():
    """Attention over tokens that are all alike changes nothing: without positions a plain image is what each of its cells is."""
    clip = random_model(VIT)
    visual = clip.model.visual
    visual.positional_embedding.zero_()
    visual.class_embedding.copy_(visual.conv1(torch.ones(1, 3, 8, 8)).flatten())
    images = torch.ones(1, 3, 24, 24)
    expected = clip.encode_images(images)[0]
    torch.testing.assert_close(clip.dense(images)[0].flatten(1).T, expected.expand(9, -1))


@pytest.mark.parametrize("name", BOTH)
def test_any_size_gives_unit_vectors_on_a_grid_of_whole_cells(name):
    clip = random_model(BOTH[name])
    stride = {"resnet": 32, "vit": 8}[name]
    features = clip.dense(torch.randn(2, 3, 2 * stride + 1, 4 * stride))
    assert features.shape == (2, 12, 3, 4)
    torch.testing.assert_close(features.norm(dim=1), torch.ones(2, 3, 4))


def test_a_cell_of_a_resnet_moves_with_the_image():
    """No position is added: the middle of an image that is shifted by a cell has the features of its neighbour."""
    clip = random_model(RESNET)
    image = torch.zeros(1, 3, 448, 448)
    image[:, :, 208:240, 208:240] = torch.randn(1, 3, 32, 32)
    shifted = torch.roll(image, 32, dims=3)
    ours, theirs = clip.dense(image), clip.dense(shifted)
    torch.testing.assert_close(theirs[..., 5:10, 6:11], ours[..., 5:10, 5:10])


def test_positions_of_a_transformer_are_those_of_its_grid():
    """At the size it was made for nothing is resampled: the features are those of the tower's own blocks."""
    clip = random_model(VIT)
    visual, images = clip.model.visual, torch.randn(1, 3, 24, 24)
    torch.testing.assert_close(before_last(visual, images), visual.transformer.resblocks[0](visual._embeds(images)))
