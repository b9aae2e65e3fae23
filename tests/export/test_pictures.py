"""What an exported file is compared on."""

import json

import numpy as np

from larvseg.config import TrainConfig, parse
from larvseg.export.pictures import pictures_for


def config_of(folder) -> TrainConfig:
    return parse(TrainConfig, json.loads((folder / "config.json").read_text())["train"], "config.json")


def test_in_its_project_a_run_is_compared_on_validation_images(validated):
    found = pictures_for(validated, config_of(validated))
    assert found.title == "10 validation images of WA150"
    assert [image.shape for image in found.images] == [(20, 20, 3)] * 10


def test_without_archives_and_elsewhere_pictures_are_drawn(validated):
    (validated.parents[4] / "WA150.zip").unlink()
    found, again = (pictures_for(validated, config_of(validated)) for _ in range(2))
    assert found.title == "10 drawn pictures"
    assert len({image.shape for image in found.images}) > 5
    assert all(np.array_equal(one, other) for one, other in zip(found.images, again.images, strict=True))
