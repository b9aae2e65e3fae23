"""The inputs of a running job: what it reads of one that has become another file is neither kept nor gone on from.

How they were when it began is noted in the folder of its state, where any of its processes finds it before it saves what was read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from larvseg.errors import LarvSegError, reading
from larvseg.files import json_text, write_text
from larvseg.lineage.records import content_hash, written

NOTE = "inputs.json"


@contextmanager
def watched(inputs: Mapping[str, tuple[str, str]], title: str, work: Path) -> Iterator[None]:
    """Have `check_inputs(work)` know the inputs of the job `title`, path → (sha256, `written`), in the block and call it at the end."""
    write_text(work / NOTE, json_text({"title": title, "inputs": inputs}))
    try:
        try:
            yield
        finally:  # also where the job failed: another file explains it
            check_inputs(work)
    finally:
        (work / NOTE).unlink(missing_ok=True)
        with suppress(OSError):  # there is a state
            work.rmdir()


def check_inputs(work: Path) -> None:
    """LarvSegError if an input of the job with the state in `work` has become another file. Outside the DAG nothing is checked."""
    note = work / NOTE
    if not note.is_file():
        return
    with reading(note, "a note of the inputs of a job", "run snakemake again"):
        noted = json.loads(note.read_text(encoding="utf-8"))
        title, inputs = noted["title"], {Path(path): tuple(before) for path, before in noted["inputs"].items()}
    for path, (sha256, before) in inputs.items():
        if path.is_file() and written(path) != before and content_hash(path) != sha256:
            raise LarvSegError(
                f"{path} was changed while {title} ran, so what that made of it is dropped; delete the file, or put back what it was, and "
                "run snakemake again"
            )
