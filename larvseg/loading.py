"""`larvseg.load`: a trained run as an object that segments images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from larvseg.config import Evaluation, TrainConfig, nearest
from larvseg.datasets.transforms import resized_size
from larvseg.errors import LarvSegError
from larvseg.evaluation.sliding_window import Cut, cut
from larvseg.files import real_path
from larvseg.outside.checks import check_frozen, checked
from larvseg.outside.hub import FROZEN, SCHEME, fetched
from larvseg.pictures.bands import Band, bands_of
from larvseg.pictures.overlay import SIDE
from larvseg.pictures.pictures import Picture, picture_of
from larvseg.pictures.result import Segmentation
from larvseg.pipeline.project import CONFIG, selection
from larvseg.training.frozen_weights import load_frozen
from larvseg.training.segmenters import DatasetSegmenter, load_segmenter


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

    def segment(self, image: np.ndarray | Image.Image | str | Path, classes: Sequence[str] | None = None) -> Segmentation:
        """What is in `image`: RGB (H, W, 3) uint8, an image of Pillow's, or the path of a picture of any kind.

        The labels are those that the evaluation of the run finds; with `classes`, each pixel gets the likeliest of these.

        Raises:
            LarvSegError: an array of another shape or type, a file that cannot be read, or a class that the run does not know.
        """
        picture = picture_of(image)
        labels, scores = np.empty(picture.size, np.int64), np.empty(picture.size, np.float32)
        for band in self.bands(self.cut(picture), self.positions(classes)):
            labels[band.rows], scores[band.rows] = band.labels, band.scores
        return Segmentation(labels, self.names, scores, picture.shrunk(SIDE), picture.notes)

    def cut(self, picture: Picture) -> Cut:
        """`picture` as the network takes it; of its own size nothing is left in that."""
        height, width = picture.size
        size = resized_size(width, height, self.evaluation.short_side, self.evaluation.long_side)[::-1]
        resized = cut(picture.resized(size), self.evaluation, self.config.switches.normalisation)
        return resized._replace(windows=resized.windows.to(self._device), size=picture.size)

    def bands(self, inputs: Cut, chosen: Sequence[int] | None = None) -> Iterator[Band]:
        """Labels and scores of the picture behind `inputs`, some rows at a time; `chosen`: positions of the classes to choose from."""
        return bands_of(self.model, inputs, self.evaluation, None if chosen is None else torch.tensor(chosen))

    def positions(self, classes: Sequence[str] | None) -> list[int] | None:
        """The positions in `names` of `classes`, or None, which is all; LarvSegError names the class nearest to one that is not there."""
        if classes is None:
            return None
        if unknown := [name for name in classes if name not in self.names]:
            raise LarvSegError(f"the run has no class {unknown[0]!r}{nearest(unknown[0], list(self.names))}")
        if not classes:
            raise LarvSegError("no class to choose from; name one at least")
        return [position for position, name in enumerate(self.names) if name in set(classes)]


def load(run: str | Path, seed: int = 0, device: str = "cpu", dataset: str | None = None, frozen: str | Path | None = None) -> LoadedRun:
    """The trained `run`: a folder that holds model.safetensors and config.json, hf://owner/name, or a run of the selected profile.

    The classes are those of the run's benchmark, or of `dataset`, another of the data sets that it was trained on. A neck sees images
    through the frozen network in the file `frozen`, or frozen.safetensors of the folder, or that of its profile.

    Raises:
        LarvSegError: there is no such run, or its files are damaged or not what they should be.
    """
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise LarvSegError(f"device {device}: torch sees no GPU; take cpu")
    folder = _folder(str(run), seed)
    backbone = checked(folder).train.backbone
    model, config = load_segmenter(folder / "model.safetensors", folder / "config.json", dataset, device)
    if backbone.neck:
        beside, of_profile = folder / FROZEN, real_path(folder).parents[2:3]
        path = Path(frozen or (beside if beside.is_file() or not of_profile else of_profile[0] / "backbone" / FROZEN))
        check_frozen(backbone, path)
        model.frozen = load_frozen(backbone, path, device)
    return LoadedRun(model, config, device)


def _folder(run: str, seed: int) -> Path:
    """Where the files of `run` lie."""
    if run.startswith(SCHEME):
        return fetched(run)
    if (Path(run) / "config.json").is_file():
        return Path(run)
    if not (CONFIG / "config.yaml").is_file():
        raise LarvSegError(f"{run}: no folder with model.safetensors and config.json; runs have names only in the folder of the project")
    runs = Path("results", selection().profile, "runs")
    folder = runs / run / f"seed{seed}"
    if not (folder / "config.json").is_file():
        trained = sorted(path.parent.parent.name for path in runs.glob(f"*/seed{seed}/config.json"))
        near = nearest(run, trained) if trained else ""
        raise LarvSegError(f"{folder}: no trained run there; give a folder, or train this run of workflow/config/experiments.yaml{near}")
    return folder
