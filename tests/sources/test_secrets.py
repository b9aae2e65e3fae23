"""Cookies in the forms that browsers export; no password, token or cookie in what is printed or written."""

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

import larvseg.sources.download as downloads
from larvseg.errors import LarvSegError
from larvseg.sources.download import Downloader
from larvseg.sources.secrets import read_cookies, shown
from tests.sources.fault_server import Fault, FaultServer
from tests.sources.test_download import source, zipped

SECRET = "hunter2hunter2"
LINE = f"image-net.org\tFALSE\t/\tTRUE\t1893456000\tsession\t{SECRET}"


@pytest.mark.parametrize(
    "text",
    [
        f"# Netscape HTTP Cookie File\n{LINE}\n",
        LINE,  # no heading
        f"\ufeff# Netscape HTTP Cookie File\r\n\r\n{LINE}\r\n",
        f"# HTTP Cookie File\n#HttpOnly_{LINE}\n# the end\n",
        LINE.replace("1893456000", "1893456000.75"),
        LINE.replace("TRUE", "true").replace("FALSE", "False"),
    ],
)
def test_forms_of_exported_cookies(tmp_path, text):
    path = tmp_path / "cookies.txt"
    path.write_text(text, encoding="utf-8", newline="")
    (cookie,) = read_cookies(path)
    assert (cookie.domain, cookie.name, cookie.value, cookie.secure, cookie.expires) == (
        "image-net.org",
        "session",
        SECRET,
        True,
        1893456000,
    )


@pytest.mark.parametrize("expires", ["0", "-1", ""])
def test_cookies_of_a_session_do_not_expire(tmp_path, expires):
    path = tmp_path / "cookies.txt"
    path.write_text(LINE.replace("1893456000", expires))
    assert [cookie.expires for cookie in read_cookies(path)] == [None]


def test_an_empty_value_may_lack_its_tab(tmp_path):
    path = tmp_path / "cookies.txt"
    path.write_text(LINE.rpartition("\t")[0])
    assert [cookie.value for cookie in read_cookies(path)] == [""]


@pytest.mark.parametrize(
    "text",
    [
        LINE.replace("\t", " "),
        f"{LINE}\tmore",
        LINE.replace("TRUE", "yes"),
        LINE.replace("1893456000", "tomorrow"),
        LINE.replace("1893456000", "9" * 5000),
        LINE.replace("1893456000", "-"),
        f'[{{"name": "session", "value": "{SECRET}"}}]',
        f"session={SECRET}",
        f"<html><body>{SECRET}",
    ],
)
def test_another_form_is_told_by_its_line_alone(tmp_path, text, capfd):
    path = tmp_path / "cookies.txt"
    path.write_text(f"# Netscape HTTP Cookie File\n{text}\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(LarvSegError, match=r"cookies.txt:2: a cookie has 7 fields .*export the cookies again$") as caught:
            read_cookies(path)
    assert SECRET not in str(caught.value) + "".join(capfd.readouterr())


@pytest.mark.parametrize("data", [b"\xff\xfe\x00s", SECRET.encode("utf-16"), bytes(range(256))])
def test_no_text_at_all(tmp_path, data):
    path = tmp_path / "cookies.txt"
    path.write_bytes(data)
    with pytest.raises(LarvSegError, match="no text in UTF-8; export the cookies again"):
        read_cookies(path)


@given(st.binary(max_size=300))
def test_any_bytes_are_cookies_or_one_line(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_bytes(data)
    try:
        list(read_cookies(path))
    except LarvSegError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://anna:hunter2@example.org/a.zip", "https://…@example.org/a.zip"),
        ("http://token@example.org:8080/a?key=abc&sig=x%2Fy#top", "http://…@example.org:8080/a?key=…&sig=…#top"),
        ("see https://example.org/a/c.zip: 404 at 10:30", "see https://example.org/a/c.zip: 404 at 10:30"),
        ("https://anna:hun/ter@2@example.org/a.zip", "https://…@example.org/a.zip"),
        ("anna:hunter2@example.org", "…@example.org"),
        ("Max retries exceeded with url: /a.zip?token=abc (Caused by X)", "Max retries exceeded with url: /a.zip?token=… (Caused by X)"),
        ("ftp://u:p@h/x and https://v:q@i/y", "ftp://…@h/x and https://…@i/y"),
    ],
)
def test_addresses_are_shown_without_secrets(text, expected):
    assert shown(text) == expected


@pytest.mark.parametrize("fault", [Fault("status", 404), Fault("page"), Fault("short", 100), Fault("hang_up")])
def test_passwords_of_a_mirror_are_nowhere(tmp_path, monkeypatch, capfd, fault):
    monkeypatch.setattr(downloads, "RESERVE", 0)
    data = zipped(2)
    with FaultServer() as server:
        server.put("/mine/a.zip", data, [fault] * 20)
        mirror = server.url.replace("://", f"://anna:{SECRET}@") + "/mine"
        wanted = source(f"{server.url}/a.zip?token={SECRET}", data)
        with pytest.raises(LarvSegError, match=r"http://…@127.0.0.1:\d+/mine/a.zip: ") as caught:
            Downloader(mirror, sleep=lambda seconds: None).fetch({tmp_path / "a.zip": wanted})
    said = str(caught.value) + "".join(capfd.readouterr())
    assert SECRET not in said and not any(SECRET.encode() in path.read_bytes() for path in tmp_path.iterdir())


def test_a_part_notes_its_server_without_the_password(tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "RESERVE", 0)
    data = zipped(20_000)
    with FaultServer() as server:
        server.put("/mine/a.zip", data, [Fault("cut", 15_000)] + [Fault("status", 404)] * 20, etag='"1"')
        mirror = server.url.replace("://", f"://anna:{SECRET}@") + "/mine"
        with pytest.raises(LarvSegError):
            Downloader(mirror, sleep=lambda seconds: None).fetch({tmp_path / "a.zip": source(None, data)})
        notes = (tmp_path / "a.zip.part.json").read_text()
        assert SECRET not in notes and "…@127.0.0.1" in notes
        server.put("/mine/a.zip", data, etag='"1"')
        Downloader(mirror, sleep=lambda seconds: None).fetch({tmp_path / "a.zip": source(None, data)})
        assert (tmp_path / "a.zip").read_bytes() == data
        assert server.asked("/mine/a.zip")[-1].headers.get("If-Range") == '"1"', "it went on where it was"


@pytest.mark.parametrize("mirror", [f"ftp://anna:{SECRET}@example.org", f"anna:{SECRET}@example.org"])
def test_a_mirror_that_is_no_url_is_not_repeated_in_full(tmp_path, mirror):
    with pytest.raises(LarvSegError, match="is not an http or https URL") as caught:
        Downloader(mirror).fetch({tmp_path / "a.zip": source("http://127.0.0.1:9/a.zip")})
    assert SECRET not in str(caught.value)
