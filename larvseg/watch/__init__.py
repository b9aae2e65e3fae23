"""The command `larvseg watch`: what runs now and how far everything is, on a terminal, as text, and in TensorBoard."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.live import Live

from larvseg.pipeline import Project
from larvseg.watch.look import Watch
from larvseg.watch.view import as_table, as_text

SECONDS_BETWEEN_LOOKS = 2.0


def watch(project: Project, out: TextIO, once: bool = False, board: Path | None = None) -> None:
    """Show on `out` what runs of `project` and how much of it is done, again and again on a terminal, until all of it is.

    Elsewhere, and `once`, it is shown once. `board`: a folder for what TensorBoard shows, which is added to until all is done.
    Raises LarvSegError where TensorBoard is wanted and not installed.
    """
    watched, live = Watch(project), out.isatty() and not once
    with ExitStack() as stack:
        events = None
        if board is not None:
            from larvseg.watch.tensorboard import Events

            events = stack.enter_context(Events(board))
        screen = stack.enter_context(Live(console=Console(file=out), auto_refresh=False)) if live else None
        shown = False
        while True:
            look = watched.look()
            for name, curves in look.curves.items() if events else ():
                events.write(name, curves)
            if screen:
                screen.update(as_table(look), refresh=True)
            elif not shown:
                print(as_text(look), end="", file=out, flush=True)
            shown = True
            if look.is_over or once or not (live or events):
                return
            time.sleep(SECONDS_BETWEEN_LOOKS)
