"""The server on loopback: ranges, login, faults."""

from http.cookiejar import MozillaCookieJar

import pytest
import requests

from larvseg.errors import LarvSegError
from larvseg.rehearsal.server import LOGIN_PAGE, Site, cookies_file, serving

DATA = bytes(range(256)) * 10


@pytest.fixture
def site(tmp_path) -> Site:
    for name in ("a.zip", "b.zip", "n00000001.tar"):
        (tmp_path / name).write_bytes(DATA)
    files = {"/a.zip": tmp_path / "a.zip", "/b.zip": tmp_path / "b.zip", "/winter21_whole/n00000001.tar": tmp_path / "n00000001.tar"}
    return Site(files)


@pytest.fixture
def session():
    with requests.Session() as session:
        session.trust_env = False  # no proxy lies between
        yield session


def test_whole_files_and_ranges(site, session):
    with serving(site) as url:
        whole = session.get(f"{url}/a.zip")
        assert whole.status_code == 200 and whole.content == DATA
        for asked, first, last in (("bytes=100-", 100, 2559), ("bytes=0-9", 0, 9), ("bytes=2550-9999", 2550, 2559)):
            part = session.get(f"{url}/a.zip", headers={"Range": asked})
            assert part.status_code == 206 and part.content == DATA[first : last + 1]
            assert part.headers["Content-Range"] == f"bytes {first}-{last}/2560"
        over = session.get(f"{url}/a.zip", headers={"Range": "bytes=2560-"})
        assert over.status_code == 416 and over.headers["Content-Range"] == "bytes */2560"
        assert session.head(f"{url}/a.zip").headers["Content-Length"] == "2560"


def test_a_range_of_another_edition_is_answered_with_the_whole(site, session):
    with serving(site) as url:
        tag = session.get(f"{url}/a.zip").headers["ETag"]
        answers = {known: session.get(f"{url}/a.zip", headers={"Range": "bytes=5-", "If-Range": known}) for known in (tag, '"old"')}
    assert [answer.status_code for answer in answers.values()] == [206, 200]
    assert answers['"old"'].content == DATA


@pytest.mark.parametrize("path", ["winter21_whole/n00000001.tar", "ILSVRC2012_img_train.tar"])
def test_imagenet_needs_the_login(site, session, tmp_path, path):
    site.files = {f"/{path}": tmp_path / "a.zip"}
    with serving(site) as url:
        assert session.get(f"{url}/{path}").content == LOGIN_PAGE
        (tmp_path / "cookies.txt").write_text(cookies_file(url))
        jar = MozillaCookieJar(tmp_path / "cookies.txt")
        jar.load()
        session.cookies.update(jar)
        assert session.get(f"{url}/{path}").content == DATA


def test_each_fault_happens_once(site, session):
    site.faults.update({"/a.zip": "cut", "/b.zip": "wait"})
    with serving(site) as url:
        with session.get(f"{url}/a.zip", stream=True) as cut:
            assert cut.headers["Content-Length"] == "2560"
            assert cut.raw.read(2560, decode_content=False) == DATA[:1280]
        wait = session.get(f"{url}/b.zip")
        assert wait.status_code == 429 and wait.headers["Retry-After"] == "1"
        assert not site.faults
        assert [session.get(f"{url}/{name}").content for name in ("a.zip", "b.zip")] == [DATA, DATA]
    assert site.requests == ["/a.zip", "/b.zip", "/a.zip", "/b.zip"]


def test_a_port_that_is_taken(site):
    with serving(site) as url:
        port = int(url.rpartition(":")[2])
        with pytest.raises(LarvSegError, match=f"127.0.0.1:{port}: cannot serve there"), serving(site, port):
            pass
    with serving(site, port) as again:
        assert again == url


def test_nothing_else_is_there(site, session):
    with serving(site) as url:
        for path in ("/", "/../server.py", "/winter21_whole/", "/a.zip/"):
            assert session.get(url + path).status_code == 404
