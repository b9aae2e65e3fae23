"""Take away what is not what its record says, so that Snakemake and DVC make it again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from larvseg.audit.tree import Tree
from larvseg.audit.verify import Finding, paths_of
from larvseg.datasets.fetch import INCOMING
from larvseg.lineage.kept import keep
from larvseg.lineage.process import alone
from larvseg.lineage.recipes import Recipe
from larvseg.lineage.records import record_path, run_path


def repair(tree: Tree, findings: Sequence[Finding]) -> str:
    """Delete the outputs of each job that has a MODIFIED or MISSING one, and put the sound work that stands on them aside.

    Snakemake sees no deleted file behind present ones, therefore the latter must go, too. They come back from `work/kept/` as soon as the
    file is made again with the same bytes. STALE needs no help, DRIFTED has none here. Where an archive is the same file as one in
    data/incoming, that is renamed, or it would be taken for sound. Raises LarvSegError while a Snakemake works here.
    """
    damaged = paths_of(findings, "MODIFIED", "MISSING")
    jobs = _jobs(tree, damaged)
    deleted = [path for job in jobs for path in job.outputs.values()] + [path for path in damaged if path not in tree.recipe_of]
    sound, unsound = [], []
    for job in _jobs(tree, tree.above(deleted)):
        if job not in jobs:
            whole = all(Path(path).is_file() and tree.record(path) for path in job.outputs.values())
            (sound if whole else unsound).append(job)
    same = {path: f"{path}.damaged" for damage in damaged if Path(damage).is_file() for path in _incoming_links(Path(damage))}
    with alone():
        for path, aside in same.items():
            path.rename(aside)
        for job in sound:
            keep({role: Path(path) for role, path in job.outputs.items()})
        for path in [*deleted, *(path for job in (*sound, *unsound) for path in job.outputs.values())]:
            for file in (record_path(Path(path)), run_path(Path(path)), Path(path)):
                file.unlink(missing_ok=True)
    if not deleted:
        return "nothing to delete"
    lines = [f"deleted {path}" for path in deleted]
    lines += [f"renamed {path}, the same file as one of these, to {Path(aside).name}" for path, aside in same.items()]
    if sound:
        lines.append(f"put aside until these are made again: the files of {len(sound)} jobs that stand on them")
    lines.append("now `snakemake --cores all all` or `dvc repro` makes them again")
    removed = [*jobs, *sound, *unsound]
    if on_demand := [next(iter(job.outputs.values())) for job in removed if not tree.wanted(job) and not tree.feeds(job)]:
        lines.append(f"and `snakemake --cores all {' '.join(on_demand)}` what these do not ask for")
    return "\n".join(lines)


def _incoming_links(damaged: Path) -> list[Path]:
    """The files in data/incoming that are the file `damaged` by another name: archives are hard links to what was fetched."""
    return [path for path in sorted(INCOMING.rglob("*")) if path.is_file() and path.samefile(damaged)]


def _jobs(tree: Tree, paths: set[str]) -> list[Recipe]:
    return [job for job in tree.recipes if not paths.isdisjoint(job.outputs.values())]
