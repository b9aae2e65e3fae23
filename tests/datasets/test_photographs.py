"""The three data sets of MSRC v2, from the archive itself where it is at hand: in data/incoming/, or beside the project."""

import csv
import io
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from larvseg.datasets.derive import derive
from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError
from larvseg.pipeline import Project
from tests.jobs import job

ROOT = Path(__file__).parents[2]
ARCHIVE = "msrc_objcategimagedatabase_v2.zip"
PLACES = (ROOT / "data/incoming" / ARCHIVE, ROOT.parent / "shared/data/photos" / ARCHIVE)
MASKS = "MSRC_ObjCategImageDatabase_v2/GroundTruth/"


@pytest.fixture(scope="module")
def archive() -> Path:
    found = next((path for path in PLACES if path.is_file()), None)
    if found is None and not os.environ.get("CI"):
        pytest.skip(f"no {ARCHIVE} in data/incoming/ (docs/photographs.md says where it is from)")
    assert found, f"none of {', '.join(map(str, PLACES))} is there"
    return found


def manifest_of(dataset: str, archive: Path, folder: Path, monkeypatch) -> Manifest:
    monkeypatch.chdir(ROOT)
    made = job(Project("photos"), "derive", dataset)
    monkeypatch.chdir(folder)
    (folder / "data").mkdir(exist_ok=True)
    for place in ("data/reference",):
        if not (folder / place).exists():
            (folder / place).symlink_to(ROOT / place)
    path = Path(made.inputs[ARCHIVE])
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.symlink_to(archive)
    derive(made.config, {ARCHIVE: path}, {"manifest": Path(f"{dataset}.arrow"), "rejects": Path(f"{dataset}.csv")}, Path("work"))
    assert Path(f"{dataset}.csv").read_text().count("\n") == 1  # no image is left out
    return Manifest(Path(f"{dataset}.arrow"))


def test_the_roles_of_the_photographs(archive, tmp_path, monkeypatch):
    benchmark, masks, labels = (manifest_of(name, archive, tmp_path, monkeypatch) for name in ("MSRC", "MSRCMasks", "MSRCLabels"))
    counts = [[len(each.split(split)) for split in ("training", "validation")] for each in (benchmark, masks, labels)]
    assert counts == [[333, 256], [124, 0], [209, 0]]
    assert len(benchmark.header["classes"]) == 21 and len(masks.header["classes"]) == 10 and len(benchmark.novel()) == 11
    assert {benchmark.header["classes"][label] for label in benchmark.novel()} == set(benchmark.header["classes"]) - set(
        masks.header["classes"]
    )
    names = [{each.name(row) for row in range(len(each))} for each in (masks, labels)]
    test = {benchmark.name(row) for row in benchmark.split("validation")}
    assert not names[0] & names[1] and not test & (names[0] | names[1])
    novel = set(benchmark.novel())
    # every photograph with labels alone shows a novel category; of those with masks none does
    assert all(novel & set(labels.labels(row)) for row in range(len(labels)))
    places = {benchmark.name(row): row for row in range(len(benchmark))}
    assert not any(novel & set(benchmark.labels(places[name])) for name in names[0])
    assert labels.header["encoding"] is None and not labels.row(0)["mask"]


def test_a_mask_decodes_to_the_classes_of_its_colours(archive, tmp_path, monkeypatch):
    manifest = manifest_of("MSRC", archive, tmp_path, monkeypatch)
    with open(ROOT / "data/reference/msrc/classes.csv", newline="") as file:
        names = {tuple(bytes.fromhex(row["id"][1:])): row["name"] for row in csv.DictReader(file)}
    with zipfile.ZipFile(archive) as packed:
        for row in range(0, len(manifest), 97):
            painted = np.asarray(Image.open(io.BytesIO(packed.read(f"{MASKS}{manifest.name(row)}_GT.bmp"))).convert("RGB"))
            classes = manifest.header["classes"]
            read = np.array([*classes, None], object)[manifest.mask(row)]
            expected = np.array([[names.get(tuple(colour)) for colour in line] for line in painted.tolist()], object)
            assert (read == expected).all() and len(set(read.ravel().tolist())) > 1


def test_another_colour_is_told_with_file_and_place(archive, tmp_path, monkeypatch):
    painted = tmp_path / "painted.zip"
    shutil.copy(archive, painted)
    member = f"{MASKS}1_9_s_GT.bmp"
    with zipfile.ZipFile(archive) as packed, zipfile.ZipFile(painted, "w") as repacked:
        for name in packed.namelist():
            data = packed.read(name)
            if name == member:
                image = Image.open(io.BytesIO(data)).convert("RGB")
                image.putpixel((7, 3), (1, 2, 3))
                file = io.BytesIO()
                image.save(file, "BMP")
                data = file.getvalue()
            repacked.writestr(name, data)
    with pytest.raises(LarvSegError, match=rf"{ARCHIVE}/{member}: label id #010203 \(first in column 7, row 3, from 0\) is outside"):
        manifest_of("MSRC", painted, tmp_path, monkeypatch)
