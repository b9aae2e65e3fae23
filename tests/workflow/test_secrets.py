"""Cookies, passwords in addresses and tokens of the environment: whatever a command does with them, it neither prints nor writes them."""

import pytest

from tests.sources.fault_server import Fault, FaultServer
from tests.workflow.clone import Clone

SECRET = "-".join(("correct", "horse", "battery", "staple"))  # not as one word in this file, which is among those that are searched
COOKIE = f"127.0.0.1\tFALSE\t/\tFALSE\t1893456000\tsession\t{SECRET}"
COOKIES = "data/incoming/image-net.org.cookies.txt"
UNREACHABLE = f"http://anna:{SECRET}@127.0.0.1:9"
PHOTOS = "msrc_objcategimagedatabase_v2.zip"
FETCH = ("--config", "profile=photos", "--", f"data/photos/archives/{PHOTOS}")
ADDRESS = f"http://download.microsoft.com/download/3/3/9/339D8A24-47D7-412F-A1E8-1A415BC48A15/{PHOTOS}"
TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "KAGGLE_KEY")


@pytest.fixture
def clone(fresh):
    fresh.variables = {name: SECRET for name in TOKENS}
    return fresh


def where_it_is(clone: Clone) -> list[str]:
    """The files below the clone with SECRET in them, but for that of the cookies."""
    paths = (path for path in clone.folder.rglob("*") if path.is_file() and path != clone.folder / COOKIES)
    return [str(path) for path in paths if SECRET.encode() in path.read_bytes()]


@pytest.mark.parametrize("lines", [COOKIE, COOKIE.replace("\t", " "), f'[{{"value": "{SECRET}"}}]', f"\ufeff{COOKIE}\tmore"])
def test_cookies(clone, lines):
    clone.write(COOKIES, lines + "\n")
    with FaultServer() as server:
        commands = [
            ("larvseg", "fetch", "--mirror", server.url, "ILSVRC2012_img_train.tar"),
            ("larvseg", "doctor", "--profile", "paper"),
        ]
        said = "".join(clone.run(*command, check=False) for command in commands)
    assert "error: " in said and "Traceback" not in said and SECRET not in said and not where_it_is(clone)


@pytest.mark.parametrize("fault", [Fault("page"), Fault("status", 404), Fault("status", 401)])
def test_a_password_of_a_mirror(clone, fault):
    with FaultServer() as server:
        server.put(f"/mine/{PHOTOS}", b"PK" * 1000, [fault] * 50)
        elsewhere = f'{server.url}/not-there\n    mirrors: ["{server.url}/mirror?token={SECRET}"]'
        clone.substitute("workflow/config/sources.yaml", ADDRESS, elsewhere)
        mirror = server.url.replace("://", f"://anna:{SECRET}@") + "/mine"
        said = clone.run("larvseg", "fetch", "--mirror", mirror, PHOTOS, "--profile", "photos", check=False)
        clone.variables["LARVSEG_MIRROR"] = mirror
        said += clone.snakemake(*FETCH, check=False)
        assert {f"/mine/{PHOTOS}", f"/mirror?token={SECRET}", "/not-there"} == {exchange.path for exchange in server.exchanges}
    clone.write("workflow/config/sources.yaml", "")  # where the user wrote it
    assert said.count("error: ") >= 2 and "Traceback" not in said and SECRET not in said and not where_it_is(clone)


def test_a_password_of_a_proxy(clone):
    clone.variables |= {name: UNREACHABLE for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")}
    said = clone.run("larvseg", "segment", "README.md", "--model", "hf://owner/name", check=False)
    said += clone.run("dvc", "status", check=False)
    with FaultServer() as server:
        clone.variables |= {name: server.url.replace("://", f"://anna:{SECRET}@") for name in ("HTTP_PROXY", "http_proxy")}
        clone.variables |= {name: "" for name in ("NO_PROXY", "no_proxy")}
        said += clone.snakemake(*FETCH, check=False)
        assert any("Proxy-Authorization" in exchange.headers for exchange in server.exchanges)
    assert said.count("error: ") >= 2 and "Traceback" not in said and SECRET not in said and not where_it_is(clone)
