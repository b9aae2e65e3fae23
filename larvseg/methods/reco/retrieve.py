"""ReCo's index, and the references that it makes of retrieved images."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader
from tqdm import tqdm

from larvseg.clip.images import CentralSquares, central_square, renormalised
from larvseg.clip.model import load_clip
from larvseg.config.reco import IndexConfig, RecoConfig
from larvseg.datasets.annotations import TrainingImages
from larvseg.datasets.manifest import Manifest
from larvseg.datasets.transforms import normalise
from larvseg.errors import LarvSegError
from larvseg.files import json_text, write_text
from larvseg.methods.reco.predict import load_features
from larvseg.methods.reco.references import Reference, build_references, context_elimination, cosegment, similarity
from larvseg.training.card import card
from larvseg.training.checkpoint import load_tensors, save_tensors
from larvseg.training.runtime import autocast, prepare, workers
from larvseg.training.text_table import load_text


@torch.inference_mode()
def index(config: IndexConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write `embeddings` (safetensors): unit vectors (P, D) of the training images of the manifest `index`, by CLIP (`retrieval`).

    Raises LarvSegError for the manifest of another data set than config.dataset.
    """
    device = prepare(config.runtime)
    clip = load_clip(inputs["retrieval"], device)
    squares = CentralSquares(TrainingImages(Manifest(inputs["index"]), config.dataset, "none"), clip.image_size)
    embeddings, done = torch.empty(len(squares), clip.dim), 0
    with tqdm(total=len(squares), desc="index", unit="image", file=sys.stderr, disable=None) as progress:
        for images in DataLoader(squares, config.batch_size, num_workers=workers(config.runtime)):
            with autocast(config.runtime):
                embeddings[done : done + len(images)] = clip.encode_images(images.to(device)).float()
            done += len(images)
            progress.update(len(images))
    save_tensors(outputs["embeddings"], {"embeddings": embeddings}, {"dataset": config.dataset})


@torch.inference_mode()
def reco(config: RecoConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Make one reference vector for each class of config.benchmark.

    inputs: `index` (manifest), its `embeddings` by the CLIP model `retrieval`, the class names as that embeds them (`retrieval_text`)
    and as the guide `clip` does (`text`), and the feature network `features`. outputs: `model` ("references" (N, D), and the retrieved
    "images" and their "seeds" (N, k)), `config` and `card`. Raises LarvSegError for inputs that do not belong together.
    """
    device = prepare(config.runtime)
    indexed = TrainingImages(Manifest(inputs["index"]), config.dataset, "none")
    embeddings = load_tensors(inputs["embeddings"])[0]["embeddings"].to(device)
    if len(embeddings) != len(indexed):
        raise LarvSegError(f"{inputs['embeddings']}: {len(embeddings)} embeddings of {len(indexed)} images; make the index again")
    dense = load_clip(inputs["clip"], device)
    queries, names = _texts(inputs["retrieval_text"], inputs["retrieval"], config, device)
    guides, guided = _texts(inputs["text"], inputs["clip"], config, device)
    if names != guided:
        raise LarvSegError(f"{inputs['text']}: texts of other classes than {inputs['retrieval_text']}; embed both again")
    features = load_features(config.features, inputs["features"], device)
    temperature = config.guidance * dense.scale.item()

    def build(name: str, contexts: Tensor | None) -> Reference:
        found = (embeddings @ queries[name]).argsort(descending=True, stable=True)[: config.retrieved].cpu()
        squares = [central_square(indexed.image(position), config.image_size) for position in found.tolist()]
        images = torch.from_numpy(np.stack([normalise(square, config.normalisation) for square in squares])).to(device)
        with autocast(config.runtime):
            values, guide = features(images).float(), dense.dense(renormalised(images, config.normalisation, "clip")).float()
        weights = similarity(guide, guides[name][None], temperature, values.shape[2:])[:, 0]
        if contexts is not None:
            weights = weights * context_elimination(F.normalize(values, dim=1), contexts)
        vector, seeds = cosegment(values, weights)
        progress.update()
        return Reference(vector.cpu(), found, seeds.cpu())

    with tqdm(total=len({*names, *config.contexts}), desc=config.run, unit="class", file=sys.stderr, disable=None) as progress:
        references = build_references(names, config.contexts, build)
    stacked = {field: torch.stack([getattr(references[name], field) for name in names]) for field in Reference._fields}
    settings = config.model_dump(mode="json")
    about = {key: settings[key] for key in ("benchmark", "features", "normalisation")} | {"classes": names, "temperature": temperature}
    save_tensors(outputs["model"], {"references": stacked.pop("vector"), **stacked}, about)
    vocabulary = {"names": names, "contexts": list(config.contexts)}
    annotations = {config.dataset: indexed.take_opened()}
    write_text(outputs["config"], json_text({"train": settings, "vocabulary": vocabulary, "annotations": annotations}))
    write_text(outputs["card"], _card(config, len(names), len(indexed)))


def _texts(path: Path, clip: Path, config: RecoConfig, device: torch.device) -> tuple[dict[str, Tensor], list[str]]:
    """The embedding (D,) of each class in the text table `path` and of each context, and the names of the classes.

    Contexts that are no class are embedded by `clip`, as the table was.
    """
    table, about = load_text(path)
    names = about["classes"]
    if about["dataset"] != config.benchmark:
        raise LarvSegError(f"{path}: texts of {about['dataset']}, not of {config.benchmark}; embed those")
    texts = dict(zip(names, table.to(device), strict=True))
    if missing := [name for name in config.contexts if name not in texts]:
        texts |= zip(missing, load_clip(clip, device).table(missing, about["prompts"]).to(device), strict=True)
    return texts, names


def _card(config: RecoConfig, classes: int, images: int) -> str:
    common = ", ".join(config.contexts) or "nothing"
    summary = f"""A semantic segmenter for the {classes} classes of {config.benchmark} (ReCo: retrieve and co-segment), made without
training in the profile `{config.profile}`. For each class {config.retrieved} of the {images:,} images of {config.dataset} are
retrieved by its name, with CLIP; no label of these images is opened. The class is known by what their features ({config.features.title})
have in common, apart from what they share with {common}. At test time the similarity to it is multiplied by that of CLIP's dense
features to the name. The retrieved images, and the patches that were taken from them, are in `model.safetensors`."""
    limits = [
        "It names only these classes, and answers one of them for every pixel, also where none is right.",
        f"Classes that no image of {config.dataset} shows have references of something else.",
    ]
    return card(config.run, summary, {}, limits, drawn=config.drawn)
