"""Manifests of tiny archives with the official layouts."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from larvseg.datasets.derive import derive
from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError
from larvseg.files import sha256_of
from tests.data import derive_config, load_vocabulary, novel
from tests.datasets.conftest import tar_of

HALF = 96 * 72 // 2
OUTPUTS = {"manifest": Path("x.arrow"), "rejects": Path("x.csv")}


def rows(manifest: Manifest) -> list[dict]:
    return [manifest.row(i) for i in range(len(manifest))]


def named(manifest: Manifest) -> dict[str, dict]:
    return {row["name"]: row for row in rows(manifest)}


def test_c171(world):
    manifest = world.derive("C171")
    header = manifest.header
    vocabulary = load_vocabulary("C171")
    assert header["dataset"] == "C171" and header["kind"] == "pixel" and header["encoding"] == "coco-stuff"
    assert header["classes"] == list(vocabulary.names) and header["raw_ids"] == list(vocabulary.raw_ids)
    synsets = header["keys"].pop("synset")
    assert header["keys"] == {"S": list(vocabulary.keys["S"]), "P": list(vocabulary.keys["P"])}
    assert len(synsets) == 171 and synsets[0] == "n00007846" and synsets[vocabulary.names.index("fog")] == "fog"
    assert header["archives"] == {path.as_posix(): sha256_of(path) for path in world.archives("C171").values()}
    assert [(row["split"], row["name"]) for row in rows(manifest)] == [
        *(("training", f"{i:012d}") for i in (1, 2, 3, 4)),
        ("validation", "000000000009"),
    ]
    assert manifest.split("training").tolist() == [0, 1, 2, 3] and manifest.split("validation").tolist() == [4]
    row = manifest.row(0)
    assert (row["width"], row["height"], row["labels"], row["pixels"]) == (96, 72, [0, 170], [HALF, HALF])
    assert row["image"]["member"] == "train2017/000000000001.jpg" and row["image"]["method"] == 0
    assert row["mask"]["member"] == "train2017/000000000001.png" and row["mask"]["method"] == 8
    assert row["synset"] is None
    assert manifest.row(1)["labels"] == [2] and manifest.row(1)["pixels"] == [HALF]
    assert manifest.image(0).shape == (72, 96, 3)
    mask = manifest.mask(1)
    assert mask.dtype == np.int16 and np.unique(mask[:, :48]).tolist() == [2] and np.unique(mask[:, 48:]).tolist() == [-1]


def test_a_restricted_vocabulary_ignores_what_is_not_drawn(world):
    manifest = world.derive("C171", drawn=True)
    vocabulary = load_vocabulary("C171", drawn=True)
    assert manifest.header["classes"] == list(vocabulary.names) and len(vocabulary.names) < 171
    # 181, wood, is not drawn; 0 is a person
    assert manifest.row(0)["labels"] == [vocabulary.names.index("person")]
    assert set(np.unique(manifest.mask(0)).tolist()) == {-1, vocabulary.names.index("person")}


def test_a150(world):
    manifest = world.derive("A150")
    assert [(row["split"], row["name"], row["labels"]) for row in rows(manifest)] == [
        ("training", "ADE_train_00000001", [0, 149]),
        ("training", "ADE_train_00000002", [2]),
        ("validation", "ADE_val_00000001", [0, 1]),
    ]


def test_a847(world):
    manifest = world.derive("A847")
    assert [row["name"] for row in rows(manifest)] == ["ADE_train_00016869"]
    assert manifest.row(0)["labels"] == [0] and manifest.row(0)["pixels"] == [HALF]
    assert manifest.mask(0)[0, [0, 95]].tolist() == [0, -1]


@pytest.mark.parametrize("dataset, names", [("WA150", ["ADE_train_00000001", "ADE_train_00000002"]), ("WA847", ["ADE_train_00016869"])])
def test_image_level_labels_hide_the_masks(world, dataset, names):
    manifest = world.derive(dataset)
    segmented = named(world.derive(dataset[1:]))
    assert manifest.header["kind"] == "multi_label" and manifest.header["encoding"] is None
    assert [row["name"] for row in rows(manifest)] == names
    for row in rows(manifest):
        assert row["labels"] == segmented[row["name"]]["labels"]
        assert row["mask"] is None and row["pixels"] is None
    with pytest.raises(LarvSegError, match=f"{names[0]} has no mask"):
        manifest.mask(0)


def test_labels_of_crops_need_the_masks(world):
    manifest = world.derive("WA150", weak_labels="crop")
    assert manifest.header["kind"] == "multi_label" and manifest.header["encoding"] == "ade-challenge"
    assert manifest.mask(0)[0, [0, 95]].tolist() == [149, 0]


def test_i124_takes_the_synset_with_most_images(world):
    manifest = world.derive("I124", drawn=True)
    # of the two of lamp, n03636649 has more images; lobster is no A150 class
    assert manifest.header["classes"] == ["sofa", "lamp"] and manifest.header["keys"] == dict.fromkeys("SP", ["sofa", "lamp"])
    assert [(row["name"], row["synset"], row["labels"], row["pixels"], row["mask"]) for row in rows(manifest)] == [
        *((f"n03636649_{i}", "n03636649", [1], None, None) for i in range(3)),
        *((f"n04256520_{i}", "n04256520", [0], None, None) for i in range(2)),
    ]
    assert "palm" in manifest.header["absent"]
    assert [(row["width"], row["height"]) for row in rows(manifest)[:3]] == [(48, 40), (32, 64), (40, 40)]
    assert manifest.image(1).shape == (64, 32, 3)


def test_of_equal_synsets_the_smaller_is_taken(world):
    world.tars = {"n03636649": 2, "n03636248": 2}
    assert {row["synset"] for row in rows(world.derive("I124"))} == {"n03636248"}


def test_i585_is_spelled_like_a847(world):
    world.tars = {"n03452741": 1, "n03636248": 1, "n03636649": 2}
    manifest = world.derive("I585")
    names = load_vocabulary("A847").names
    assert "grand-piano" in manifest.header["classes"]
    assert manifest.header["classes"] == sorted(manifest.header["classes"], key=names.index)


def test_i21k_names_classes_by_synset(world):
    manifest = world.derive("I21K")
    assert manifest.header["classes"] == ["n01983481", "n03636248", "n03636649", "n04256520"]
    assert manifest.header["keys"]["S"] == manifest.header["classes"]
    assert [row["labels"] for row in rows(manifest)] == [[0], [0], [1], [2], [2], [2], [3], [3]]
    assert [row["name"] for row in rows(manifest)] == sorted(row["name"] for row in rows(manifest))


def test_in11k_holds_the_synsets_with_enough_images(world):
    manifest = world.derive("IN11K", larger_than=1)
    assert manifest.header["classes"] == manifest.header["keys"]["synset"] == ["n01983481", "n03636649", "n04256520"]
    assert [row["labels"] for row in rows(manifest)] == [[0], [0], [1], [1], [1], [2], [2]]


@pytest.mark.parametrize("dataset, larger_than", [("I21K", 0), ("IN11K", 1)])
@pytest.mark.parametrize("folder", ["winter21_whole/", ""])
def test_all_synsets_in_one_archive(world, dataset, larger_than, folder):
    config = derive_config(dataset, drawn=False, larger_than=larger_than, whole=True)
    expected, whole = world.derive(dataset, larger_than=larger_than), world.whole(folder)
    derive(config, {whole.name: whole}, {"manifest": Path("whole.arrow"), "rejects": Path("whole.csv")}, Path("work"))
    manifest = Manifest(Path("whole.arrow"))
    for key in ("classes", "keys", "absent"):
        assert manifest.header[key] == expected.header[key]
    assert manifest.header["archives"] == {whole.as_posix(): sha256_of(whole)}
    for row in range(len(expected)):
        ours, theirs = manifest.row(row), expected.row(row)
        assert ours["image"]["archive"] == whole.as_posix()
        assert {key: value for key, value in ours.items() if key != "image"} == {
            key: value for key, value in theirs.items() if key != "image"
        }
        assert np.array_equal(manifest.image(row), expected.image(row))
    assert len(manifest) == len(expected) > 6


def test_an_archive_that_is_not_of_synsets_is_refused(world):
    path = world.tar("winter21_whole", {"winter21_whole/readme.tar": tar_of({"readme.txt": b"hello"})})
    with pytest.raises(LarvSegError, match="winter21_whole.tar: 'winter21_whole/readme.tar' in it is no archive of a synset"):
        derive(derive_config("I21K", drawn=False, whole=True), {path.name: path}, OUTPUTS, Path("work"))
    with pytest.raises(LarvSegError, match="winter21_whole.tar: no archives of synsets in it"):
        derive(derive_config("IN11K", drawn=False, larger_than=500, whole=True), {path.name: world.whole()}, OUTPUTS, Path("work"))


def test_same_bytes_again_and_pickling(world):
    first = world.derive("A150").path.read_bytes()
    manifest = world.derive("A150")
    assert manifest.path.read_bytes() == first
    assert str(Path.cwd()).encode() not in first
    again = pickle.loads(pickle.dumps(manifest))
    assert rows(again) == rows(manifest) and np.array_equal(again.mask(0), manifest.mask(0))


def test_unknown_data_set():
    with pytest.raises(LarvSegError, match="no data set 'A105'; did you mean 'A150'?"):
        derive_config("A105", drawn=False)


def test_novel_classes_are_those_that_the_base_data_set_does_not_have(world):
    for dataset in ("A150", "WA150", "I124"):
        manifest = world.derive(dataset, drawn=True)
        assert manifest.header["novel"] == {rule: list(found) for rule, found in novel(manifest.header["classes"]).items()}
        assert manifest.header["benchmark"] == (None if dataset == "A150" else "A150")
    assert [manifest.header["classes"][label] for label in manifest.novel("S")] == ["sofa", "lamp"]
    with pytest.raises(LarvSegError, match="C171 has no base data set, so no novel classes"):
        world.derive("C171").novel()


def test_missing_archive(world):
    inputs = world.archives("C171")
    del inputs["val2017.zip"]
    with pytest.raises(LarvSegError, match="C171 needs the archive val2017.zip"):
        derive(derive_config("C171", drawn=False), inputs, OUTPUTS, Path("work"))


def test_no_synset_at_hand(world):
    world.tars = {"n01983481": 1}
    with pytest.raises(LarvSegError, match="I124: none of its synsets"):
        world.derive("I124")


def test_mask_outside_the_encoding(world):
    from PIL import Image

    mask = "ADEChallengeData2016/annotations/training/ADE_train_00000001.png"
    Image.new("L", (96, 72), 167).save("bad.png")
    world.challenge[mask] = Path("bad.png").read_bytes()
    with pytest.raises(
        LarvSegError,
        match=r"ADEChallengeData2016.zip/.*/ADE_train_00000001.png: label id 167 is outside the encoding ade-challenge \(0..150\)",
    ):
        world.derive("WA150")
    del world.challenge[mask]
    with pytest.raises(LarvSegError, match="ADE_train_00000001: no mask .* in data/tiny/archives/ADEChallengeData2016.zip"):
        world.derive("WA150")
    assert not list(Path.cwd().glob("*arrow*")) and not list(Path.cwd().glob(".*arrow*"))


def test_damaged_archive(world):
    inputs = world.archives("A150")
    path = inputs["ADEChallengeData2016.zip"]
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(LarvSegError, match=f"{path}: expected a whole zip archive"):
        derive(derive_config("A150", drawn=False), inputs, OUTPUTS, Path("work"))


def test_archive_that_changed_after_the_manifest_was_made(world):
    manifest = world.derive("A150")
    path = world.folder / "ADEChallengeData2016.zip"
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(LarvSegError, match=f"expected {size} bytes, found {size - 500}"):
        manifest.image(0)
    path.unlink()
    with pytest.raises(LarvSegError, match="no such file"):
        manifest.mask(0)


def test_hostile_member_names_are_refused(world):
    world.challenge["ADEChallengeData2016/images/training/../../../../../../etc/passwd.jpg"] = b"x"
    with pytest.raises(LarvSegError, match="ADEChallengeData2016.zip: refused, .*passwd.jpg"):
        world.derive("A150")


def test_damaged_manifest(world):
    data = world.derive("A150").path.read_bytes()
    for damaged in (b"", b"not arrow", data[:-100], data[: len(data) // 2]):
        Path("damaged.arrow").write_bytes(damaged)
        with pytest.raises(LarvSegError, match=r"damaged.arrow: not a manifest \(.*derive it again"):
            Manifest(Path("damaged.arrow"))


def test_missing_manifest_row_and_split(world):
    with pytest.raises(LarvSegError, match="none.arrow: no such file; derive it first"):
        Manifest(Path("none.arrow"))
    manifest = world.derive("A150")
    with pytest.raises(IndexError):
        manifest.row(3)
    with pytest.raises(LarvSegError, match="unknown split 'test'"):
        manifest.split("test")
