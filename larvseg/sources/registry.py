"""The registry of official archives (`workflow/config/sources.yaml`): what is known of each, and which entry stands for a file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from larvseg.config import Registry, Source, load_yaml, nearest, parse
from larvseg.errors import LarvSegError

EACH_SYNSET = "{wnid}.tar"  # the entry that stands for one archive of each synset
_SYNSET_TAR = re.compile(r"(n\d{8})\.tar")
_NAME = re.compile(r"[A-Za-z0-9_{][A-Za-z0-9_.{}-]*")  # a file name that leads nowhere but into its folder
_URL = re.compile(r"https?://[^\s/]+/\S+")
_DIGITS = {"sha256": 64, "md5": 32}


def is_synset_tar(file: str) -> bool:
    """Whether `file` is the archive of one synset: "n04256520.tar"."""
    return _SYNSET_TAR.fullmatch(file) is not None


def load_registry(path: Path) -> Registry:
    """The registry in the YAML file `path`; LarvSegError is one line that names the archive and what is wrong with its entry."""
    registry: Registry = parse(Registry, load_yaml(path), path)
    for name, source in registry.archives.items():
        if problem := _problem(name, source):
            raise LarvSegError(f"{path}: {name}: {problem}")
    return registry


def _problem(name: str, source: Source) -> str | None:
    if not _NAME.fullmatch(name) or ".." in name:
        return "not a plain file name"
    if "{" in name and name != EACH_SYNSET:
        return f"only {EACH_SYNSET} stands for several archives"
    for url in (*((source.url,) if source.url else ()), *source.mirrors):
        if not _URL.fullmatch(url):
            return f"{url!r} is not an http or https URL"
        if ("{wnid}" in url) != ("{wnid}" in name):
            return f"{{wnid}} belongs into both the name and {url}"
    for algorithm, digits in _DIGITS.items():
        if not re.fullmatch(f"[0-9a-f]{{{digits}}}", getattr(source, algorithm) or "0" * digits):
            return f"{algorithm} is not {digits} lower-case hexadecimal digits"
    if source.url is None and source.access != "registration":
        return "only archives with access: registration have no url"
    if source.access != "open" and source.request is None:
        return f"access: {source.access} needs request, the page on which one asks for it"
    if source.hub is not None and source.hub.count("/") < 2:
        return f"hub: {source.hub!r} is not <owner>/<repository>/<file>"
    return None


def source_of(registry: Registry, file: str) -> tuple[str, Source]:
    """The name in `registry` that stands for the archive `file`, and its source with URLs filled in ("n04256520.tar": of that synset).

    Raises LarvSegError, naming the nearest known archive, if there is none.
    """
    if file in registry.archives and file != EACH_SYNSET:
        return file, registry.archives[file]
    synset = _SYNSET_TAR.fullmatch(file)
    if synset and EACH_SYNSET in registry.archives:
        source = registry.archives[EACH_SYNSET]
        urls = [url.replace("{wnid}", synset[1]) for url in (source.url, *source.mirrors)]
        return EACH_SYNSET, source.model_copy(update={"url": urls[0], "mirrors": tuple(urls[1:])})
    raise LarvSegError(f"no archive {file!r} is registered{nearest(file, list(registry.archives))}")


def files_named(registry: Registry, names: Sequence[str], wnids: Sequence[str] = ()) -> list[str]:
    """The archive files that `names` ask for: files, or families of `registry` ("coco"). Of ImageNet those are the tars of `wnids`.

    Raises LarvSegError for a name that is neither, and for a whole ImageNet without `wnids`.
    """
    families: dict[str, list[str]] = {}
    for name, source in registry.archives.items():
        families.setdefault(source.family, []).append(name)
    if EACH_SYNSET in registry.archives:
        families[registry.archives[EACH_SYNSET].family] = [EACH_SYNSET]  # never the whole of it for a few synsets
    found: dict[str, None] = {}
    for name in names:
        for file in families.get(name, [name]):
            if file == EACH_SYNSET and not wnids:
                raise LarvSegError(f"{name}: say which synsets, for example n04256520.tar")
            found |= dict.fromkeys(f"{wnid}.tar" for wnid in wnids) if file == EACH_SYNSET else {file: None}
    for file in found:
        if file not in registry.archives and not _SYNSET_TAR.fullmatch(file):
            raise LarvSegError(f"no archive or family {file!r} is registered{nearest(file, [*registry.archives, *families])}")
    return list(found)
