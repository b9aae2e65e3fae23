"""Transfers from a server that misbehaves: whole and verified, or one clear error; never wrong bytes under a final name."""

import hashlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections import Counter, namedtuple
from pathlib import Path

import pytest
from safetensors.numpy import save

import larvseg.sources.download as downloads
from larvseg.config import Source
from larvseg.errors import LarvSegError
from larvseg.sources.download import ATTEMPTS, Downloader
from larvseg.sources.integrity import prove
from larvseg.sources.part import Part, opened, part_of
from larvseg.sources.transfer import LONGEST_WAIT, Refused, Transient, new_session, receive
from tests.hosts import play
from tests.sources.fault_server import MODIFIED, PAGE, Fault, FaultServer


@pytest.fixture(scope="module")
def server():
    with FaultServer() as running:
        yield running


@pytest.fixture(autouse=True)
def small_reserve(monkeypatch):
    monkeypatch.setattr(downloads, "RESERVE", 0)


def zipped(seed: int, size: int = 20_000) -> bytes:
    buffer, chance = io.BytesIO(), random.Random(seed)
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(3):
            archive.writestr(zipfile.ZipInfo(f"val2017/{number}.jpg"), chance.randbytes(size // 3))
    return buffer.getvalue()


def tarred(seed: int, size: int = 20_000) -> bytes:
    buffer, chance = io.BytesIO(), random.Random(seed)
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo(f"n00000001_{seed}.JPEG")
        info.size = size
        archive.addfile(info, io.BytesIO(chance.randbytes(size)))
    return buffer.getvalue()


def source(url: str | None, data: bytes | None = None, **more) -> Source:
    """A source of the archive `data`, with its checksum if `data` is given."""
    known = {} if data is None else {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    return Source(family="coco", url=url, gigabytes=0.001, licence="CC0", **(known | more))


class Clock(list):
    """A sleep that only notes how long it was asked for."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def fetch(path: Path, wanted: Source, **options) -> Clock:
    clock = Clock()
    Downloader(sleep=clock, **options).fetch({path: wanted})
    return clock


def only(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- one fault at a time -----------------------------------------------------------------------------------------------------

HARMLESS = [
    [],
    [Fault("slow", 700)],
    [Fault("chunked")],
    [Fault("no_length")],
    [Fault("hang_up")],
    [Fault("status", 500), Fault("status", 502), Fault("status", 408)],
    [Fault("corrupt", 9_000)],
    [Fault("corrupt", 1), Fault("corrupt", 2)],
    [Fault("cut", 9_000)],
    [Fault("cut", 300), Fault("cut", 300), Fault("cut", 0), Fault("cut", 4_000)],
    [Fault("cut_chunked", 9_000)],
    [Fault("cut", 9_000), Fault("ignore_range")],
    [Fault("cut", 9_000), Fault("wrong_range", 5)],
    [Fault("cut", 9_000), Fault("wrong_total", 5)],
    [Fault("cut", 9_000), Fault("piece", 4_000), Fault("piece", 3_000)],
    [Fault("cut", 9_000), Fault("beyond")],
    [Fault("cut", 9_000), Fault("corrupt", 15_000)],
    [Fault("cut", 9_000), Fault("hang_up"), Fault("later", 1), Fault("cut", 10)],
]


@pytest.mark.parametrize("faults", HARMLESS, ids=lambda faults: " ".join(fault.kind for fault in faults) or "none")
def test_it_arrives_whole_in_spite_of(server, tmp_path, faults):
    data = zipped(1)
    fetch(tmp_path / "val2017.zip", source(server.put("/val2017.zip", data, faults), data))
    assert (tmp_path / "val2017.zip").read_bytes() == data
    assert only(tmp_path) == ["val2017.zip"]


@pytest.mark.parametrize("second", [Fault("cut", 5_000), Fault("piece", 5_000), Fault("cut_chunked", 5_000)])
def test_an_interrupted_transfer_goes_on_where_it_was(server, tmp_path, second):
    data = zipped(1)
    fetch(tmp_path / "a.zip", source(server.put(f"/{second.kind}.zip", data, [Fault("cut", 9_000), second]), data))
    asked = server.asked(f"/{second.kind}.zip")
    assert [exchange.headers.get("Range") for exchange in asked] == [None, "bytes=9000-", "bytes=14000-"]
    assert [exchange.headers.get("If-Range") for exchange in asked] == [None, '"1"', '"1"']
    assert server.sent(f"/{second.kind}.zip") == len(data)


@pytest.mark.parametrize(
    "faults, message",
    [
        ([Fault("page")], "a web page instead of the file"),
        ([Fault("bare_page")], f"offers {len(PAGE)} bytes instead of 20[0-9]+"),
        ([Fault("status", 403)], "403 Forbidden"),
        ([Fault("status", 404)], "404 Not Found"),
        ([Fault("status", 401)], "401 Unauthorized"),
        ([Fault("short", 100)], "offers 20[0-9]+ bytes instead of 20[0-9]+"),
        ([Fault("status", 503)] * 20, f"503 Service Unavailable; tried {ATTEMPTS} times"),
        ([Fault("hang_up")] * 20, f"tried {ATTEMPTS} times"),
        ([Fault("corrupt", n) for n in (5_000, 6_000, 7_000)], "not the published file: expected sha256"),
        ([Fault("redirect", "/a.zip")] * 20, "more than 5 redirects"),
        ([Fault("redirect", "ftp://127.0.0.1/a.zip")], "no http or https URL"),
        ([Fault("redirect", "file:///etc/passwd")], "no http or https URL"),
    ],
)
def test_it_ends_as_one_clear_error(server, tmp_path, faults, message):
    data = zipped(2)
    with pytest.raises(LarvSegError, match=f"^a.zip: cannot be fetched .*{message}.*--mirror") as raised:
        fetch(tmp_path / "a.zip", source(server.put("/a.zip", data, faults), data))
    assert "\n" not in str(raised.value)
    assert not any(PAGE[:10] in path.read_bytes() for path in tmp_path.iterdir())
    assert "a.zip" not in only(tmp_path)


def test_a_page_that_claims_to_be_the_archive(server, tmp_path):
    with pytest.raises(LarvSegError, match="answers with a web page instead of the file"):
        fetch(tmp_path / "a.zip", source(server.put("/bare.zip", b"", [Fault("bare_page")])))
    assert only(tmp_path) == []


def test_a_server_that_is_not_there(tmp_path):
    with pytest.raises(LarvSegError, match=r"Connection refused; tried \d times"):
        fetch(tmp_path / "a.zip", source("http://127.0.0.1:9/a.zip"))  # the discard port


def test_a_file_that_is_another_one_is_not_fetched_a_third_time(server, tmp_path):
    with pytest.raises(LarvSegError, match="not the published file"):
        fetch(tmp_path / "a.zip", source(server.put("/twice.zip", zipped(3)), sha256="0" * 64))
    assert len(server.asked("/twice.zip")) == 2


# --- without a published checksum --------------------------------------------------------------------------------------------


def tensors(seed: int) -> bytes:
    import numpy as np

    return save({"weight": np.random.default_rng(seed).random(2_000)})


@pytest.mark.parametrize(
    "name, data",
    [("a.zip", zipped(4)), ("n00000001.tar", tarred(4)), ("w.safetensors", tensors(4)), ("x.jsonl", b'{"caption": "a"}\n' * 500)],
)
def test_structure_decides_where_no_checksum_is_published(server, tmp_path, name, data):
    cut = [Fault("no_length"), Fault("cut", len(data) // 2)]
    fetch(tmp_path / name, source(server.put(f"/{name}", data, cut[1:])))
    assert (tmp_path / name).read_bytes() == data
    # a body that ends with the connection may end too early, and no length tells
    server.put(f"/{name}", data[: len(data) // 2 + 3], cut[:1])
    with pytest.raises(LarvSegError, match="not the published file"):
        fetch(tmp_path / "other" / name, source(f"{server.url}/{name}"))
    assert only(tmp_path / "other") == []


def test_a_tar_or_a_zip_with_another_number_of_members(server, tmp_path):
    url = server.put("/a.zip", zipped(5))
    fetch(tmp_path / "a.zip", source(url, counts={"val2017/*.jpg": 3, "*.png": 0}))
    with pytest.raises(LarvSegError, match=r"holds 3 files val2017/\*.jpg, expected 5000"):
        fetch(tmp_path / "b.zip", source(url, counts={"val2017/*.jpg": 5000}))


@pytest.mark.parametrize(
    "name, data, message",
    [
        ("a.zip", b"PK\x03\x04", "expected a whole zip archive"),
        ("a.zip", b"\n <Error><Code>AccessDenied</Code></Error>", "a web page instead of the file"),
        ("a.zip", b'{"error": "quota"}', "does not begin like a .zip file"),
        ("n00000001.tar", b"n" * 1024, "does not begin like a .tar file"),
        ("n00000001.tar", tarred(4)[:20_000], "expected a whole tar archive"),
        ("w.safetensors", b"PK\x03\x04" * 10, "does not begin like a .safetensors file"),
        ("w.pt", b"PK\x03\x04" + bytes(100), "expected a whole zip archive"),
        ("w.pth", b"torch", "does not begin like a .pth file"),
        ("i.pkl", b"(dp0", "does not begin like a .pkl file"),
        ("t.jsonl", b'{"caption": "a"}\n{"cap', ":2: not a line of JSON"),
    ],
)
def test_what_a_file_is_not(tmp_path, name, data, message):
    path = tmp_path / f"{name}.part"
    path.write_bytes(data)
    with pytest.raises(LarvSegError, match=f"{message}.*fetch it again$") as raised:
        prove(path, source(None), name)
    assert str(raised.value).startswith(str(path))


@pytest.mark.parametrize("etags", [('"1"', '"2"'), (None, None), ('W/"1"', 'W/"1"')])
def test_a_file_that_changes_in_between_is_not_spliced(server, tmp_path, etags):
    path, before, after = tmp_path / "n00000001.tar", tarred(6), tarred(7)
    server.put("/n.tar", before, [Fault("cut", 9_000), *[Fault("status", 500)] * ATTEMPTS], etags[0])
    with pytest.raises(LarvSegError):
        fetch(path, source(f"{server.url}/n.tar"))
    assert part_of(path).stat().st_size == 9_000
    if etags[0] is not None and etags[0].startswith("W/"):
        server.put("/n.tar", before, [], etags[1])  # one Last-Modified: the same file
        after = before
    else:
        server.put("/n.tar", after, [], etags[1])
    fetch(path, source(f"{server.url}/n.tar"))
    assert path.read_bytes() == after
    expected = {'"1"': '"1"', 'W/"1"': MODIFIED, None: None}  # a weak tag may not stand there
    assert server.asked("/n.tar")[-1].headers.get("If-Range") == expected[etags[0]]


@pytest.mark.parametrize("shift", [-512, -1, 1, 512])
def test_a_range_that_was_not_asked_for_is_not_appended(server, tmp_path, shift):
    data = tarred(6)  # nothing but its place says that a block of it is wrong
    url = server.put("/shifted.tar", data, [Fault("cut", 9_000), Fault("wrong_range", shift)])
    fetch(tmp_path / "n00000001.tar", source(url))
    assert (tmp_path / "n00000001.tar").read_bytes() == data


def test_a_server_that_resumes_another_file_than_the_one_asked_for(server, tmp_path):
    # Last-Modified stays, the tag is weak and differs: If-Range does not help, the tag of the answer does
    path, before, after = tmp_path / "n00000001.tar", tarred(6), tarred(7)
    server.put("/n.tar", before, [Fault("cut", 9_000), *[Fault("status", 500)] * ATTEMPTS], 'W/"1"')
    with pytest.raises(LarvSegError):
        fetch(path, source(f"{server.url}/n.tar"))
    server.put("/n.tar", after, [], 'W/"2"')
    fetch(path, source(f"{server.url}/n.tar"))
    assert path.read_bytes() == after


# --- waiting -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked, least, most",
    [
        ("40", 40, 40),
        ("100000", LONGEST_WAIT, LONGEST_WAIT),
        ("Fri, 31 Dec 2399 23:59:59 GMT", LONGEST_WAIT, LONGEST_WAIT),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0, 5),
        ("soon", 0, 5),
    ],
)
@pytest.mark.parametrize("kind", ["later", "unavailable"])
def test_retry_after_is_honoured_within_bounds(server, tmp_path, kind, asked, least, most):
    data = zipped(8)
    clock = fetch(tmp_path / "a.zip", source(server.put("/a.zip", data, [Fault(kind, asked)]), data))
    assert len(clock) == 1 and least <= clock[0] <= most


def test_waits_grow_while_nothing_arrives_and_start_again_when_something_did(server, tmp_path):
    data = zipped(9)
    faults = [*[Fault("hang_up")] * 4, Fault("cut", 5_000), *[Fault("hang_up")] * 4]
    clock = fetch(tmp_path / "a.zip", source(server.put("/a.zip", data, faults), data))
    assert clock[0] < clock[2] < clock[3] and clock[4] == downloads._PAUSE and clock[5] < clock[3] and len(clock) == 9


# --- where from --------------------------------------------------------------------------------------------------------------


def test_mirrors_are_asked_in_order_after_the_given_one_and_the_official_server(server, tmp_path):
    data = zipped(10)
    first = len(server.exchanges)
    urls = [server.put(path, data, [Fault("status", 404)]) for path in ("/official/a.zip", "/one/a.zip")]
    urls.append(server.put("/two/a.zip", data))
    server.put("/mine/a.zip", data, [Fault("page")])
    fetch(tmp_path / "a.zip", source(urls[0], data, mirrors=tuple(urls[1:])), mirror=f"{server.url}/mine/")
    assert [exchange.path for exchange in server.exchanges[first:]] == ["/mine/a.zip", "/official/a.zip", "/one/a.zip", "/two/a.zip"]


def test_another_server_goes_on_with_the_file_where_a_checksum_guards_it(server, tmp_path):
    data = zipped(11)
    url = server.put("/slow/a.zip", data, [Fault("cut", 9_000), Fault("status", 404)])
    fetch(tmp_path / "a.zip", source(url, data, mirrors=(server.put("/fast/a.zip", data, etag='"2"'),)))
    assert server.sent("/fast/a.zip") == len(data) - 9_000
    # without one it starts again
    url = server.put("/slow/a.zip", data, [Fault("cut", 9_000), Fault("status", 404)])
    fetch(tmp_path / "b.zip", source(url, mirrors=(server.put("/fresh/a.zip", data, etag='"2"'),)))
    assert server.sent("/fresh/a.zip") == len(data)


def test_all_refusals_are_named(server, tmp_path):
    urls = [server.put("/x/a.zip", b"", [Fault("status", 404)]), server.put("/y/a.zip", b"", [Fault("page")])]
    with pytest.raises(LarvSegError, match="/x/a.zip: 404 Not Found; .*/y/a.zip: answers with a web page"):
        fetch(tmp_path / "a.zip", source(urls[0], mirrors=tuple(urls[1:])))


def test_a_mirror_that_is_no_url(tmp_path):
    with pytest.raises(LarvSegError, match="^mirror '/mnt/archives' is not an http or https URL"):
        fetch(tmp_path / "a.zip", source("http://127.0.0.1:9/a.zip"), mirror="/mnt/archives")


def test_redirects_are_followed(server, tmp_path):
    data = zipped(12)
    server.put("/there.zip", data)
    fetch(tmp_path / "a.zip", source(server.put("/here.zip", b"-", [Fault("redirect", "/there.zip")]), data))
    assert (tmp_path / "a.zip").read_bytes() == data


def test_bytes_are_taken_as_they_are_sent(server, tmp_path):
    import gzip

    data = gzip.compress(b"x" * 50_000, mtime=0)
    fetch(tmp_path / "a.tar.gz", source(server.put("/a.tar.gz", data), data))
    assert (tmp_path / "a.tar.gz").read_bytes() == data
    assert server.asked("/a.tar.gz")[0].headers["Accept-Encoding"] == "identity"


# --- disk, several at once, several processes --------------------------------------------------------------------------------


def disk_with(monkeypatch, free: int) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**12, 0, free))


def test_too_small_a_disk_is_noticed_before_anything_is_asked_for(server, tmp_path, monkeypatch):
    data, asked = zipped(13), len(server.exchanges)
    wanted = {tmp_path / name: source(server.put(f"/{name}", data), data) for name in ("a.zip", "b.zip")}
    disk_with(monkeypatch, 2 * len(data) - 1)
    with pytest.raises(LarvSegError, match=f"^{tmp_path}: the 2 archives need .* are free; make room"):
        Downloader(sleep=Clock()).fetch(wanted)
    assert len(server.exchanges) == asked
    part_of(tmp_path / "a.zip").write_bytes(data[:100])  # what is there needs no room
    Downloader(sleep=Clock()).fetch(wanted)
    assert only(tmp_path) == ["a.zip", "b.zip"]


def test_too_small_a_disk_for_the_size_that_the_server_says(server, tmp_path, monkeypatch):
    disk_with(monkeypatch, 1_500_000)
    with pytest.raises(LarvSegError, match="a.zip needs 0.0 GB .* are free; make room"):
        fetch(tmp_path / "a.zip", source(server.put("/a.zip", zipped(14, 2_000_000))))
    assert only(tmp_path) == []


def test_a_disk_that_fills_up(server, tmp_path, monkeypatch):
    data, append = zipped(14), Part.append

    def full(part: Part, received: bytes) -> None:
        append(part, received[: 5_000 - part.size])
        raise OSError(28, os.strerror(28))

    wanted = source(server.put("/full.zip", data), data)
    with monkeypatch.context() as patch, pytest.raises(LarvSegError, match="a.zip.part: No space left on device; what has arrived is kept"):
        patch.setattr(Part, "append", full)
        fetch(tmp_path / "a.zip", wanted)
    fetch(tmp_path / "a.zip", wanted)
    assert server.asked("/full.zip")[-1].headers["Range"] == "bytes=5000-"


def test_several_at_once_and_one_that_fails_stops_no_other(server, tmp_path):
    wanted, server.meeting = {}, threading.Barrier(downloads.AT_ONCE)
    for number in range(2 * downloads.AT_ONCE):
        data = zipped(number)
        faults = [Fault("meet")] if number < downloads.AT_ONCE else [Fault("status", 403)] if number in (5, 6) else []
        wanted[tmp_path / f"{number}.zip"] = source(server.put(f"/many/{number}.zip", data, faults), data)
    with pytest.raises(LarvSegError, match=r"^5.zip: .*403 Forbidden.*\(likewise 6.zip\)$"):
        Downloader(sleep=Clock()).fetch(wanted)
    assert only(tmp_path) == [f"{number}.zip" for number in (0, 1, 2, 3, 4, 7)]


def test_two_that_fetch_the_same_archive_do_not_disturb_each_other(server, tmp_path):
    data = zipped(15)
    path, wanted = tmp_path / "a.zip", source(server.put("/same.zip", data, [Fault("slow", 300)]), data)
    threads = [threading.Thread(target=fetch, args=(path, wanted)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() == data and only(tmp_path) == ["a.zip"]
    assert len(server.asked("/same.zip")) == 1


@pytest.mark.parametrize("flock", [None, "ENOSYS", "ENOLCK"])
@pytest.mark.parametrize("received", [b"", b"PK"])
def test_a_locked_part_is_waited_for(tmp_path, monkeypatch, received, flock):
    play(monkeypatch, flock=flock)
    path, waits, seen = tmp_path / "a.zip", threading.Event(), []

    def other():
        with opened(path, waits.set) as part:
            seen.append((part.size, part.path.exists()))  # an empty part is removed; who waited for it needs a new one

    with opened(path, lambda: None) as part:
        part.append(received)
        thread = threading.Thread(target=other)
        thread.start()
        assert waits.wait(10) and thread.is_alive()
    thread.join(10)
    assert seen == [(len(received), True)]


# --- killed ------------------------------------------------------------------------------------------------------------------

CHILD = """
import sys
from pathlib import Path
import larvseg.sources.download as downloads
from larvseg.config import Source, parse

downloads.RESERVE = 0
downloads.Downloader().fetch({Path(sys.argv[1]): parse(Source, __import__("json").loads(sys.argv[2]), "test")})
"""


def start(path: Path, wanted: Source) -> subprocess.Popen:
    arguments = [sys.executable, "-c", CHILD, str(path), json.dumps(wanted.model_dump(mode="json"))]
    # a shell ignores SIGINT for what it runs in the background, and children inherit that
    return subprocess.Popen(arguments, stderr=subprocess.DEVNULL, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))


def wait_for_more(server: FaultServer, path: Path, before: int, child: subprocess.Popen) -> None:
    """Until the child has put some of what the server has sent on the disk, maybe not all."""
    assert server.paused.wait(60)
    deadline = time.monotonic() + 30
    while not part_of(path).is_file() or part_of(path).stat().st_size <= before:
        assert time.monotonic() < deadline and child.poll() is None
        time.sleep(0.005)


def test_a_fetch_killed_at_random_moments_resumes(server, tmp_path):
    chance, data = random.Random(17), zipped(17, 3_000_000)
    path, cuts = tmp_path / "a.zip", [chance.randrange(1, 900_000) for _ in range(3)]
    wanted = source(server.put("/killed.zip", data, [Fault("pause", cut) for cut in cuts]), data)
    for _ in cuts:
        before = part_of(path).stat().st_size if part_of(path).is_file() else 0
        server.paused.clear()
        child = start(path, wanted)
        wait_for_more(server, path, before, child)
        os.kill(child.pid, signal.SIGKILL)
        assert child.wait(10) == -signal.SIGKILL and not path.exists()
    left = len(data) - part_of(path).stat().st_size
    assert 0 < left < len(data)
    fetch(path, wanted)
    assert path.read_bytes() == data and only(tmp_path) == ["a.zip"]
    assert server.asked("/killed.zip")[-1].sent == left
    assert server.sent("/killed.zip") < 2 * len(data)


def test_a_user_who_interrupts_need_not_wait_for_a_silent_server(server, tmp_path):
    data, path = zipped(18, 100_000), tmp_path / "a.zip"
    wanted = source(server.put("/silent.zip", data, [Fault("pause", 40_000)]), data)
    server.paused.clear()
    child = start(path, wanted)
    wait_for_more(server, path, 0, child)
    child.send_signal(signal.SIGINT)
    assert child.wait(30) == -signal.SIGINT  # far less than the time a server may be silent
    fetch(path, wanted)
    assert path.read_bytes() == data


def test_killed_between_the_last_byte_and_the_final_name(server, tmp_path):
    data, path = zipped(18), tmp_path / "a.zip"
    url = server.put("/last.zip", data)
    with opened(path, lambda: None) as part:
        receive(new_session(), url, part, source(url, data), lambda there, total: None)
    fetch(path, source(url, data))
    assert path.read_bytes() == data and server.sent("/last.zip") == len(data)


# --- any schedule of faults --------------------------------------------------------------------------------------------------


def random_fault(chance: random.Random, size: int, guarded: bool) -> Fault:
    kinds = ["cut", "cut", "cut", "hang_up", "page", "bare_page", "status", "later", "unavailable", "ignore_range", "wrong_range", "piece"]
    kinds += ["wrong_total", "beyond", "slow", "no_length", "chunked", "cut_chunked", "redirect"]
    kind = chance.choice(kinds + ["corrupt", "corrupt", "short"] * guarded)
    values = {
        "status": chance.choice([400, 401, 403, 404, 410, 500, 502, 504]),
        "later": chance.choice([0, 3, 10**6]),
        "unavailable": chance.choice(["2", "soon", "Fri, 31 Dec 2399 23:59:59 GMT"]),
        "wrong_range": chance.choice([1, 512, -1, -512]),
        "wrong_total": chance.choice([1, 4096]),
        "slow": chance.randrange(500, 5_000),
        "redirect": chance.choice(["/nowhere.zip", "gopher://127.0.0.1/"]),
        "corrupt": chance.randrange(size // 4),
    }
    return Fault(kind, values.get(kind, chance.randrange(size)))


def test_any_schedule_of_faults_ends_verified_or_as_one_clear_error(server, tmp_path):
    outcomes = Counter()
    for seed in range(150):
        chance, folder = random.Random(seed), tmp_path / str(seed)
        # the images in a tar can be any bytes, so only the others can prove without a checksum that theirs were not altered on the way
        name, data, published = [("a.zip", zipped(seed), True), ("a.zip", zipped(seed), False), ("n00000001.tar", tarred(seed), False)][
            seed % 3
        ]
        faults = [random_fault(chance, len(data), name == "a.zip") for _ in range(chance.randrange(1, 9))]
        mirrored = [random_fault(chance, len(data), name == "a.zip") for _ in range(chance.randrange(4))]
        etag = chance.choice(['"1"', 'W/"1"', None])
        url, mirror = server.put(f"/{seed}/{name}", data, faults, etag), server.put(f"/{seed}/mirror/{name}", data, mirrored, etag)
        wanted = source(url, data if published else None, mirrors=(mirror,) if chance.random() < 0.5 else ())
        try:
            fetch(folder / name, wanted)
            outcomes["verified"] += 1
        except LarvSegError as error:
            outcomes["error"] += 1
            assert str(error).startswith(f"{name}: cannot be fetched") and "\n" not in str(error), (seed, faults)
            assert not (folder / name).exists(), (seed, faults)
            server.put(f"/{seed}/{name}", data, [], etag)
            fetch(folder / name, wanted)  # whatever was left behind does no harm
        assert (folder / name).read_bytes() == data, (seed, faults)
        assert only(folder) == [name], (seed, faults)
    assert outcomes["verified"] > 50 and outcomes["error"] > 20


def test_receiving_says_what_may_help(server, tmp_path):
    with opened(tmp_path / "a.zip", lambda: None) as part:
        with pytest.raises(Transient, match="429 Too Many Requests") as raised:
            receive(new_session(), server.put("/r.zip", b"PK", [Fault("later", 7)]), part, source(""), lambda there, total: None)
        assert raised.value.wait == 7
        with pytest.raises(Refused, match="410 Gone"):
            receive(new_session(), server.put("/r.zip", b"PK", [Fault("status", 410)]), part, source(""), lambda there, total: None)
