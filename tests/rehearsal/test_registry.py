"""The registry of a rehearsal beside the official one."""

import hashlib
from pathlib import Path

import pytest

from larvseg.errors import LarvSegError
from larvseg.rehearsal.archives import SERVED
from larvseg.rehearsal.registry import site_files, write_registry
from larvseg.sources.integrity import prove
from larvseg.sources.registry import load_registry, source_of

OFFICIAL = Path(__file__).parents[2] / "workflow/config/sources.yaml"
URL = "http://127.0.0.1:1234"


@pytest.fixture
def registries(place, tmp_path):
    official = load_registry(OFFICIAL)
    write_registry(tmp_path / "sources.yaml", official, place, URL)
    return official, load_registry(tmp_path / "sources.yaml")


def test_same_archives_and_terms_but_no_way_out(registries):
    official, ours = registries
    assert list(ours.archives) == list(official.archives)
    for name, source in ours.archives.items():
        theirs = official.archives[name]
        assert (source.family, source.access, source.request, source.hub) == (theirs.family, theirs.access, theirs.request, theirs.hub)
        assert (source.url is None) == (theirs.url is None) and not source.mirrors
        assert source.url is None or source.url.startswith(f"{URL}/")


def test_the_archives_prove_to_be_what_the_registry_says(registries, place):
    official, ours = registries
    files = site_files(place)
    proved = 0
    for path, file in files.items():
        if path.count("/") == 1:
            assert ours.archives[file.name].url == URL + path
            prove(file, ours.archives[file.name])
            assert set(ours.archives[file.name].counts) == set(official.archives[file.name].counts)
            proved += 1
    assert proved == 14
    assert ours.archives["train2017.zip"].md5 == hashlib.md5((place / SERVED / "train2017.zip").read_bytes()).hexdigest()
    assert ours.archives["train2017.zip"].counts == {"train2017/*.jpg": 6}
    assert ours.archives["RN50x64.pt"].sha256 == hashlib.sha256((place / SERVED / "RN50x64.pt").read_bytes()).hexdigest()
    assert ours.archives["stuffthingmaps_trainval2017.zip"].md5 is None  # none is published
    _, source = source_of(ours, "n04520170.tar")
    prove(files["/winter21_whole/n04520170.tar"], source)
    assert source.url == f"{URL}/winter21_whole/n04520170.tar"


def test_an_official_count_that_nothing_fits_is_an_error(place, tmp_path):
    official = load_registry(OFFICIAL)
    source = official.archives["val2017.zip"].model_copy(update={"counts": {"captions/*.json": 1}})
    changed = official.model_copy(update={"archives": {**official.archives, "val2017.zip": source}})
    with pytest.raises(LarvSegError, match=r"val2017.zip: holds no captions/\*.json"):
        write_registry(tmp_path / "sources.yaml", changed, place, URL)
