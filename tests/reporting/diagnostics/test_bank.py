"""What the memory bank saw, read from a checkpoint."""

import pytest

from larvseg.errors import LarvSegError
from larvseg.reporting.diagnostics.bank import images_written, slots_of

NAMES = ("wall", "sofa", "person", "lamp")


def test_images_written_are_those_of_all_banks_in_the_order_of_the_benchmark(trained):
    one, four = trained("one", 0), trained("four", 0, banks=4)
    assert images_written(one["one.seed0.model"], one["one.seed0.config"], "A150", NAMES).tolist() == [0, 60, 5, 7]
    assert images_written(four["four.seed0.model"], four["four.seed0.config"], "A150", NAMES).tolist() == [0, 240, 20, 28]
    assert slots_of(one["one.seed0.model"], one["one.seed0.config"]) == 20
    idle = trained("idle", 0, pushed=(0, 0, 0, 0, 0), banks=2)  # those of ranks without image labels
    assert slots_of(idle["idle.seed0.model"], idle["idle.seed0.config"]) == 0


def test_a_model_without_a_bank_or_of_other_classes_is_refused(tmp_path, trained):
    files = trained("baseline", 0, banks=0)
    with pytest.raises(LarvSegError, match="baseline.seed0.model: keeps no memory bank"):
        images_written(files["baseline.seed0.model"], files["baseline.seed0.config"], "A150", NAMES)
    with pytest.raises(LarvSegError, match="baseline.seed0.config: made for other classes than those of A150"):
        images_written(files["baseline.seed0.model"], files["baseline.seed0.config"], "A150", NAMES[:3])
    (tmp_path / "baseline.seed0.model").write_bytes(b"no")
    with pytest.raises(LarvSegError, match="baseline.seed0.model: not a readable safetensors file"):
        images_written(files["baseline.seed0.model"], files["baseline.seed0.config"], "A150", NAMES)
