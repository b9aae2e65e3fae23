"""What the full ADE20K says beside its masks: a json of the objects in each image, and the index of all images."""

from __future__ import annotations

import csv
import json
import pickle
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from larvseg.miniature.classes import drawn_classes
from larvseg.miniature.scenes import Scene
from larvseg.vocabulary.names import REFERENCE
from larvseg.vocabulary.synsets import imagenet_synsets

OBJECTS = 3688  # classes of objects in the full ADE20K; the names of all but the 847 are left empty
FEW = 40  # one image in so many has a json that is not UTF-8
_DATE = "01-Jan-1980 00:00:00"


class Indexed(NamedTuple):
    """An image for the index; `instances`: how many of each ade_id are in it."""

    filename: str
    folder: str
    scene: str
    instances: dict[int, int]


def annotation(stem: str, folder: str, number: int, drawn: Scene, ids: np.ndarray) -> bytes:
    """The json of image `number`: each instance with its name and, for its outline, its bounding box. `ids`: ade_ids (H, W), 0 for none.

    The masks of single instances, to which it points, are not drawn.
    """
    height, width = ids.shape
    objects = []
    for instance in np.unique(drawn.instances[ids > 0]).tolist():
        rows, columns = np.nonzero(drawn.instances == instance)
        ade_id, number_here = int(ids[rows[0], columns[0]]), len(objects)
        left, right, top, bottom = (int(edge) for edge in (columns.min(), columns.max(), rows.min(), rows.max()))
        name = object_names()[ade_id - 1]
        objects.append(
            {
                "id": number_here,
                "name": name,
                "name_ndx": ade_id,
                "hypernym": [],
                "raw_name": name.split(", ")[0],
                "attributes": [],
                "depth_ordering_rank": number_here + 1,
                "occluded": [],
                "crop": "1" if left == 0 or top == 0 or right == width - 1 or bottom == height - 1 else "0",
                "parts": {"hasparts": [], "ispartof": [], "part_level": 0},
                "instance_mask": f"{stem}/instance_{number_here:03d}_{stem}.png",
                "polygon": {"x": [left, right, right, left], "y": [top, top, bottom, bottom], "click_date": []},
                "saved_date": _DATE,
            }
        )
    content = {
        "filename": f"{stem}.jpg",
        "folder": folder,
        "imsize": [height, width, 3],
        "source": {"folder": f"miniature/{drawn.place.name}", "filename": f"{number}.jpg", "origin": "drawn, © nobody"},
        "scene": [drawn.place.group, drawn.place.name],
        "object": objects,
    }
    # so are a few of the official ones
    encoding = "iso-8859-1" if number % FEW == 1 else "utf-8"
    return json.dumps({"annotation": content}, ensure_ascii=False, separators=(",", ":")).encode(encoding)


def index(images: Sequence[Indexed]) -> bytes:
    """The pickle with the fields of the official one. Of WordNet it knows the synset of what is drawn, without those above it."""
    presence = np.zeros((OBJECTS, len(images)), np.float32)
    for column, image in enumerate(images):
        for ade_id, instances in image.instances.items():
            presence[ade_id - 1, column] = instances
    found, synonyms, gloss = np.zeros(OBJECTS), [""] * OBJECTS, [""] * OBJECTS
    first_synset = {drawn.a847: drawn.synsets[0] for drawn in drawn_classes() if drawn.a847 and drawn.synsets}
    for name, (ade_id, _) in _listed().items():
        if name in first_synset:
            synset = imagenet_synsets()[first_synset[name]]
            found[ade_id - 1], synonyms[ade_id - 1], gloss[ade_id - 1] = 1, ", ".join(synset.lemmas), synset.gloss
    fields = {
        "filename": ("names of the N pictures", [image.filename for image in images]),
        "folder": ("their folders", [image.folder for image in images]),
        "scene": ("what kind of place each shows", [image.scene for image in images]),
        "objectIsPart": ("[C, N]: instances of each class that are part of something; nothing drawn is", np.zeros_like(presence)),
        "objectPresence": ("[C, N]: instances of each class", presence),
        "objectcounts": ("[C]: instances of each class in all pictures", presence.sum(1, dtype=np.float64)),
        "objectnames": ("names of the C classes; those that are not among the 847 have none", object_names()),
        "proportionClassIsPart": ("[C]: how often it is part of something", np.zeros(OBJECTS)),
        "wordnet_found": ("[C]: 1 where wordnet_synset is known", found),
        "wordnet_level1": ("unknown", [""] * OBJECTS),
        "wordnet_synset": ("synonyms of the synset; the synsets above it are left out", [text and f"{text}. " for text in synonyms]),
        "wordnet_hypernym": ("unknown", [""] * OBJECTS),
        "wordnet_gloss": ("its definition", gloss),
        "wordnet_synonyms": ("its synonyms", synonyms),
        "wordnet_frequency": ("unknown", np.zeros(OBJECTS)),
    }
    content: dict[str, object] = {name: values for name, (_, values) in fields.items()}
    return pickle.dumps(content | {"description": {name: text for name, (text, _) in fields.items()}}, protocol=4)


@cache
def object_names() -> list[str]:
    """The name of each ade_id, from 1: synonyms separated by ", "; "" where it is not among the 847."""
    names = [""] * OBJECTS
    for ade_id, synonyms in _listed().values():
        names[ade_id - 1] = synonyms
    return names


@cache
def _listed() -> dict[str, tuple[int, str]]:
    """Of each A847 category its ade_id and its synonyms."""
    with open(REFERENCE / "vocabularies/a847.csv", encoding="utf-8", newline="") as file:
        return {row["name"]: (int(row["ade_id"]), row["synonyms"].replace(";", ", ")) for row in csv.DictReader(file)}
