"""The benchmark of the readers, on a small archive."""

from larvseg.bench.readers import tar_indexing


def test_tar_indexing():
    row = tar_indexing(files=50, size=1000, repeats=2)
    assert set(row) == {"name", "reference", "reference_ms", "ours_ms", "ratio"} and row["reference"] == "tarfile"
    assert row["ratio"] == row["reference_ms"] / row["ours_ms"] > 0
