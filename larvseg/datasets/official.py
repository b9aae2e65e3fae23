"""How many pictures the official archives hold, and those that are drawn."""

from __future__ import annotations

from larvseg.config import World
from larvseg.vocabulary.synsets import drawn_synsets, ilsvrc_synsets

# data set → training, validation
PICTURES = {
    "C171": (118_287, 5_000),
    "A150": (20_210, 2_000),
    "A847": (25_574, 2_000),
    "WA150": (20_210, 0),
    "WA847": (25_574, 0),
    "I1K": (1_281_167, 0),
    "LN": (118_287, 0),  # narratives of the training pictures of COCO: each has one at least
}


def drawn_pictures(world: World) -> dict[str, tuple[int, int]]:
    """The same of the miniature, and of ITPair."""
    coco, ade = (world.coco_training, world.coco_validation), (world.ade_training, world.ade_validation)
    ilsvrc = world.ilsvrc * len(set(drawn_synsets()) & set(ilsvrc_synsets()))
    scenes = {"C171": coco, "A150": ade, "A847": ade, "WA150": (ade[0], 0), "WA847": (ade[0], 0)}
    return scenes | {"LN": (coco[0], 0), "ITPair": (world.web, 0), "I1K": (ilsvrc, 0)}
