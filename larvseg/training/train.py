"""Train one run: the whole loop, top to bottom. A killed run goes on from its last state; on a CPU it ends with the same bytes."""

import math
from collections.abc import Mapping
from pathlib import Path

from larvseg.comparators.text import text_of
from larvseg.config import TrainConfig
from larvseg.datasets.annotations import Ledger
from larvseg.datasets.loader import JointLoader
from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError
from larvseg.files import json_text, sha256_of, write_text
from larvseg.models.segmenter import build_segmenter
from larvseg.training.backbone_weights import load_backbone
from larvseg.training.card import card_text
from larvseg.training.checkpoint import hold, resume, save_state, save_tensors
from larvseg.training.curves import Curves
from larvseg.training.objective import Objective
from larvseg.training.runtime import Progress, autocast, prepare, seed_step
from larvseg.training.schedule import build_optimiser, learning_rate, set_learning_rate
from larvseg.training.union import run_vocabulary


def train(config: TrainConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Train `config.run` from `inputs["backbone"]` on the manifests named after its training sets.

    LSeg takes the embeddings of its classes from the text table `inputs["text"]`, and leaves them as they are.
    Writes `outputs`: `model` (backbone, classifier, memory bank), `config` (resolved configuration, vocabulary, and how many annotations
    of which data set were opened), `curves` and `card`.
    `work` holds the state from which the run can go on.

    Raises:
        LarvSegError: an input does not fit, the loss is not finite, or another process trains in `work`.
    """
    device = prepare(config.runtime)
    manifests = {dataset.name: Manifest(inputs[dataset.name]) for dataset in config.training_sets}
    vocabulary = run_vocabulary(config, {name: manifest.header for name, manifest in manifests.items()})

    table = text_of(inputs["text"], vocabulary["names"]) if config.method == "lseg" else None
    model = build_segmenter(config, len(vocabulary["names"]), table=table)
    load_backbone(model.backbone, inputs["backbone"])
    model.to(device).train()
    objective = Objective(config, model, vocabulary["index"])
    optimiser = build_optimiser(config.optimiser, model.backbone.parameters(), model.classifier.parameters())
    curves, ledger = Curves(), Ledger()

    origin = {"config": config.model_dump(mode="json"), "inputs": {role: sha256_of(path) for role, path in sorted(inputs.items())}}
    workers = config.runtime.threads if device.type == "cuda" else 0  # on the CPU, loading and computing share the threads
    with hold(work) as state:
        start = resume(state, origin, model, optimiser, curves, ledger)
        progress = Progress(JointLoader(config, manifests, start, workers), config.run, start, config.steps)
        last = "none"
        for step, batches in enumerate(progress, start):
            ledger.add(batches)
            seed_step(config.seed, step)
            rate = learning_rate(config.optimiser, step, config.steps)
            set_learning_rate(optimiser, rate)

            with autocast(config.runtime):
                loss, parts = objective(batches, step)
            values = {"loss": loss.item(), **{name: value.item() for name, value in parts.items()}}
            if not all(math.isfinite(value) for value in values.values()):
                raise LarvSegError(f"{config.run}: at step {step + 1} {_show(values)}; last finite: {last}; try a lower learning rate")

            loss.backward()
            optimiser.step()
            optimiser.zero_grad()  # here, so that no step's pass forward holds the gradients of the one before

            last = f"step {step + 1}, {_show(values)}"
            progress.loss = values["loss"]
            scale = {"scale": model.classifier.scale.item()} if config.switches.temperature == "layer_norm" else {}
            curves.add(step + 1, rate, values | objective.bank_state() | scale, last=step + 1 == config.steps)
            if (step + 1) % config.runtime.checkpoint_every == 0:
                progressed = {"step": step + 1, "curves": curves.state(), "annotations": ledger.counts}
                save_state(state, model, optimiser, {**progressed, "origin": origin})

        save_tensors(outputs["model"], model.state_dict(), {})
        described = {"train": config.model_dump(mode="json"), "vocabulary": vocabulary, "annotations": ledger.counts}
        write_text(outputs["config"], json_text(described))
        write_text(outputs["curves"], curves.text)
        parameters = sum(parameter.numel() for parameter in model.parameters())
        write_text(outputs["card"], card_text(config, len(vocabulary["names"]), parameters, ledger.counts))


def _show(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} = {value:.4g}" for name, value in values.items())
