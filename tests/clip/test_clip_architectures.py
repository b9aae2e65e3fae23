"""The architectures of OpenAI's published weights, on the meta device: every forward path, without a number computed."""

import pytest
import torch

from larvseg.clip.model import Clip, build_clip
from larvseg.config.clip import ClipModel
from larvseg.methods.denseclip.predict import class_scores

PUBLISHED = {
    "RN50x64-quickgelu": (448, 1024, (16, 20), 623_258_305),
    "ViT-B-16-quickgelu": (224, 512, (32, 40), 149_620_737),
    "ViT-L-14-quickgelu": (224, 768, (37, 46), 427_616_513),
    "ViT-L-14-336-quickgelu": (336, 768, (37, 46), 427_944_193),
}


@pytest.mark.parametrize("architecture", PUBLISHED)
def test_all_paths_of_a_published_architecture(architecture):
    size, dim, grid, parameters = PUBLISHED[architecture]
    with torch.device("meta"):
        settings = ClipModel(title=architecture, architecture=architecture, weights=f"{architecture}.pt", image_size=size)
        clip = Clip(settings, build_clip(settings))
        assert sum(parameter.numel() for parameter in clip.model.parameters()) == parameters
        table = clip.table(["wall", "traffic-light", "sea"], "name")
        images = torch.empty(2, 3, 512, 640)
        assert clip.dim == dim and table.shape == (3, dim)
        assert clip.encode_images(torch.empty(2, 3, size, size)).shape == (2, dim)
        assert clip.dense(images).shape == (2, dim, *grid)
        assert class_scores(clip.dense(images), table).shape == (2, 3, *grid)
