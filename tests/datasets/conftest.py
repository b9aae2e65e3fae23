"""A few images in archives with the official names, layouts and encodings; the tests run beside them."""

import io
import json
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from larvseg.datasets.derive import derive
from larvseg.datasets.manifest import Manifest
from larvseg.vocabulary.datasets import committed
from tests.data import derive_config

NARRATIVES = committed()["LN"].archives
ADE_GROUP = "ADE20K_2021_17_01/images/ADE/training/urban/street"


def jpeg(seed: int, size=(96, 72)) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1] // 8, size[0] // 8, 3), np.uint8)
    data = io.BytesIO()
    Image.fromarray(pixels).resize(size).save(data, "JPEG", quality=95)
    return data.getvalue()


def png(values: np.ndarray) -> bytes:
    data = io.BytesIO()
    Image.fromarray(values.astype(np.uint8)).save(data, "PNG")
    return data.getvalue()


def ade_full_png(ids: np.ndarray) -> bytes:
    """R // 10 · 256 + G = id; B, the instance, and the last digit of R must not matter."""
    red = ids // 256 * 10 + 3
    return png(np.dstack([red, ids % 256, np.arange(ids.size).reshape(ids.shape) % 256]))


def tar_of(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for member, content in files.items():
            info = tarfile.TarInfo(member)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return data.getvalue()


def halves(left: int, right: int, size=(96, 72)) -> np.ndarray:
    values = np.full((size[1], size[0]), left)
    values[:, size[0] // 2 :] = right
    return values


class World:
    """Archives below data/tiny/archives of the current folder."""

    folder = Path("data/tiny/archives")

    def __init__(self):
        self.folder.mkdir(parents=True)
        self.coco = {"train2017.zip": {}, "val2017.zip": {}, "stuffthingmaps_trainval2017.zip": {}}
        for number, (left, right) in enumerate([(0, 181), (2, 255), (0, 0), (156, 105)], 1):
            self.coco["train2017.zip"][f"train2017/{number:012d}.jpg"] = jpeg(number)
            self.coco["stuffthingmaps_trainval2017.zip"][f"train2017/{number:012d}.png"] = png(halves(left, right))
        self.coco["val2017.zip"]["val2017/000000000009.jpg"] = jpeg(9)
        self.coco["stuffthingmaps_trainval2017.zip"]["val2017/000000000009.png"] = png(halves(0, 2))
        ade = "ADEChallengeData2016"
        self.challenge = {f"{ade}/objectInfo150.txt": b"Idx\n"}
        for split, name, left, right in [
            ("training", "ADE_train_00000002", 3, 0),
            ("training", "ADE_train_00000001", 150, 1),
            ("validation", "ADE_val_00000001", 1, 2),
        ]:
            self.challenge[f"{ade}/images/{split}/{name}.jpg"] = jpeg(left)
            self.challenge[f"{ade}/annotations/{split}/{name}.png"] = png(halves(left, right))
        self.full = {
            f"{ADE_GROUP}/ADE_train_00016869.jpg": jpeg(5),
            f"{ADE_GROUP}/ADE_train_00016869_seg.png": ade_full_png(halves(2978, 1)),  # wall; 1 is no A847 class
            f"{ADE_GROUP}/ADE_train_00016869_parts_1.png": ade_full_png(halves(5, 6)),
            f"{ADE_GROUP}/ADE_train_00016869/instance_000_ADE_train_00016869.png": png(halves(0, 255)),
            "ADE20K_2021_17_01/index_ade20k.pkl": b"never opened",
        }
        self.narratives = {name: "" for name in NARRATIVES}
        for shard, number, caption in ((0, 1, "A person."), (1, 2, "Two  cars."), (2, 4, "A wall."), (3, 1, "Somebody.")):
            line = {"dataset_id": "mscoco_train2017", "image_id": str(number), "caption": caption, "traces": []}
            self.narratives[NARRATIVES[shard]] += json.dumps(line) + "\n"
        self.bad_images: dict[str, list[str]] = {}  # more tars, by the names of their images
        self.tars = {"n03636248": 1, "n03636649": 3, "n04256520": 2, "n01983481": 2}  # lamp, lamp, sofa, lobster

    def add_to_full(self, *names: str, size=(96, 72), left: int = 2978) -> None:
        """More images of the full ADE20K: `left`, by default wall, beside 1, which is no class of A847."""
        for seed, name in enumerate(names):
            group = ADE_GROUP if "train" in name else ADE_GROUP.replace("training", "validation")
            self.full[f"{group}/{name}.jpg"] = jpeg(seed, size)
            self.full[f"{group}/{name}_seg.png"] = ade_full_png(halves(left, 1, size))

    def zip(self, name: str, files: dict[str, bytes]) -> Path:
        with zipfile.ZipFile(self.folder / name, "w") as archive:
            for member, data in files.items():
                method = zipfile.ZIP_DEFLATED if member.endswith(".png") else zipfile.ZIP_STORED
                archive.writestr(zipfile.ZipInfo(member), data, method)  # the same bytes at any time
        return self.folder / name

    def tar(self, name: str, files: dict[str, bytes]) -> Path:
        (self.folder / f"{name}.tar").write_bytes(tar_of(files))
        return self.folder / f"{name}.tar"

    def whole(self, folder: str = "winter21_whole/") -> Path:
        """winter21_whole.tar: the archives of the synsets in one, in another order than theirs."""
        tars = {f"{folder}{name}": path.read_bytes() for name, path in sorted(self.archives("I21K").items(), reverse=True)}
        return self.tar("winter21_whole", tars)

    def archives(self, dataset: str, prepared: bool = False) -> dict[str, Path]:
        if dataset == "C171":
            return {name: self.zip(name, files) for name, files in self.coco.items()}
        if dataset == "LN":
            for name, text in self.narratives.items():
                (self.folder / name).write_text(text)
            return {"train2017.zip": self.archives("C171")["train2017.zip"], **{name: self.folder / name for name in self.narratives}}
        if dataset == "I1K":
            tars = {f"{wnid}.tar": tar_of({f"{wnid}_7.JPEG": jpeg(seed)}) for seed, wnid in enumerate(("n04070727", "n01440764"))}
            return {"ILSVRC2012_img_train.tar": self.tar("ILSVRC2012_img_train", tars)}
        if dataset in ("A150", "WA150"):
            return {"ADEChallengeData2016.zip": self.zip("ADEChallengeData2016.zip", self.challenge)}
        if dataset in ("A847", "WA847") and prepared:
            return {"ade20k_full_prepared.zip": self.folder / "ade20k_full_prepared.zip"}
        if dataset in ("A847", "WA847"):
            return {"ADE20K_2021_17_01.zip": self.zip("ADE20K_2021_17_01.zip", self.full)}
        sizes = [(48, 40), (32, 64), (40, 40)]
        names = {synset: [f"{synset}_{i}" for i in range(count)] for synset, count in self.tars.items()} | self.bad_images
        return {
            f"{synset}.tar": self.tar(synset, {f"{name}.JPEG": jpeg(i, sizes[i]) for i, name in enumerate(images)})
            for synset, images in names.items()
        }

    def derive(self, dataset: str, **settings) -> Manifest:
        path, prepared = Path(f"{dataset}.arrow"), settings.get("prepared", False)
        config = derive_config(dataset, **{"drawn": False, **settings})
        derive(config, self.archives(dataset, prepared), {"manifest": path, "rejects": Path(f"{dataset}.rejects.csv")}, Path("work"))
        return Manifest(path)


@pytest.fixture
def world(tmp_path, monkeypatch) -> World:
    monkeypatch.chdir(tmp_path)
    return World()
