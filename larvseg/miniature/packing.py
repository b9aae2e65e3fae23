"""Deterministic zip and tar files, encoded images, and images drawn in parallel but delivered in order."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image
from tqdm import tqdm

from larvseg.files import replacing

JPEG_QUALITY = 92

Job = TypeVar("Job")
Result = TypeVar("Result")


def in_order(function: Callable[[Job], Result], jobs: Sequence[Job], threads: int, title: str) -> Iterator[Result]:
    """The results of `function` (of a module, not a lambda) for `jobs`, in their order; a progress bar where there is a terminal."""
    with ExitStack() as stack:
        results: Iterable[Result] = map(function, jobs)
        if threads > 1 and len(jobs) > 1:
            pool = stack.enter_context(ProcessPoolExecutor(min(threads, len(jobs))))
            results = pool.map(function, jobs, chunksize=max(1, min(32, len(jobs) // (4 * threads))))
        yield from tqdm(results, total=len(jobs), desc=f"drawing {title}", unit="image", disable=None)


@contextmanager
def zip_writers(outputs: Mapping[str, Path]) -> Iterator[dict[str, zipfile.ZipFile]]:
    """Open zip writers for `outputs`, which replace the files when the block succeeds."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(zipfile.ZipFile(stack.enter_context(replacing(path)), "w")) for name, path in outputs.items()}


def add_to_zip(archive: zipfile.ZipFile, name: str, data: bytes = b"") -> None:
    """Add a member (a folder if the name ends in "/") with fixed time and permissions; images are stored, all else is deflated."""
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.create_system = 3  # Unix
    entry.external_attr = (0o40755 << 16 | 0x10) if name.endswith("/") else 0o100644 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED if name.endswith((".txt", ".json", ".pkl")) else zipfile.ZIP_STORED
    archive.writestr(entry, data)


def add_to_tar(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    """Add a member with time, owner and group 0."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), 0o644
    archive.addfile(entry, io.BytesIO(data))


def jpeg(image: Image.Image) -> bytes:
    """`image` as a JPEG file."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def png(pixels: np.ndarray) -> bytes:
    """`pixels`, (H, W) or (H, W, 3) uint8, as a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
