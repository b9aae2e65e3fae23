"""Images that cannot be used: what goes to the table of rejects, and how many may."""

import csv
from pathlib import Path

import pytest
from PIL import Image

from larvseg.datasets.manifest import Manifest
from larvseg.datasets.rejects import KNOWN_BAD, Reject, Rejects
from larvseg.errors import LarvSegError

ADE = "ADEChallengeData2016"
IMAGE, MASK = f"{ADE}/images/training/ADE_train_00000001.jpg", f"{ADE}/annotations/training/ADE_train_00000001.png"
ARCHIVE = f"data/tiny/archives/{ADE}.zip"


def table(dataset: str) -> list[dict[str, str]]:
    with open(f"{dataset}.rejects.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def names(manifest: Manifest) -> list[str]:
    return [manifest.name(i) for i in range(len(manifest))]


def test_nothing_rejected(world):
    manifest = world.derive("A150")
    assert Path("A150.rejects.csv").read_text() == "name,split,archive,member,reason\n"
    assert manifest.header["rejected"] == 0


@pytest.mark.parametrize("damage", [lambda data: data[:-40], lambda data: data[: len(data) // 2], lambda data: b"<html>403</html>"])
@pytest.mark.parametrize("member", [IMAGE, MASK])
def test_an_image_or_mask_that_cannot_be_decoded(world, member, damage):
    world.challenge[member] = damage(world.challenge[member])
    manifest = world.derive("A150", max_rejects=0.5)
    (row,) = table("A150")
    assert [row[key] for key in ("name", "split", "archive", "member")] == ["ADE_train_00000001", "training", ARCHIVE, member]
    assert row["reason"].startswith("not a readable image (")
    assert names(manifest) == ["ADE_train_00000002", "ADE_val_00000001"] and manifest.header["rejected"] == 1
    for i in range(len(manifest)):
        assert manifest.image(i).shape[:2] == manifest.mask(i).shape


def test_a_mask_of_another_size(world):
    Image.new("L", (95, 72), 1).save("small.png")
    world.challenge[MASK] = Path("small.png").read_bytes()
    assert names(world.derive("WA150", max_rejects=0.5)) == ["ADE_train_00000002"]
    reason = "the image has 96×72 pixels, its mask 95×72"
    assert table("WA150") == [Reject("ADE_train_00000001", "training", ARCHIVE, MASK, reason)._asdict()]


def test_more_than_the_limit_is_an_error_that_leaves_the_table(world):
    world.challenge[IMAGE] = world.challenge[IMAGE][:-40]
    with pytest.raises(LarvSegError, match=r"A150: 1 of 3 images cannot be used \(33.33%, max_rejects is 30.00%\)") as error:
        world.derive("A150", max_rejects=0.3)
    message = str(error.value)
    assert f"first ADE_train_00000001 in {ARCHIVE}: not a readable image (" in message and "\n" not in message
    assert "fetch their archives again, or raise max_rejects" in message
    (path,) = Path("work").rglob("rejects.csv")
    assert str(path) in message and MASK not in path.read_text() and IMAGE in path.read_text()
    assert not Path("A150.arrow").exists() and not Path("A150.rejects.csv").exists()
    assert len(world.derive("A150", max_rejects=0.34)) == 2


def test_by_default_none_is_allowed(world):
    world.challenge[IMAGE] = b"x"
    with pytest.raises(LarvSegError, match="max_rejects is 0.00%"):
        world.derive("A150")


def test_known_bad_images_are_left_out_and_do_not_count(world):
    world.bad_images["n04257684"] = ["n04257684_9033", "n04257684_2"]  # the first is on the list, the second is not; both can be read
    manifest = world.derive("I21K")
    assert "n04257684_2" in names(manifest) and "n04257684_9033" not in names(manifest)
    assert manifest.header["rejected"] == 1
    assert [(row["name"], row["member"], row["reason"]) for row in table("I21K")] == [
        ("n04257684_9033", "n04257684_9033.JPEG", KNOWN_BAD),
    ]


def test_rejects_do_not_depend_on_the_number_of_processes(world):
    world.bad_images |= {"n04257684": ["n04257684_9033"], "n01678043": ["n01678043_6448"]}
    tables = []
    for threads in (1, 2):
        world.derive("I21K", threads=threads)
        tables.append(Path("I21K.rejects.csv").read_bytes())
    assert tables[0] == tables[1] and tables[0].index(b"n01678043") < tables[0].index(b"n04257684")


def test_reading_stops_when_there_is_no_hope():
    reject = Reject("a", "training", "x.zip", "a.jpg", "not a readable image")
    rejects = Rejects("I124", 1_000_000, 0.001)
    rejects.add([reject] * 1000)
    assert not rejects.too_many and not rejects.hopeless
    rejects.add([reject])
    assert rejects.too_many and rejects.hopeless
    few = Rejects("I124", 100, 0.0)
    few.add([reject])
    assert few.too_many and not few.hopeless
