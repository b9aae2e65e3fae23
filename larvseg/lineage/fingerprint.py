"""Fingerprints of the code behind a command: one hash for each function of its import closure."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterable, Mapping, Set
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from larvseg.files import json_text, write_text
from larvseg.lineage import source
from larvseg.lineage.source import Source

PACKAGE = "larvseg"
ROOT = Path(__file__).parents[2]
# Bookkeeping around the stages, which never reaches the bytes of an artifact: what `config` resolves to stands in the recipe itself.
PLUMBING = tuple(f"{PACKAGE}.{name}" for name in ("lineage", "audit", "pipeline", "cli", "config", "errors", "locks"))
# What sources hold, by their hashes. It is only a cache: reading them takes a quarter of the time of an idle `snakemake`.
CACHE = Path("work/sources.json")
_FOUND: dict[str, Source] = {}  # in this process


def fingerprint(*modules: str) -> dict[str, dict[str, str]]:
    """{module: {qualified name: hash}} for `modules` and everything of this package that they import, however indirectly."""
    return {name: _source(name).functions for name in sorted(set().union(*map(closure, modules)))}


def closure(module: str) -> set[str]:
    """The modules of this package that importing and calling `module` can reach, without the lineage bookkeeping."""
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in seen or name.startswith(PLUMBING):
            continue
        seen.add(name)
        waiting.extend(imports_of(name))
    return seen


def environment(modules: Iterable[str]) -> list[str]:
    """name==version of each installed distribution that the source of one of `modules` names, sorted."""
    names = {name.split(".")[0] for module in modules for name in _source(module).imports}
    names -= {PACKAGE, *sys.stdlib_module_names}
    found = {each.metadata["Name"] for each in metadata.distributions() if _brings(each, names)}
    return sorted(f"{name.lower()}=={metadata.version(name)}" for name in found)  # of a name that is there twice, the one imported


def _brings(distribution: metadata.Distribution, names: Set[str]) -> bool:
    """Whether one of `names` can be imported because of `distribution`.

    It says what metadata.packages_distributions does, without parsing every list of files, for which each job would wait.
    """
    if declared := (distribution.read_text("top_level.txt") or "").split():
        return not names.isdisjoint(declared)
    files = distribution.read_text("RECORD") or ""
    return any(re.search(rf"^{re.escape(name)}(?:/|\.py,|\.[\w-]+\.(?:so|pyd),)", files, re.MULTILINE) for name in names)


@cache
def imports_of(module: str) -> frozenset[str]:
    """The modules of this package that the source of `module` imports, inside functions too."""
    ours = {name for name in _source(module).imports if name.split(".")[0] == PACKAGE and _path(name) is not None}
    # importing a.b.c runs the packages a and a.b, too
    return frozenset(ours | {name.rpartition(".")[0] for name in ours if name.count(".") > 1})


@cache
def _source(module: str) -> Source:
    path = _path(module)
    text, package = path.read_text(encoding="utf-8"), module if path.name == "__init__.py" else module.rpartition(".")[0]
    key = hashlib.sha256("\0".join((_reader(), package, text)).encode()).hexdigest()
    _FOUND[key] = Source(*_remembered()[key]) if key in _remembered() else source.read(text, package)
    return _FOUND[key]


@cache
def _reader() -> str:
    """The code that reads sources: what another one found is not believed."""
    return Path(source.__file__).read_text(encoding="utf-8")


@cache
def _remembered() -> dict[str, list[Any]]:
    try:
        saved = json.loads(CACHE.read_text(encoding="utf-8"))
        return saved["sources"] if saved["sha256"] == _sha256(saved["sources"]) else {}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}


def remember() -> None:
    """Keep for the next call what this one found in the sources."""
    if _FOUND.keys() - _remembered().keys():
        try:
            write_text(CACHE, json_text({"sha256": _sha256(_FOUND), "sources": _FOUND}))
        except OSError as problem:
            print(f"{CACHE}: cannot be written ({problem.strerror}); sources are read again next time", file=sys.stderr)


def _sha256(sources: Mapping[str, Any]) -> str:
    return hashlib.sha256(json_text(sources).encode()).hexdigest()


def _path(module: str) -> Path | None:
    """The source file of `module`; None where there is none (the name is that of a function, say)."""
    stem = ROOT.joinpath(*module.split("."))
    for path in (stem.with_suffix(".py"), stem / "__init__.py"):
        if path.is_file():
            return path
    return None
