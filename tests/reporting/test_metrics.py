"""The metrics of all runs and CLIP models in one file."""

import json

from larvseg.config import MetricsConfig
from larvseg.reporting.metrics import metrics

CONTROL = {"all": 1.5, "base": 1.0, "novel": 2.0}


def test_each_run_has_its_numbers_and_language_guided_ones_their_control(tmp_path):
    found = {
        "larvseg.seed0": {"all": 30.5, "base": 50.0, "novel": 11.0, "classes": [{"name": "sofa", "iou": 3.0}]},
        "larvseg.seed1": {"all": 31.5, "base": 51.0, "novel": 12.0},
        "lseg.seed0": {"all": 20.5, "base": 40.0, "novel": 2.0, "permuted_vocabulary": CONTROL},
        "clip.vit": {"top1": 30.0, "top3": 55.0, "classes": 92},
    }
    for name, content in found.items():
        (tmp_path / name).write_text(json.dumps(content))
    config = MetricsConfig(profile="mini", runs={"larvseg": (0, 1), "lseg": (0,)}, clips=("vit",))
    metrics(config, {name: tmp_path / name for name in found}, {"metrics": tmp_path / "metrics.json"}, tmp_path)
    assert json.loads((tmp_path / "metrics.json").read_text()) == {
        "profile": "mini",
        "runs": {
            "larvseg": {"seed0": {"all": 30.5, "base": 50.0, "novel": 11.0}, "seed1": {"all": 31.5, "base": 51.0, "novel": 12.0}},
            "lseg": {"seed0": {"all": 20.5, "base": 40.0, "novel": 2.0, "permuted_vocabulary": CONTROL}},
        },
        "clip": {"vit": {"top1": 30.0, "top3": 55.0, "classes": 92}},
    }
