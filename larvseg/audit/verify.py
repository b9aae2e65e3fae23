"""Re-hash everything below the tables, compute each number again, compare records with recipes and environment."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from tqdm import tqdm

from larvseg.audit.changes import Made, changes
from larvseg.audit.numbers import wrong_numbers
from larvseg.audit.reach import reach
from larvseg.audit.tree import Tree, made
from larvseg.errors import LarvSegError
from larvseg.lineage.kernels import PIN, other_cpu
from larvseg.lineage.records import read_run

WORDS = {
    "MODIFIED": "larvseg audit verify --repair, then `snakemake --cores all all` or `dvc repro`",
    "MISSING": "larvseg audit verify --repair, then `snakemake --cores all all` or `dvc repro`",
    "STALE": "`snakemake --cores all all` or `dvc repro` makes it again; or undo the change",
    "DRIFTED": "install the recorded version (of a package), or make it again; --ignore-environment leaves this out",
}
SHOWN = 3  # paths of a finding that are printed
_CHUNK = 1 << 22


@dataclass(frozen=True)
class Finding:
    """A root cause, or several of the same files. `word`: a key of WORDS; `reaches`: the printed numbers that stand on `paths`."""

    word: str
    paths: tuple[str, ...]
    detail: str
    reaches: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The finding for people, over several lines."""
        more = f" and {len(self.paths) - SHOWN} more" if len(self.paths) > SHOWN else ""
        lines = [f"{self.word} {', '.join(self.paths[:SHOWN])}{more}", *(f"    {line}" for line in self.detail.splitlines())]
        lines += [f"    reaches {line}" for line in self.reaches]
        return "\n".join([*lines, f"    mend: {WORDS[self.word]}"])


def verify(tree: Tree, ignore_environment: bool = False) -> list[Finding]:
    """All findings, root causes only: by word as in WORDS, then in the order in which artifacts are made. Reads every byte again.

    Raises LarvSegError if nothing is made yet.
    """
    if not any(made(recipe) for recipe in tree.recipes if tree.wanted(recipe)):
        raise LarvSegError("nothing is made yet: run `snakemake --cores all all`, or `dvc pull` and `larvseg adopt`")
    damage = [*_missing(tree), *_modified(tree)]
    doubtful = {path for _, paths, _ in damage for path in paths}
    damage += _replaced(tree, doubtful)
    doubtful |= {path for _, paths, _ in damage for path in paths}
    damage += [("MODIFIED", (path,), detail) for path, detail in wrong_numbers(tree, doubtful)]
    found = [*damage, *_stale(tree)]
    if not ignore_environment:
        found += _drifted(tree)
    findings = [Finding(word, tree.sorted(paths), detail, reach(tree, paths)) for word, paths, detail in found]
    position = {path: number for number, path in enumerate(tree.below)}
    return sorted(findings, key=lambda finding: (list(WORDS).index(finding.word), position[finding.paths[0]]))


def report(findings: Sequence[Finding], tree: Tree) -> str:
    """The findings as text, and whether another number of seeds would fit; what was audited if there are none."""
    if not findings:
        return f"{len(tree.below)} files are what their records say, and every printed number follows from them"
    counts = [f"{sum(finding.word == word for finding in findings)} {word}" for word in WORDS]
    counted = ", ".join(count for count in counts if not count.startswith("0 "))
    return "\n\n".join([*(finding.text for finding in findings), counted, *_other_seeds(tree)])


def _other_seeds(tree: Tree) -> list[str]:
    """One line where tables were made with another number of seeds than is selected."""
    for path, recipe in tree.recipe_of.items():
        record = tree.record(path)
        was, selected = (config.get("seeds") for config in (record["recipe"]["config"] if record else {}, recipe.config))
        if was and selected and len(was) != len(selected):
            number = len(was)
            return [f"{path} was made with seeds={number}, selected is seeds={len(selected)}: larvseg audit verify --seeds {number}"]
    return []


def _missing(tree: Tree) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """By job: what is not there. What is only missing because an input is missing, too, is no cause."""
    missing = {path: _absence(tree, path) for path in tree.below}
    missing = {path: why for path, why in missing.items() if why}
    for path in missing:
        if path not in tree.recipe_of and not any(read in missing for _, read in tree.read_by(path)):
            yield "MISSING", (path,), missing[path]
    for recipe in tree.recipes:
        paths = tuple(path for path in recipe.outputs.values() if path in missing)
        if paths and not any(read in missing for _, read in recipe.made_of):
            whys = dict.fromkeys(missing[path] for path in paths)
            yield "MISSING", paths, f"{recipe.title}: {', '.join(whys)}"


def _absence(tree: Tree, path: str) -> str | None:
    if not Path(path).is_file():
        return "not there"
    return "has no record" if tree.record(path) is None else None


def _modified(tree: Tree) -> Iterator[tuple[str, tuple[str, ...], str]]:
    paths = [path for path in tree.below if _absence(tree, path) is None]
    with tqdm(total=sum(Path(path).stat().st_size for path in paths), desc="hash", unit="B", unit_scale=True, disable=None) as progress:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            hashes = dict(zip(paths, pool.map(lambda path: _hash(Path(path), progress), paths), strict=True))
    for path, found in hashes.items():
        artifact = tree.record(path)["artifact"]
        size = Path(path).stat().st_size
        if artifact["path"] != path:
            yield "MODIFIED", (path,), f"its record is that of {artifact['path']}"
        elif found != artifact["sha256"] or size != artifact["size"]:
            yield "MODIFIED", (path,), f"sha256 {found} ({size} bytes), its record says {artifact['sha256']} ({artifact['size']} bytes)"


def _hash(path: Path, progress: tqdm) -> str:
    import hashlib

    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            progress.update(len(chunk))
    return digest.hexdigest()


def _replaced(tree: Tree, doubtful: set[str]) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Inputs whose record names other bytes than those that something was made of.

    An input that was made again later makes what stands on it STALE. One that was not has a record that was changed by hand.
    """
    blamed = set()
    for path in tree.below:
        for read, was, now in other_bytes(tree, path):
            if read in doubtful or path in doubtful:
                continue
            bytes_ = f"sha256 {was} then, {now} now"
            if _started(read) > _started(path):
                yield "STALE", (path,), f"made of another {read}: {bytes_}"
            elif read not in blamed:
                blamed.add(read)
                yield "MODIFIED", (read,), f"not what {path} was made of, although its record fits: {bytes_}"


def other_bytes(tree: Tree, path: str) -> Iterator[tuple[str, str, str]]:
    """(input, sha256 when `path` was made of it, sha256 that its own record says) where these differ."""
    record = tree.record(path)
    for item in record["inputs"] if record else ():
        own = tree.record(item["path"]) if item["role"] != "reference" else None
        if own and own["artifact"]["sha256"] != item["sha256"]:
            yield item["path"], item["sha256"], own["artifact"]["sha256"]


def _started(path: str) -> float:
    run = read_run(Path(path))
    return run.started if run else 0.0


def _stale(tree: Tree) -> Iterator[tuple[str, tuple[str, ...], str]]:
    causes: dict[str, dict[str, None]] = {}
    for path in tree.below:
        record = tree.record(path)
        if record and path in tree.recipe_of:
            for change in changes(Made.by_record(record), Made.by_recipe(tree.recipe_of[path])):
                causes.setdefault(change, {})[path] = None
    yield from (("STALE", paths, cause) for paths, cause in _together(causes))


def _drifted(tree: Tree) -> Iterator[tuple[str, tuple[str, ...], str]]:
    causes: dict[str, dict[str, None]] = {}
    for path in tree.below:
        record = tree.record(path)
        if record and (cause := other_cpu(record)):
            causes.setdefault(cause, {})[path] = None
        for pin in record["recipe"]["environment"] if record else ():
            name, _, was = pin.partition("==")
            now = was if name == PIN else _installed(name)
            if now != was:
                causes.setdefault(f"{name} {was} → {now or 'not installed'}", {})[path] = None
    yield from (("DRIFTED", paths, cause) for paths, cause in _together(causes))


def _together(causes: dict[str, dict[str, None]]) -> Iterator[tuple[tuple[str, ...], str]]:
    """(paths, causes, one a line): causes that touch the same files are one finding."""
    by_paths: dict[tuple[str, ...], list[str]] = {}
    for cause, paths in causes.items():
        by_paths.setdefault(tuple(paths), []).append(cause)
    yield from ((paths, "\n".join(same)) for paths, same in by_paths.items())


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def paths_of(findings: Iterable[Finding], *words: str) -> set[str]:
    """The paths of the findings with one of `words`."""
    return {path for finding in findings if finding.word in words for path in finding.paths}
