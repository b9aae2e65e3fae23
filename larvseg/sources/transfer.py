"""One HTTP request for the missing rest of a file. What it receives goes to a Part; what goes wrong is Transient or Refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from http.cookiejar import CookieJar

import requests
from urllib3.exceptions import HTTPError, InvalidHeader
from urllib3.util.retry import Retry

from larvseg.config import Source
from larvseg.sources.integrity import HEAD, beginning_problem, is_page
from larvseg.sources.part import Part, Remote
from larvseg.sources.secrets import shown

CHUNK = 1 << 20  # bytes asked for at a time; what has arrived is written at once
TIMEOUT = (20, 60)  # seconds to connect, and between two pieces of a body
REDIRECTS = 5
LONGEST_WAIT = 300  # seconds a server may have us wait
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_PAGE = ("text/html", "application/xhtml+xml")
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


class Transient(Exception):
    """Asking again may help, after `wait` seconds if the server said so."""

    def __init__(self, problem: str, wait: float = 0.0):
        super().__init__(problem)
        self.wait = wait


class Refused(Exception):
    """This URL does not give the file, however often one asks."""


def new_session(cookies: CookieJar | None = None) -> requests.Session:
    """A session that follows few redirects, asks for bytes as they are, and sends each of `cookies` to its own site only."""
    session = requests.Session()
    session.max_redirects = REDIRECTS
    # archives are compressed already: an encoding on the way would only make lengths and ranges ambiguous
    session.headers.update({"Accept-Encoding": "identity", "User-Agent": "larvseg"})
    if cookies is not None:
        session.cookies.update(cookies)
    return session


def receive(session: requests.Session, url: str, part: Part, source: Source, report: Callable[[int, int | None], object]) -> None:
    """Bring `part` to the full length of the file at `url` by one request, going on from what it holds where that is sure to fit.

    `report(bytes there, bytes in all or None)` is called as bytes arrive. Whether they are the right ones, a checksum must tell.
    Raises Transient (what has arrived stays in `part`, unless the server sends something else now) or Refused.
    """
    place = shown(url)  # what is noted of it
    headers = _resuming(place, part, source)
    with _answer(session, url, headers) as response:
        if response.status_code == 416 and headers:
            return _nothing_left(response, part)
        if response.status_code not in (200, 206):
            raise _failure(response)
        if response.headers.get("Content-Type", "").split(";")[0].strip().lower() in _PAGE:
            raise Refused("answers with a web page instead of the file")
        total = _continue(response, place, part, source) if response.status_code == 206 else _begin(response, place, part, source)
        report(part.size, total)
        # where nobody says how long the file is, twice the usual size is too much
        limit = total or source.size or int(2e9 * source.gigabytes)
        while chunk := _read(response):
            part.append(chunk)
            if part.size > limit:
                part.restart()
                raise Transient(f"sends more than {limit} bytes")
            if part.size - len(chunk) < HEAD:
                _look(part)
            report(part.size, total)
    if total is not None and part.size < total:
        raise Transient(f"ended after {part.size} of {total} bytes")


def probe(session: requests.Session, url: str, name: str) -> None:
    """Ask for the first bytes of the file `name` at `url`; Refused or Transient if that is not what arrives."""
    with _answer(session, url, {"Range": f"bytes=0-{HEAD - 1}"}) as response:
        if response.status_code not in (200, 206):
            raise _failure(response)
        head = b""
        while len(head) < HEAD and (chunk := _read(response)):
            head += chunk
    if problem := beginning_problem(name, head[:HEAD]):
        raise Refused(problem)


def _resuming(place: str, part: Part, source: Source) -> dict[str, str]:
    remote, wanted = part.remote, {"Range": f"bytes={part.size}-"}
    if part.size == 0 or remote is None:
        return {}
    if remote.url == place and remote.validator:
        return wanted | {"If-Range": remote.validator}
    # with a published checksum no wrong splice gets through, so the bytes of another server will do
    return wanted if source.sha256 or source.md5 else {}


def _answer(session: requests.Session, url: str, headers: dict[str, str]) -> requests.Response:
    try:
        return session.get(url, headers=headers, stream=True, timeout=TIMEOUT)
    except requests.TooManyRedirects:
        raise Refused(f"more than {REDIRECTS} redirects") from None
    except (requests.exceptions.InvalidSchema, requests.exceptions.InvalidURL, requests.exceptions.MissingSchema) as error:
        raise Refused(f"leads to what is no http or https URL ({error})") from None
    except requests.Timeout:
        raise Transient(f"no answer within {TIMEOUT[1]} seconds") from None
    except (requests.RequestException, HTTPError, OSError) as error:
        raise Transient(_plain(error)) from None


def _read(response: requests.Response) -> bytes:
    try:
        return response.raw.read1(CHUNK, decode_content=False)
    except (HTTPError, OSError) as error:
        raise Transient(f"connection lost ({_plain(error)})") from None


def _begin(response: requests.Response, place: str, part: Part, source: Source) -> int | None:
    """Make `part` empty, for a file that is sent from its start; its bytes in all."""
    length = response.headers.get("Content-Length", "")
    total = int(length) if length.isdecimal() else None
    if None not in (total, source.size) and total != source.size:
        raise Refused(f"offers {total} bytes instead of {source.size}")
    part.restart(_remote(response, place, total))
    return total


def _continue(response: requests.Response, place: str, part: Part, source: Source) -> int | None:
    """Check that what is sent goes on where `part` ends, and is of the same file; the file's bytes in all."""
    known, found = part.remote or Remote(place), _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    start, _, total = found.groups() if found else (None, None, "*")
    if start is None or int(start) != part.size:
        part.restart()
        raise Transient("sends another range than it was asked for")
    expected = source.size or known.total
    sent = _remote(response, place, expected if total == "*" else int(total))
    changed = known.url == place and None not in (sent.etag, known.etag) and sent.etag != known.etag
    if changed or (expected is not None and sent.total != expected):
        part.restart()
        raise Transient("the file changed there in between")
    return sent.total


def _nothing_left(response: requests.Response, part: Part) -> None:
    """416: the file has no byte behind those in `part`; so it is there already, or is another file now."""
    found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    total = found[3] if found else None
    if total is None or total == "*" or int(total) != part.size:
        part.restart()
        raise Transient("the file changed there in between")


def _look(part: Part) -> None:
    """Look at how `part` begins, so that gigabytes of something else need not be received."""
    head, name = part.beginning(HEAD), part.target.name
    if is_page(head, name):
        part.restart()
        raise Refused("answers with a web page instead of the file")
    if len(head) == HEAD and (problem := beginning_problem(name, head)):
        part.restart()
        raise Transient(f"what it sends {problem}")


def _failure(response: requests.Response) -> Exception:
    problem = f"{response.status_code} {response.reason}".strip()
    if response.status_code not in PASSING:
        return Refused(problem)
    try:
        wait = Retry(retry_after_max=LONGEST_WAIT).parse_retry_after(response.headers.get("Retry-After", "0"))
    except InvalidHeader:
        wait = 0.0
    return Transient(problem, wait)


def _remote(response: requests.Response, place: str, total: int | None) -> Remote:
    return Remote(place, total, response.headers.get("ETag"), response.headers.get("Last-Modified"))


def _plain(error: BaseException) -> str:
    """What the operating system says of `error`, without the layers of libraries around it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__
