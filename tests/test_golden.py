"""The recorded sequences of the official head, through this project's classes."""

from pathlib import Path

import pytest

from tests.golden import main, replay

DATA = Path(__file__).parent / "golden_data"


@pytest.mark.parametrize("name", ["multi_label", "single_label", "single_image"])
def test_replays_the_official_head(name):
    worst = replay(DATA / f"{name}.npz")
    assert list(worst) == ["loss_cls", "loss_aux", "grad_features", "grad_class_embeddings", "final_bank"]
    assert max(worst.values()) < 1e-5


def test_fails_when_the_head_differs(monkeypatch, capsys):
    monkeypatch.setattr("larvseg.models.attention.standardise", lambda maps: maps)
    assert main(str(DATA / "single_image.npz")) == 1
    assert '"loss_aux"' in capsys.readouterr().out
