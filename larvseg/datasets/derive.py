"""From archives to manifests: which images a data set has, where they lie, and what is in them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from larvseg.config import DeriveConfig
from larvseg.datasets.captions import captioned
from larvseg.datasets.chunks import finished, in_order, progress
from larvseg.datasets.extraction import Extraction, batches_in, is_whole, rejects_in
from larvseg.datasets.listing import contents_of
from larvseg.datasets.manifest import write_batches
from larvseg.datasets.rejects import Rejects
from larvseg.files import json_text, write_text
from larvseg.lineage.records import content_hash
from larvseg.sources.archives import members, verify
from larvseg.sources.known_bad import known_bad
from larvseg.sources.registry import is_synset_tar


def derive(config: DeriveConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write the manifest of config.dataset and the table of the images that it lacks; the roles in `inputs` are archive file names.

    Every image and mask is decoded, in config.threads processes; what is finished is kept in `work` until all is. Images that cannot
    be decoded, whose mask has another size, or that are known to be bad go to the table, "rejects" (CSV: name, split, archive, member,
    reason); so do captions that cannot be read or have no image. Raises LarvSegError if those not known to be bad are more than
    config.max_rejects of all, for a missing or damaged archive, an image without its mask, and a mask value
    outside the data set's encoding.
    """
    dataset, kind = config.dataset, config.source.kind
    archives = _examine(inputs, config.threads, dataset)
    if kind == "caption":
        contents = captioned(config, inputs)
    else:
        contents = contents_of(config, inputs, {role: archive.members for role, archive in archives.items()})
    # image-level labels proper: nobody can open the mask, nor see how large a class is
    open_masks = kind == "pixel" or (kind == "multi_label" and config.weak_labels == "crop")
    used = sorted((path.as_posix(), archives[role]) for role, path in inputs.items())
    header = contents.header(open_masks) | {
        "dataset": dataset,
        "kind": kind,
        "shown": config.source.shown,
        "benchmark": config.benchmark,
        "archives": {path: archive.sha256 for path, archive in used},
        "archive_sizes": {path: archive.size for path, archive in used},
    }
    # what is finished holds for these archives and settings only; the header has the hashes of the archives
    settings = config.model_dump(mode="json", exclude={"threads", "max_rejects"})
    folder = work / hashlib.sha256(json_text([settings, header]).encode()).hexdigest()[:16]
    extraction = Extraction(contents.encoding, contents.raw_ids, contents.ignored, open_masks, known_bad())
    rejects = Rejects(dataset, sum(map(len, contents.chunks)) + len(contents.rejects), config.max_rejects)
    rejects.add(contents.rejects)
    chunks = []
    for path in finished(extraction, contents.chunks, folder, ".arrow", is_whole, config.threads, f"reading {dataset}"):
        chunks.append(path)
        rejects.add(rejects_in(path))
        if rejects.hopeless:
            break
    rejects.check(folder / "rejects.csv")
    write_text(outputs["rejects"], rejects.table())
    write_batches(outputs["manifest"], batches_in(chunks), header | {"rejected": len(rejects)})


class _Archive(NamedTuple):
    sha256: str
    size: int  # bytes
    members: int | None  # the images of a synset, where it is the archive of one


def _examine(inputs: Mapping[str, Path], threads: int, dataset: str) -> dict[str, _Archive]:
    with progress(len(inputs), f"indexing {dataset}", "archive") as bar:
        archives = {}
        for role, archive in zip(inputs, in_order(_archive, list(inputs.items()), threads), strict=True):
            archives[role] = archive
            bar.update()
    return archives


def _archive(job: tuple[str, Path]) -> _Archive:
    role, path = job
    verify(path)
    return _Archive(content_hash(path), path.stat().st_size, len(members(path)) if is_synset_tar(role) else None)
