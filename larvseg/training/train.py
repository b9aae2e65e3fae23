"""The `train` stage: train the segmenter of one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor

from larvseg.config import TrainConfig
from larvseg.datasets.loader import JointLoader, RankBatch
from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError
from larvseg.files import json_text, write_text
from larvseg.lineage.records import content_hash
from larvseg.models.segmenter import build_segmenter
from larvseg.training import processes
from larvseg.training.checkpoint import load_into, save_tensors
from larvseg.training.curves import MEANS, Curves
from larvseg.training.frozen import standard, training_features
from larvseg.training.label_space import run_vocabulary
from larvseg.training.loop import Training, fit
from larvseg.training.objective import Objective
from larvseg.training.processes import is_first, own_ranks
from larvseg.training.runtime import autocast, compiled, prepare, workers
from larvseg.training.schedule import build_optimiser
from larvseg.training.segmenter_card import card_text
from larvseg.training.text_table import text_of


def train(config: TrainConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Train `config.run` from `inputs["backbone"]` on the manifests named after its training sets.

    A neck is trained on features: `inputs` has <name>.plain, <name>.flipped and <name>.statistics of each training set, and no `backbone`.
    Where config.table is "text", the classifier keeps the embeddings of the class names in the text table `inputs["text"]` as they are.
    Writes `outputs`: `model` (backbone, classifier, memory bank), `config` (resolved configuration, vocabulary, and how many annotations
    of which data set were opened), `curves` and `card`.
    `work` holds the state from which the run can go on.

    Raises:
        LarvSegError: an input does not fit, the loss is not finite, another process trains in `work`, or it was asked to end.
    """
    if config.runtime.processes > config.ranks:
        raise LarvSegError(
            f"{config.run}: {config.runtime.processes} processes for {config.ranks} virtual ranks; set runtime.processes lower"
        )
    processes.run(config.runtime, _train, config, inputs, outputs, work)


def _train(config: TrainConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """One of the processes."""
    device = prepare(config.runtime)
    manifests = {dataset.name: Manifest(inputs[dataset.name]) for dataset in config.training_sets}
    vocabulary = run_vocabulary(config, {name: manifest.header for name, manifest in manifests.items()})

    table = text_of(inputs["text"], vocabulary["names"]) if config.table == "text" else None
    model = build_segmenter(config, len(vocabulary["names"]), table=table)
    features = None
    if config.backbone.neck:
        features = training_features(config, inputs, manifests)
        model.backbone.standardise(*standard(inputs[f"{each.name}.statistics"] for each in config.training_sets))
    else:
        load_into(model.backbone, inputs["backbone"])
    model.to(device).train()
    compiled(model.backbone, config.runtime)
    objective = Objective(config, model, vocabulary["index"])
    optimiser = build_optimiser(config.optimiser, model.backbone.parameters(), model.classifier.parameters())
    origin = {"config": config.model_dump(mode="json"), "inputs": {role: content_hash(path) for role, path in sorted(inputs.items())}}
    curves = Curves(means=(*MEANS, *(f"loss_{name}" for name in config.losses)))

    def batches_from(start: int) -> JointLoader:
        return JointLoader(config, manifests, start, workers(config.runtime), features, own_ranks(config.ranks))

    def loss_of(batches: Sequence[RankBatch], step: int) -> tuple[Tensor, Mapping[str, Tensor]]:
        with autocast(config.runtime):
            return objective(batches, step)

    def state_of() -> Mapping[str, float]:
        scaled = config.switches.temperature == "layer_norm"
        return objective.bank_state() | ({"scale": model.classifier.scale.item()} if scaled else {})

    training = Training(config.run, config.optimiser, config.steps, config.seed, config.runtime, origin, work)
    ledger = fit(training, model, optimiser, batches_from, loss_of, curves, state_of, collect=objective.collect_banks)
    if not is_first():
        return

    save_tensors(outputs["model"], model.state_dict(), {})
    described = {"train": config.model_dump(mode="json"), "vocabulary": vocabulary, "annotations": ledger.counts}
    write_text(outputs["config"], json_text(described))
    write_text(outputs["curves"], curves.text)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    write_text(outputs["card"], card_text(config, vocabulary, parameters, ledger.counts))
