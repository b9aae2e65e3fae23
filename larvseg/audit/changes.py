"""What differs between two recipes, in words: parameters by their dotted names, functions by theirs, files by their paths."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from larvseg.lineage.recipes import Recipe

ABSENT = object()


@dataclass(frozen=True)
class Made:
    """What something was, or would be, made by and of."""

    config: Mapping[str, Any]
    code: Mapping[str, Mapping[str, str]]  # module → qualified name → hash
    inputs: frozenset[tuple[str, str]]  # role, path
    reference: Mapping[str, str] = field(default_factory=dict)  # path → sha256

    @classmethod
    def by_recipe(cls, recipe: Recipe) -> Made:
        """As `recipe` would make it."""
        inputs = frozenset(recipe.made_of)
        return cls(recipe.config, recipe.code, inputs, recipe.reference)

    @classmethod
    def by_record(cls, record: Mapping[str, Any]) -> Made:
        """As `record` says that it was made."""
        inputs = frozenset((item["role"], item["path"]) for item in record["inputs"] if item["role"] != "reference")
        reference = {item["path"]: item["sha256"] for item in record["inputs"] if item["role"] == "reference"}
        return cls(record["recipe"]["config"], record["recipe"]["code"], inputs, reference)


def changes(old: Made, new: Made) -> list[str]:
    """One line for each difference that has a reason of its own; empty if both are the same."""
    return [
        *(f"{key}: {_text(was)} → {_text(now)}" for key, was, now in _differences(dict(_flat(old.config)), dict(_flat(new.config)))),
        *_code_changes(old.code, new.code),
        *(f"{path} {_verb(was, now)}" for path, was, now in _differences(old.reference, new.reference)),
        *(f"input {path} ({role}) added" for role, path in sorted(new.inputs - old.inputs)),
        *(f"input {path} ({role}) removed" for role, path in sorted(old.inputs - new.inputs)),
    ]


def listed(names: list[str], shown: int = 5) -> str:
    """The first of `names`, and how many more there are."""
    return ", ".join(names[:shown]) + (f" and {len(names) - shown} more" if len(names) > shown else "")


def _code_changes(old: Mapping[str, Mapping[str, str]], new: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for module, was, now in _differences(old, new):
        if was is ABSENT or now is ABSENT:
            yield f"module {module} {_verb(was, now)}"
        else:
            for name, before, after in _differences(was, now):
                kind = "top level of" if name == "<module>" else "function"
                yield f"{kind} {module if name == '<module>' else f'{module}.{name}'} {_verb(before, after)}"


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted name and value of each leaf; an empty section is a leaf."""
    items: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    items = list(items)
    if not items:
        yield prefix, value
    for key, inner in items:
        yield from _flat(inner, f"{prefix}.{key}" if prefix else str(key))


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for key in sorted({*old, *new}):
        was, now = old.get(key, ABSENT), new.get(key, ABSENT)
        if was != now:
            yield key, was, now


def _verb(was: Any, now: Any) -> str:
    return "added" if was is ABSENT else "removed" if now is ABSENT else "changed"


def _text(value: Any) -> str:
    return "(absent)" if value is ABSENT else json.dumps(value, ensure_ascii=False)
