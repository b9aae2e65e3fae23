"""The measurements over all of ImageNet-21K, here with few categories and the networks of the smallest profile."""

import pytest

from larvseg.bench import categories

HELD = 3 * 2**29  # bytes


@pytest.fixture(scope="module")
def found():
    """Both, while the calling process holds more memory than they take."""
    held = bytearray(HELD)
    found = {what: categories.measure(what, 300, "smoke") for what in ("step", "label_map")}
    assert len(held) == HELD
    return found


def test_a_step_takes_plausible_memory_of_its_own(found):
    step = found["step"]
    assert 300 < step["classes"] < 300 + 171  # classes of C171 have other synsets
    assert step["plain_gb"] == step["classes"] * 20 * 4 * 32 * 4 / 1e9  # M, K and D of the profile
    assert step["seconds"] > 0 and 0.2 < step["peak_gb"] <= step["later_gb"] < HELD / 1e9


def test_a_label_map_takes_plausible_memory_of_its_own(found):
    segmented = found["label_map"]
    assert (segmented["classes"], segmented["size"]) == (300, 64)
    assert segmented["plain_gb"] == 300 * 64 * 64 * 4 / 1e9
    assert segmented["seconds"] > 0 and 0.2 < segmented["peak_gb"] < HELD / 1e9


def test_both_are_said_beside_the_limit(found):
    first, second = categories.text(found["step"], found["label_map"]).splitlines()
    assert first.startswith("training step, ") and "(limit 4; later steps " in first and "the bank would need 0.0 GB" in first
    assert second.startswith("label map of 64² pixels, 300 categories: ") and "(limit 4)" in second
