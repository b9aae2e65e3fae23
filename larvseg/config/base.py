"""What all sections share: no unknown keys, and errors that name the nearest known one."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from larvseg.errors import LarvSegError


class Model(BaseModel):
    """A configuration section: immutable, no unknown keys, no silent conversion of types, finite numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def load_yaml(path: Path) -> dict[str, Any]:
    """The mapping in the YAML file `path`; LarvSegError names the file and line of what is wrong."""
    try:
        value = yaml.safe_load(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise LarvSegError(f"{path}: no such file") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise LarvSegError(f"{path}:{line}: a letter that is not of UTF-8; save the file in that encoding") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise LarvSegError(f"{where}: not valid YAML: {getattr(error, 'problem', error)}") from None
    if not isinstance(value, dict):
        raise LarvSegError(f"{path}: expected keys and values, found {'nothing' if value is None else type(value).__name__}")
    return value


def parse(model: type[Model], value: Any, where: str | Path) -> Any:
    """`value` as a `model`; LarvSegError is one line that names `where`, the key and, for an unknown key, the nearest known one."""
    try:
        # JSON mode lets lists stand for tuples; types are strict all the same
        return model.model_validate_json(_json(value, where))
    except ValidationError as error:
        # a misspelt key is also a missing one: say the former
        problem = min(error.errors(), key=lambda problem: problem["type"] != "extra_forbidden")
        raise LarvSegError(f"{where}: {_describe(model, problem)}") from None


_LISTED = 60  # names that an error lists at the most


def nearest(name: str, known: list[str]) -> str:
    """ "; did you mean …?" for the known name nearest to `name`, or the list of the known ones, of very many the first."""
    spelled = {each.lower(): each for each in known}
    if close := difflib.get_close_matches(name.lower(), spelled, n=1, cutoff=0.5):
        return f"; did you mean {spelled[close[0]]!r}?"
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    return f"; known: {', '.join(sorted(known)[:_LISTED])}{more}"


def _json(value: Any, where: str | Path) -> str:
    import json

    try:
        return json.dumps(value)
    except (TypeError, ValueError, RecursionError) as error:  # a set, say, or a section within itself
        raise LarvSegError(f"{where}: {error}") from None


def _describe(model: type[Model], problem: dict[str, Any]) -> str:
    location = ".".join(str(part) for part in problem["loc"])
    if problem["type"] != "extra_forbidden":
        return f"{location}: {problem['msg']}"
    key = str(problem["loc"][-1])
    return f"unknown key {location!r}{nearest(key, _keys_at(model, problem['loc'][:-1]))}"


def _keys_at(model: type[Model], location: tuple) -> list[str]:
    """The keys of the section of `model` at `location`."""
    for part in location:
        field = model.model_fields.get(part) if isinstance(part, str) else None
        if field is None:
            continue
        candidates = [field.annotation, *getattr(field.annotation, "__args__", ())]
        candidates += [inner for outer in candidates for inner in getattr(outer, "__args__", ())]
        model = next((c for c in candidates if isinstance(c, type) and issubclass(c, Model)), model)
    return list(model.model_fields)
