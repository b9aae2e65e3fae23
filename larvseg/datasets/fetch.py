"""The archives of a profile: drawn by the miniature, or the official ones, put into data/incoming by a person or fetched to there."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from larvseg.config import FetchConfig, Registry, Source
from larvseg.errors import LarvSegError
from larvseg.files import copy_or_link, real_path
from larvseg.sources import winter21
from larvseg.sources.access import check_access, cookies_in, place_of
from larvseg.sources.download import Downloader
from larvseg.sources.integrity import prove
from larvseg.sources.own import bring
from larvseg.sources.registry import files_named, load_registry, source_of

INCOMING = Path("data/incoming")
MIRROR, OFFLINE = "LARVSEG_MIRROR", "LARVSEG_OFFLINE"  # environment variables


def fetch(config: FetchConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Make the archives of one family; the roles in `outputs` are archive file names ("train2017.zip", "n04256520.tar").

    With config.own it is made of a user's files; with config.world they are drawn. Else they are the official files: what is in
    data/incoming, or in the local cache of the Hugging Face hub, is taken from there; the rest is fetched to data/incoming. Each is
    verified, then linked to its output.
    Where config.licensed names archives that are neither there nor within reach of a login, nothing is fetched at all.
    The environment variable LARVSEG_MIRROR is the URL of a folder that is asked first; with LARVSEG_OFFLINE=1 nothing is fetched.

    Raises LarvSegError for an archive that is missing or damaged.
    """
    if config.own is not None:
        (output,) = outputs.values()
        bring(config.own, output)
        return
    if config.world is not None:
        from larvseg.miniature.archives import draw_archive  # only drawing needs it

        draw_archive(config.family, config.world, dict(outputs), config.threads)
        return
    registry = load_registry(Path(config.registry)) if config.registry else Registry(archives=config.sources)
    mirror, offline = os.environ.get(MIRROR) or None, os.environ.get(OFFLINE, "0") not in ("", "0")
    check_access(registry, [file for files in config.licensed.values() for file in files], INCOMING, mirror, offline)
    sources = {name: _with_mirrors(name, Registry(archives=config.sources), registry) for name in sorted(outputs)}
    for name, path in obtain(sources, mirror, offline).items():
        copy_or_link(path, outputs[name])


def fetch_by_name(
    names: Sequence[str], registry_path: Path, mirror: str | None = None, offline: bool = False, wnids: Sequence[str] = ()
) -> dict[str, Path]:
    """Bring the archives `names` (files, or families; of ImageNet those of `wnids`) to data/incoming; where each of them is, verified.

    offline: only verify what is there. Raises LarvSegError for an archive that is unknown, missing, damaged, or needs a licence.
    """
    registry = load_registry(registry_path)
    files = files_named(registry, names, wnids)
    check_access(registry, files, INCOMING, mirror, offline)
    return obtain({file: source_of(registry, file)[1] for file in files}, mirror, offline)


def obtain(sources: Mapping[str, Source], mirror: str | None, offline: bool) -> dict[str, Path]:
    """Where the archives `sources` (file name → source) are, each verified, after the missing ones were fetched to data/incoming.

    Raises LarvSegError for one that cannot be had, or with `offline` is not there.
    """
    for licence in dict.fromkeys(source.licence for source in sources.values()):
        of_it = [name for name, source in sources.items() if source.licence == licence]
        print(f"terms of {of_it[0]}{f' and {len(of_it) - 1} more' if len(of_it) > 1 else ''}: {licence}", file=sys.stderr)
    places = {name: place_of(name, INCOMING) for name in sources}
    synsets = [name for name, path in places.items() if path.parent != INCOMING and not path.is_file()]
    whole = winter21.whole_in(INCOMING)
    if whole and synsets:
        winter21.take_out(whole, winter21.held(whole, synsets), INCOMING / winter21.FOLDER)
    for name, source in sources.items():
        if not places[name].is_file() and (cached := _in_hub_cache(source)):
            places[name] = cached
    missing = [name for name, path in places.items() if not path.is_file()]
    for name in sorted(sources.keys() - set(missing)):  # before anything is fetched: this needs no network
        prove(places[name], sources[name], name)
    if missing and offline:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise LarvSegError(
            f"{places[missing[0]]}{more}: no such file; put it there, or fetch it with network (without --offline, {OFFLINE})"
        )
    cookies = cookies_in(INCOMING) if any(sources[name].access == "login" for name in missing) else None
    Downloader(mirror, cookies).fetch({places[name]: sources[name] for name in missing})
    return places


def _with_mirrors(name: str, fixed: Registry, registry: Registry) -> Source:
    """The source that the recipe fixes, and the mirrors that the registry has today."""
    _, source = source_of(fixed, name)
    return source.model_copy(update={"mirrors": source_of(registry, name)[1].mirrors})


def _in_hub_cache(source: Source) -> Path | None:
    if source.hub is None:
        return None
    from huggingface_hub import try_to_load_from_cache

    owner, repository, file = source.hub.split("/", 2)
    found = try_to_load_from_cache(f"{owner}/{repository}", file)
    return real_path(Path(found)) if isinstance(found, str) else None
