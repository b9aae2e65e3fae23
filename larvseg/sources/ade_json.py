"""The annotation that lies beside each image of ADE20K full, ADE_*.json: its objects, their names, parts and outlines."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from larvseg.errors import reading


@dataclass(frozen=True)
class AdeObject:
    """One instance of an object, or of a part of one."""

    id: int  # its number in the image, from 0
    name: str  # synonyms separated by ", "
    name_ndx: int  # the ade_id: what the mask says, too
    raw_name: str  # as the annotator typed it
    hypernym: tuple[str, ...]  # the object's synset and those above it, each as synonyms
    attributes: tuple[str, ...]
    depth_ordering_rank: int | None  # 1: in front of all others
    occluded: bool | None
    crop: bool  # the border of the image cuts it off
    part_level: int  # 0: an object, 1: a part of one, 2: a part of a part
    part_of: int | None  # id of the object that it is part of
    parts: tuple[int, ...]  # ids of its parts
    polygon: tuple[tuple[float, float], ...]  # outline, (x, y) in pixels
    instance_mask: str  # file of its own mask, relative to the json file


@dataclass(frozen=True)
class AdeAnnotation:
    """One image."""

    filename: str
    folder: str
    size: tuple[int, int]  # width, height
    scene: tuple[str, ...]  # from the widest to the narrowest: "outdoor", "urban", "street"
    objects: tuple[AdeObject, ...]


def read_annotation(data: bytes, name: str) -> AdeAnnotation:
    """The annotation in `data`, UTF-8 or, where it is none, ISO-8859-1; LarvSegError names the file `name` if it is no such json."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("iso-8859-1")
    with reading(name, "an annotation of ADE20K full", "fetch its archive again"):
        content = json.loads(text)["annotation"]
        height, width = content["imsize"][:2]
        return AdeAnnotation(
            filename=str(content["filename"]),
            folder=str(content["folder"]),
            size=(int(width), int(height)),
            scene=tuple(map(str, _list(content["scene"]))),
            objects=tuple(map(_object, _list(content["object"]))),
        )


def _object(content: dict[str, Any]) -> AdeObject:
    parts, polygon, rank = content["parts"], content["polygon"], _list(content["depth_ordering_rank"])
    above = _list(parts["ispartof"])
    return AdeObject(
        id=int(content["id"]),
        name=str(content["name"]),
        name_ndx=int(content["name_ndx"]),
        raw_name=str(content["raw_name"]),
        hypernym=tuple(map(str, _list(content["hypernym"]))),
        attributes=tuple(map(str, _list(content["attributes"]))),
        depth_ordering_rank=int(rank[0]) if rank else None,
        occluded={"yes": True, "no": False}.get(str(content["occluded"])),
        crop=str(content["crop"]) == "1",
        part_level=int(parts["part_level"]),
        part_of=int(above[0]) if above else None,
        parts=tuple(map(int, _list(parts["hasparts"]))),
        polygon=tuple((float(x), float(y)) for x, y in zip(_list(polygon["x"]), _list(polygon["y"]), strict=True)),
        instance_mask=str(content["instance_mask"]),
    )


def _list(value: Any) -> list:
    """Matlab wrote the file: a list of one is the one, and nothing is an empty list."""
    if isinstance(value, list):
        return value
    return [] if value in (None, "") else [value]
