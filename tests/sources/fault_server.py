"""An HTTP server on loopback that misbehaves as its script says: each request for a path uses up one fault, then it behaves."""

from __future__ import annotations

import re
import socket
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

PAGE = b"<!DOCTYPE html>\n<html><head><title>403 Forbidden</title></head><body>Please log in.</body></html>\n"
MODIFIED = "Tue, 05 Jan 2021 10:00:00 GMT"


class Fault(NamedTuple):
    """What goes wrong once: `kind` is one of KINDS; `value` says where, how much or whither."""

    kind: str
    value: int | str = 0


KINDS = {
    "cut": "close the connection after `value` bytes of the body, though Content-Length promised all",
    "hang_up": "close the connection without an answer",
    "page": "a web page with status 200",
    "bare_page": "a web page with status 200 that claims to be binary",
    "status": "status `value` with a web page",
    "later": "status 429 with Retry-After: `value`",
    "unavailable": "status 503 with Retry-After: `value`",
    "short": "a body that ends `value` bytes early, with a Content-Length that fits it",
    "corrupt": "the byte at `value` inverted",
    "ignore_range": "the whole file whatever the range",
    "wrong_range": "206 with a range that starts `value` bytes later than it was asked to",
    "wrong_total": "206 with a total that is `value` bytes too large",
    "piece": "206 with the first `value` bytes of the range only, and said so",
    "beyond": "416",
    "redirect": "302 to `value`",
    "slow": "the body in pieces of `value` bytes",
    "no_length": "no Content-Length: the body ends with the connection",
    "chunked": "Transfer-Encoding: chunked",
    "cut_chunked": "the same, cut after `value` bytes",
    "meet": "no answer before as many requests as the server's `meeting` wants are under way",
    "pause": "`value` bytes of the body, then nothing until the client goes away",
}


@dataclass
class Exchange:
    """A request and what it got."""

    path: str
    headers: dict[str, str]
    fault: str | None
    sent: int = 0  # bytes of the body


@dataclass
class FaultServer:
    """Serves `files` (path → bytes) with `etags` (path → tag; None for no validators). Use as a context manager."""

    files: dict[str, bytes] = field(default_factory=dict)
    etags: dict[str, str | None] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)  # path → Cookie header without which there is a web page
    exchanges: list[Exchange] = field(default_factory=list)

    def __enter__(self) -> FaultServer:
        self._scripts: dict[str, deque[Fault]] = {}
        self._lock = threading.Lock()
        self.paused = threading.Event()
        self.meeting = threading.Barrier(1)
        handler = type("Handler", (_Handler,), {"faults": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def put(self, path: str, data: bytes, faults: Iterable[Fault] = (), etag: str | None = '"1"') -> str:
        """Serve `data` at `path` with these faults; its URL."""
        faults = deque(faults)
        assert {fault.kind for fault in faults} <= KINDS.keys()
        with self._lock:
            self.files[path], self.etags[path], self._scripts[path] = data, etag, faults
        return self.url + path

    def next_fault(self, path: str) -> Fault:
        """The fault for this request."""
        with self._lock:
            script = self._scripts.get(path)
            return script.popleft() if script else Fault("none")

    def asked(self, path: str) -> list[Exchange]:
        """The requests for `path`."""
        return [exchange for exchange in self.exchanges if exchange.path == path]

    def sent(self, path: str) -> int:
        """Bytes of bodies sent for `path`."""
        return sum(exchange.sent for exchange in self.asked(path))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    faults: FaultServer

    def log_message(self, *_: object) -> None:
        pass

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionResetError:  # the client went away, as it may
            self.close_connection = True

    def do_GET(self) -> None:
        try:
            self._serve()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _serve(self) -> None:
        fault = self.faults.next_fault(self.path)
        self.exchange = Exchange(self.path, dict(self.headers), fault.kind)
        self.faults.exchanges.append(self.exchange)
        data = self.faults.files.get(self.path)
        if data is None:
            return self._page(404)
        if self.headers.get("Cookie") != self.faults.cookies.get(self.path, self.headers.get("Cookie")):
            return self._page(200)
        match fault:
            case Fault("meet", _):
                self.faults.meeting.wait(20)
            case Fault("hang_up", _):
                return self._close()
            case Fault("page", _):
                return self._page(200)
            case Fault("bare_page", _):
                return self._page(200, kind="application/octet-stream")
            case Fault("status", status):
                return self._page(int(status))
            case Fault("later" | "unavailable" as kind, wait):
                return self._page(429 if kind == "later" else 503, {"Retry-After": str(wait)})
            case Fault("redirect", target):
                return self._page(302, {"Location": str(target)})
            case Fault("beyond", _):
                return self._page(416, {"Content-Range": f"bytes */{len(data)}"})
        self._file(data, fault)

    def _file(self, data: bytes, fault: Fault) -> None:
        value = int(fault.value)
        etag = self.faults.etags[self.path]
        if fault.kind == "corrupt":
            position = value % len(data)
            data = data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :]
        if fault.kind == "short":
            data = data[: max(1, len(data) - value)]
        start = self._start(etag) if fault.kind != "ignore_range" else None
        if start is not None and start >= len(data):
            return self._page(416, {"Content-Range": f"bytes */{len(data)}"})
        headers = {"Content-Type": "application/octet-stream"}
        if etag is not None:
            headers |= {"ETag": etag, "Last-Modified": MODIFIED}
        body = data[start or 0 :]
        if start is not None:
            first = start + (value if fault.kind == "wrong_range" else 0)
            total = len(data) + (value if fault.kind == "wrong_total" else 0)
            last = first + value if fault.kind == "piece" else len(data)
            body = data[first:last]
            headers["Content-Range"] = f"bytes {first}-{first + len(body) - 1}/{total}"
        chunked = fault.kind in ("chunked", "cut_chunked")
        if chunked:
            headers["Transfer-Encoding"] = "chunked"
        elif fault.kind == "no_length":
            headers["Connection"] = "close"
        else:
            headers["Content-Length"] = str(len(body))
        self._head(206 if start is not None else 200, headers)
        if fault.kind in ("cut", "cut_chunked", "pause"):
            self._body(body[:value], chunked)
            if fault.kind == "pause":
                self.faults.paused.set()
                self.connection.recv(1)  # returns when the client has gone
            return self._close()
        self._body(body, chunked, value if fault.kind == "slow" else None)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")
        if fault.kind == "no_length":
            self._close()

    def _start(self, etag: str | None) -> int | None:
        asked = re.fullmatch(r"bytes=(\d+)-\d*", self.headers.get("Range", ""))
        if asked is None or self.headers.get("If-Range", etag) not in (etag, MODIFIED):
            return None
        return int(asked[1])

    def _page(self, status: int, headers: dict[str, str] | None = None, kind: str = "text/html; charset=utf-8") -> None:
        self._head(status, {"Content-Type": kind, "Content-Length": str(len(PAGE)), **(headers or {})})
        self.wfile.write(PAGE)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _body(self, data: bytes, chunked: bool, size: int | None = None) -> None:
        size = size or len(data) or 1
        for start in range(0, len(data), size):
            piece = data[start : start + size]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            self.exchange.sent += len(piece)

    def _close(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)
