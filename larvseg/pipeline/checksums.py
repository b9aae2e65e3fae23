"""Snakemake takes checksums of inputs from the memory of hashes, which knows each file after it was made.

By itself it reads each input once for each output at the end of a job: hundreds of gigabytes for the manifests of real archives. To mark
those as `ancient` would be no way out: it reads them all the same, and a job would not run again after the one that makes its archive.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from larvseg.lineage.records import content_hash


def remember_checksums() -> None:
    """Have each file of Snakemake, in this process, answer with `content_hash` when it is asked for its sha256."""
    from snakemake.io import _IOFile  # it has no setting for this

    if _IOFile.checksum.__module__ != __name__:
        _IOFile.checksum = _remembering(_IOFile.checksum)


def _remembering(own: Callable[..., Any]) -> Callable[..., Any]:
    async def checksum(self: Any, threshold: int | None = None, force: bool = False, algorithm: Any = None) -> str | None:
        path = Path(self)
        if self.is_storage or algorithm not in (None, "sha256") or not path.is_file():
            return await own(self, threshold, force, algorithm)
        if not force and not await self.is_checksum_eligible(threshold):
            return None
        return f"sha256:{content_hash(path)}"

    return checksum
