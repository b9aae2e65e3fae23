"""hf://owner/name, from a server on loopback that answers as the Hub does."""

import hashlib
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from larvseg.errors import LarvSegError
from larvseg.outside.hub import fetched
from tests.small_run import NECK, small_run

SAY = """
import sys, larvseg
from larvseg.errors import LarvSegError
try:
    print(larvseg.load(sys.argv[1]).names)
except LarvSegError as error:
    print(error)
"""


@pytest.fixture
def hub(tmp_path):
    """(its address, the files of owner/name, what was asked for)."""
    files, asked = {}, []

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.answer(body=False)

        def do_GET(self):
            self.answer(body=True)

        def answer(self, body):
            asked.append(self.path)
            owner, _, name = self.path.partition("/resolve/main/")
            content = files.get(name) if owner == "/owner/name" else None
            self.send_response(404 if content is None else 200)
            if content is None:
                self.send_header("X-Error-Code", "EntryNotFound" if owner == "/owner/name" else "RepoNotFound")
                content = b""
            self.send_header("X-Repo-Commit", "0123456789abcdef0123456789abcdef01234567")
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("Content-Length", str(self.server.sizes.get(name, len(content))))
            self.end_headers()
            if body:
                self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.sizes = {}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server, files, asked
    server.shutdown()


def load(address, server, folder):
    """What `larvseg.load(address)` says in a process of its own: huggingface_hub reads its settings when it is imported."""
    port = server.server_address[1] if server else 9  # where nobody listens
    environ = {**os.environ, "HF_ENDPOINT": f"http://127.0.0.1:{port}", "HF_HOME": str(folder / "cache"), "HF_HUB_DISABLE_TELEMETRY": "1"}
    return subprocess.run([sys.executable, "-c", SAY, address], capture_output=True, text=True, env=environ, timeout=300).stdout


def put(files, folder):
    files.update({path.name: path.read_bytes() for path in folder.iterdir()})


def test_a_run_is_fetched_once_and_then_loaded_without_a_network(hub, tmp_path):
    server, files, asked = hub
    put(files, small_run(tmp_path / "neck", backbone=NECK))
    files["setup.py"] = b"raise SystemExit"
    assert load("hf://owner/name", server, tmp_path) == "('wall', 'sofa', 'lamp')\n"
    assert {path.rpartition("/")[2] for path in asked} == {"config.json", "model.safetensors", "frozen.safetensors"}
    assert load("hf://owner/name", None, tmp_path) == "('wall', 'sofa', 'lamp')\n"


def test_what_is_not_there_is_told_in_one_line(hub, tmp_path):
    server, files, _ = hub
    put(files, small_run(tmp_path / "run"))
    del files["model.safetensors"]
    said = load("hf://owner/name", server, tmp_path)
    assert said.startswith("hf://owner/name: ") and "a run of this project has config.json and model.safetensors" in said
    assert "hf://nobody/nothing: " in load("hf://nobody/nothing", server, tmp_path)
    assert "the Hub cannot be reached; get its files and give their folder" in load("hf://owner/other", None, tmp_path)


def test_files_that_are_too_large_are_not_fetched(hub, tmp_path):
    server, files, _ = hub
    put(files, small_run(tmp_path / "run"))
    server.sizes["model.safetensors"] = 10**12
    assert "model.safetensors has 1000000000000 bytes, more than the" in load("hf://owner/name", server, tmp_path)


def test_without_the_package_one_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(LarvSegError, match="needs the package huggingface_hub: pip install huggingface_hub; or give a folder"):
        fetched("hf://owner/name")


@pytest.mark.parametrize("address", ["hf://name", "hf://../../etc", "hf://owner/name/more", "hf://-x/y", "hf://owner/na me"])
def test_what_is_no_address_is_told(address):
    with pytest.raises(LarvSegError, match="expected hf://owner/name"):
        fetched(address)
