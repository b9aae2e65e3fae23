"""Manifests of many rows."""

import numpy as np

from larvseg.datasets.manifest import Manifest, write_manifest


def location(archive: str, i: int) -> dict:
    return {"archive": archive, "member": f"m{i}", "offset": i * 2**20, "length": i, "method": 8 if i % 2 else 0, "size": 2 * i}


def row(i: int) -> dict:
    return {
        "name": f"picture {i}",
        "split": "validation" if i % 3 == 0 else "training",
        "width": i,
        "height": i + 1,
        "image": location("b.zip", i),
        "mask": location("a.zip", i) if i % 5 else None,
        "labels": list(range(i % 4)),
        "pixels": [1] * (i % 4) if i % 2 else None,
        "synset": f"n{i:08d}" if i % 7 else None,
    }


def test_rows_of_several_batches_come_back(tmp_path):
    count = 20_000
    header = {"dataset": "x", "raw_ids": [], "archives": {"a.zip": "0", "b.zip": "1"}, "archive_sizes": {}}
    write_manifest(tmp_path / "many.arrow", map(row, range(count)), header)
    manifest = Manifest(tmp_path / "many.arrow")
    assert len(manifest) == count and manifest.header == header
    for i in [0, 1, 2, 35, 8191, 8192, 2 * 8192 + 35, count - 1]:
        assert manifest.row(i) == row(i)
        assert manifest.name(i) == f"picture {i}" and manifest.labels(i) == tuple(range(i % 4))
    validation = manifest.split("validation")
    assert np.array_equal(validation, np.arange(0, count, 3))
    assert len(manifest.split("training")) == count - len(validation)


def test_no_rows(tmp_path):
    header = {"raw_ids": [], "archives": {}, "archive_sizes": {}}
    write_manifest(tmp_path / "none.arrow", [], header)
    manifest = Manifest(tmp_path / "none.arrow")
    assert len(manifest) == 0 and len(manifest.split("training")) == 0
