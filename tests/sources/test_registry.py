"""The registry of archives."""

from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from larvseg.errors import LarvSegError
from larvseg.pipeline import Project
from larvseg.sources.access import place_of
from larvseg.sources.registry import files_named, is_synset_tar, load_registry, source_of
from larvseg.vocabulary.synsets import imagenet_synsets
from tests.data import load_vocabulary

OFFICIAL = load_registry(Path("workflow/config/sources.yaml"))
PLAIN = {"family": "coco", "url": "http://example.org/a.zip", "gigabytes": 1.0, "licence": "CC0"}


@pytest.fixture
def written(tmp_path):
    def write(**archives):
        path = tmp_path / "sources.yaml"
        path.write_text(yaml.safe_dump({"archives": archives}))
        return path

    return write


def test_the_official_registry_holds_what_the_publishers_say():
    archives = OFFICIAL.archives
    assert archives["train2017.zip"].md5 == "cced6f7f71b7629ddf16f17bbcfab6b2"
    assert archives["index_ade20k.pkl"].size == 817_537_016
    assert archives["stuffthingmaps_trainval2017.zip"].counts == {"train2017/*.png": 118_287, "val2017/*.png": 5_000}
    assert archives["ADE20K_2021_17_01.zip"].access == "registration" and archives["ADE20K_2021_17_01.zip"].url is None
    assert archives["winter21_whole.tar.gz"].access == archives["{wnid}.tar"].access == "login"
    assert not any("ade20k" in name and name.endswith(".jsonl") for name in archives), "narratives of the validation images of A150"
    assert sum(name.endswith(".jsonl") for name in archives) == 20


def test_synsets_that_are_none_of_imagenet_are_not_asked_for():
    wanted = {wnid for name in ("I124", "I585") for wnids in load_vocabulary(name).synsets.values() for wnid in wnids}
    absent = OFFICIAL.archives["{wnid}.tar"].absent
    assert wanted - imagenet_synsets().keys() == set(absent) == {"n09859684"}
    assert not {f"{wnid}.tar" for wnid in absent} & set(Project("paper").families["imagenet"])


def installed(package: str, file: str) -> str:
    """The text of a file of an installed package; importing these takes seconds."""
    return Path(find_spec(package).submodule_search_locations[0], file).read_text(encoding="utf-8")


def test_the_checksums_of_clip_are_those_that_open_clip_lists():
    listed = installed("open_clip", "pretrained.py")
    ours = {name: source for name, source in OFFICIAL.archives.items() if name.endswith(".pt")}
    assert len(ours) == 6
    for name, source in ours.items():
        assert source.url in listed and source.url.endswith(f"/{source.sha256}/{name}")


@pytest.mark.parametrize("tag", ["vit_base_patch16_384.augreg_in21k_ft_in1k", "vit_base_patch16_224.augreg_in21k"])
def test_the_backbones_are_where_timm_has_them(tag):
    assert f"'{tag}': _cfg(" in installed("timm", "models/vision_transformer.py")
    source = OFFICIAL.archives[f"{tag}.safetensors"]
    assert (
        source.hub == f"timm/{tag}/model.safetensors" and source.url == f"https://huggingface.co/timm/{tag}/resolve/main/model.safetensors"
    )


def test_a_synset_stands_for_itself():
    name, source = source_of(OFFICIAL, "n04256520.tar")
    assert name == "{wnid}.tar" and source.url == "https://image-net.org/data/winter21_whole/n04256520.tar"
    assert source_of(OFFICIAL, "val2017.zip") == ("val2017.zip", OFFICIAL.archives["val2017.zip"])


@pytest.mark.parametrize(
    "file, nearest", [("train2071.zip", "train2017.zip"), ("n0425652.tar", "{wnid}.tar"), ("{wnid}.tar", "{wnid}.tar"), ("../x.tar", "")]
)
def test_an_unknown_archive(file, nearest):
    with pytest.raises(LarvSegError, match=f"^no archive '{file}' is registered; .*{nearest}"):
        source_of(OFFICIAL, file)


def test_names_and_families():
    assert files_named(OFFICIAL, ["ade_challenge", "val2017.zip"]) == ["ADEChallengeData2016.zip", "val2017.zip"]
    assert files_named(OFFICIAL, ["imagenet", "n00000002.tar"], ["n00000001"]) == ["n00000001.tar", "n00000002.tar"]
    with pytest.raises(LarvSegError, match="^imagenet: say which synsets"):
        files_named(OFFICIAL, ["imagenet"])
    with pytest.raises(LarvSegError, match="did you mean 'coco'"):
        files_named(OFFICIAL, ["cocoo"])


@pytest.mark.parametrize(
    "name, changes, message",
    [
        ("../a.zip", {}, "not a plain file name"),
        ("a/b.zip", {}, "not a plain file name"),
        ("a..zip", {}, "not a plain file name"),
        ("{split}.zip", {}, "only {wnid}.tar stands for several"),
        ("a.zip", {"url": "ftp://example.org/a.zip"}, "not an http or https URL"),
        ("a.zip", {"mirrors": ["file:///etc/passwd"]}, "not an http or https URL"),
        ("{wnid}.tar", {}, "belongs into both"),
        ("a.zip", {"md5": "12"}, "md5 is not 32"),
        ("a.zip", {"sha256": "A" * 64}, "sha256 is not 64"),
        ("a.zip", {"url": None}, "have no url"),
        ("a.zip", {"access": "login"}, "needs request"),
        ("a.zip", {"hub": "timm/x"}, "is not <owner>/<repository>/<file>"),
        ("a.zip", {"sise": 1}, "did you mean 'size'"),
    ],
)
def test_a_wrong_entry_is_named(written, name, changes, message):
    path = written(**{name: PLAIN | changes})
    with pytest.raises(LarvSegError, match=f"sources.yaml: .*{message}"):
        load_registry(path)


def test_only_archives_of_synsets_have_a_folder_of_their_own():
    names = ("n04256520.tar", "winter21_whole.tar", "ILSVRC2012_img_train.tar", "train2017.zip")
    assert [is_synset_tar(name) for name in names] == [True, False, False, False]
    places = [place_of(name, Path("incoming")).as_posix() for name in names]
    assert places == ["incoming/winter21_whole/n04256520.tar", *(f"incoming/{name}" for name in names[1:])]
