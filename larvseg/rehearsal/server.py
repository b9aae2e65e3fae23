"""A web server on loopback that hands out the rehearsal's archives the way the official ones do: byte ranges, a login, and bad moments."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO, Literal

from larvseg.errors import LarvSegError

HOST = "127.0.0.1"
COOKIE = ("rehearsal_session", "granted")  # what a browser holds after the login
LOGIN_PAGE = b"<!DOCTYPE html><html><title>Sign in</title><body>Please sign in to download.</body></html>"
_RANGE = re.compile(r"bytes=(\d+)-(\d*)$")
_CHUNK = 2**20

Fault = Literal["cut", "wait"]  # the connection ends half-way; 429 with Retry-After: 1


@dataclass
class Site:
    """What is served: `files` by URL path. Those below `login` ask for COOKIE; without it they answer 200 and a page, like image-net.org.

    `faults`: what goes wrong at the first request for a path; taken out once it has gone wrong. `requests`: the paths asked for so far.
    """

    files: Mapping[str, Path]
    login: tuple[str, ...] = ("/winter21_whole/", "/ILSVRC2012_img_train.tar")
    faults: dict[str, Fault] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fault(self, path: str) -> Fault | None:
        """Note a request for `path`; what shall go wrong with it."""
        with self.lock:
            self.requests.append(path)
            return self.faults.pop(path, None)


@contextmanager
def serving(site: Site, port: int = 0) -> Iterator[str]:
    """Serve `site` on loopback while the block runs; yields the URL, without a slash at its end. Port 0: any that is free.

    Raises LarvSegError if `port` is taken.
    """
    try:
        server = _Server((HOST, port), partial(_Handler, site))
    except OSError as error:
        raise LarvSegError(f"{HOST}:{port}: cannot serve there ({error.strerror}); end what listens there, or rehearse anew") from None
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://{HOST}:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        # a client that hangs up early has seen enough
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, site: Site, *args) -> None:
        self.site = site
        super().__init__(*args)

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = self.path.partition("?")[0]
        fault = self.site.fault(path)
        if path not in self.site.files:  # only looked up: a hostile path never reaches the file system
            self._page(HTTPStatus.NOT_FOUND, b"no such archive")
        elif path.startswith(self.site.login) and not self._logged_in():
            self._page(HTTPStatus.OK, LOGIN_PAGE)
        elif fault == "wait":
            self._page(HTTPStatus.TOO_MANY_REQUESTS, b"too many requests", {"Retry-After": "1"})
        else:
            with open(self.site.files[path], "rb") as file:
                self._send(file, cut=fault == "cut")

    def _logged_in(self) -> bool:
        name, value = COOKIE
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get(name)
        return cookie is not None and cookie.value == value

    def _send(self, file: BinaryIO, cut: bool) -> None:
        status = os.fstat(file.fileno())
        size, tag = status.st_size, f'"{status.st_mtime_ns:x}-{status.st_size:x}"'
        first, last = 0, size - 1
        # a range of another edition than the client began with would not fit: it gets the whole
        asked = _RANGE.match(self.headers.get("Range", "")) if self.headers.get("If-Range", tag) == tag else None
        if asked:
            first, last = int(asked[1]), min(int(asked[2] or last), last)
            if first > last:
                self._page(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, b"", {"Content-Range": f"bytes */{size}"})
                return
        self.send_response(HTTPStatus.PARTIAL_CONTENT if asked else HTTPStatus.OK)
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        length = last - first + 1
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", tag)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command == "HEAD":
            return
        file.seek(first)
        left = length // 2 if cut else length
        while left:
            chunk = file.read(min(left, _CHUNK))
            self.wfile.write(chunk)
            left -= len(chunk)
        self.close_connection = self.close_connection or cut

    def _page(self, status: HTTPStatus, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *args) -> None:
        """Say nothing: the client's own log tells what happened."""


def cookies_file(url: str) -> str:
    """The cookies.txt (Netscape format) that a browser would export after the login at `url`."""
    host = url.partition("://")[2].partition(":")[0]
    return "# Netscape HTTP Cookie File\n" + "\t".join((host, "FALSE", "/", "FALSE", "4102444800", *COOKIE)) + "\n"
