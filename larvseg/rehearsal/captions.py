"""The rehearsal's Localized Narratives, ImageNet-1K and all of ImageNet-21K: official names and layouts, little in them."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from larvseg.files import replacing, write_text
from larvseg.miniature.packing import add_to_tar
from larvseg.rehearsal.images import object_images
from larvseg.rehearsal.split import SPLITS
from larvseg.vocabulary.datasets import committed
from larvseg.vocabulary.synsets import ilsvrc_synsets

ILSVRC, WHOLE = "ILSVRC2012_img_train.tar", "winter21_whole.tar"
_SHARDS = 4


def pack_narratives(folder: Path, seed: int) -> None:
    """coco_train_localized_narratives-*.jsonl: one narrative of each training image of COCO, and of the first another.

    They name classes of C171 at random: the images do not show what they say.
    """
    rng, names = np.random.default_rng([seed, 4]), committed().vocabulary("C171").names
    files = ["" for _ in range(_SHARDS)]
    for number in (1, *range(1, SPLITS["training"] + 1)):
        parts = ["In this image", "we can see", *(f"{names[i]}." for i in rng.choice(len(names), 4, replace=False))]
        content = {
            "dataset_id": "mscoco_train2017",
            "image_id": str(number),
            "annotator_id": int(rng.integers(100)),
            "caption": " ".join(parts),
            "timed_caption": [{"utterance": part, "start_time": float(i), "end_time": i + 0.9} for i, part in enumerate(parts)],
            "traces": [[{"x": round(x, 4), "y": round(y, 4), "t": t} for t, (x, y) in enumerate(rng.random((5, 2)).tolist())]],
            "voice_recording": f"coco_train/coco_train_{number}.ogg",
        }
        files[(number - 1) % _SHARDS] += json.dumps(content) + "\n"
    for shard, text in enumerate(files):
        write_text(folder / f"coco_train_localized_narratives-{shard:05d}-of-{_SHARDS:05d}.jsonl", text)


def pack_whole(path: Path, seed: int, synsets: Iterable[str]) -> None:
    """winter21_whole.tar: a folder with a tar for each of `synsets`, with two images; the last has one."""
    images = object_images(np.random.default_rng([seed, 6]))
    wnids = sorted(synsets)
    with replacing(path) as temporary, tarfile.open(temporary, "w", format=tarfile.USTAR_FORMAT) as archive:
        for position, wnid in enumerate(wnids):
            inner = io.BytesIO()
            with tarfile.open(fileobj=inner, mode="w", format=tarfile.USTAR_FORMAT) as synset:
                for number in (1,) if wnid == wnids[-1] else (1, 2):
                    add_to_tar(synset, f"{wnid}_{number}.JPEG", images[(2 * position + number) % len(images)])
            add_to_tar(archive, f"{WHOLE.removesuffix('.tar')}/{wnid}.tar", inner.getvalue())


def pack_ilsvrc(path: Path, seed: int) -> None:
    """ILSVRC2012_img_train.tar: a tar for each of the 1000 synsets, with one image."""
    images = object_images(np.random.default_rng([seed, 5]))
    with replacing(path) as temporary, tarfile.open(temporary, "w", format=tarfile.USTAR_FORMAT) as archive:
        for position, wnid in enumerate(ilsvrc_synsets()):
            inner = io.BytesIO()
            with tarfile.open(fileobj=inner, mode="w", format=tarfile.USTAR_FORMAT) as synset:
                add_to_tar(synset, f"{wnid}_{position + 1}.JPEG", images[position % len(images)])
            add_to_tar(archive, f"{wnid}.tar", inner.getvalue())
