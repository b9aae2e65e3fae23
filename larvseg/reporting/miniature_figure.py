"""Figure: a contact sheet of the miniature world, read from its archives."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from larvseg.config import FigureConfig
from larvseg.errors import LarvSegError
from larvseg.files import replacing
from larvseg.miniature.caption_archives import PAIRS
from larvseg.miniature.classes import synsets
from larvseg.miniature.contact_sheet import captioned_samples, challenge_samples, coco_samples, full_samples, object_sample, sheet

SCENES = 12  # of each data set


def figure(config: FigureConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Draw the contact sheet of the archives among `inputs` (official file name → path) into `outputs["figure"]`, a PNG.

    Raises LarvSegError if there is no archive to show.
    """
    sections = []
    if {"train2017.zip", "stuffthingmaps_trainval2017.zip"} <= set(inputs):
        samples = coco_samples(inputs["train2017.zip"], inputs["stuffthingmaps_trainval2017.zip"], SCENES)
        sections.append(("COCO-Stuff (C171): training pictures and their masks, drawn classes by their C171 names", samples))
    if "ADE20K_2021_17_01.zip" in inputs:
        samples = full_samples(inputs["ADE20K_2021_17_01.zip"], SCENES)
        sections.append(("ADE20K full (A847): training pictures and their masks, by A847 names", samples))
    if "ADEChallengeData2016.zip" in inputs:
        samples = challenge_samples(inputs["ADEChallengeData2016.zip"], SCENES // 2)
        sections.append(("ADE20K challenge (A150): the same pictures, by A150 names; what has none is grey", samples))
    tars = sorted(name for name in inputs if name.endswith(".tar") and name.removesuffix(".tar") in synsets())
    drawings = sorted((synsets()[name.removesuffix(".tar")][0].label, name) for name in tars)
    names = {drawn.label: drawn.name.replace("_", " ") for drawn, _ in synsets().values()}
    objects = [(names[label], object_sample(inputs[name])) for label, name in drawings]
    captioned = captioned_samples(inputs[PAIRS[0]], SCENES) if PAIRS[0] in inputs else []
    if not sections and not objects:
        raise LarvSegError("miniature figure: no drawn archive among the inputs; give e.g. train2017.zip with its masks, or <wnid>.tar")
    page = sheet(f"The miniature world, profile “{config.profile}”: samples read from its archives", sections, captioned, objects)
    with replacing(outputs["figure"]) as path:
        page.save(path, "PNG")
