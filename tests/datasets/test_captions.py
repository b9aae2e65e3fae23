"""Manifests of images with captions, and of ImageNet-1K."""

import csv
import json
import zipfile
from pathlib import Path

import pytest

from larvseg.datasets import listing
from larvseg.datasets.captions import LONGEST_TEXT
from larvseg.datasets.derive import derive
from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError
from tests.data import derive_config
from tests.datasets.conftest import NARRATIVES, jpeg, tar_of

COCO_TRAIN = "train2017.zip"

OUTPUTS = {"manifest": Path("x.arrow"), "rejects": Path("x.csv")}


@pytest.fixture(autouse=True)
def beside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def derived(dataset: str, inputs: dict[str, Path], **settings) -> Manifest:
    derive(derive_config(dataset, **{"drawn": False, **settings}), inputs, OUTPUTS, Path("work"))
    return Manifest(OUTPUTS["manifest"])


def rejects() -> list[tuple[str, str, str, str]]:
    with open(OUTPUTS["rejects"], newline="") as file:
        return [(row["name"], Path(row["archive"]).name, row["member"], row["reason"]) for row in csv.DictReader(file)]


def tar(path: str, files: dict[str, bytes]) -> Path:
    Path(path).parent.mkdir(exist_ok=True)
    Path(path).write_bytes(tar_of(files))
    return Path(path)


# ---- Localized Narratives


def line(image: int | str, caption: str, dataset: str = "mscoco_train2017") -> str:
    return json.dumps({"dataset_id": dataset, "image_id": str(image), "annotator_id": 1, "caption": caption, "traces": []}) + "\n"


@pytest.fixture
def told():
    """The archives of LN: five images, of which three are described; lines by file."""
    with zipfile.ZipFile(COCO_TRAIN, "w") as archive:
        for number in range(1, 6):
            archive.writestr(f"train2017/{number:012d}.jpg", jpeg(number))
    lines = {name: "" for name in NARRATIVES}
    lines[NARRATIVES[0]] = line(4, "A  dog\nand a\tcat.") + line(2, "Here I can see a lamp.")
    lines[NARRATIVES[2]] = line("000000000003", "Une forêt.") + line(4, "Nothing much.")

    def write() -> dict[str, Path]:
        for name, text in lines.items():
            Path(name).write_text(text)
        return {name: Path(name) for name in (COCO_TRAIN, *lines)}

    write.lines = lines
    return write


def test_images_of_coco_with_what_people_say_of_them(told):
    manifest = derived("LN", told())
    rows = [manifest.row(i) for i in range(len(manifest))]
    assert [(row["name"], row["captions"]) for row in rows] == [
        ("000000000002", ["Here I can see a lamp."]),
        ("000000000003", ["Une forêt."]),
        ("000000000004", ["A dog and a cat.", "Nothing much."]),
    ]
    assert manifest.captions(2) == ("A dog and a cat.", "Nothing much.") and manifest.image(2).shape == (72, 96, 3)
    for row in rows:
        assert row["split"] == "training" and row["mask"] is None and row["labels"] == [] and row["pixels"] is None
        assert row["image"]["archive"] == COCO_TRAIN and row["image"]["member"] == f"train2017/{row['name']}.jpg"
    header = manifest.header
    assert header["kind"] == "caption" and header["classes"] == [] and header["keys"] == {"S": [], "P": []} and header["encoding"] is None
    assert set(header["archives"]) == {COCO_TRAIN, *NARRATIVES} and header["rejected"] == 0
    assert rejects() == []


def test_narratives_of_no_image_are_rejected(told):
    told.lines[NARRATIVES[3]] = line(77, "Gone.") + line("1", " \n ") + line("x1", "What?")
    with pytest.raises(LarvSegError, match="LN: 3 of 6 images cannot be used .*first 000000000001 in .*: an empty caption"):
        derived("LN", told())
    manifest = derived("LN", told(), max_rejects=0.5)
    assert len(manifest) == 3 and manifest.header["rejected"] == 3
    assert rejects() == [
        ("000000000001", NARRATIVES[3], "line 2", "an empty caption"),
        ("000000000077", NARRATIVES[3], "line 1", "no such image in train2017.zip"),
        ("0000000000x1", NARRATIVES[3], "line 3", "no such image in train2017.zip"),
    ]


@pytest.mark.parametrize("name", ["ade20k_train_localized_narratives.jsonl", "ade20k_validation_localized_narratives.jsonl"])
def test_narratives_of_ade_are_refused(told, name):
    inputs = told()
    Path(name).write_text(line("ADE_train_00000001", "A room.", "ADE20k_train"))
    with pytest.raises(LarvSegError, match=f"{name}: refused, it describes images of A150"):
        derived("LN", {**inputs, name: Path(name)})
    # nor under another name
    Path(NARRATIVES[1]).write_text(Path(name).read_text())
    with pytest.raises(LarvSegError, match="00001-of-00004.jsonl:1: refused, a narrative of ADE20K"):
        derived("LN", inputs)


def test_other_narratives_are_refused(told):
    inputs = told()
    with pytest.raises(LarvSegError, match="coco_val_localized_narratives.jsonl: LN has the narratives of train2017.zip only"):
        derived("LN", {**inputs, "coco_val_localized_narratives.jsonl": Path(NARRATIVES[0])})
    told.lines[NARRATIVES[1]] = line(1, "x", "mscoco_val2017")
    with pytest.raises(LarvSegError, match="jsonl:1: a narrative of 'mscoco_val2017', not of mscoco_train2017"):
        derived("LN", told())
    del inputs[NARRATIVES[2]]
    with pytest.raises(LarvSegError, match=f"LN needs the archive {NARRATIVES[2]}; fetch it first"):
        derived("LN", inputs)


def test_a_line_that_is_no_narrative(told):
    told.lines[NARRATIVES[1]] = line(1, "x") + "{]\n"
    with pytest.raises(LarvSegError, match=f"{NARRATIVES[1]}:2: not a line of JSON"):
        derived("LN", told())
    assert not list(Path.cwd().glob("*.arrow"))


def test_without_any_narrative(told):
    told.lines.update(dict.fromkeys(NARRATIVES, ""))
    with pytest.raises(LarvSegError, match="LN: no image with a caption in 5 archives"):
        derived("LN", told())


def test_images_of_a_data_set_without_captions_have_none(world):
    with pytest.raises(LarvSegError, match="A150.arrow: ADE_train_00000001 has no captions"):
        world.derive("A150").captions(0)


# ---- image-text tars


def shards(**more: bytes) -> dict[str, Path]:
    first = {"000000000.jpg": jpeg(0), "000000000.txt": b"  DSC_0412\n", "000000000.json": b"{}"}
    second = {
        "000010000.txt": "ein Schloß & more".encode(),
        "000010000.PNG": jpeg(1, (40, 40)),
        **{k.replace("_", "."): v for k, v in more.items()},
    }
    return {"00000.tar": tar("itpair/00000.tar", first), "00001.tar": tar("itpair/00001.tar", second)}


def test_image_text_tars():
    manifest = derived("ITPair", shards())
    assert [(row["name"], row["captions"]) for row in map(manifest.row, range(len(manifest)))] == [
        ("000000000", ["DSC_0412"]),
        ("000010000", ["ein Schloß & more"]),
    ]
    row = manifest.row(1)
    assert (row["split"], row["labels"], row["synset"], row["mask"]) == ("training", [], None, None)
    assert row["image"]["archive"] == "itpair/00001.tar" and manifest.image(1).shape == (40, 40, 3)
    assert manifest.header["classes"] == [] and manifest.header["kind"] == "caption"


def test_samples_that_lack_something_are_rejected():
    more = {
        "000010001_jpg": jpeg(2),  # and no caption
        "000010002_txt": b"a dog",  # and no image
        "000010003_json": b"{}",
        "000010004_jpg": jpeg(3),
        "000010004_txt": b"\xff\xfe",
        "000010005_jpg": jpeg(3)[:200],
        "000010005_txt": b"cut off",
        "000010006_jpg": jpeg(4),
        "000010006_txt": b" \n",
        "000010007_jpg": jpeg(5),
        "000010007_txt": b"x" * (LONGEST_TEXT + 1),
    }
    manifest = derived("ITPair", shards(**more), max_rejects=0.9)
    assert len(manifest) == 2 and manifest.header["rejected"] == 7
    found = {name: (member, reason) for name, _, member, reason in rejects()}
    assert found.pop("000010005")[1].startswith("not a readable image")
    assert found == {
        "000010001": ("000010001.jpg", "no caption: no .txt beside it"),
        "000010002": ("000010002.txt", "no image"),
        "000010003": ("000010003.json", "no image"),
        "000010004": ("000010004.txt", "the caption is not UTF-8"),
        "000010006": ("000010006.txt", "an empty caption"),
        "000010007": ("000010007.jpg", f"a caption of {LONGEST_TEXT + 1} bytes, over the limit of {LONGEST_TEXT}"),
    }


def test_shards_of_different_collections_are_refused():
    inputs = shards()
    inputs["00002.tar"] = tar("itpair/00002.tar", {"000000000.jpg": jpeg(9), "000000000.txt": b"another"})
    with pytest.raises(LarvSegError, match="itpair/00002.tar: the sample '000000000' is in 00000.tar, too"):
        derived("ITPair", inputs)
    Path("x.zip").write_bytes(b"")
    with pytest.raises(LarvSegError, match="x.zip: ITPair is made of image-text tars"):
        derived("ITPair", {"x.zip": Path("x.zip"), **shards()})


@pytest.mark.parametrize("dataset", ["LN", "ITPair"])
def test_same_bytes_for_any_number_of_processes(told, monkeypatch, dataset):
    monkeypatch.setattr(listing, "_CHUNK", 1)
    inputs = told() if dataset == "LN" else shards()
    one = derived(dataset, inputs).path.read_bytes()
    assert derived(dataset, inputs, threads=2).path.read_bytes() == one


# ---- ImageNet-1K


def nested(**more: bytes) -> dict[str, Path]:
    outer = {}
    for wnid, numbers in (("n01443537", (2, 16)), ("n01440764", (10026,))):
        files = {f"{wnid}_{number}.JPEG": jpeg(number, (40 + number % 7, 32)) for number in numbers}
        outer[f"{wnid}.tar"] = tar_of(files)
    return {"ILSVRC2012_img_train.tar": tar("ILSVRC2012_img_train.tar", outer | {k.replace("_", "."): v for k, v in more.items()})}


def test_imagenet_1k_is_read_in_its_tar_of_tars():
    manifest = derived("I1K", nested())
    rows = [manifest.row(i) for i in range(len(manifest))]
    assert [(row["name"], row["synset"], row["labels"]) for row in rows] == [
        ("n01440764_10026", "n01440764", [0]),
        ("n01443537_16", "n01443537", [1]),
        ("n01443537_2", "n01443537", [1]),
    ]
    assert [manifest.image(i).shape for i in range(3)] == [(row["height"], row["width"], 3) for row in rows]
    assert rows[0]["width"] == 40 + 10026 % 7 and rows[0]["captions"] is None
    header = manifest.header
    assert header["kind"] == "single_label" and header["classes"] == ["n01440764", "n01443537"] == header["keys"]["S"]
    assert list(header["archives"]) == ["ILSVRC2012_img_train.tar"]


def test_imagenet_1k_with_two_processes():
    one = derived("I1K", nested()).path.read_bytes()
    assert derived("I1K", nested(), threads=2).path.read_bytes() == one


def test_another_archive_than_imagenet_1k():
    with pytest.raises(LarvSegError, match="I1K needs the archive ILSVRC2012_img_train.tar"):
        derived("I1K", {})
    with pytest.raises(LarvSegError, match="'other.tar' in it is no archive of a synset"):
        derived("I1K", nested(other_tar=tar_of({"a": b""})))
    flat = {"ILSVRC2012_img_train.tar": tar("ILSVRC2012_img_train.tar", {"n01440764_1.JPEG": jpeg(1)})}
    with pytest.raises(LarvSegError, match="no archives of synsets in it"):
        derived("I1K", flat)


def test_a_damaged_tar_in_the_tar():
    inputs = nested(n02000000_tar=b"x" * 1024)
    with pytest.raises(LarvSegError, match="ILSVRC2012_img_train.tar: expected a whole tar archive"):
        derived("I1K", inputs)
