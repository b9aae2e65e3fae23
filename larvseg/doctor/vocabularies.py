"""The committed class lists: their bytes, their lengths, and how many categories are base and novel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from larvseg.doctor.finding import Finding, error, ok
from larvseg.errors import LarvSegError
from larvseg.files import sha256_of
from larvseg.pipeline import Project
from larvseg.vocabulary import novel_in
from larvseg.vocabulary.datasets import committed
from larvseg.vocabulary.names import REFERENCE

SUMS = "SHA256SUMS"  # as sha256sum writes it: what came from the paper and the official code
CLASSES = {"C171": 171, "A150": 150, "A847": 847, "I124": 124, "I585": 585}
BASE_NOVEL = {("A150", "S"): (58, 92), ("A150", "P"): (63, 87), ("A847", "S"): (92, 755), ("A847", "P"): (94, 753)}
MEND = "git checkout data/reference"


def check(project: Project, folder: Path, deep: bool) -> Iterator[Finding]:
    """Checksums of what was published, class counts and alignment."""
    yield from checksums(REFERENCE)
    try:
        data = committed()
        counts = {dataset: len(data.vocabulary(dataset)) for dataset in CLASSES}
        novel = {name: novel_in(data.vocabulary(name).names, data.vocabulary(data[name].base)) for name, _ in BASE_NOVEL}
        splits = {(name, rule): (counts[name] - len(novel[name][rule]), len(novel[name][rule])) for name, rule in BASE_NOVEL}
    except (LarvSegError, KeyError, ValueError) as problem:
        yield error(f"a class list cannot be read ({problem})", REFERENCE, MEND)
        return
    wrong = [f"{name} has {counts[name]} classes, not {expected}" for name, expected in CLASSES.items() if counts[name] != expected]
    wrong += [
        f"{name} has {splits[name, rule]} base and novel categories under rule {rule}, not {expected}"
        for (name, rule), expected in BASE_NOVEL.items()
        if splits[name, rule] != expected
    ]
    if wrong:
        yield error("; ".join(wrong), REFERENCE, MEND)
    else:
        yield ok(f"{'/'.join(map(str, CLASSES.values()))} classes; base/novel 58/92 and 92/755 (rule S), 63/87 and 94/753 (rule P)")


def checksums(reference: Path) -> Iterator[Finding]:
    """The files that `reference`/SHA256SUMS lists."""
    sums = reference / SUMS
    if not sums.is_file():
        yield error("no such file", sums, MEND)
        return
    lines = [line.split(maxsplit=1) for line in sums.read_text(encoding="utf-8").splitlines()]
    wrong = [name for expected, name in lines if not (reference / name).is_file() or sha256_of(reference / name) != expected]
    if wrong:
        yield error(f"missing or changed: {', '.join(wrong)}", reference, MEND)
    else:
        yield ok(f"{len(lines)} published lists and tables are as committed")
