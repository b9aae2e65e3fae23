"""All pictures of a call, one after the other: what fails is said, and the others go on."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from larvseg.errors import LarvSegError
from larvseg.loading import load
from larvseg.pictures.pictures import printable
from larvseg.segment.classes import classes_in
from larvseg.segment.listing import listed
from larvseg.segment.results import write_results


def segment(paths: Sequence[Path], model: str, classes: str | None, top: int, out: Path, device: str) -> None:
    """Write the results of each picture of `paths`, files and folders, to the folder `out`.

    Raises LarvSegError at once for a run or class that is not there, and at the end where pictures could not be read; each was told on
    standard error.
    """
    listing = listed(paths, out)
    run = load(model, device=device)
    chosen = run.positions(classes_in(classes, run.names)) if classes is not None else None
    failed = 0
    with _ended_by_sigterm(), tqdm(listing.pictures.items(), "segment", unit="picture", file=sys.stderr, disable=None) as bar:
        for picture, name in bar:
            try:
                write_results(run, picture, out / name, chosen, top)
            except (LarvSegError, OSError) as error:
                failed += 1
                bar.write(f"error: {printable(str(error))}", file=sys.stderr)
    done = len(listing.pictures) - failed
    print(f"{out}: {done} picture{'s' * (done != 1)}; {listing.hidden} hidden and {listing.others} other files skipped")
    if failed:
        raise LarvSegError(f"{failed} of {len(listing.pictures)} pictures could not be segmented")


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM ends the block as Ctrl-C does, so that no temporary file stays."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
