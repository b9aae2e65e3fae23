"""The plan as text: one screen."""

from __future__ import annotations

import shutil
import statistics
from pathlib import Path

from larvseg.columns import columns, grouped
from larvseg.datasets.fetch import INCOMING
from larvseg.pipeline import Project
from larvseg.pipeline.jobs.methods import make, maker
from larvseg.pipeline.project import WHOLE
from larvseg.plan import storage
from larvseg.plan.measured import measured, tables
from larvseg.plan.operations import operations
from larvseg.plan.reckoning import TRAINING, Reckoning, precision_of
from larvseg.plan.storage import GB
from larvseg.sources.access import place_of

SHARED = ("fetch", "prepare", "derive", "pretrain", "freeze", "extract", "clip", "embed", "index")  # rules whose work all runs share
KINDS = {  # of work on a GPU, by the rules that do it
    "training": TRAINING,
    "the backbone": ("pretrain",),
    "features": ("extract",),
    "CLIP and retrieval": ("clip", "index", "zeroshot", "retrieve"),
    "evaluation": ("evaluate", "explore"),
}


def plan(project: Project, folder: Path = Path(".")) -> str:
    """What the profile of `project` costs and what of it is there already in `folder`, as text.

    Raises LarvSegError where the configuration does not say it: a backbone of unknown size, an archive that is not in the registry.
    """
    profile = project.profile
    head = f"profile {project.name}: {profile.backbone.title}, {grouped(profile.steps)} steps a run, {len(project.trained)} runs"
    sections = [[head, *([profile.about] if profile.about else [])], _archives(project, folder), _disk(project, folder)]
    if profile.machine and not profile.drawn:
        sections.append(_gpu_hours(project))
    sections.append(_minutes(project, folder))
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def _archives(project: Project, folder: Path) -> list[str]:
    world = project.profile.world
    if world is not None:
        scenes = f"{grouped(world.coco_training + world.coco_validation)} scenes for COCO-Stuff"
        scenes += f", {grouped(world.ade_training + world.ade_validation)} for ADE20K, {grouped(world.web)} images with captions"
        return [f"nothing to fetch: {scenes} and about {world.objects} images of each of {len(project.synsets)} synsets are drawn"]
    wanted = storage.downloads(project, folder)
    rows = [["archive", "GB", "here", "to fetch", "access"]]
    for archive in wanted:
        count = f" × {archive.files}" if archive.files > 1 else ""
        rows.append([archive.name + count, _size(archive.total), _size(archive.here), _size(archive.missing), archive.source.access])
    total = sum(archive.missing for archive in wanted)
    lines = columns(rows, left=(0, 4))
    machine = project.profile.machine
    if machine:
        rate = machine.megabytes_per_second
        lines.append(f"to fetch: {_size(total)} GB, {_time(total * 1000 / rate / 3600)} at {rate:g} MB/s; larvseg fetch NAME fetches one")
    else:
        lines.append(f"to fetch: {_size(total)} GB; larvseg fetch NAME fetches one")
    for archive in wanted:
        if archive.absent and archive.source.access != "open":
            place = place_of(archive.absent[0], INCOMING)
            place = place.with_name(archive.name) if archive.files > 1 else place
            lines.append(f"{archive.name}: ask for access at {archive.source.request}; it belongs at {place}")
    return lines


def _disk(project: Project, folder: Path) -> list[str]:
    needed = storage.disk(project, folder)
    total, free = sum(needed.values()), shutil.disk_usage(folder).free / GB
    parts = ", ".join(f"{name} {_size(size)}" for name, size in needed.items())
    verdict = "enough" if total < free else "too little"
    return [f"disk: {_size(total)} GB more ({parts}); free: {_size(free)} GB, {verdict}"]


def _gpu_hours(project: Project) -> list[str]:
    reckoning, machine, profile = Reckoning(project), project.profile.machine, project.profile
    chosen, groups = precision_of(project.runtime), reckoning.groups()
    rows = [[f"GPU hours, {chosen}", "trainings", "alone", f"on {machine.gpus} GPUs"]]
    for name, jobs in groups.items():
        trainings = sum(rule in TRAINING for rule, _ in jobs)
        rows.append([name, str(trainings), f"{reckoning.alone(jobs, chosen):.1f}", _time(reckoning.together(jobs, chosen))])
    by_kind = {kind: frozenset(key for key in groups["all"] if key[0] in rules) for kind, rules in KINDS.items()}
    shares = [f"{kind} {hours:.1f}" for kind, jobs in by_kind.items() if (hours := reckoning.alone(jobs, chosen)) >= 0.05]
    lines = [*columns(rows), f"of all: {', '.join(shares)}"]
    if not project.object_runs and (left_out := project.runs_over_synsets):
        work = sum(operations(project, make(project, run, project.seeds[0])) for run in left_out)
        archive, hours = project.registry.archives[WHOLE].gigabytes, reckoning.hours(work, chosen)
        lines.append(f"Figure 5 is left out; whole_imagenet: true adds {archive:.0f} GB and {len(left_out)} runs of {hours:.1f} GPU hours")
    rows = [["precision", "teraflops", "a run", "all", f"on {machine.gpus} GPUs"]]
    for precision, teraflops in machine.teraflops:
        one, every = reckoning.training(precision), reckoning.alone(groups["all"], precision)
        rows.append([precision, f"{teraflops:g}", f"{one:.1f} h", f"{every:.1f} h", _time(reckoning.together(groups["all"], precision))])
    step = f"{profile.ranks} × {profile.images_per_rank} images a step"
    return [
        *lines,
        "",
        *columns(rows),
        f"reckoned: {step}, backward pass twice the forward pass; teraflops that each GPU reaches, by section machine of the profile;",
        "a job has a GPU for itself and starts when the DAG starts it; archives are there, and reading them is not counted",
    ]


def _minutes(project: Project, folder: Path) -> list[str]:
    """Minutes of jobs that ran here; what did not run yet is taken for the mean of what did."""
    found = measured(project, folder)
    ran = {run: minutes for run in project.trained if (minutes := _run_minutes(project, found, run)) is not None}
    if not ran:
        return ["no run was measured here yet"] if project.profile.drawn else []
    usual = statistics.fmean(ran.values())
    shared = sum(minutes for job, minutes in found.items() if job.split("/")[0] in SHARED)
    rows = [
        ["minutes here", "runs", "measured", "minutes"],
        ["archives, manifests, backbone, features" if project.frozen else "archives, manifests, backbone", "", "", f"{shared:.1f}"],
    ]
    for name, runs in [*tables(project).items(), ("all, each run once", project.trained)]:
        rows.append([name, str(len(runs)), str(sum(run in ran for run in runs)), f"{sum(ran.get(run, usual) for run in runs):.1f}"])
    return [*columns(rows), "one job after the other; as many run at once as cores allow"]


def _run_minutes(project: Project, found: dict[str, float], run: tuple[str, int]) -> float | None:
    name = f"{run[0]}.seed{run[1]}"
    parts = [found.get(f"{rule}/{name}") for rule in (maker(project, run[0]), "evaluate") if rule]
    return None if None in parts else sum(parts)


def _size(gigabytes: float) -> str:
    return "–" if not gigabytes else f"{gigabytes:.1f}" if gigabytes >= 0.05 else "<0.1"


def _time(hours: float) -> str:
    return f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:.1f} h" if hours >= 1 else f"{hours * 60:.0f} min"
