"""Packs captions: Localized Narratives of the COCO training images as JSON lines, and images of the web as image-text tars."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Mapping
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

from larvseg.config import World
from larvseg.files import replacing
from larvseg.miniature.packing import add_to_tar, in_order, jpeg
from larvseg.miniature.world import caption_of, narratives_of, web_image

SHARDS = 4
NARRATIVES = tuple(f"coco_train_localized_narratives-{shard:05d}-of-{SHARDS:05d}.jsonl" for shard in range(SHARDS))
PAIR_SHARDS = 6  # img2dataset packs 10 000 images into each tar; here it is their number that is fixed
PAIRS = tuple(f"itpair/{shard:05d}.tar" for shard in range(PAIR_SHARDS))


def pack_narratives(world: World, outputs: Mapping[str, Path], threads: int) -> None:
    """Write those of NARRATIVES that `outputs` names: the narratives of the images of train2017.zip, in their order."""
    shards = [(name, range(*ends)) for name, ends in zip(NARRATIVES, pairwise(_ends(world.coco_training, SHARDS)), strict=True)]
    shards = [(name, numbers) for name, numbers in shards if name in outputs]
    jobs = [(world.seed, number) for _, numbers in shards for number in numbers]
    lines = in_order(_narratives, jobs, threads, "Localized Narratives")
    for name, numbers in shards:
        with replacing(outputs[name]) as path, open(path, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(next(lines) for _ in numbers)


def _narratives(job: tuple[int, int]) -> str:
    return "".join(narratives_of(*job))


def pack_pairs(world: World, outputs: Mapping[str, Path], threads: int) -> None:
    """Write those of PAIRS that `outputs` names: of each image NNNNNNNNN.jpg, .json and .txt; the first five digits are the shard's."""
    shards = [(name, range(*ends)) for name, ends in zip(PAIRS, pairwise(_ends(world.web, PAIR_SHARDS)), strict=True)]
    shards = [(name, numbers) for name, numbers in shards if name in outputs]
    jobs = [(world.seed, number) for _, numbers in shards for number in numbers]
    pairs = in_order(_pair, jobs, threads, "the web")
    for name, numbers in shards:
        with ExitStack() as stack:
            archive = stack.enter_context(tarfile.open(stack.enter_context(replacing(outputs[name])), "w", format=tarfile.USTAR_FORMAT))
            for place in range(len(numbers)):
                image, caption, size = next(pairs)
                key = f"{Path(name).stem}{place:04d}"
                facts = {"caption": caption, "key": key, "status": "success", "error_message": None, "width": size[0], "height": size[1]}
                facts |= {"original_width": size[0], "original_height": size[1], "url": f"miniature://web/{numbers[place]}"}
                add_to_tar(archive, f"{key}.jpg", image)
                add_to_tar(archive, f"{key}.json", json.dumps(facts, indent=4).encode())
                add_to_tar(archive, f"{key}.txt", caption.encode())


def _pair(job: tuple[int, int]) -> tuple[bytes, str, tuple[int, int]]:
    shown = web_image(*job)
    return jpeg(shown.image), caption_of(*job, shown), shown.image.size


def _ends(count: int, parts: int) -> list[int]:
    """Where each of `parts` nearly equal parts of `count` begins, and where the last ends."""
    return [count * part // parts for part in range(parts + 1)]
