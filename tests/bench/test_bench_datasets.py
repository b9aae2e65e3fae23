"""The measurements of the data sets, on few and small masks and a manifest of two batches."""

import numpy as np

from larvseg.bench import datasets


def test_label_extraction_beside_bare_decoding():
    rows = [datasets.label_extraction_8bit(masks=1, repeats=1), datasets.label_extraction_rgb(masks=1, repeats=1)]
    assert all(row["reference"] == "bare PNG" and row["reference_ms"] > 0 and row["ours_ms"] > 0 for row in rows)


def test_masks_are_made_of_regions():
    regions = datasets.blobs(160, 120, 6, 0)
    assert regions.shape == (120, 160) and 2 < len(np.unique(regions)) <= 6
    assert (regions[:, 1:] == regions[:, :-1]).mean() > 0.9


def test_large_manifest():
    found = datasets.large_manifest(rows=70_000, samples=50)
    assert found["rows"] == 70_000 and found["file_mb"] > 5
    assert 0 < found["open_seconds"] and 0 < found["row_ms"] and 0 <= found["anonymous_mb"] < 300
    assert datasets.large_manifest_text(found).startswith("manifest of 70,000 rows (2")
