"""Access to archives that ask for a licence: what is there, what a login reaches, and what a person has to do for the rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from http.cookiejar import CookieJar
from pathlib import Path

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from larvseg.config import Registry, Source
from larvseg.errors import LarvSegError
from larvseg.sources import winter21
from larvseg.sources.download import candidates
from larvseg.sources.integrity import glance
from larvseg.sources.registry import is_synset_tar, source_of
from larvseg.sources.secrets import read_cookies, shown
from larvseg.sources.transfer import Refused, Transient, new_session, probe

COOKIES = "image-net.org.cookies.txt"
_PROBES = 3


def place_of(name: str, incoming: Path) -> Path:
    """Where the archive `name` lies below `incoming`; synset tars have a folder of their own."""
    return incoming / winter21.FOLDER / name if is_synset_tar(name) else incoming / name


def check_access(
    registry: Registry,
    files: Iterable[str],
    incoming: Path,
    mirror: str | None = None,
    offline: bool = False,
    sleep: Callable[[float], object] = time.sleep,
) -> None:
    """LarvSegError unless each of the archives `files` is open, or is in `incoming`, or can be fetched with a login.

    Synset tars may also lie in winter21_whole.tar or .tar.gz. The login is proved on one of the archives that are missing.
    The message says for the first missing archive what to ask for where, and which file to put where.
    """
    licensed = {name: found for name in files if (found := source_of(registry, name))[1].access != "open"}
    absent: dict[str, list[str]] = {}  # name in the registry → archives of it
    not_here = _not_in(incoming, licensed)
    for name, (key, source) in licensed.items():
        if name in not_here:
            absent.setdefault(key, []).append(name)
        elif (path := place_of(name, incoming)).is_file():  # what was saved under this name may be a page
            glance(path, source, name)
    first, missing = "", 0
    for names in absent.values():
        _, source = licensed[names[0]]
        if source.access == "registration":
            advice = _to_register(names[0], source, incoming)
        elif trouble := "offline" if offline else _login_trouble(names[0], source, incoming, mirror, sleep):
            advice = _to_log_in(names[0], source, incoming, trouble)
        else:
            continue
        first, missing = first or advice, missing + len(names)
    if missing:
        more = f" ({missing - 1} more archives are missing)" if missing > 1 else ""
        raise LarvSegError(f"{first}, then run the same command again{more}")


def _not_in(incoming: Path, files: Iterable[str]) -> set[str]:
    missing = {name for name in files if not place_of(name, incoming).is_file()}
    synsets = {name for name in missing if place_of(name, incoming).parent != incoming}
    whole = winter21.whole_in(incoming)
    return missing - winter21.held(whole, synsets) if whole and synsets else missing


def cookies_in(incoming: Path) -> CookieJar | None:
    """The cookies of a logged-in browser that a person has exported to `incoming`; errors as of read_cookies."""
    path = incoming / COOKIES
    return read_cookies(path) if path.is_file() else None


def _login_trouble(name: str, source: Source, incoming: Path, mirror: str | None, sleep: Callable[[float], object]) -> str | None:
    """Why `name` cannot be had from its servers, or None."""
    cookies = cookies_in(incoming)
    if cookies is None and mirror is None:
        return "no cookies"
    trouble = ""
    with new_session(cookies) as session:
        for url in candidates(name, source, mirror):
            patience = Retrying(
                retry=retry_if_exception_type(Transient),
                stop=stop_after_attempt(_PROBES),
                wait=wait_exponential(),
                sleep=sleep,
                reraise=True,
            )
            try:
                patience(probe, session, url, name)
                return None
            except (Refused, Transient) as problem:
                trouble = shown(f"{url}: {problem}")
    return trouble


def _to_register(name: str, source: Source, incoming: Path) -> str:
    return f"{name} is given after registration: ask for it at {source.request}, put it at {place_of(name, incoming)}"


def _to_log_in(name: str, source: Source, incoming: Path, trouble: str) -> str:
    place = place_of(name, incoming)
    there = f"{place}, or all of them as {incoming / winter21.WHOLE[0]} or .tar.gz" if place.parent != incoming else f"{place}"
    login = f"log in at {source.request}, export your browser's cookies (Netscape format) to {incoming / COOKIES}, or put it at {there}"
    return f"{name} needs a login ({trouble}): {login}"
