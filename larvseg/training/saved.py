"""What the config.json of a run says of it, read again without torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from larvseg.config import Vocabulary, conform
from larvseg.errors import reading

_ADVICE = {"advice": "train the run again", "missing": "train the run first"}


def settings_in(config: Path) -> dict[str, Any]:
    """How the run was trained; LarvSegError for a file that is no config.json of a run."""
    with reading(config, "the config.json of a run", **_ADVICE):
        settings = json.loads(config.read_text(encoding="utf-8"))["train"]
        if not isinstance(settings, dict):
            raise ValueError(f"its settings are a {type(settings).__name__}")
        return settings


def vocabulary_in(config: Path) -> Vocabulary:
    """The classes of the run; errors as in settings_in."""
    with reading(config, "the config.json of a run", **_ADVICE):
        return conform(Vocabulary, json.loads(config.read_text(encoding="utf-8"))["vocabulary"])
