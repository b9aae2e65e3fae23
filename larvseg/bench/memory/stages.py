"""All stages that read or write something of each image."""

from __future__ import annotations

from larvseg.bench.memory import auditing, data, evaluating, reporting, training

STAGES = (*data.STAGES, *training.STAGES, *evaluating.STAGES, *auditing.STAGES, *reporting.STAGES)
