"""The command line: one command a stage. Each takes the recipe of a job and the paths of its outputs; the DAG calls nothing else."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal, TextIO

import typer

from larvseg.config import nearest
from larvseg.config.base import LAST_SEED
from larvseg.errors import INTERRUPTED, LarvSegError, in_one_line, lacks_memory, reason
from larvseg.lineage.kernels import choose
from larvseg.pipeline.stages import STAGES

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="The experiments of the paper LarvSeg: fetch, derive, train, evaluate, report, audit.",
)

vocab = typer.Typer(no_args_is_help=True, help="Class names, base and novel, and their WordNet synsets.")
diagnose = typer.Typer(no_args_is_help=True, help="Classes, frequencies, training and confusions behind the numbers.")
audit = typer.Typer(no_args_is_help=True, help="Where numbers come from, and whether they still stand.")
GROUPS = {"vocab": vocab, "diagnose": diagnose, "audit": audit}
for group_name, group in GROUPS.items():
    app.add_typer(group, name=group_name)

BY_HAND = ("fetch", "train")  # stages whose command people give other things than a recipe, too
TAKEN = ("compare",)  # stages with the name of a command that does something else
MOST_IMAGES = 10**8  # ImageNet-21K has a tenth of it, whole
MORE_MEMORY = "have fewer jobs run beside this one, or take a machine or a GPU that has more"
RecipeArgument = Annotated[Path, typer.Argument(help="work/recipes/<profile>/<stage>/<name>.json", show_default=False)]


def _run(stage: str, recipe: Path) -> None:
    from larvseg.lineage.process import die_with_parent
    from larvseg.pipeline.execute import execute

    die_with_parent()
    execute(recipe, stage)


def _add(stage: str) -> None:
    def command(recipe: RecipeArgument) -> None:
        _run(stage, recipe)

    *group, verb = (STAGES[stage].verb or stage).split()
    add = (GROUPS[group[0]] if group else app).command
    add(verb, help=STAGES[stage].help, rich_help_panel="Stages: the DAG calls these")(command)
    if verb != stage and not group and stage not in TAKEN:  # as the command was called before
        add(stage, hidden=True)(command)


for name in STAGES:
    if name not in BY_HAND:
        _add(name)


@vocab.command("show")
def vocab_show(category: Annotated[str, typer.Argument(help="a category of A150 or A847, e.g. sofa", show_default=False)]) -> None:
    """Show a category: synonyms, synsets, why one was chosen, base or novel."""
    from larvseg.vocabulary.explain import show

    print(show(category))


@vocab.command("diff")
def vocab_diff() -> None:
    """Show what the corrected synsets change, and where the two alignment rules differ."""
    from larvseg.vocabulary.explain import diff

    print(diff())


@vocab.command("update")
def vocab_update(wordnet: Annotated[Path, typer.Argument(help="wordnet.zip", show_default=False)]) -> None:
    """Write the corrected lists anew after a change of synset_overrides.csv."""
    from larvseg.vocabulary.report import update

    update(wordnet)


ProfileOption = Annotated[str | None, typer.Option(help="profile; the selected one by default")]
SeedsOption = Annotated[int | None, typer.Option(help="how many seeds; the selected number by default")]


@app.command()
def fetch(
    what: Annotated[
        list[str] | None, typer.Argument(help="a recipe, or archives or families of sources.yaml; all of the profile by default")
    ] = None,
    mirror: Annotated[str | None, typer.Option(envvar="LARVSEG_MIRROR", help="URL of a folder that is asked first")] = None,
    offline: Annotated[bool, typer.Option("--offline", envvar="LARVSEG_OFFLINE", help="only check what is in data/incoming/")] = False,
    profile: ProfileOption = None,
) -> None:
    """Fetch archives (in the DAG of a drawn profile: draw them). By hand they go to data/incoming/, where the DAG finds them."""
    if what and what[0].endswith(".json"):
        # not in the recipe: they change where bytes come from, not which
        os.environ.update({"LARVSEG_MIRROR": mirror} if mirror else {}, **({"LARVSEG_OFFLINE": "1"} if offline else {}))
        _run("fetch", Path(what[0]))
        return
    from larvseg.datasets.fetch import fetch_by_name
    from larvseg.pipeline import selected

    project = selected(profile)
    if not what and project.registry is None:
        raise LarvSegError(f"profile {project.name} draws its archives; name archives, or say --profile paper")
    names = what or [file for files in project.families.values() for file in files]
    registry = Path(project.profile.registry or "workflow/config/sources.yaml")
    for name, path in fetch_by_name(names, registry, mirror, offline, project.synsets).items():
        print(f"{name}  {path}")


@audit.command("show")
def audit_show(
    table: Annotated[Path, typer.Argument(help="a table of results/", show_default=False)],
    column: Annotated[str, typer.Option(help="column of the number", show_default=False)],
    where: Annotated[list[str] | None, typer.Option(help="column=value of its row; repeat for each", show_default=False)] = None,
    json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
) -> None:
    """Show the chain of one number, from its cell to the archives."""
    from larvseg.audit.show import show

    print(show(table, dict(_where(item) for item in where or []), column, as_json=json))


def _where(item: str) -> tuple[str, str]:
    column, separator, value = item.partition("=")
    if not separator:
        raise LarvSegError(f"--where {item}: expected column=value")
    return column, value


@audit.command("verify")
def audit_verify(
    repair: Annotated[bool, typer.Option("--repair", help="delete what is not what its record says, so that it is made again")] = False,
    ignore_environment: Annotated[bool, typer.Option("--ignore-environment", help="do not compare packages")] = False,
    profile: ProfileOption = None,
    seeds: SeedsOption = None,
) -> None:
    """Re-hash everything below the tables and compute each printed number again; exit status 1 if something does not fit."""
    from larvseg.audit import commands
    from larvseg.pipeline import selected

    text, status = commands.verify(selected(profile, seeds), repair=repair, ignore_environment=ignore_environment)
    print(text)
    sys.exit(status)


@audit.command("diff")
def audit_diff(
    old: Annotated[str, typer.Argument(help="a git revision", show_default=False)],
    new: Annotated[str | None, typer.Argument(help="another; the working tree by default", show_default=False)] = None,
    profile: ProfileOption = None,
) -> None:
    """Show which parameters, functions and files differ between two revisions, and the numbers that this reaches."""
    from larvseg.audit import commands
    from larvseg.pipeline import selected

    print(commands.diff(selected(profile), old, new))


@audit.command("outs")
def audit_outs(
    stage: Annotated[str, typer.Argument(help="a stage of dvc.yaml", show_default=False)], profile: ProfileOption = None
) -> None:
    """Check that nothing among the outputs of a DVC stage was changed after it was made."""
    from larvseg.audit.outs import check_outs, pipeline_of
    from larvseg.pipeline.project import selection

    selected = profile or selection().profile
    pipeline = pipeline_of(selected)
    if profile is None and pipeline != Path("dvc.yaml"):
        copy = pipeline.with_name("dvc.yaml")
        raise LarvSegError(f"profile {selected} has stages of its own: cp {pipeline} {copy} && dvc repro {copy}")
    check_outs(stage, selected, pipeline)


@audit.command("leaks")
def audit_leaks(
    profile: ProfileOption = None, seeds: SeedsOption = None, json: Annotated[bool, typer.Option("--json", help="for programs")] = False
) -> None:
    """Look for validation images among the training images, and for annotations that a row does not list."""
    from json import dumps

    from larvseg.audit.leaks import find_leaks
    from larvseg.pipeline import selected

    leaks = find_leaks(selected(profile, seeds))
    print(dumps(leaks.as_json()) if json else leaks.text())
    if leaks.found:
        sys.exit(1)


@audit.command("export")
def audit_export(
    rocrate: Annotated[Path, typer.Option("--rocrate", help="new folder for the RO-Crate", show_default=False)],
    largest: Annotated[int, typer.Option(min=0, help="bytes of the largest checkpoint, manifest or count to copy")] = 2**20,
    profile: ProfileOption = None,
    seeds: SeedsOption = None,
) -> None:
    """Write everything that was made, and how, as an RO-Crate."""
    from larvseg.audit.crate import export
    from larvseg.pipeline import selected

    export(selected(profile, seeds), rocrate, largest)


@app.command()
def plan(profile: ProfileOption = None, seeds: SeedsOption = None) -> None:
    """Say what a profile will cost before it starts: downloads, disk, hours of each table."""
    from larvseg.pipeline import selected
    from larvseg.plan import plan as text_of

    print(text_of(selected(profile, seeds)))


@app.command("watch")
def watch_jobs(
    once: Annotated[bool, typer.Option("--once", help="show it once, as text")] = False,
    tensorboard: Annotated[Path | None, typer.Option(help="folder for event files of the training curves", show_default=False)] = None,
    profile: ProfileOption = None,
    seeds: SeedsOption = None,
) -> None:
    """Show which jobs run, how far each is, and how many are done and left; on a terminal, until all are done."""
    from larvseg.pipeline import selected
    from larvseg.watch import watch

    watch(selected(profile, seeds), sys.stdout, once, tensorboard)


@app.command()
def doctor(
    profile: ProfileOption = None,
    fix: Annotated[bool, typer.Option("--fix", help="mend what can be mended without loss")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="hash the archives, too")] = False,
) -> None:
    """Examine the environment, the archives, the data sets and leftovers; each finding comes with the command that mends it."""
    from larvseg import doctor as doctors
    from larvseg.pipeline import selected

    findings = doctors.examine(selected(profile), deep=deep)
    if fix:
        findings = doctors.fix(findings)
    print(doctors.report(findings))
    if any(finding.level == "error" for finding in findings):
        sys.exit(1)


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="a mask", show_default=False)],
    encoding: Annotated[str, typer.Option(help="ade-challenge, ade-full, coco-stuff or a847-prepared", show_default=False)],
    json: Annotated[bool, typer.Option("--json", help="raw ids and pixels only")] = False,
) -> None:
    """Count the pixels of each label of a mask."""
    from larvseg.doctor import mask as inspection

    if json:
        from json import dumps

        print(dumps(inspection.inspect(file, encoding)))
    else:
        print(inspection.describe(file, encoding))


@app.command()
def rehearse(resume: Annotated[bool, typer.Option("--resume", help="go on where the last rehearsal stopped")] = False) -> None:
    """Run every rule of the paper profile on small archives of the official form, served on loopback."""
    from larvseg.rehearsal import main as run_rehearsal

    run_rehearsal(resume)


@app.command()
def train(
    run: Annotated[
        str, typer.Argument(help="a recipe, or the name of a run of experiments.yaml to train outside the DAG", show_default=False)
    ],
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="key=value, e.g. optimiser.lr=0.01 (outside the DAG only)", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=LAST_SEED, help="random seed (outside the DAG only)")] = 0,
    profile: Annotated[str | None, typer.Option(help="profile (outside the DAG only); the selected one by default")] = None,
) -> None:
    """Train a run. Outside the DAG it is evaluated, too, goes to work/scratch/ and can enter no table."""
    if run.endswith(".json"):
        if set_:
            raise LarvSegError("--set goes with the name of a run, not with a recipe: a recipe is what the DAG trains")
        _run("train", Path(run))
    else:
        from larvseg.scratch import train_scratch

        folder, means = train_scratch(run, set_ or [], seed, profile)
        print(folder, *(f"{measure} {value:.1f}" for measure, value in means.items()), sep="  ")


ModelOption = Annotated[
    str,
    typer.Option(help="a trained run: its name, a folder of model.safetensors and config.json, or hf://owner/name", show_default=False),
]


@app.command()
def segment(
    pictures: Annotated[list[Path], typer.Argument(help="pictures, and folders of them", show_default=False)],
    model: ModelOption,
    classes: Annotated[str | None, typer.Option(help='the classes to choose from, as "sofa, lamp"; all by default')] = None,
    top: Annotated[int, typer.Option(min=1, help="classes in legend and JSON, the largest first")] = 20,
    out: Annotated[Path, typer.Option(help="folder of the results")] = Path("segmented"),
    device: Annotated[str, typer.Option(help="cpu or cuda")] = "cpu",
) -> None:
    """Segment pictures: of each an overlay with a legend, a map of labels, and a JSON of classes, areas and scores."""
    from larvseg.segment.command import segment as segment_pictures

    segment_pictures(pictures, model, classes, top, out, device)


@app.command()
def demo(
    model: Annotated[list[str], typer.Option(help="as of `larvseg segment`; repeat it for a choice", show_default=False)],
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="a free one by default")] = None,
) -> None:
    """Serve a page on this machine that segments the pictures that are dropped on it."""
    from larvseg.demo.page import serve

    serve(model, port)


@app.command()
def compare(
    runs: Annotated[list[str], typer.Argument(help="evaluated runs of one benchmark, or folders of work/scratch", show_default=False)],
    by: Annotated[Literal["class", "image"], typer.Option(help="what is compared")] = "class",
    seed: Annotated[
        int | None, typer.Option(min=0, max=LAST_SEED, help="of the runs; all selected ones by default", show_default=False)
    ] = None,
    form: Annotated[Literal["table", "markdown", "csv"], typer.Option("--format", help="of the output")] = "table",
    most: Annotated[int, typer.Option(min=1, help="images that differ most")] = 20,
    profile: ProfileOption = None,
) -> None:
    """Compare runs class by class or image by image: what the last one gains over the first."""
    from larvseg.compare import compare as text_of
    from larvseg.pipeline import selected

    print(text_of(selected(profile), runs, by, seed, form, most), end="")


@app.command()
def export(
    run: Annotated[str, typer.Argument(help="a trained run of experiments.yaml, or its folder", show_default=False)],
    to: Annotated[str, typer.Option(help="onnx, torchscript or hub (a folder for the Hugging Face Hub)", show_default=False)],
    out: Annotated[Path, typer.Option(help="folder that it is written to")] = Path("exports"),
    profile: ProfileOption = None,
    seed: Annotated[int, typer.Option(min=0, max=LAST_SEED, help="of the run")] = 0,
) -> None:
    """Write a trained run for other programs; it is compared with the run on ten pictures first."""
    from larvseg.export import export as write

    print(write(run, to, out, profile, seed))


@app.command()
def tail(
    runs: Annotated[list[str], typer.Argument(help="evaluated runs of one benchmark, or folders of work/scratch", show_default=False)],
    seed: Annotated[int, typer.Option(min=0, max=LAST_SEED, help="of the runs")] = 0,
    profile: ProfileOption = None,
) -> None:
    """Compare runs on rare and on frequent novel classes."""
    from larvseg.compare import tail as text_of
    from larvseg.pipeline import selected

    print(text_of(selected(profile), runs, seed), end="")


@app.command()
def why(
    file: Annotated[str, typer.Argument(help="an artifact", show_default=False)], profile: ProfileOption = None, seeds: SeedsOption = None
) -> None:
    """Say why a file would be made again: parameter old → new, function, source."""
    from larvseg.audit import commands
    from larvseg.pipeline import selected

    print(commands.why(selected(profile, seeds), file))


@app.command()
def adopt(profile: ProfileOption = None, seeds: SeedsOption = None) -> None:
    """After `dvc pull`: verify every hash, recipe and number, then have Snakemake note that all of it is made."""
    from larvseg.audit import commands
    from larvseg.pipeline import selected

    print(commands.adopt(selected(profile, seeds)))


@app.command("print")
def print_table(
    table: Annotated[Path, typer.Argument(help="a table of results/", show_default=False)],
    follow: Annotated[
        bool, typer.Option("--follow", help="read what Snakemake says from standard input; show how far it is, and rows as they come")
    ] = False,
) -> None:
    """Print a table, ours beside the published numbers. While it is being made: the rows that are there."""
    from larvseg.reporting.layout import layout_of
    from larvseg.reporting.rendering import as_text

    if follow:
        from larvseg.audit.tree import Tree
        from larvseg.pipeline import Dag
        from larvseg.progress import SoFar, project_of
        from larvseg.progress import follow as follow_lines

        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for Snakemake; what it says of that is shown, and its end is the end
        follow_lines(SoFar(table, Tree(Dag(project_of(table)).recipes)), sys.stdin, sys.stdout)
    elif table.is_file():
        print(as_text(layout_of(table)), end="")
    else:
        from larvseg.progress import so_far

        print(as_text(so_far(table)), end="")


@app.command()
def bench(
    gpu: Annotated[bool, typer.Option("--gpu", help="measure steps of `paper` on a GPU instead")] = False,
    memory: Annotated[bool, typer.Option("--memory", help="measure the memory of each stage against the number of images instead")] = False,
    images: Annotated[
        list[int] | None, typer.Option("--images", min=1, max=MOST_IMAGES, help="of --memory, once for each number of images")
    ] = None,
    into: Annotated[Path | None, typer.Option("--into", help="of --memory: the folder for the measurements and their figure")] = None,
    measured: Annotated[bool, typer.Option("--measured", help="of --into: draw the measurements that are there")] = False,
) -> None:
    """Measure the exact reductions and training steps beside plain references, and what all of ImageNet-21K takes."""
    if memory:
        from larvseg.bench.memory import main as run_memory

        print(run_memory(images or (), into, again=not measured))
        return
    if gpu:
        from larvseg.bench.paper_step import on_gpu

        for line in on_gpu():
            print(line, flush=True)
        return
    from larvseg.bench import main as run_bench

    run_bench()


def open_streams() -> None:
    """Open the standard streams that whoever started the process has closed.

    Otherwise the next file that is opened has the number of one of them, and what a library prints stands in that file.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))


@contextmanager
def flushed(stream: TextIO) -> Iterator[None]:
    """What the block wrote to `stream` has arrived; an OSError says that it has not, once, and not again when Python ends."""
    try:
        yield
    finally:
        try:
            stream.flush()
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            if error.errno != errno.EPIPE:  # who read it has seen enough
                error.filename = "standard output"
                raise


def main() -> None:
    """Entry point: a LarvSegError, or an error of the operating system, is one line on standard error and exit status 1."""
    open_streams()
    commands = [command.name or command.callback.__name__ for command in app.registered_commands]
    commands += [group.name for group in app.registered_groups]
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-") and sys.argv[1] not in commands:
        print(f"error: no command {sys.argv[1]!r}{nearest(sys.argv[1], commands)}", file=sys.stderr)
        sys.exit(2)
    choose()  # a recipe or a run may choose again, as long as torch is not imported
    sys.stdout.reconfigure(errors="replace")  # a terminal that has no "→" shows "?"
    try:
        with flushed(sys.stdout):
            app()
    except LarvSegError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:  # the disk is full, a file is somebody else's, the file system is away: which one says it all
        said = error.strerror or ", ".join(map(str, error.args))
        print(f"error: {in_one_line(said if error.filename is None else f'{error.filename}: {said}')}", file=sys.stderr)
        sys.exit(1)
    except Exception as error:
        if not lacks_memory(error):
            raise
        print(f"error: memory ran out{f' ({reason(error)})' if str(error) else ''}; {MORE_MEMORY}", file=sys.stderr)
        sys.exit(1)
    except SystemExit as end:
        if end.code == INTERRUPTED:
            raise KeyboardInterrupt from None
        raise
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it has ended; to interrupt what Python then clears up says nothing to anybody


if __name__ == "__main__":
    main()
