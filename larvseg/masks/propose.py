"""The `propose` stage: train the network of ZSBaseline or OpenSeg."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from larvseg.clip.model import load_clip
from larvseg.config import TrainingSet
from larvseg.config.masks import ProposeConfig
from larvseg.datasets.annotations import TrainingImages
from larvseg.datasets.loader import JointLoader
from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError
from larvseg.files import json_text, sha256_of, write_text
from larvseg.masks.captions import CaptionLoader
from larvseg.masks.card import card_text
from larvseg.masks.networks import build_classifier, build_embedder
from larvseg.masks.nouns import Nouns
from larvseg.masks.objectives import ClassifiedMasks, GroundedMasks, Parts
from larvseg.masks.steps import StepBatches, Steps
from larvseg.masks.words import WordTable
from larvseg.training.checkpoint import load_into, save_tensors
from larvseg.training.curves import Curves
from larvseg.training.loop import Training, fit
from larvseg.training.runtime import autocast, compiled, prepare, workers
from larvseg.training.schedule import build_optimiser
from larvseg.training.text_table import text_of
from larvseg.vocabulary.wordnet import WordNet


def propose(config: ProposeConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Train `config.run` from `inputs["backbone"]` on the manifests named after its training sets.

    Other inputs: `text`, the table of the training classes (classification); `clip`, whose frozen text tower embeds words, and `wordnet`
    (grounding). Writes `outputs`: `model`, `config` (resolved configuration, vocabulary, and how many annotations of which data set were
    opened), `curves` and `card`. `work` holds the state from which the run can go on.

    Raises:
        LarvSegError: settings or inputs that do not fit, a loss that is not finite, or another process trains in `work`.
    """
    device = prepare(config.runtime)
    annotated, captioned = _sets(config)
    manifest = Manifest(inputs[annotated.name])
    classes = manifest.header["classes"]
    alone = config.model_copy(update={"training_sets": (annotated,), "ranks": 1})
    captions = None

    if config.classification:
        table = text_of(inputs["text"], classes)
        network = build_classifier(config, table.shape[1]).to(device)
        objective = ClassifiedMasks(config, network, table.to(device))
    else:
        clip = load_clip(inputs["clip"], device)
        network = build_embedder(config, clip.dim).to(device)
        objective = GroundedMasks(config, network, WordTable(clip, config.grounding.prompts))
        captions = CaptionLoader(
            captioned,
            TrainingImages(Manifest(inputs[captioned.name]), captioned.name, "captions"),
            Nouns(WordNet(inputs["wordnet"])),
            images=config.images_per_rank,
            keep=config.grounding.keep,
            normalisation=config.switches.normalisation,
            rank=1,
            seed=config.seed,
        )
    load_into(network.proposer.backbone, inputs["backbone"])
    network.train()
    compiled(network.proposer.backbone, config.runtime)

    def batches_from(start: int) -> Steps:
        return Steps(JointLoader(alone, {annotated.name: manifest}), captions, start, workers(config.runtime))

    def loss_of(batches: StepBatches, step: int) -> tuple[Tensor, Parts]:
        with autocast(config.runtime):
            return objective(batches)

    backbone = list(network.proposer.backbone.parameters())
    own = {id(parameter) for parameter in backbone}
    optimiser = build_optimiser(config.optimiser, backbone, [p for p in network.parameters() if id(p) not in own])
    origin = {"config": config.model_dump(mode="json"), "inputs": {role: sha256_of(path) for role, path in sorted(inputs.items())}}
    training = Training(config.run, config.optimiser, config.steps, config.seed, config.runtime, origin, work, config.clip_norm)
    curves = Curves(means=("loss", *objective.parts), states=())
    ledger = fit(training, network, optimiser, batches_from, loss_of, curves)
    save_tensors(outputs["model"], network.state_dict(), {})
    listed = {"names": list(classes), "index": {annotated.name: list(range(len(classes)))}, "classes": {annotated.name: list(classes)}}
    described = {"train": config.model_dump(mode="json"), "vocabulary": listed, "annotations": ledger.counts}
    write_text(outputs["config"], json_text(described))
    write_text(outputs["curves"], curves.text)
    write_text(outputs["card"], card_text(config, len(classes), sum(p.numel() for p in network.parameters()), ledger.counts))


def _sets(config: ProposeConfig) -> tuple[TrainingSet, TrainingSet]:
    """The data set with masks and the last one (with grounding, that with captions); LarvSegError for settings that do not fit."""
    if (config.classification is None) == (config.grounding is None):
        raise LarvSegError(f"{config.run}: {config.method} needs one of the sections classification and grounding")
    wanted = ["pixel"] if config.classification else ["pixel", "caption"]
    if [dataset.kind for dataset in config.training_sets] != wanted or config.ranks != len(wanted):
        raise LarvSegError(f"{config.run}: {config.method} is trained on {len(wanted)} data sets, one rank each: {', '.join(wanted)}")
    return config.training_sets[0], config.training_sets[-1]
