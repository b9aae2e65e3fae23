"""What lies about: locks and half-written files of killed processes, files without a record, results that nothing asks for."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import psutil

from larvseg.doctor.finding import Finding, error, ok, snakemake, some, warning
from larvseg.errors import LarvSegError
from larvseg.files import host, maker_of, sha256_of
from larvseg.lineage.process import LOCK, clear_stale_locks
from larvseg.lineage.recipes import Recipe
from larvseg.lineage.records import read_record, record_path
from larvseg.locks import is_held, others
from larvseg.pipeline import Project
from larvseg.pipeline.stages import STAGES
from larvseg.plan.storage import GB

FIX = "larvseg doctor --fix"
RECORD, RUN = ".lineage.json", ".run.json"
NO_ARTIFACTS = ("logs", "benchmarks")  # what Snakemake writes about jobs
WORK = re.compile(r"[0-9a-f]{20}")  # named after the recipe


def check(project: Project, folder: Path, deep: bool) -> Iterator[Finding]:
    """Nothing is looked at while a Snakemake is at work here: then all of this is as it should be."""
    if elsewhere := [holder for holder in others(folder / LOCK) if not holder.is_here]:
        what = f"a Snakemake of {elsewhere[0].host} may be at work: leftovers were not looked at"
        yield warning(what, elsewhere[0].note, f"if it is gone: rm {elsewhere[0].note}")
        return
    if is_held(folder / LOCK):
        yield ok("a Snakemake is at work here: leftovers were not looked at", folder)
        return
    found = [
        *_locks(folder),
        *_half_written(folder),
        *_records(project, folder, deep),
        *_unnamed_runs(project, folder),
        *_unused_data(project, folder),
        *_work(folder),
    ]
    yield from found or [ok("none")]


def _locks(folder: Path) -> Iterator[Finding]:
    for lock in sorted((folder / ".snakemake/locks").glob("*.lock")):
        yield warning("a lock that no living Snakemake holds", lock, FIX, partial(clear_stale_locks, folder))


def _half_written(folder: Path) -> Iterator[Finding]:
    gone, elsewhere = [], []
    for path in (path for place in ("data", "results", "reports", "work") for path in sorted((folder / place).rglob(".*.tmp"))):
        process, where = maker_of(path) or (os.getpid(), host())
        if where != host():
            elsewhere.append(path)
        elif path.is_file() and not psutil.pid_exists(process):
            gone.append(path)
    for place, names in _by_folder(folder, gone).items():
        what = f"half written by a process that is gone: {some(names)}"
        yield warning(what, place, FIX, partial(_remove, folder / place, names))
    for place, names in _by_folder(folder, elsewhere).items():
        mend = f"if nothing works there any more: rm {' '.join(str(place / name) for name in names)}"
        yield warning(f"half written by processes of other hosts: {some(names)}", place, mend)


def _by_folder(folder: Path, paths: Iterable[Path]) -> dict[Path, list[str]]:
    """The names of `paths` in each folder, which is relative to `folder`: one finding each, and not hundreds."""
    found: dict[Path, list[str]] = {}
    for path in paths:
        found.setdefault(path.parent.relative_to(folder), []).append(path.name)
    return found


def _remove(folder: Path, names: list[str]) -> None:
    for name in names:
        (folder / name).unlink(missing_ok=True)


# ---- artifacts and their records


def _records(project: Project, folder: Path, deep: bool) -> Iterator[Finding]:
    orphans, unrecorded = [], []
    for path in _made(project, folder):
        if path.name.endswith((RECORD, RUN)):
            if not path.with_name(path.name.removesuffix(RECORD).removesuffix(RUN)).exists():
                orphans.append(path)
        elif not record_path(path).is_file():
            unrecorded.append(path)
        elif problem := _changed(path, deep):
            relative = path.relative_to(folder)
            yield error(problem, relative, f"rm {relative} && {snakemake(project, relative)}")
    for place, names in _by_folder(folder, unrecorded).items():
        first = " ".join(str(place / name) for name in names[:3]) + (" …" if len(names) > 3 else "")
        what = f"no record says how these were made, so no command reads them: {some(names)}"
        yield error(what, place, f"rm {first} && {snakemake(project, place / names[0])}")
    for place, names in _by_folder(folder, orphans).items():
        mend = f"larvseg doctor --profile {project.name} --fix"
        yield warning(f"records of files that are gone: {some(names)}", place, mend, partial(_remove, folder / place, names))


def _made(project: Project, folder: Path) -> Iterator[Path]:
    """Everything that the DAG writes for this profile, records among it."""
    places = [f"data/{project.name}/{kind}" for kind in ("archives", "manifests")]
    places += [place for place in sorted((folder / f"results/{project.name}").glob("*")) if place.name not in NO_ARTIFACTS]
    files = [path for place in (*places, project.places["reports"]) for path in sorted((folder / place).rglob("*"))]
    files += [path for path in sorted((folder / project.places["tables"]).glob("*"))]
    yield from (path for path in files if path.is_file() and not path.name.startswith(".") and path.name != "README.md")


def _changed(path: Path, deep: bool) -> str | None:
    """How the artifact `path` differs from what its record says."""
    try:
        artifact = read_record(path)["artifact"]
    except LarvSegError as problem:
        return str(problem).removeprefix(f"{record_path(path)}: ").rpartition(";")[0]
    if (size := path.stat().st_size) != artifact["size"]:
        return f"was changed after it was made: {size} bytes instead of {artifact['size']}"
    if deep and sha256_of(path) != artifact["sha256"]:
        return "was changed after it was made: another sha256 than its record says"
    return None


# ---- results and data that nothing asks for


def _unnamed_runs(project: Project, folder: Path) -> Iterator[Finding]:
    named = {*project.experiments.runs, Path(STAGES["zeroshot"].outputs["accuracy"]).parent.name}  # CLIP is evaluated, too
    for kind in ("runs", "evaluations"):
        for path in sorted((folder / f"results/{project.name}/{kind}").glob("*")):
            if path.is_dir() and path.name not in named:
                relative = path.relative_to(folder)
                yield warning(f"experiments.yaml names no run {path.name!r} ({_size(path)})", relative, f"rm -r {relative}")


def _unused_data(project: Project, folder: Path) -> Iterator[Finding]:
    used = {project.archive(file) for files in project.families.values() for file in files}
    for dataset in project.datasets:
        used |= {*project.archives_of(dataset), project.manifest(dataset), project.path("derive", "rejects", dataset=dataset)}
    data = folder / f"data/{project.name}"
    present = [path for path in _made(project, folder) if path.is_relative_to(data) and not path.name.endswith((RECORD, RUN))]
    unused = [path for path in present if path.relative_to(folder).as_posix() not in used]
    if unused:
        size = sum(path.stat().st_size for path in unused) / GB
        names = [path.relative_to(folder).as_posix() for path in unused]
        what = f"the profile does not use ({size:.2f} GB): {some([path.name for path in unused])}"
        yield warning(what, f"data/{project.name}", f"rm {' '.join(names[:3])}" + (" …" if len(names) > 3 else ""))


def _work(folder: Path) -> Iterator[Finding]:
    """Resumable state: of jobs that can go on, and of recipes that are no more."""
    current = set()
    for path in sorted((folder / "work/recipes").rglob("*.json")):
        try:
            current.add(Recipe.load(path).hash)
        except LarvSegError:
            yield warning("not a recipe", path.relative_to(folder), f"rm {path.relative_to(folder)}")
    for path in sorted((folder / "work").glob("*")):
        if path.is_dir() and WORK.fullmatch(path.name):
            relative = path.relative_to(folder)
            if path.name in current:
                yield ok(f"{_size(path)} from which an unfinished job goes on", relative)
            else:
                yield warning(f"{_size(path)} of a job whose configuration or code has changed since", relative, f"rm -r {relative}")


def _size(path: Path) -> str:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in files)
    return f"{size / GB:.1f} GB" if size >= GB / 10 else f"{size / 10**6:.1f} MB"
