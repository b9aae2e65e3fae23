"""How many images the drawn archives hold."""

from __future__ import annotations

from larvseg.config import World
from larvseg.vocabulary.synsets import drawn_synsets, ilsvrc_synsets


def drawn_images(world: World) -> dict[str, tuple[int, int]]:
    """Data set → training and validation images, but for those of ImageNet-21K: there it is world.objects for each synset."""
    coco, ade = (world.coco_training, world.coco_validation), (world.ade_training, world.ade_validation)
    ilsvrc = world.ilsvrc * len(set(drawn_synsets()) & set(ilsvrc_synsets()))
    scenes = {"C171": coco, "A150": ade, "A847": ade, "WA150": (ade[0], 0), "WA847": (ade[0], 0)}
    return scenes | {"LN": (coco[0], 0), "ITPair": (world.web, 0), "I1K": (ilsvrc, 0)}
