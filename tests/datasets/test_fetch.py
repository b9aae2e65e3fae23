"""Archives of the miniature, archives that a person has put in place, and archives that are fetched."""

import hashlib
import io
import resource
import sys
import tarfile
import types
import zipfile
from pathlib import Path

import pytest
import yaml

import larvseg.sources.download as downloads
from larvseg.config import FetchConfig, World, parse
from larvseg.datasets.fetch import fetch, fetch_by_name
from larvseg.errors import LarvSegError
from tests.sources.fault_server import Fault, FaultServer

INCOMING = Path("data/incoming")
REGISTRY = Path("sources.yaml")
TARS = [f"n0000000{number}.tar" for number in (1, 2, 3)]


@pytest.fixture
def server():
    with FaultServer() as running:
        yield running


@pytest.fixture(autouse=True)
def clone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(downloads, "RESERVE", 0)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    for name in ("LARVSEG_MIRROR", "LARVSEG_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    (INCOMING / "winter21_whole").mkdir(parents=True)


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), b"0123456789" * 100)
    return buffer.getvalue()


def tarred(members: dict[str, bytes], compression: str = "") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=f"w:{compression}") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


SYNSETS = {name: tarred({f"{name[:9]}_1.JPEG": name.encode() * 200}) for name in TARS}
COCO = {"train2017.zip": zipped("train2017/1.jpg", "train2017/2.jpg"), "val2017.zip": zipped("val2017/1.jpg")}
ADE = zipped("ADE20K_2021_17_01/images/ADE/training/a.jpg", "ADE20K_2021_17_01/images/ADE/validation/b.jpg")


def registry(server: FaultServer | None = None) -> dict:
    """The registry of these archives, all but the registered one served by `server`; written to REGISTRY."""
    base = server.url if server else "http://127.0.0.1:9"
    plain = {"gigabytes": 0.001, "licence": "CC0"}
    md5 = {name: hashlib.md5(data).hexdigest() for name, data in COCO.items()}
    archives = {name: plain | {"family": "coco", "url": f"{base}/{name}", "md5": md5[name]} for name in COCO}
    login = {"access": "login", "request": "https://image-net.org/login"}
    registration = {"access": "registration", "request": "https://ade20k.csail.mit.edu/request_data/"}
    archives["{wnid}.tar"] = plain | login | {"family": "imagenet", "url": f"{base}/winter21_whole/{{wnid}}.tar"}
    archives["ADE20K_2021_17_01.zip"] = plain | registration | {"family": "ade_full", "url": None, "counts": {"*/training/*.jpg": 1}}
    archives["w.safetensors"] = plain | {"family": "weights", "url": f"{base}/w", "hub": "timm/w/model.safetensors"}
    REGISTRY.write_text(yaml.safe_dump({"archives": archives}))
    if server:
        for name, data in COCO.items():
            server.put(f"/{name}", data)
        for name, data in SYNSETS.items():
            server.put(f"/winter21_whole/{name}", data)
    return archives


def config(archives: dict, *keys: str, **licensed: tuple[str, ...]) -> FetchConfig:
    sources = {key: archives[key] | {"mirrors": []} for key in keys}
    value = {"family": archives[keys[0]]["family"], "world": None, "registry": str(REGISTRY), "sources": sources}
    names = {"ade": "ADE20K_2021_17_01.zip", "tars": "{wnid}.tar"}
    return parse(FetchConfig, value | {"licensed": {names[key]: list(files) for key, files in licensed.items()}}, "test")


def outputs(*names: str) -> dict[str, Path]:
    return {name: Path("data/paper/archives", f".{name}.tmp") for name in names}


def put(name: str, data: bytes) -> Path:
    path = INCOMING / ("winter21_whole" if name in TARS else "") / name
    path.write_bytes(data)
    return path


def log_in(server: FaultServer, value: str = "yes", expires: int = 0) -> None:
    """Export a cookie to where the user is told to; the server wants to see session=yes."""
    for name in TARS:
        server.cookies[f"/winter21_whole/{name}"] = "session=yes"
    line = "\t".join(["#HttpOnly_127.0.0.1", "FALSE", "/", "FALSE", str(expires), "session", value])
    (INCOMING / "image-net.org.cookies.txt").write_text(f"# Netscape HTTP Cookie File\n{line}\n")


# --- the stage ---------------------------------------------------------------------------------------------------------------


def test_a_world_is_drawn(monkeypatch):
    calls = []
    drawing = types.ModuleType("larvseg.miniature.archives")
    drawing.draw_archive = lambda *arguments: calls.append(arguments)
    monkeypatch.setitem(sys.modules, "larvseg.miniature.archives", drawing)
    world = World(seed=0, coco_training=1, coco_validation=1, ade_training=1, ade_validation=1, objects=2)
    fetch(FetchConfig(family="coco", world=world, threads=2), {}, outputs("train2017.zip"), Path("work"))
    assert calls == [("coco", world, outputs("train2017.zip"), 2)]


def test_archives_are_fetched_once_verified_and_linked(server):
    settings, targets = config(registry(server), *COCO), outputs(*COCO)
    for _ in range(2):
        fetch(settings, {}, targets, Path("work"))
        assert {name: path.read_bytes() for name, path in targets.items()} == COCO
        assert all(path.samefile(INCOMING / name) for name, path in targets.items())
    assert len(server.exchanges) == len(COCO)


def test_archives_that_a_person_has_put_in_place_are_not_fetched(server):
    settings = config(registry(server), *COCO)
    for name, data in COCO.items():
        put(name, data)
    fetch(settings, {}, outputs(*COCO), Path("work"))
    assert server.exchanges == []


def test_a_damaged_archive_in_place_stops_before_anything_is_fetched_or_linked(server):
    settings = config(registry(server), *COCO)
    path = put("val2017.zip", COCO["val2017.zip"].replace(b"1234", b"1243"))
    with pytest.raises(LarvSegError, match=f"^{path}: expected md5 .* delete it and fetch it again$"):
        fetch(settings, {}, outputs(*COCO), Path("work"))
    assert server.exchanges == [] and not Path("data/paper").exists()


def test_mirrors_are_taken_from_the_registry_of_today_and_from_the_environment(server, monkeypatch):
    archives = registry(server)
    settings = config(archives, *COCO)  # fixed in a recipe before somebody found a mirror
    for name, data in COCO.items():
        server.put(f"/{name}", data, [Fault("status", 404)] * 2)
        archives[name]["mirrors"] = [server.put(f"/there/{name}", data)]
    REGISTRY.write_text(yaml.safe_dump({"archives": archives}))
    monkeypatch.setenv("LARVSEG_MIRROR", f"{server.url}/mine")
    fetch(settings, {}, outputs(*COCO), Path("work"))
    for name in COCO:
        asked = [exchange.path for exchange in server.exchanges if exchange.path.endswith(name)]
        assert asked == [f"/mine/{name}", f"/{name}", f"/there/{name}"]


def test_offline_nothing_is_asked_for(server, monkeypatch):
    settings = config(registry(server), *COCO)
    put("val2017.zip", COCO["val2017.zip"])
    monkeypatch.setenv("LARVSEG_OFFLINE", "1")
    with pytest.raises(LarvSegError, match="^data/incoming/train2017.zip: no such file; put it there"):
        fetch(settings, {}, outputs(*COCO), Path("work"))
    fetch(settings, {}, outputs("val2017.zip"), Path("work"))
    assert server.exchanges == []


def test_weights_are_taken_from_the_cache_of_the_hub(server, tmp_path):
    import numpy as np
    from safetensors.numpy import save

    settings = config(registry(server), "w.safetensors")
    blob, snapshot = tmp_path / "hub/models--timm--w/blobs/1", tmp_path / "hub/models--timm--w/snapshots/2"
    for folder in (blob.parent, snapshot, snapshot.parent.parent / "refs"):
        folder.mkdir(parents=True)
    blob.write_bytes(save({"a": np.zeros(3)}))
    (snapshot.parent.parent / "refs/main").write_text("2")
    (snapshot / "model.safetensors").symlink_to(blob)
    targets = outputs("w.safetensors")
    fetch(settings, {}, targets, Path("work"))
    assert targets["w.safetensors"].samefile(blob) and server.exchanges == []
    blob.write_bytes(blob.read_bytes()[:-1])
    with pytest.raises(LarvSegError, match="not a whole safetensors file"):
        fetch(settings, {}, targets, Path("work"))


# --- access ------------------------------------------------------------------------------------------------------------------


def test_the_access_check_precedes_every_download(server):
    settings = config(registry(server), *COCO, ade=("ADE20K_2021_17_01.zip",), tars=tuple(TARS))
    message = (
        r"^ADE20K_2021_17_01.zip is given after registration: ask for it at https://ade20k.csail.mit.edu/request_data/, "
        r"put it at data/incoming/ADE20K_2021_17_01.zip, then run the same command again \(3 more archives are missing\)$"
    )
    with pytest.raises(LarvSegError, match=message):
        fetch(settings, {}, outputs(*COCO), Path("work"))
    put("ADE20K_2021_17_01.zip", ADE)
    message = (
        r"^n00000001.tar needs a login \(no cookies\): log in at https://image-net.org/login, export your browser's cookies "
        r"\(Netscape format\) to data/incoming/image-net.org.cookies.txt, or put it at data/incoming/winter21_whole/n00000001.tar, or "
        r"all of them as data/incoming/winter21_whole.tar or .tar.gz, then run the same command again \(2 more archives are missing\)$"
    )
    with pytest.raises(LarvSegError, match=message):
        fetch(settings, {}, outputs(*COCO), Path("work"))
    assert server.exchanges == []
    for name in TARS:
        put(name, SYNSETS[name])
    fetch(settings, {}, outputs(*COCO), Path("work"))


def test_a_page_saved_as_an_archive_is_noticed_by_the_access_check(server):
    settings = config(registry(server), *COCO, ade=("ADE20K_2021_17_01.zip",))
    put("ADE20K_2021_17_01.zip", b"<!doctype html><title>Sign in</title>")
    with pytest.raises(LarvSegError, match="^data/incoming/ADE20K_2021_17_01.zip: a web page instead of the file"):
        fetch(settings, {}, outputs(*COCO), Path("work"))
    assert server.exchanges == []


def test_a_registered_archive_is_verified_on_arrival():
    settings = config(registry(), "ADE20K_2021_17_01.zip", ade=("ADE20K_2021_17_01.zip",))
    put("ADE20K_2021_17_01.zip", zipped("ADE20K_2016_07_26/images/training/a.jpg", "ADE20K_2016_07_26/images/training/b.jpg"))
    with pytest.raises(LarvSegError, match=r"holds 2 files \*/training/\*.jpg, expected 1; it is another edition or damaged"):
        fetch(settings, {}, outputs("ADE20K_2021_17_01.zip"), Path("work"))
    put("ADE20K_2021_17_01.zip", ADE)
    fetch(settings, {}, outputs("ADE20K_2021_17_01.zip"), Path("work"))


@pytest.mark.parametrize("expires", [0, 32503680000])
def test_after_a_login_the_tars_are_fetched_without_further_hands(server, expires):
    settings = config(registry(server), "{wnid}.tar", tars=tuple(TARS))
    log_in(server, expires=expires)
    targets = outputs(*TARS)
    fetch(settings, {}, targets, Path("work"))
    assert {name: path.read_bytes() for name, path in targets.items()} == SYNSETS


@pytest.mark.parametrize("value, expires", [("no", 0), ("yes", 1)])
def test_a_login_that_has_expired(server, value, expires):
    settings = config(registry(server), "{wnid}.tar", tars=tuple(TARS))
    log_in(server, value, expires)
    with pytest.raises(LarvSegError, match=r"^n00000001.tar needs a login \(http://.*: a web page instead of the file\): log in at"):
        fetch(settings, {}, outputs(*TARS), Path("work"))
    assert len(server.exchanges) == 1


def test_cookies_go_to_their_own_site_only(server):
    settings = config(registry(server), *COCO, "{wnid}.tar")
    log_in(server)
    fetch(settings, {}, outputs(*COCO), Path("work"))
    assert not any("Cookie" in exchange.headers for exchange in server.exchanges), "open archives need none"
    text = (INCOMING / "image-net.org.cookies.txt").read_text()
    (INCOMING / "image-net.org.cookies.txt").write_text(text.replace("127.0.0.1", "image-net.org"))
    with pytest.raises(LarvSegError, match="needs a login"):
        fetch_by_name(TARS[:1], REGISTRY)
    assert "Cookie" not in server.exchanges[-1].headers


def test_a_cookie_file_that_is_none():
    settings = config(registry(), "{wnid}.tar", tars=tuple(TARS))
    put("image-net.org.cookies.txt", b'[{"name": "session"}]')
    with pytest.raises(
        LarvSegError,
        match=r"^data/incoming/image-net.org.cookies.txt:1: a cookie has .*; export the cookies again$",
    ):
        fetch(settings, {}, outputs(*TARS), Path("work"))


def test_a_mirror_of_ones_own_needs_no_login(server, monkeypatch):
    settings = config(registry(server), "{wnid}.tar", tars=tuple(TARS))
    for name in TARS:
        server.put(f"/mine/{name}", SYNSETS[name])
    monkeypatch.setenv("LARVSEG_MIRROR", f"{server.url}/mine")
    targets = outputs(*TARS)
    fetch(settings, {}, targets, Path("work"))
    assert {name: path.read_bytes() for name, path in targets.items()} == SYNSETS


# --- the whole of ImageNet ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("compression, folder", [("", ""), ("", "winter21_whole/"), ("gz", ""), ("gz", "./winter21_whole/")])
def test_the_tars_that_are_needed_are_taken_out_of_the_whole(compression, folder):
    settings = config(registry(), "{wnid}.tar", tars=tuple(TARS[:2]))
    others = {f"n1000000{number}.tar": SYNSETS[TARS[2]] for number in range(3)}
    whole = put(
        f"winter21_whole.tar{'.gz' * bool(compression)}",
        tarred({folder + name: data for name, data in (others | SYNSETS).items()}, compression),
    )
    targets = outputs(*TARS[:2])
    fetch(settings, {}, targets, Path("work"))
    assert {name: path.read_bytes() for name, path in targets.items()} == {name: SYNSETS[name] for name in TARS[:2]}
    assert sorted(path.name for path in (INCOMING / "winter21_whole").iterdir()) == TARS[:2]
    whole.write_bytes(b"")  # those that are out already need it no more
    fetch(settings, {}, targets, Path("work"))


def test_a_whole_that_lacks_a_synset_or_is_damaged():
    settings = config(registry(), "{wnid}.tar", tars=tuple(TARS))
    put("winter21_whole.tar", tarred({name: SYNSETS[name] for name in TARS[:2]}))
    with pytest.raises(LarvSegError, match=r"^n00000003.tar needs a login"):
        fetch(settings, {}, outputs(*TARS), Path("work"))
    put("winter21_whole.tar", tarred(SYNSETS)[:9_000])
    with pytest.raises(LarvSegError, match=r"^data/incoming/winter21_whole.tar: not a whole tar archive"):
        fetch(settings, {}, outputs(*TARS), Path("work"))
    put("winter21_whole.tar", tarred(SYNSETS | {TARS[1]: SYNSETS[TARS[1]][:1_000]}))
    with pytest.raises(LarvSegError, match=r"^data/incoming/winter21_whole.tar: n00000002.tar in it is damaged"):
        fetch(settings, {}, outputs(*TARS), Path("work"))
    assert [path.name for path in (INCOMING / "winter21_whole").iterdir()] == TARS[:1]


def test_a_compressed_whole_that_ends_early_keeps_what_it_gave():
    settings = config(registry(), "{wnid}.tar", tars=tuple(TARS))
    import random

    members = {name: tarred({"1.JPEG": random.Random(name).randbytes(20_000)}) for name in TARS}
    data = tarred(members, "gz")
    put("winter21_whole.tar.gz", data[: 2 * len(data) // 3])
    with pytest.raises(LarvSegError, match="^data/incoming/winter21_whole.tar.gz: cannot be read to its end"):
        fetch(settings, {}, outputs(*TARS), Path("work"))
    assert [path.name for path in (INCOMING / "winter21_whole").iterdir()] == TARS[:1]
    put("winter21_whole.tar.gz", tarred({name: members[name] for name in TARS[:2]}, "gz"))
    with pytest.raises(LarvSegError, match="holds no n00000003.tar; put it into data/incoming/winter21_whole yourself"):
        fetch(settings, {}, outputs(*TARS), Path("work"))
    put("winter21_whole.tar.gz", data)
    targets = outputs(*TARS)
    fetch(settings, {}, targets, Path("work"))
    assert {name: path.read_bytes() for name, path in targets.items()} == members


@pytest.mark.parametrize("compression", ["", "gz"])
def test_a_full_disk_is_no_damaged_archive(compression):
    put(f"winter21_whole.tar{'.gz' * bool(compression)}", tarred(SYNSETS, compression))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, hard))
    try:
        with pytest.raises(LarvSegError, match=r"^data/incoming/winter21_whole/n00000001.tar: cannot be written .*; make room"):
            fetch(config(registry(), "{wnid}.tar", tars=tuple(TARS)), {}, outputs(*TARS), Path("work"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list((INCOMING / "winter21_whole").iterdir())


# --- by hand -----------------------------------------------------------------------------------------------------------------


def test_by_name_archives_go_to_incoming(server):
    registry(server)
    log_in(server)
    assert fetch_by_name(["coco", "imagenet"], REGISTRY, wnids=["n00000002"]) == {
        "train2017.zip": INCOMING / "train2017.zip",
        "val2017.zip": INCOMING / "val2017.zip",
        "n00000002.tar": INCOMING / "winter21_whole/n00000002.tar",
    }
    assert (INCOMING / "winter21_whole/n00000002.tar").read_bytes() == SYNSETS["n00000002.tar"]


def test_by_name_offline(server):
    registry(server)
    put("val2017.zip", COCO["val2017.zip"])
    assert fetch_by_name(["val2017.zip"], REGISTRY, offline=True) == {"val2017.zip": INCOMING / "val2017.zip"}
    with pytest.raises(LarvSegError, match="^data/incoming/train2017.zip: no such file"):
        fetch_by_name(["coco"], REGISTRY, offline=True)
    with pytest.raises(LarvSegError, match=r"^n00000001.tar needs a login \(offline\)"):
        fetch_by_name(["n00000001.tar"], REGISTRY, offline=True)
    assert server.exchanges == []


def test_by_name_unknown_and_licensed():
    registry()
    with pytest.raises(LarvSegError, match="did you mean 'val2017.zip'"):
        fetch_by_name(["val2071.zip"], REGISTRY)
    with pytest.raises(LarvSegError, match="^ADE20K_2021_17_01.zip is given after registration"):
        fetch_by_name(["ADE20K_2021_17_01.zip"], REGISTRY)
