"""ADE20K_2021_17_01.zip: images, masks of objects and of parts, a description of each image, masks of single objects, the index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from larvseg.miniature.ade_full import OBJECTS, Indexed, annotation, index
from larvseg.miniature.packing import add_to_zip, jpeg, png, zip_writers
from larvseg.miniature.places import PLACES
from larvseg.miniature.scenes import Scene
from larvseg.rehearsal.images import mosaic
from larvseg.rehearsal.split import SPLITS, deal, stem_of
from larvseg.vocabulary.datasets import committed

_TOP = "ADE20K_2021_17_01"
_SIZES = ((1600, 1200), (683, 512), (1024, 768), (1200, 1600))  # validation has the second and third
_REGIONS = 150  # of an image: six training images show all classes of A847
_INSTANCE_MASKS = 6  # of an image: as many as show how they look
_STREET = next(place for place in PLACES if place.name == "street")


def pack_ade_full(path: Path, seed: int, shown: Sequence[str] = ()) -> None:
    """Write the archive. Masks hold all classes of A847, one class that is none of them, and pixels without a class.

    Half of the last validation image are the classes `shown`.
    """
    rng = np.random.default_rng([seed, 4])
    vocabulary = committed().vocabulary("A847")
    raw = vocabulary.raw_ids
    others = sorted(set(range(1, OBJECTS + 1)) - set(raw))
    values = deal(rng, raw, _REGIONS)
    if wanted := [raw[vocabulary.names.index(name)] for name in shown]:
        half = _REGIONS // 2  # several regions each: figures show what is large enough
        values["validation"][-1][:half] = np.resize(wanted, half)
    images = []
    with zip_writers({path.name: path}) as archives:
        for split in SPLITS:
            for number, own in enumerate(values[split], 1):
                drawn = mosaic(rng, *_SIZES[number % len(_SIZES)], _REGIONS + 2)
                region_ids = np.append(own, (others[number], 0))  # the last region has no class
                scene = Scene(drawn.image, drawn.regions, drawn.regions + np.uint8(1), _STREET)
                stem, folder = stem_of(split, number), f"{_TOP}/images/ADE/{split}/{_STREET.group}/{_STREET.name}"
                for name, data in _members(stem, folder, number, scene, region_ids[drawn.regions]):
                    add_to_zip(archives[path.name], f"{folder}/{name}", data)
                images.append(Indexed(f"{stem}.jpg", folder, f"/{_STREET.name}", Counter(region_ids[:-1].tolist())))
        add_to_zip(archives[path.name], f"{_TOP}/index_ade20k.pkl", index(images))


def _members(stem: str, folder: str, number: int, scene: Scene, ids: np.ndarray) -> Iterator[tuple[str, bytes]]:
    """The files of one image: names below its folder, and bytes. `ids`: ade_ids (H, W), 0 for none."""
    yield f"{stem}.jpg", jpeg(scene.image)
    yield f"{stem}_seg.png", png(_encoded(ids, np.where(ids > 0, scene.instances, 0)))
    part = scene.instances == 1
    yield f"{stem}_parts_1.png", png(_encoded(np.where(part, ids.max(), 0), part))
    for instance in range(_INSTANCE_MASKS):
        mask = np.where(scene.instances == instance + 1, 255, 0).astype(np.uint8)
        yield f"{stem}/instance_{instance:03d}_{stem}.png", png(mask)
    yield f"{stem}.json", annotation(stem, folder, number, scene, ids)


def _encoded(ids: np.ndarray, instances: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8: R // 10 · 256 + G is the ade_id, B the number of the instance."""
    return np.stack([ids // 256 * 10, ids % 256, instances], 2).astype(np.uint8)
