"""Replays a recorded sequence of the official head through this project's: `python -m tests.golden FILE.npz`.

Prints one JSON object: for each recorded quantity the worst over steps of max|ours − theirs| / max(max|theirs|, 1e-12). Exit 1 past 1e-4.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from larvseg.config import Attention, Augmentation, Switches, TrainingSet
from larvseg.models.attention import pairs_of
from larvseg.models.bank import MemoryBank
from larvseg.models.classifier import CosineClassifier
from larvseg.training.objective import Group, attend_and_push, mean_of_ranks, weak_losses

TOLERANCE = 1e-4


def relative_error(ours: Tensor, theirs: np.ndarray) -> float:
    theirs = torch.as_tensor(theirs, dtype=torch.float64)
    return ((ours.double() - theirs).abs().max() / theirs.abs().max().clamp(min=1e-12)).item()


def replay(path: Path) -> dict[str, float]:
    """The worst relative error of each recorded quantity."""
    record = np.load(path)
    tensor = lambda key: torch.from_numpy(np.asarray(record[key]))  # noqa: E731
    names = record["all_classes"].tolist()
    index = torch.tensor([names.index(name) for name in record["dataset_classes"]])
    memory_size, top_k = int(record["memory_bank_size"]), int(record["top_k"])
    single_image = memory_size == 1

    classifier = CosineClassifier(record["cls_emb"].shape[1], len(names))
    classifier.load_state_dict(
        {
            "project_pixels": tensor("proj_patch"),
            "project_classes": tensor("proj_classes"),
            "table": tensor("cls_emb"),
            "scale": tensor("gamma").float(),
            "shift": tensor("beta").float(),
        }
    )
    slots = tensor("initial_bank").mean(2)
    bank = MemoryBank(len(names), slots.shape[2], memory_size, top_k)
    bank.load_state_dict({"slots": slots, "means": slots.mean(1), "pushed": torch.zeros(len(names), dtype=torch.int64)})
    config = Attention(
        variant="push_first" if single_image else "cross_image",
        memory_size=memory_size,
        top_k=top_k,
        warm_up=0 if single_image else 1,
        background_top_k=int(record["background_top_k"]),
        background_threshold=float(record["background_threshold"]),
        background_mse_threshold=float(record["background_mse_threshold"]),
    )
    augmentation = Augmentation(short_side=64, long_side=256, crop=64)
    training_set = TrainingSet(
        name="recorded",
        kind="multi_label",
        augmentation=augmentation,
        lambda_cls=float(record["loss_weight"]),
        lambda_aux=float(record["aux_loss_weight"]),
        ranks=1,
    )

    worst: dict[str, float] = defaultdict(float)
    step = 0
    while f"step{step}_features" in record:
        features = tensor(f"step{step}_features").requires_grad_()
        maps = record[f"step{step}_labels"]
        pairs = pairs_of([tuple(int(c) for c in np.unique(image) if c != 255) for image in maps])
        labels = pairs.labels
        size = tuple(side // int(record["downsample_rate"]) for side in maps.shape[2:])
        classifier.zero_grad()
        out = classifier(features, index)
        group = Group(training_set, torch.zeros(len(features), dtype=torch.int64), index, out, size, None, pairs, bank)
        (attended,) = attend_and_push([group], config, Switches(pooling="all_pixels"))
        cls, aux = weak_losses(group, attended, classifier, Switches(pooling="all_pixels"))
        loss_cls = training_set.lambda_cls * mean_of_ranks(cls, labels >= 0, group.ranks, 1)
        loss_aux = training_set.lambda_aux * mean_of_ranks(aux, labels >= 0, group.ranks, 1)
        (loss_cls + loss_aux).backward()
        ours = {
            "loss_cls": loss_cls.detach(),
            "loss_aux": loss_aux.detach(),
            "grad_features": features.grad,
            "grad_class_embeddings": classifier.table.grad,
        }
        for key, value in ours.items():
            recorded = record[f"step{step}_{key.replace('class_embeddings', 'cls_emb')}"]
            worst[key] = max(worst[key], relative_error(value, recorded))
        if not np.array_equal(bank.full.numpy(), record[f"step{step}_bank_full"]):
            raise SystemExit(f"{path}: step {step}: rings wrapped {bank.full.tolist()} times, recorded {record[f'step{step}_bank_full']}")
        step += 1
    worst["final_bank"] = relative_error(bank.slots, record["final_bank"].mean(axis=2))
    return dict(worst)


def main(path: str) -> int:
    torch.set_num_threads(1)
    worst = replay(Path(path))
    print(json.dumps(worst))
    return int(max(worst.values()) > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
