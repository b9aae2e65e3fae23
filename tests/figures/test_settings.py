"""A user's settings of matplotlib, language and time do not change a byte of a figure."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DRAW = """
import sys
from pathlib import Path
from larvseg.figures import kit
with kit.styled():
    sheet = kit.page("Novel – base", "A line and a legend.", 200)
    axes = sheet.subplots()
    axes.plot([1, 2, 4], label="$x_1$")
    axes.legend()
    kit.save(sheet, Path(sys.argv[1]))
"""
RC = "savefig.bbox: tight\nsavefig.transparent: True\npath.sketch: 1, 100, 2\ntext.usetex: True\nbackend: Qt4Agg\nno.such.key: 1\n"


def drawn(folder, **environment):
    path = folder / "figure.png"
    done = subprocess.run([sys.executable, "-c", DRAW, path], cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)} | environment)
    assert done.returncode == 0
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return drawn(tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize(
    "environment",
    [
        {"MPLBACKEND": "module://matplotlib_inline.backend_inline", "LANG": "C"},
        {"MPLBACKEND": "Qt4Agg", "TZ": "Asia/Tokyo"},
        {"MATPLOTLIBRC": "user/matplotlibrc", "LC_ALL": "de_DE", "SOURCE_DATE_EPOCH": "1"},
        {"MPLCONFIGDIR": "user"},
    ],
    ids=lambda environment: next(iter(environment)),
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_settings_of_the_user_do_not_count(plain, tmp_path, environment, encoding):
    (tmp_path / "user").mkdir()
    (tmp_path / "user/matplotlibrc").write_text(RC, encoding=encoding)
    (tmp_path / "matplotlibrc").write_text(RC)
    assert drawn(tmp_path, **environment) == plain
