"""Manifests of many rows."""

import json

import numpy as np
import pyarrow as pa
import pytest

from larvseg.datasets import manifest as manifests
from larvseg.datasets.manifest import Manifest, record_batch, write_batches, write_manifest
from larvseg.errors import LarvSegError


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


def test_columns_are_those_of_the_rows(tmp_path, small_batches, monkeypatch):
    monkeypatch.setattr(manifests, "_ROWS_AT_ONCE", 300)
    count = 2100
    header = {"dataset": "x", "raw_ids": [], "archives": {"a.zip": "0", "b.zip": "1"}, "archive_sizes": {}}
    write_manifest(tmp_path / "many.arrow", map(row, range(count)), header)
    manifest = Manifest(tmp_path / "many.arrow")
    rows = np.array([0, 4, 999, 1000, 1001, 1500, 2099])
    assert manifest.sizes(rows).tolist() == [[i, i + 1] for i in rows]
    assert manifest.files(rows).to_pylist() == [f"b.zip/m{i}" for i in rows]
    archive, offset, length = manifest.places(rows)
    assert [manifest.archives[each] for each in archive] == ["b.zip"] * 7
    assert offset.tolist() == [i * 2**20 for i in rows] and length.tolist() == rows.tolist()
    none = rows[:0]
    assert (
        manifest.sizes(none).shape == (0, 2) and not len(manifest.files(none)) and [len(each) for each in manifest.places(none)] == [0] * 3
    )
    wanted = ["image 3", "image 1001", "image 7", "image 9999"]
    assert manifest.rows_named(wanted, "training") == {"image 1001": 1001, "image 7": 7}
    assert manifest.rows_named(wanted, "validation") == {"image 3": 3}


def test_annotations_are_those_of_the_rows(tmp_path, small_batches, monkeypatch):
    monkeypatch.setattr(manifests, "_ROWS_AT_ONCE", 300)
    rows = [row(i) | {"pixels": [i + 1] * (i % 4)} for i in range(2100)]
    header = {"dataset": "x", "raw_ids": [], "archives": {"a.zip": "0", "b.zip": "1"}, "archive_sizes": {}}
    write_manifest(tmp_path / "many.arrow", rows, header)
    found = []
    for some in Manifest(tmp_path / "many.arrow").annotated("validation"):
        assert len(some.rows) <= 300
        for place, (index, area) in enumerate(zip(some.rows.tolist(), some.areas.tolist(), strict=True)):
            own = some.image == place
            found.append((index, area, some.labels[own].tolist(), some.pixels[own].tolist()))
    assert found == [(i, i * (i + 1), rows[i]["labels"], rows[i]["pixels"]) for i in range(0, 2100, 3)]
    write_manifest(tmp_path / "labels.arrow", [each | {"pixels": None} for each in rows], header)
    assert all(some.pixels is None for some in Manifest(tmp_path / "labels.arrow").annotated("training"))


def test_offsets_that_lead_out_of_the_file_are_refused(tmp_path):
    """Arrow reads where they lead to, and ends the process or worse."""
    path = tmp_path / "m.arrow"
    write_manifest(path, [row(i) for i in range(1, 6)], {"archives": {"a.zip": "", "b.zip": ""}})
    offsets = np.cumsum([0, *(len(f"image {i}") for i in range(1, 6))], dtype="<i4").tobytes()
    assert path.read_bytes().count(offsets) == 1, "those of the names"
    damaged = offsets[:8] + np.array([10**6], "<i4").tobytes() + offsets[12:]
    path.write_bytes(path.read_bytes().replace(offsets, damaged))
    found = Manifest(path)  # which looks at no row yet
    with pytest.raises(LarvSegError, match="m.arrow: not a manifest .*delete it and derive it again"):
        found.name(1)


@pytest.mark.parametrize("header", [[], {"dataset": 7}, {"classes": "wall"}, {"classes": [1]}, {"raw_ids": ["x"]}])
def test_a_header_of_another_form_is_refused(tmp_path, header):
    path = tmp_path / "m.arrow"
    schema = pa.schema(list(manifests._COLUMNS.items()), metadata={b"larvseg": json.dumps(header).encode()})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema):
        pass
    with pytest.raises(LarvSegError, match="m.arrow: not a manifest .a header"):
        Manifest(path)
