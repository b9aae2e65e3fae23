"""The JSON documents that evaluations write, checked to be those that are asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from larvseg.errors import LarvSegError


def read_document(path: Path, asking: str, **wanted: Any) -> dict[str, Any]:
    """The document in `path`; LarvSegError, which names who is `asking`, if a key of `wanted` has another value there."""
    document = json.loads(path.read_text(encoding="utf-8"))
    for key, value in wanted.items():
        if document[key] != value:
            raise LarvSegError(f"{path}: {key} is {document[key]!r}, {asking} wants {value!r}; delete it and run snakemake again")
    return document
