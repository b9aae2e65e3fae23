"""The `recognise` stage: label maps over everything that a model of ImageNet-21K knows, on object images and scenes (paper, Figure 5)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from larvseg.config.figures import RecogniseConfig
from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError
from larvseg.evaluation.select_object_images import object_exemplars, scene_exemplars
from larvseg.evaluation.sliding_window import segment_all
from larvseg.training import runtime
from larvseg.training.checkpoint import save_tensors
from larvseg.training.saved import vocabulary_in
from larvseg.training.segmenters import DatasetSegmenter, load_segmenter


@torch.inference_mode()
def recognise(config: RecogniseConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write `recognitions` (safetensors): of each chosen image, in which a synset is looked for, what the model says of every pixel.

    Every name of the model competes, synsets and the categories of C171 that are none: without sky and floor, things would have to be
    everywhere. Tensors of image i: "i.image" (H, W, 3) uint8, "i.labels" (H, W) int16, positions in `names`, and of a scene "i.region"
    (H, W) bool, where the synset is. Metadata: run, seed, profile, dataset; names, of the model; synsets, how many of them config.dataset
    has; known, those that C171 has pixel labels of; and for each image its name, synset, data set, and whether it was seen in training.
    The images depend on manifests and on config.objects, scenes and images alone, so that models can be compared.
    inputs: `model`, `config`, and the manifests of config.benchmark, sources and training. Raises LarvSegError for files that do not fit,
    for a model with more names than int16 counts, and for a synset without an image.
    """
    device = runtime.prepare(config.runtime)
    objects, training = load_segmenter(inputs["model"], inputs["config"], config.dataset, device)
    vocabulary = vocabulary_in(inputs["config"])
    names, known = vocabulary.names, sorted(set(vocabulary.index.get("C171", ())))
    if len(names) > np.iinfo(np.int16).max:
        raise LarvSegError(f"{inputs['config']}: {len(names)} names, more than a label map of 16 bits can tell apart")
    model = DatasetSegmenter(objects.segmenter, torch.arange(len(names), device=device), names)
    manifests = {dataset: Manifest(inputs[dataset]) for dataset in dict.fromkeys((config.benchmark, *config.sources, *config.training))}
    chosen = object_exemplars(config.objects, [manifests[name] for name in config.sources], [manifests[name] for name in config.training])
    chosen += scene_exemplars(config.scenes, manifests[config.benchmark], config.images)

    images = [manifests[exemplar.dataset].image(exemplar.row) for exemplar in chosen]
    maps = segment_all(model, images, config.evaluation, training.switches.normalisation, device)
    tensors: dict[str, torch.Tensor] = {}
    for number, (exemplar, image, labels) in enumerate(zip(chosen, images, maps, strict=True)):
        tensors[f"{number}.image"] = torch.from_numpy(np.array(image))
        tensors[f"{number}.labels"] = torch.from_numpy(labels).short()
        if exemplar.dataset == config.benchmark:
            manifest = manifests[config.benchmark]
            wanted = manifest.header["classes"].index(config.scenes[exemplar.synset])
            tensors[f"{number}.region"] = torch.from_numpy(manifest.mask(exemplar.row) == wanted)
    described = [
        {"name": manifests[one.dataset].name(one.row), "synset": one.synset, "dataset": one.dataset, "seen": one.seen} for one in chosen
    ]
    about = {key: getattr(config, key) for key in ("run", "seed", "profile", "dataset")} | {"images": described}
    about |= {"names": names, "synsets": len(objects.names), "known": [names[row] for row in known]}
    save_tensors(outputs["recognitions"], tensors, about)
