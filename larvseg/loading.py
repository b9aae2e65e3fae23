"""`larvseg.load`: a trained run as an object that segments images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from larvseg.config import Evaluation, TrainConfig, load_yaml
from larvseg.errors import LarvSegError
from larvseg.evaluation.sliding_window import segment
from larvseg.training.frozen_weights import load_frozen
from larvseg.training.segmenters import DatasetSegmenter, load_segmenter

FROZEN = "frozen.safetensors"  # beside a neck, in a folder that is complete without its project


class LoadedRun:
    """`names` are the classes of the run's benchmark, `segment` finds them in an image; `config` says how the run was trained.

    `model` is the network behind it, and `evaluation` how it is shown images.
    """

    def __init__(self, model: DatasetSegmenter, config: TrainConfig, device: str):
        self.names, self.config = model.names, config
        self.model, self._device = model, device
        scenes = next(dataset.augmentation for dataset in config.training_sets if dataset.kind != "single_label")
        size = config.switches.evaluation_size
        whole = {"cell": config.backbone.patch_size} if config.backbone.neck else {"window": scenes.crop, "stride": scenes.crop}
        self.evaluation = Evaluation(short_side=scenes.short_side, long_side=scenes.long_side, size=size, **whole)

    @torch.inference_mode()
    def segment(self, image: np.ndarray) -> np.ndarray:
        """RGB `image` (H, W, 3) uint8 → (H, W) int64, positions in `names`.

        Raises:
            LarvSegError: another shape or type.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
            raise LarvSegError(f"expected an RGB image (H, W, 3) of uint8, got {image.shape} of {image.dtype}")
        return segment(self.model, image, self.evaluation, self.config.switches.normalisation, self._device)


def load(run: str | Path, seed: int = 0, device: str = "cpu", dataset: str | None = None, frozen: str | Path | None = None) -> LoadedRun:
    """The trained `run`: a folder that holds model.safetensors and config.json, or a name of the selected profile's runs.

    The classes are those of the run's benchmark, or of `dataset`, another of the data sets that it was trained on. A neck
    sees images through the network in the file `frozen`, or in frozen.safetensors of its folder, or through that of its profile.

    Raises:
        LarvSegError: there is no such run, or its files are damaged.
    """
    folder = Path(run)
    if not (folder / "config.json").is_file():
        profile = load_yaml(Path("workflow/config/config.yaml"))["profile"]
        folder = Path("results", profile, "runs", str(run), f"seed{seed}")
    if not (folder / "config.json").is_file():
        raise LarvSegError(f"{folder}: no trained run there; give a folder, or train this run of workflow/config/experiments.yaml")
    model, config = load_segmenter(folder / "model.safetensors", folder / "config.json", dataset, device)
    if config.backbone.neck:
        beside, of_profile = folder / FROZEN, folder.resolve().parents[2:3]
        network = frozen or (beside if beside.is_file() or not of_profile else of_profile[0] / "backbone" / FROZEN)
        model.frozen = load_frozen(config.backbone, Path(network), device)
    return LoadedRun(model, config, device)
