"""The command line: one command a stage. Each takes the recipe of a job and the paths of its outputs; the DAG calls nothing else."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from larvseg.config import nearest
from larvseg.errors import LarvSegError

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)

RecipeArgument = Annotated[Path, typer.Argument(help="work/recipes/<profile>/<rule>/<name>.json", show_default=False)]
OutOption = Annotated[list[str], typer.Option("--out", help="role=path of an output; repeat for each", show_default=False)]


def _stage(rule: str, help_text: str, name: str | None = None) -> None:
    def command(recipe: RecipeArgument, out: OutOption) -> None:
        from larvseg.lineage.execute import execute
        from larvseg.lineage.process import die_with_parent

        die_with_parent()
        execute(recipe, rule, dict(_role_and_path(item) for item in out))

    app.command(name or rule, help=help_text)(command)


def _role_and_path(item: str) -> tuple[str, Path]:
    role, separator, path = item.partition("=")
    if not separator or not role or not path:
        raise LarvSegError(f"--out {item}: expected role=path")
    return role, Path(path)


_stage("fetch", "Fetch one family of archives (or draw it, where the profile's archives are drawn).")
_stage("derive", "Derive the manifest of a data set from its archives.")
_stage("pretrain", "Make the backbone that every run starts from.")
_stage("evaluate", "Evaluate a trained run on its benchmark.")
_stage("table", "Write a table of the paper.")
_stage("metrics", "Gather the metrics of all runs in one file.")
_stage("compare", "Test over seeds which run finds novel categories better.")
_stage("figure", "Draw a figure.")


@app.command()
def train(
    run: Annotated[
        str, typer.Argument(help="a recipe, or the name of a run of experiments.yaml to train outside the DAG", show_default=False)
    ],
    out: Annotated[list[str] | None, typer.Option("--out", help="role=path of an output; repeat for each", show_default=False)] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="key=value, e.g. optimiser.lr=0.01 (outside the DAG only)", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="random seed (outside the DAG only)")] = 0,
    profile: Annotated[str | None, typer.Option(help="profile (outside the DAG only); the selected one by default")] = None,
) -> None:
    """Train a run. Outside the DAG it goes to work/scratch/ and can enter no table."""
    from larvseg.lineage.process import die_with_parent

    die_with_parent()
    if run.endswith(".json"):
        from larvseg.lineage.execute import execute

        if set_:
            raise LarvSegError("--set goes with the name of a run, not with a recipe: a recipe is what the DAG trains")
        execute(Path(run), "train", dict(_role_and_path(item) for item in out or []))
    else:
        from larvseg.scratch import train_scratch

        print(train_scratch(run, set_ or [], seed, profile))


@app.command("print")
def print_table(table: Annotated[Path, typer.Argument(help="a table of results/", show_default=False)]) -> None:
    """Print a table, ours beside the published numbers."""
    from larvseg.reporting.comparisons import print_comparisons
    from larvseg.reporting.tables import print_table as text_of

    print((print_comparisons if table.stem == "comparisons" else text_of)(table))


@app.command()
def bench() -> None:
    """Measure the exact reductions and a training step, as ratios against plain references."""
    from larvseg.bench import main as run_bench

    run_bench()


def main() -> None:
    """Entry point: a LarvSegError is one line on standard error and exit status 1."""
    commands = [command.name or command.callback.__name__ for command in app.registered_commands]
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-") and sys.argv[1] not in commands:
        print(f"error: no command {sys.argv[1]!r}{nearest(sys.argv[1], commands)}", file=sys.stderr)
        sys.exit(2)
    try:
        app()
    except LarvSegError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
