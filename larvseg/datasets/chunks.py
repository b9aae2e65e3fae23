"""Long work in chunks: over several processes, with a progress bar, and going on after a kill with the chunks that are missing."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import chain, islice, repeat
from pathlib import Path
from typing import TypeVar

from tqdm import tqdm

from larvseg.errors import LarvSegError
from larvseg.files import replacing
from larvseg.lineage.inputs import check_inputs
from larvseg.lineage.process import die_with_parent

_AHEAD = 3  # jobs for each process that wait until it is free
Job = TypeVar("Job")
Result = TypeVar("Result")
Part = TypeVar("Part", bound=Sized)


def in_order(function: Callable[[Job], Result], jobs: Iterable[Job], threads: int) -> Iterator[Result]:
    """The results of `function` (picklable) for `jobs`, in their order, from `threads` processes; errors of `function` pass through.

    Jobs are asked for as they are done, a few ahead. Raises LarvSegError if a process is killed.
    """
    jobs = iter(jobs)
    first = list(islice(jobs, threads))
    if len(first) < 2:
        yield from map(function, chain(first, jobs))
        return
    with _pool(len(first)) as pool:
        try:
            waiting = deque(pool.submit(function, job) for job in chain(first, islice(jobs, _AHEAD * threads)))
            while waiting:
                yield waiting.popleft().result()
                waiting.extend(pool.submit(function, job) for job in islice(jobs, 1))
        except BrokenProcessPool:
            raise LarvSegError(
                "a worker process was killed, perhaps for want of memory; run the same command again, with fewer threads: "
                "what is finished is kept"
            ) from None


@contextmanager
def _pool(threads: int) -> Iterator[ProcessPoolExecutor]:
    pool = ProcessPoolExecutor(threads, initializer=die_with_parent)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def finished(
    make: Callable[[Part, Path], None],
    parts: Sequence[Part],
    folder: Path,
    suffix: str,
    sound: Callable[[Path], bool],
    threads: int,
    title: str,
) -> Iterator[Path]:
    """One file of `folder` for each of `parts`, in their order, which make(part, path) writes unless it is there and `sound`.

    make, sound: picklable. folder: in that of the job's state. The bar counts in len(part). Files stay where they are, so what is
    finished is not made again after a kill. Raises LarvSegError if an input of the job has become another file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"chunk-{number:06d}{suffix}" for number in range(len(parts))]
    jobs = zip(repeat(make), repeat(sound), parts, paths)
    with progress(sum(map(len, parts)), title) as bar:
        for part, (path, reused) in zip(parts, in_order(_finish, jobs, threads), strict=True):
            if reused:
                bar.initial += len(part)  # the rate is that of the work done now
            bar.update(len(part))
            yield path


def _finish(job: tuple[Callable[[Part, Path], None], Callable[[Path], bool], Part, Path]) -> tuple[Path, bool]:
    make, sound, part, path = job
    if path.is_file() and sound(path):
        return path, True
    with replacing(path) as temporary:
        make(part, temporary)
        check_inputs(path.parent.parent)
    return path, False


def progress(total: int, title: str, unit: str = "image") -> tqdm:
    """A bar with rate and time left: lively on a terminal, a line a minute in a log."""
    return tqdm(total=total, desc=title, unit=unit, mininterval=0.2 if sys.stderr.isatty() else 60, miniters=1)
