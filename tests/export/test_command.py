"""What `larvseg export` refuses, in one line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from larvseg.cli import app
from larvseg.errors import LarvSegError
from larvseg.export import export
from larvseg.files import host

ROOT = Path(__file__).parents[2]
ASKED = [
    ("larvseg-a150", "onxx", "--to onxx: no such form; did you mean 'onnx'?"),
    ("larvseg-a15O", "hub", "no run 'larvseg-a15O'; did you mean 'larvseg-a150'?"),
    ("reco-a150", "hub", "reco-a150: its method reco needs more to segment than one trained network; export a run of baseline"),
    ("lseg-a150", "onnx", "lseg-a150: its method lseg needs more to segment than one trained network"),
    ("docs", "hub", "docs: no config.json there; give the folder of a trained run, or the name of one"),
    ("no/such/folder", "hub", "no/such/folder: no config.json there"),
]


@pytest.mark.parametrize("run, form, said", ASKED)
def test_what_cannot_be_exported(run, form, said, tmp_path):
    with pytest.raises(LarvSegError) as error:
        export(run, form, tmp_path / "out", "mini")
    assert said in str(error.value) and "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_a_run_that_is_not_trained_yet(tmp_path):
    path = "results/mini/runs/larvseg-a150/seed77/config.json"
    with pytest.raises(LarvSegError, match=f"^{path}: no such file; train the run: snakemake --config profile=mini --cores all {path}$"):
        export("larvseg-a150", "hub", tmp_path / "out", "mini", seed=77)


def test_what_is_there_stays(windows, tmp_path):
    command = ["export", str(windows), "--to", "hub", "--out", str(tmp_path / "out")]
    shown = CliRunner().invoke(app, command, catch_exceptions=False)
    assert shown.exit_code == 0 and shown.output.startswith(f"{tmp_path / 'out/tiny-larvseg-seed0'}  0.")
    with pytest.raises(LarvSegError, match="tiny-larvseg-seed0: is there already; delete it, or name another folder with --out"):
        CliRunner().invoke(app, command, catch_exceptions=False)


def test_a_run_is_found_by_its_name_profile_and_seed(windows, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("workflow", "data"):
        Path(name).symlink_to(ROOT / name)
    Path("results/mini/runs/larvseg-a150").mkdir(parents=True)
    windows.rename("results/mini/runs/larvseg-a150/seed3")
    CliRunner().invoke(app, ["export", "larvseg-a150", "--to", "hub", "--profile", "mini", "--seed", "3"], catch_exceptions=False)
    assert Path("exports/tiny-larvseg-seed0/model.safetensors").is_file()


@pytest.mark.parametrize("form, name", [("hub", "tiny-larvseg-seed0"), ("torchscript", "tiny-larvseg-seed0.pt")])
def test_what_a_killed_export_has_left_goes(windows, tmp_path, form, name):
    out = tmp_path / "out"
    out.mkdir()
    killed = out / f".{name}.4000000@{host()}.tmp"
    if form == "hub":
        killed.mkdir()
        (killed / "README.md").touch()
    else:
        killed.touch()
    export(str(windows), form, out)
    assert [path.name for path in out.iterdir()] == [name]
