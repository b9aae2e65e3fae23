"""`larvseg export`: which run, in which form, where to."""

from __future__ import annotations

import shutil
from pathlib import Path

from larvseg.config import nearest
from larvseg.errors import LarvSegError
from larvseg.export import hub, onnx_file, torchscript
from larvseg.export.pictures import pictures_for
from larvseg.files import leftovers
from larvseg.loading import load
from larvseg.pipeline import selected
from larvseg.pipeline.jobs.methods import maker

FORMS = {"onnx": (onnx_file.write, ".onnx"), "torchscript": (torchscript.write, ".pt"), "hub": (hub.write, "")}


def export(run: str, to: str, out: Path, profile: str | None = None, seed: int = 0) -> str:
    """Write `run`, a folder or the name of a run, to `out` in the form `to` (of FORMS); return a line that says what was measured.

    The name is that of the profile, the run and the seed. Raises LarvSegError for an unknown form or run, a run that is not trained, and
    a file or folder that is there already.
    """
    if to not in FORMS:
        raise LarvSegError(f"--to {to}: no such form{nearest(to, list(FORMS))}")
    write, suffix = FORMS[to]
    folder = folder_of(run, profile, seed)
    loaded = load(folder)
    target = out / f"{loaded.config.profile}-{loaded.config.run}-seed{loaded.config.seed}{suffix}"
    if target.exists():
        raise LarvSegError(f"{target}: is there already; delete it, or name another folder with --out")
    out.mkdir(parents=True, exist_ok=True)
    for leftover in leftovers(target):  # of an export that was killed
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    measured = write(loaded, folder, target, pictures_for(folder, loaded.config))
    return f"{target}  {_megabytes(target):.1f} MB\n{measured}"


def folder_of(run: str, profile: str | None, seed: int) -> Path:
    """The folder of a trained run: `run` itself, or that of the run with this name in a profile; the selected one by default.

    Raises LarvSegError for a name that is not known, for a method that is not one network, and for a run that is not trained yet.
    """
    if (Path(run) / "config.json").is_file():
        return Path(run)
    if Path(run).is_dir() or "/" in run:
        raise LarvSegError(f"{run}: no config.json there; give the folder of a trained run, or the name of one")
    project = selected(profile)
    project.split(f"{run}.seed{seed}")
    settings = project.experiments.runs[run]
    if settings.model_of:
        raise LarvSegError(f"{run}: has no model of its own; export that of {settings.model_of}")
    if maker(project, run) != "train" or project.method(run).knows_names:
        needs = f"its method {settings.method} needs more to segment than one trained network"
        raise LarvSegError(f"{run}: {needs}; export a run of baseline, larvseg or supervised")
    config = Path(project.path("train", "config", run=run, seed=seed))
    if not config.is_file():
        raise LarvSegError(f"{config}: no such file; train the run: snakemake --config profile={project.name} --cores all {config}")
    return config.parent


def _megabytes(target: Path) -> float:
    files = [target] if target.is_file() else [path for path in target.iterdir() if path.is_file()]
    return sum(path.stat().st_size for path in files) / 2**20
