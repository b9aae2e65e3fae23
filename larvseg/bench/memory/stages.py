"""All stages that read or write something of each image."""

from __future__ import annotations

from larvseg.bench.memory import auditing, data, evaluating, reporting, retrieving, training
from larvseg.bench.memory.stage import Stage

PARTS: dict[str, tuple[Stage, ...]] = {
    "Archives and manifests": data.STAGES,
    "Training and retrieval": (*training.STAGES, *retrieving.STAGES),
    "Evaluation and its counts": evaluating.STAGES,
    "Audits, tables, figures": (*auditing.STAGES, *reporting.STAGES),
}
STAGES = tuple(stage for part in PARTS.values() for stage in part)
