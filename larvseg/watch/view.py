"""A look as plain text, and as a table on a terminal."""

from __future__ import annotations

from rich import box
from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from larvseg.columns import columns
from larvseg.watch.look import Look, Shown

HEADINGS = ("job", "step", "loss", "steps/s", "left", "runs for", "says")
LEFT = (0, 6)  # columns that begin at the left
UNKNOWN = "–"
BAR = 40  # characters


def as_text(look: Look) -> str:
    """Lines for a file or a pipe."""
    lines = columns([HEADINGS, *map(_cells, look.running)], left=LEFT) if look.running else []
    return "\n".join([_summary(look), *lines]) + "\n"


def as_table(look: Look) -> Group:
    """The same for a terminal, with a bar of all jobs."""
    table = Table(box=box.SIMPLE_HEAD)
    for at, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="left" if at in LEFT else "right", no_wrap=heading != "says", overflow="ellipsis")
    for job in look.running:
        table.add_row(*map(Text, _cells(job)))
    bar = ProgressBar(total=max(1, look.jobs), completed=look.done, width=BAR)
    return Group(Text(_summary(look)), bar, *([table] if look.running else []))


def _summary(look: Look) -> str:
    return f"{look.profile}: {look.done} of {look.jobs} jobs done, {len(look.running)} running, {look.left} left"


def _cells(job: Shown) -> tuple[str, ...]:
    title = f"{job.title} on {job.host}" if job.host else job.title
    elapsed = UNKNOWN if job.seconds is None else clock(job.seconds)
    if job.step is None:
        return title, "", "", "", "", elapsed, job.said
    step, left = job.step, job.step.seconds_left
    numbers = (f"{number:.{digits}f}" if number is not None else UNKNOWN for number, digits in ((step.loss, 3), (step.rate, 2)))
    return title, f"{step.step}/{step.steps}", *numbers, UNKNOWN if left is None else clock(left), elapsed, ""


def clock(seconds: float) -> str:
    """1:02:03, or 2:03 within an hour."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
