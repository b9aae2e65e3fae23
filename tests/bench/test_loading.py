"""The loader beside bare decoding, on a few images."""

from larvseg.bench import loading


def test_each_encoding_is_loaded_and_decoded():
    rows = loading.loading(images=1, repeats=1)
    assert [row["name"] for row in rows] == [dataset.like for dataset in loading.DATASETS]
    assert all(0 < row["reference_ms"] < row["ours_ms"] * 2 for row in rows)
    lines = loading.text(rows, images=1).splitlines()
    assert len(lines) == len(rows) + 1 and len({len(line) for line in lines}) == 1
