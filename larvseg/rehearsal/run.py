"""`larvseg rehearse`: every rule of the paper profile, for real, on small archives that a server on loopback hands out."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from tqdm import tqdm

from larvseg.config import Experiments, load_yaml, parse
from larvseg.datasets.fetch import INCOMING
from larvseg.errors import LarvSegError
from larvseg.files import write_text
from larvseg.pipeline.jobs.evaluation import classes_of
from larvseg.pipeline.project import CONFIG, load_profile
from larvseg.rehearsal.archives import KNOWN_BAD, LICENSED, UNREADABLE, Shown, build
from larvseg.rehearsal.registry import site_files, write_registry
from larvseg.rehearsal.server import Site, cookies_file, serving
from larvseg.rehearsal.transcript import Transcript, seconds_of, transcript_of
from larvseg.rehearsal.tree import environment, lay_out
from larvseg.sources.access import COOKIES, place_of
from larvseg.sources.registry import load_registry
from larvseg.vocabulary.datasets import committed

PROFILE = "rehearse"
PLACE = Path("work/rehearsal")
OFFICIAL = Path("workflow/config/sources.yaml")
REGISTRY = Path("work/rehearsal/sources.yaml")  # in the copy of the project, where the profile looks for it
FAULTS = {"/val2017.zip": "cut", "/stuffthingmaps_trainval2017.zip": "wait"}
DISK = 27 * 10**9  # bytes; most of it are the checkpoints and resumable states of twenty-four runs of ViT-B/16
TARGETS = ("all", f"data/{PROFILE}/archives/ade20k_full_prepared.zip")
LEFT_OUT = {"all", "sources", "datasets", "train_all", "evaluate_all", "tables", "report"}  # names for several files at once


def rehearse(project: Path = Path("."), resume: bool = False) -> None:
    """Run every rule of the paper profile of `project` in a copy of it, `project`/work/rehearsal/tree, and print what each took.

    First the archives that ask for a licence are missing, and the DAG has to say so and fetch nothing; then they are put in place.
    The server cuts one archive off half-way and asks for patience before another. One image cannot be read, one is known to be bad.
    resume: go on in the copy of an earlier rehearsal, with the code and configuration of today; not where its archives are built anew.

    Raises LarvSegError if a rule fails or does not run, if a fault was not met or mended, or the bad images were not found.
    """
    started, place = time.monotonic(), project / PLACE
    tree, log = place / "tree", place / "snakemake.log"
    place.mkdir(parents=True, exist_ok=True)
    _make_sure_of_room(place)
    if _build(project, place) or not resume:
        shutil.rmtree(tree, ignore_errors=True)
        log.unlink(missing_ok=True)
    lay_out(project, tree)
    fresh = not (tree / INCOMING / COOKIES).is_file()
    site = Site(site_files(place), faults=dict(FAULTS) if fresh else {})
    with serving(site, _port_of(tree / REGISTRY)) as url:
        write_registry(tree / REGISTRY, load_registry(project / OFFICIAL), place, url)
        if fresh:
            _show_refusal(tree, site)
            _bring_licensed(place / LICENSED, tree / INCOMING, url)
        _snakemake(tree, log)
    transcript = transcript_of(log.read_text(encoding="utf-8").splitlines())
    print(_summary(transcript, tree, time.monotonic() - started))
    _check(transcript, tree, site)
    print(f"{tree} holds all that was made; it may be deleted")


def _build(project: Path, place: Path) -> bool:
    """Build the archives that the rehearsal of `project` needs, unless they are there; whether it did."""
    path = project / CONFIG / "experiments.yaml"
    experiments: Experiments = parse(Experiments, load_yaml(path), path)
    return build(place, load_profile(PROFILE, project / CONFIG).comparators, shown_in(experiments))


def shown_in(experiments: Experiments) -> Shown:
    """What its figures want to show."""
    two, five = experiments.figure2, experiments.figure5
    objects = committed().weak_of(five.benchmark, "single_label") if five else None
    classes = tuple(classes_of(five.scenes, committed().vocabulary(objects)).values()) if objects else ()
    scenes = {five.benchmark.lower(): classes} if five else {}
    return Shown(**{"a150": two.classes if two else (), **scenes}, synsets=(*five.objects, *five.scenes) if five else ())


def _make_sure_of_room(place: Path) -> None:
    if (free := shutil.disk_usage(place).free) < DISK:
        raise LarvSegError(f"{place}: a rehearsal needs {DISK / 1e9:.0f} GB of disk, {free / 1e9:.0f} GB are free; make room")


def _port_of(registry: Path) -> int:
    """The port of the earlier rehearsal: another one would mean other URLs, which are fetched again with all that follows; 0 for none."""
    if not registry.is_file():
        return 0
    urls = [source.url for source in load_registry(registry).archives.values() if source.url is not None]
    return urlsplit(urls[0]).port


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "snakemake", "--config", f"profile={PROFILE}", "seeds=1", *arguments]


def _show_refusal(tree: Path, site: Site) -> None:
    """Without the archives that ask for a licence Snakemake must stop with the instruction, before anything is fetched."""
    command = _command("--cores", "1", "all")
    done = subprocess.run(command, cwd=tree, env=environment(tree), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    errors = [line for line in done.stdout.splitlines() if line.startswith("error: ")]
    if done.returncode == 0 or len(errors) != 1 or "Traceback" in done.stdout or site.requests:
        write_text(tree / "refusal.log", done.stdout)
        raise LarvSegError(f"without the archives that need a licence, {tree}/refusal.log should stop with one line before any request")
    print(f"without the archives that need a licence:\n  {errors[0]}", flush=True)


def _bring_licensed(folder: Path, incoming: Path, url: str) -> None:
    """Do what that line tells a person to do."""
    incoming.mkdir(parents=True, exist_ok=True)
    for archive in folder.iterdir():
        shutil.copyfile(archive, place_of(archive.name, incoming))
    write_text(incoming / COOKIES, cookies_file(url))


def _snakemake(tree: Path, log: Path) -> None:
    """Make TARGETS; what Snakemake prints goes to the end of `log`."""
    transcript, command = Transcript(), _command("--cores", "all", *TARGETS)
    with (
        open(log, "a", encoding="utf-8") as file,
        tqdm(desc="rehearsal", unit="job", file=sys.stderr, disable=None) as bar,
        subprocess.Popen(
            command, cwd=tree, env=environment(tree), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as process,
    ):
        for line in process.stdout:
            file.write(line)
            file.flush()
            if not transcript.add(line.rstrip("\n")):
                continue
            if bar.disable:  # no terminal
                print(f"{transcript.done} of {transcript.steps} jobs: {transcript.last}", file=sys.stderr, flush=True)
            else:
                bar.total = transcript.steps
                bar.set_postfix_str(transcript.last, refresh=False)
                bar.update(transcript.done - bar.n)
    if process.returncode:
        raise LarvSegError(f"the rehearsal failed ({transcript.error or 'no job said why'}); {log} has it all")


def _summary(transcript: Transcript, tree: Path, total: float) -> str:
    lines = [f"{'rule':<22}{'jobs':>6}{'seconds':>10}"]
    for rule, benchmarks in sorted(transcript.finished.items()):
        if files := set(benchmarks):  # of a job that ran in two attempts the last time counts
            lines.append(f"{rule:<22}{len(files):>6}{sum(seconds_of(tree / path) for path in files):>10.1f}")
    return "\n".join([*lines, f"rehearsed in {total / 60:.1f} minutes"])


def _check(transcript: Transcript, tree: Path, site: Site) -> None:
    """LarvSegError unless each rule ran, each fault was met, and the bad images were found."""
    listed = subprocess.run(_command("--list-rules"), cwd=tree, env=environment(tree), capture_output=True, text=True, check=True)
    rules = {line for line in listed.stdout.splitlines() if line.isidentifier()}
    problems = [f"rule {rule} did not run" for rule in sorted(rules - LEFT_OUT - set(transcript.finished))]
    problems += [f"{path} was not asked for" for path in site.faults]
    for dataset in ("I124", "I585"):
        problems += _missed(tree / f"data/{PROFILE}/manifests/{dataset}.rejects.csv", (UNREADABLE, KNOWN_BAD))
    if problems:
        raise LarvSegError(f"the rehearsal is not complete: {'; '.join(problems)}")


def _missed(rejects: Path, expected: Sequence[str]) -> list[str]:
    with open(rejects, encoding="utf-8", newline="") as file:
        found = sorted(row["name"] for row in csv.DictReader(file))
    return [] if found == sorted(expected) else [f"{rejects} names {', '.join(found) or 'nothing'} instead of {', '.join(expected)}"]
