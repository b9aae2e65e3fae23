"""Trained segmenters, read back from their checkpoints. Apart from `checkpoint`, which also serves networks of other kinds."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from larvseg.config import EvaluateConfig, TrainConfig, nearest, parse
from larvseg.errors import LarvSegError
from larvseg.models.extractor import Extractor
from larvseg.models.predictor import Predictor
from larvseg.models.segmenter import Segmenter, build_segmenter
from larvseg.training.checkpoint import fill, load_tensors
from larvseg.training.frozen_weights import load_frozen
from larvseg.training.saved import settings_in, vocabulary_in


class DatasetSegmenter(nn.Module):
    """A trained segmenter for the classes of one data set: (B, 3, H, W) → logits (B, N, h, w) on the patch grid.

    `frozen`: the network in front of a neck; without it the neck takes the features (B, F, h, w) of that network.
    """

    def __init__(self, segmenter: Segmenter, index: Tensor, names: tuple[str, ...], frozen: Extractor | None = None):
        super().__init__()
        self.segmenter, self.names, self.frozen = segmenter, names, frozen
        self.register_buffer("index", index)

    def features(self, images: Tensor) -> Tensor:
        """(B, D, h, w): what the classifier gets."""
        # rounded as the stage extract rounds what training sees
        return self.segmenter.backbone(images if self.frozen is None else self.frozen(images).half().float())

    def forward(self, images: Tensor) -> Tensor:
        return self.segmenter.classifier(self.features(images), self.index).logits


def load_segmenter(
    model_path: Path, config_path: Path, dataset: str | None = None, device: torch.device | str = "cpu", frozen: Path | None = None
) -> tuple[DatasetSegmenter, TrainConfig]:
    """The trained segmenter of a run, for the class list of `dataset` (its benchmark), in evaluation mode, and the run's configuration.

    frozen: the weights of the network in front of a neck; without them the segmenter takes features instead of images.

    Raises:
        LarvSegError: unreadable files, a model that does not fit its configuration, or a data set that the run does not know.
    """
    vocabulary = vocabulary_in(Path(config_path))
    config = parse(TrainConfig, settings_in(Path(config_path)), config_path)
    dataset = dataset or config.benchmark
    if dataset not in vocabulary.index:
        raise LarvSegError(f"{config_path}: the run was not trained for {dataset!r}{nearest(dataset, list(vocabulary.index))}")
    tensors, _ = load_tensors(model_path, without="banks.")  # inference does not use them
    table = tensors.get("classifier.table") if config.table == "text" else None  # as wide as the text tower made it
    segmenter = build_segmenter(config, len(vocabulary.names), with_banks=False, table=table)
    fill(segmenter, tensors, model_path)
    network = load_frozen(config.backbone, frozen, device) if frozen else None
    index, names = torch.tensor(vocabulary.index[dataset]), vocabulary.classes[dataset]
    return DatasetSegmenter(segmenter, index, names, network).to(device).eval(), config


def predictor(config: EvaluateConfig, inputs: Mapping[str, Path], device: torch.device | str) -> Predictor:
    """The run of `inputs` ("model", "config", "frozen") for the classes of config.benchmark; errors as in load_segmenter."""
    model, training = load_segmenter(inputs["model"], inputs["config"], config.benchmark, device, inputs.get("frozen"))
    return Predictor(model.names, model, training.switches.normalisation)


def trained_on(config_path: Path) -> str:
    """The one data set that a run was trained on, of several the first; LarvSegError as load_segmenter."""
    return next(iter(vocabulary_in(Path(config_path)).index))
