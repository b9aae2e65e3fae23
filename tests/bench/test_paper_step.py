"""What a step of `paper` asks of a GPU, counted on the CPU; the measurement of a GPU in small."""

import pytest
import torch

from larvseg.bench import paper_step
from larvseg.bench.paper_step import Counts, counted, counts_text, on_gpu
from larvseg.errors import LarvSegError
from larvseg.training import runtime


def test_a_step_of_paper_waits_for_nothing_and_copies_little():
    found = paper_step.counts()
    assert list(found) == list(paper_step.RUNS)
    for own in found.values():
        assert own.waits == 0 and own.operations < 5000
        assert 40 < own.megabytes < 52  # 16 images of 512² are 50 MB, and some are of 320²
    lines = counts_text(found).splitlines()
    assert len(lines) == 4 and len({len(line) for line in lines}) == 1


def test_waits_are_counted():
    waits, operations = counted(lambda number: torch.arange(3).nonzero().sum().item())
    assert waits == {"nonzero": 1, "_local_scalar_dense": 1} and operations > 3
    assert counts_text({"a": Counts(2, 17, 3.25)}).splitlines()[1].split() == ["a", "2", "17", "3.2"]


def test_the_measurement_of_a_gpu_in_small(monkeypatch):
    monkeypatch.setattr(runtime, "COMPILER", "eager")
    lines = list(on_gpu("larvseg-a150", device="cpu", steps=1, first=0, small=True))
    assert [line[2:26].rstrip() for line in lines[1:5]] == ["float32", "TF32", "bfloat16", "bfloat16, compiled"]
    assert all("steps/s" in line for line in lines[1:5]) and "label map, 128 × 128" in lines[5]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_one_line_says_so():
    with pytest.raises(LarvSegError, match="no GPU here"):
        next(on_gpu())
