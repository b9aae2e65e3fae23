"""What a step costs beside its arithmetic: it never waits for the device, and the number of its operations stays in bounds."""

import pytest

from larvseg.bench.paper_step import counted
from larvseg.models.segmenter import build_segmenter
from larvseg.training.objective import Objective
from larvseg.training.schedule import build_optimiser
from tests.training.test_objective import INDICES, UNION, configuration, steps

VARIANTS = {  # and how many operations a step has, backward and all
    "a shared bank": ({}, 4150),
    "a bank for each rank": ({"switches": {"bank_scope": "per_rank"}}, 6900),
    "sampled classes": ({"sample_classes": 3}, 4600),
    "within images": ({"variant": "single_image"}, 3100),
}


@pytest.mark.parametrize(("changes", "bound"), VARIANTS.values(), ids=VARIANTS)
def test_a_step_waits_for_nothing_and_has_few_operations(changes, bound):
    config = configuration(**changes)
    segmenter = build_segmenter(config, UNION).train()
    objective = Objective(config, segmenter, INDICES)
    optimiser = build_optimiser(config.optimiser, segmenter.backbone.parameters(), segmenter.classifier.parameters())

    def step(number, batches):
        loss, _ = objective(batches, number)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()

    seen = steps(3)
    waits, operations = counted(lambda number: step(number, seen[number]))
    assert not waits and operations < bound
