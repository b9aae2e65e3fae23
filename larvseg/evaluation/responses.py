"""The `responses` stage: where else is what this pixel shows? Response maps of one pixel of some classes (paper, Figure 2)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from larvseg.config.grouping import ResponsesConfig
from larvseg.evaluation.embeddings import embedder
from larvseg.evaluation.evaluate import open_benchmark
from larvseg.evaluation.grouping import draw_points
from larvseg.evaluation.select_validation_images import choose_images
from larvseg.training import runtime
from larvseg.training.checkpoint import save_tensors


@torch.inference_mode()
def responses(config: ResponsesConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write `responses` (safetensors): of each chosen image cos(u(x), u(s)) at every pixel x for one pixel s of each chosen class.

    Tensors, C classes of image i: "i.image" (H, W, 3) uint8, "i.points" (C, 2) row and column of the pixels, "i.responses" (C, H, W)
    float32, "i.regions" (C, H, W) bool, where the class is.
    Metadata: run, seed, profile, benchmark, and for each image its name, and the names of its classes and whether they are novel.
    The pixels depend on (seed, row of the manifest) alone, so models can be compared. inputs: `manifest`, and those of `embedder`.
    """
    device = runtime.prepare(config.runtime)
    manifest = open_benchmark(inputs["manifest"], config.benchmark)
    embed = embedder(config.embedding, inputs, config.evaluation, device)
    names = manifest.header["classes"]
    tensors: dict[str, torch.Tensor] = {}
    images = []
    for number, chosen in enumerate(choose_images(manifest, config.classes, config.images, config.base, config.novel)):
        image, mask = manifest.image(chosen.row), manifest.mask(chosen.row)
        present, all_points = draw_points(_inner(mask), np.random.default_rng([config.seed, chosen.row]))
        classes = [*chosen.base, *chosen.novel]
        points = all_points[[present.tolist().index(label) for label in classes]]
        grid = embed(image)
        tensors[f"{number}.image"] = torch.from_numpy(np.array(image))
        tensors[f"{number}.points"] = torch.from_numpy(points)
        tensors[f"{number}.regions"] = torch.from_numpy(np.stack([mask == label for label in classes]))
        tensors[f"{number}.responses"] = grid.cosines(grid.at(points))
        shown = [{"name": names[label], "novel": label in chosen.novel} for label in classes]
        images.append({"name": manifest.name(chosen.row), "classes": shown})
    about = {key: getattr(config, key) for key in ("run", "seed", "profile", "benchmark")}
    save_tensors(outputs["responses"], tensors, about | {"images": images})


def _inner(mask: np.ndarray) -> np.ndarray:
    """`mask` (H, W) without the pixels at borders of regions and of the image, where a class has others: dots there show no class."""
    padded = np.pad(mask, 1, constant_values=-2)
    shifted = [padded[1 + dy : padded.shape[0] - 1 + dy, 1 + dx : padded.shape[1] - 1 + dx] for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    inside = np.all([other == mask for other in shifted], axis=0)
    thin = ~np.isin(mask, np.unique(mask[inside]))
    return np.where(inside | thin, mask, -1)
