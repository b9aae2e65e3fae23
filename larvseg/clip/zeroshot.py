"""The `zeroshot` stage: how well a CLIP model knows what object images show, from the names of the classes alone."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import torch
from torch.utils.data import DataLoader
from tqdm import tqdm

from larvseg.clip.images import CentralSquares
from larvseg.clip.model import load_clip
from larvseg.config.clip import ZeroShotConfig
from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError
from larvseg.files import json_text, write_text
from larvseg.training.runtime import autocast, prepare, workers
from larvseg.training.text_table import load_text

TOP = (1, 3, 5)


@torch.inference_mode()
def zeroshot(config: ZeroShotConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write `accuracy` (JSON): the share of images, in percent, whose class is among the 1, 3 and 5 nearest of the text table.

    inputs: the CLIP model `clip`, its table `text`, and `manifest`, a data set of one class an image. Raises LarvSegError for a data
    set with classes that the table does not name.
    """
    device = prepare(config.runtime)
    clip, (table, about), manifest = load_clip(inputs["clip"], device), load_text(inputs["text"]), Manifest(inputs["manifest"])
    place = {name: row for row, name in enumerate(about["classes"])}
    if unknown := sorted(set(manifest.header["classes"]) - place.keys()):
        raise LarvSegError(f"{inputs['text']}: has no class {unknown[0]!r}, which {inputs['manifest']} shows; embed its vocabulary")
    targets = torch.tensor([place[manifest.header["classes"][manifest.labels(row)[0]]] for row in range(len(manifest))])
    found = []
    with tqdm(total=len(manifest), desc=config.clip, unit="image", file=sys.stderr, disable=None) as progress:
        for images in DataLoader(CentralSquares(manifest, clip.image_size), config.batch_size, num_workers=workers(config.runtime)):
            with autocast(config.runtime):
                embedded = clip.encode_images(images.to(device))
            cosines = embedded.float().cpu() @ table.T
            found.append(cosines.argsort(dim=1, descending=True, stable=True)[:, : max(TOP)])
            progress.update(len(images))
    right = torch.cat(found) == targets[:, None]
    accuracy = {f"top{k}": round(100 * right[:, :k].any(1).double().mean().item(), 10) for k in TOP}
    counts = {"classes": len(table), "images": len(manifest), "dataset": config.dataset, "prompts": about["prompts"]}
    write_text(outputs["accuracy"], json_text(accuracy | counts))
