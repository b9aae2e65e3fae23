"""Manifests of many rows."""

import numpy as np
import pyarrow as pa
import pytest

from larvseg.datasets import manifest as manifests
from larvseg.datasets.manifest import Manifest, record_batch, write_batches, write_manifest


def location(archive: str, i: int) -> dict:
    return {"archive": archive, "member": f"m{i}", "offset": i * 2**20, "length": i, "method": 8 if i % 2 else 0, "size": 2 * i}


def row(i: int) -> dict:
    return {
        "name": f"image {i}",
        "split": "validation" if i % 3 == 0 else "training",
        "width": i,
        "height": i + 1,
        "image": location("b.zip", i),
        "mask": location("a.zip", i) if i % 5 else None,
        "labels": list(range(i % 4)),
        "pixels": [1] * (i % 4) if i % 2 else None,
        "synset": f"n{i:08d}" if i % 7 else None,
        "captions": [f"caption {j}" for j in range(i % 3)] if i % 2 else None,
    }


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(manifests, "_BATCH", 1000)


def test_rows_of_several_batches_come_back(tmp_path, small_batches):
    count = 3500
    header = {"dataset": "x", "raw_ids": [], "archives": {"a.zip": "0", "b.zip": "1"}, "archive_sizes": {}}
    write_manifest(tmp_path / "many.arrow", map(row, range(count)), header)
    manifest = Manifest(tmp_path / "many.arrow")
    assert len(manifest) == count and manifest.header == header
    for i in [0, 1, 2, 35, 999, 1000, 2035, count - 1]:
        assert manifest.row(i) == row(i)
        assert manifest.name(i) == f"image {i}" and manifest.labels(i) == tuple(range(i % 4))
    validation = manifest.split("validation")
    assert validation.dtype == np.int32 and np.array_equal(validation, np.arange(0, count, 3))
    assert len(manifest.split("training")) == count - len(validation)


@pytest.mark.parametrize("size", [7, 999, 2500])
def test_rows_may_come_in_batches_of_any_size(tmp_path, small_batches, size):
    rows = [row(i) for i in range(2500)]
    header = {"raw_ids": [], "archives": {"a.zip": "0", "b.zip": "1"}, "archive_sizes": {}}
    write_manifest(tmp_path / "rows.arrow", rows, header)
    batches = (record_batch(rows[start : start + size]) for start in range(0, len(rows), size))
    write_batches(tmp_path / "batches.arrow", batches, header)
    files = [pa.ipc.open_file(str(tmp_path / name)) for name in ("rows.arrow", "batches.arrow")]
    assert [file.num_record_batches for file in files] == [3, 3]
    assert all(files[0].get_batch(i).equals(files[1].get_batch(i)) for i in range(3))


def test_an_archive_must_stand_in_the_header(tmp_path):
    header = {"raw_ids": [], "archives": {"a.zip": "0"}, "archive_sizes": {}}
    with pytest.raises(ValueError, match="does not list"):
        write_manifest(tmp_path / "x.arrow", [row(1)], header)
    assert not list(tmp_path.iterdir())


def test_no_rows(tmp_path):
    header = {"raw_ids": [], "archives": {}, "archive_sizes": {}}
    write_manifest(tmp_path / "none.arrow", [], header)
    manifest = Manifest(tmp_path / "none.arrow")
    assert len(manifest) == 0 and len(manifest.split("training")) == 0
