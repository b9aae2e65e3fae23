"""Archives from their servers: several at once, each from one URL after the other, with patience, and verified before it gets its name."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from http.cookiejar import CookieJar
from pathlib import Path

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter
from tqdm import tqdm

from larvseg.config import Source
from larvseg.errors import LarvSegError
from larvseg.sources.integrity import prove
from larvseg.sources.part import Part, opened, part_of
from larvseg.sources.secrets import shown
from larvseg.sources.transfer import Refused, Transient, new_session, receive

AT_ONCE = 4  # archives
ATTEMPTS = 6  # requests in a row that bring nothing new
TRANSFERS = 3  # whole transfers that arrive damaged
RESERVE = 1 << 30  # bytes of the disk that are left free
_LOGIN_HINT = "if the login has expired, export the cookies anew; if the server has no such synset, add it to absent in sources.yaml; or "
_PAUSE = 1.0  # seconds before one goes on after a connection that brought something
_backoff = wait_exponential_jitter(initial=1, max=60, jitter=2)


class Stopped(Exception):
    """The user ended the program while an archive was on its way."""


class Downloader:
    """Fetches archives.

    `mirror` is the URL of a folder that is asked before the official servers; `cookies` go along for archives with access: login;
    `sleep(seconds)` waits.
    """

    def __init__(self, mirror: str | None = None, cookies: CookieJar | None = None, sleep: Callable[[float], object] | None = None):
        self.mirror, self.cookies = mirror, cookies
        self._stop = threading.Event()
        self._answers: dict[int, requests.Response] = {}  # thread → what it reads
        self._sleep = self._stop.wait if sleep is None else sleep

    def fetch(self, wanted: Mapping[Path, Source]) -> None:
        """Bring each of `wanted` (final path → source) to its place, whole and verified. Those that cannot be had stop no other.

        Raises LarvSegError, after all have ended, with the first problem and the number of others; before any, if the disk is too small
        or `mirror` is no URL.
        """
        check_mirror(self.mirror)
        _make_sure_of_room_for_all(wanted)
        problems: list[LarvSegError] = []
        with ThreadPoolExecutor(AT_ONCE) as pool:
            try:
                for future in [pool.submit(self._one, path, source) for path, source in wanted.items()]:
                    try:
                        future.result()
                    except LarvSegError as problem:
                        problems.append(problem)
            except BaseException:  # of the user, mostly: the threads are not to go on for hours, nor to wait for a silent server
                self._stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                for answer in list(self._answers.values()):
                    with suppress(ValueError, RuntimeError, OSError):  # it has been read to its end already
                        answer.raw.shutdown()
                raise
        if problems:
            others = ", ".join(Path(str(problem).partition(": ")[0]).name for problem in problems[1:])
            raise LarvSegError(f"{problems[0]}{f' (likewise {others})' if others else ''}")

    def _one(self, path: Path, source: Source) -> None:
        refusals = []
        with opened(path, lambda: _say(f"{path.name}: another process fetches it; waiting")) as part:
            if path.is_file():  # that process has verified it
                return
            for url in candidates(path.name, source, self.mirror):
                try:
                    return self._from(url, part, source)
                except Refused as refusal:
                    refusals.append(shown(f"{url}: {refusal}"))
                except OSError as error:  # of the disk: those of the network are Transient or Refused by now
                    raise LarvSegError(f"{part.path}: {error.strerror}; what has arrived is kept for the next attempt") from None
        hint = _LOGIN_HINT if source.access == "login" else ""
        raise LarvSegError(f"{path.name}: cannot be fetched ({'; '.join(refusals)}); {hint}try --mirror URL, or put it at {path} yourself")

    def _from(self, url: str, part: Part, source: Source) -> None:
        """Fetch from `url`; Refused if it does not give a whole and right file."""
        found: list[str] = []
        for _ in range(TRANSFERS):
            self._complete(url, part, source)
            try:
                prove(part.path, source, part.target.name)
                return part.finish()
            except LarvSegError as damage:
                part.restart()
                found.append(str(damage).replace(f"{part.path}: ", "").split("; ")[0])
            if found[-1] in found[:-1]:
                break  # twice the same: not an accident of the way, the server has another file
        raise Refused(f"what arrives is not the published file: {found[-1]}")

    def _complete(self, url: str, part: Part, source: Source) -> None:
        """Ask until `part` has its full length; Refused after ATTEMPTS requests in a row that bring nothing new."""
        best = part.size

        def ask() -> bool:
            nonlocal best
            if self._stop.is_set():
                raise Stopped
            try:
                receive(session, url, part, source, report)
                return True
            except Transient as trouble:
                if part.size <= best or trouble.wait:
                    raise
                best = part.size
                return False

        every = 0.5 if sys.stderr.isatty() else 30.0  # seconds; a log file needs fewer lines
        style = {"unit": "B", "unit_scale": True, "mininterval": every, "delay": 1.0, "leave": False}
        bar = tqdm(desc=part.target.name, initial=part.size, file=sys.stderr, **style)
        with new_session(self.cookies if source.access == "login" else None) as session, bar:
            session.hooks["response"].append(lambda answer, **_: self._answers.update({threading.get_ident(): answer}))
            report = self._reporter(part, bar)
            patience = Retrying(
                retry=retry_if_exception_type(Transient),
                stop=stop_after_attempt(ATTEMPTS),
                wait=_wait,
                sleep=self._sleep,
                before_sleep=partial(_say_why, part.target.name, url),
                reraise=True,
            )
            try:
                while not patience(ask):
                    self._sleep(_PAUSE)
            except Transient as trouble:
                raise Refused(f"{trouble}; tried {ATTEMPTS} times") from None

    def _reporter(self, part: Part, bar: tqdm) -> Callable[[int, int | None], None]:
        def report(there: int, total: int | None) -> None:
            if self._stop.is_set():
                raise Stopped
            if bar.total != total and total is not None:
                bar.total = total
                _make_sure_of_room(part.path.parent, total - there, f"{part.target.name} needs")
            bar.update(there - bar.n)

        return report


def check_mirror(mirror: str | None) -> None:
    """LarvSegError if `mirror` is no URL."""
    if mirror and not mirror.startswith(("http://", "https://")):
        raise LarvSegError(f"mirror {shown(mirror)!r} is not an http or https URL; archives on this machine go to data/incoming")


def candidates(name: str, source: Source, mirror: str | None) -> list[str]:
    """Where the archive `name` may be had, in the order in which to ask. LarvSegError if `mirror` is no URL."""
    check_mirror(mirror)
    own = [f"{mirror.rstrip('/')}/{name}"] if mirror else []
    return [*own, *([source.url] if source.url else []), *source.mirrors]


def _wait(state: RetryCallState) -> float:
    """Seconds before the next attempt: ever longer, and at least what the server asks for."""
    return max(_backoff(state), state.outcome.exception().wait)


def _make_sure_of_room_for_all(wanted: Mapping[Path, Source]) -> None:
    needed: dict[int, int] = {}  # bytes on each file system
    for path, source in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        device = path.parent.stat().st_dev
        needed[device] = needed.get(device, 0) + max(0, _bytes_of(source) - _there(path))
        _make_sure_of_room(path.parent, needed[device], f"the {len(wanted)} archives need" if len(wanted) > 1 else f"{path.name} needs")


def _bytes_of(source: Source) -> int:
    return source.size or int(1e9 * source.gigabytes)


def _there(path: Path) -> int:
    part = part_of(path)
    return part.stat().st_size if part.is_file() else 0


def _make_sure_of_room(folder: Path, needed: int, what: str) -> None:
    free = shutil.disk_usage(folder).free
    if needed + RESERVE > free:
        gb = f"{what} {needed / 1e9:.1f} GB and {RESERVE / 1e9:.1f} GB to spare, {free / 1e9:.1f} GB are free"
        raise LarvSegError(f"{folder}: {gb}; make room, or make it a link to a larger disk")


def _say_why(name: str, url: str, state: RetryCallState) -> None:
    """Tell whoever waits what went wrong, and how long it is until the next attempt."""
    trouble, attempt = state.outcome.exception(), state.attempt_number
    _say(shown(f"{name}: {url}: {trouble}; attempt {attempt} of {ATTEMPTS}, the next one in {state.next_action.sleep:.0f} s"))


def _say(line: str) -> None:
    tqdm.write(line, file=sys.stderr)
