"""Text tables as methods read them (the stage `embed` writes them). Imports no CLIP: whoever has the table does not need the model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from larvseg.errors import LarvSegError
from larvseg.training.checkpoint import load_tensors


def load_text(path: Path) -> tuple[Tensor, dict[str, Any]]:
    """The table (N, D) at `path`, unit rows, on the CPU, and its metadata: clip, prompts, dataset, classes.

    Raises:
        LarvSegError: unreadable, or not a text table.
    """
    tensors, metadata = load_tensors(path)
    if "text" not in tensors or len(tensors["text"]) != len(metadata.get("classes", ())):
        raise LarvSegError(f"{path}: not a text table; make it by the stage embed")
    return tensors["text"], metadata


def text_of(path: Path, classes: Sequence[str]) -> Tensor:
    """The table (N, D) at `path`, which must be that of `classes`; errors as in load_text."""
    table, metadata = load_text(path)
    if metadata["classes"] != list(classes):
        raise LarvSegError(f"{path}: the text table of {metadata['dataset']} has other classes than those to be named; make it again")
    return table
