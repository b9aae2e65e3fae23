"""Why a file would be made again."""

from __future__ import annotations

from pathlib import Path

from larvseg.lineage.audit.changes import Made, changes, listed
from larvseg.lineage.audit.tree import Job, Tree
from larvseg.lineage.audit.verify import other_bytes
from larvseg.lineage.kernels import other_cpu
from larvseg.lineage.records import known_hash


def why(tree: Tree, path: str) -> str:
    """The reasons why `path` would be made again, root causes first, or that it is up to date. LarvSegError if no rule writes it.

    What was made on another kind of CPU is told, too, although that alone makes nothing again. Files that are large and were not hashed
    since they changed are not read; `verify` reads everything.
    """
    job = tree.job(path)
    ancestors = _ancestors(tree, job)
    lines = [f"  {ancestor.title}: {reason}" for ancestor in ancestors for reason in reasons(tree, ancestor)]
    verdict = f"{path} would be made again:" if lines else f"{path} is up to date"
    return "\n".join([verdict, *lines, *_moved(tree, ancestors)])


def reasons(tree: Tree, job: Job) -> list[str]:
    """Why `job` would run, its inputs being what they are: each reason once for all its outputs."""
    found: dict[str, None] = {}
    for path in job.outputs.values():
        file, record = Path(path), tree.record(path)
        if not file.is_file():
            found[f"{path} is missing"] = None
        elif record is None:
            found[f"{path} has no record"] = None
        else:
            found.update(dict.fromkeys(changes(Made.by_record(record), Made.by_recipe(job.recipe))))
            for read, was, now in other_bytes(tree, path):
                found[f"{read} has other bytes than it was made of (sha256 {was[:12]}… → {now[:12]}…)"] = None
            if file.stat().st_size != record["artifact"]["size"] or known_hash(file) not in (None, record["artifact"]["sha256"]):
                found[f"{path} was changed by hand; `larvseg audit verify --repair` deletes it"] = None
    return list(found)


def _moved(tree: Tree, jobs: list[Job]) -> list[str]:
    """One line for each other kind of CPU that some of `jobs` ran on."""
    found: dict[str, list[str]] = {}
    for job in jobs:
        for text in {other_cpu(record) for path in job.outputs.values() if (record := tree.record(path))} - {None}:
            found.setdefault(text, []).append(job.title)
    return [f"  {text}, no reason to make it again: {listed(titles)}" for text, titles in found.items()]


def _ancestors(tree: Tree, job: Job) -> list[Job]:
    """`job` and the jobs whose outputs it is, or would be, made of; those first that run first."""
    order: dict[int, Job] = {}

    def visit(job: Job) -> None:
        if id(job) not in order:
            order[id(job)] = job  # jobs make no cycle
            for path in dict.fromkeys(path for _, path in job.inputs):
                if path in tree.job_of:
                    visit(tree.job_of[path])
            order[id(job)] = order.pop(id(job))  # after its inputs

    visit(job)
    return list(order.values())
