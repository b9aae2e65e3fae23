"""The same bytes whatever the settings of the user, the place of the folder, and the rights of who shares it."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.workflow.clone import Clone

MATPLOTLIBRC = "savefig.bbox: tight\nsavefig.transparent: True\npath.sketch: 1, 100, 2\ntext.usetex: True\nfont.size: 23\nsvg.hashsalt: x\n"
MEMBERS = 1234  # the group that shares a folder, and the user of it whose files they are


@dataclass(frozen=True)
class Surroundings:
    """What a machine, an account or a notebook hands down. `language`: (locale, encoding), None: C."""

    language: tuple[str, str] | None
    umask: int
    folder: str
    variables: dict[str, str] = field(default_factory=dict)
    matplotlibrc: bool = False
    link: bool = False  # the folder is worked in through a link

    def settle(self, source: Clone, place: Path) -> Clone:
        """A copy of `source` below `place`, in these surroundings."""
        clone = source.copy_to(place / self.folder)
        variables = dict(self.variables)
        if self.language is not None:
            variables |= {"LOCPATH": str(place), "LC_ALL": _locale(*self.language, place)}
        else:
            variables |= {"LC_ALL": "C"}
        if self.matplotlibrc:
            (place / "matplotlibrc").write_text(MATPLOTLIBRC)
            variables["MATPLOTLIBRC"] = str(place / "matplotlibrc")
        if self.link:
            (place / "link").symlink_to(clone.folder)
            clone = Clone(place / "link")
            variables["PWD"] = str(clone.folder)
        return Clone(clone.folder, variables, self.umask)


def _locale(language: str, encoding: str, place: Path) -> str:
    name = f"{language}.{encoding}"
    subprocess.run(["localedef", "-c", "-i", language, "-f", encoding, place / name], check=True, capture_output=True)
    return name


EVERY = {
    "C, all may write, a path with spaces and other letters": Surroundings(
        None,
        0o000,
        "mes expériences – 実験 1",
        {"TZ": "Pacific/Chatham", "MPLBACKEND": "module://matplotlib_inline.backend_inline", "PYTHONOPTIMIZE": "2"},
    ),
    "Latin-1, a group, matplotlibrc, through a link, two threads": Surroundings(
        ("en_US", "ISO-8859-1"),
        0o002,
        "elsewhere",
        {"TZ": "UTC", "OMP_NUM_THREADS": "2", "PYTHONWARNINGS": "error"},
        matplotlibrc=True,
        link=True,
    ),
    "Turkish, readers alone, one thread": Surroundings(
        ("tr_TR", "UTF-8"),
        0o027,
        "ev",
        {"TZ": "America/St_Johns", "MPLBACKEND": "Qt4Agg", "OMP_NUM_THREADS": "1", "FORCE_COLOR": "1", "COLUMNS": "20", "TERM": "dumb"},
    ),
    "EUC-JP, nobody else, matplotlibrc": Surroundings(
        ("ja_JP", "EUC-JP"),
        0o077,
        "elsewhere",
        {"TZ": "Asia/Kolkata", "MPLBACKEND": "gtk3agg", "MKL_NUM_THREADS": "2", "PYTHONHASHSEED": "7", "SOURCE_DATE_EPOCH": "5"},
        matplotlibrc=True,
    ),
}

pytestmark = pytest.mark.skipif(
    "CI" not in os.environ and (shutil.which("localedef") is None or not Path("/usr/share/i18n/locales/tr_TR").exists()),
    reason="needs the package locales",
)


@pytest.mark.full
@pytest.mark.parametrize("surroundings", EVERY.values(), ids=EVERY)
def test_everything_has_the_same_bytes_in_other_surroundings(surroundings, sources, finished, tmp_path):
    clone = surroundings.settle(sources, tmp_path)
    clone.snakemake("all")
    assert clone.hashes() == finished.hashes()


def forget(clone: Clone) -> None:
    """Delete what is printed, drawn and written for people, and a derived data set."""
    for folder in ("reports/figures", "reports/tables", "data/smoke/manifests"):
        shutil.rmtree(clone.folder / folder)
    for path in (*clone.folder.glob("results/*.csv"), clone.folder / "reports/index.html"):
        path.unlink()


@pytest.mark.skipif("CI" not in os.environ and os.geteuid() != 0, reason="only root can be another user")
def test_another_member_of_the_group_in_other_surroundings_goes_on_to_the_same_bytes(finished, tmp_path):
    """Files and folders belong to user MEMBERS; who goes on is of the group MEMBERS and has no rights beyond that, although called root."""
    settled = EVERY["EUC-JP, nobody else, matplotlibrc"].settle(finished, tmp_path)
    folder = tmp_path / "shared"
    shutil.copytree(settled.folder, folder)  # without hard links: an owner is one of a file, wherever it is linked
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            os.chown(path, MEMBERS, MEMBERS)
            path.chmod(0o2775 if path.is_dir() else path.stat().st_mode | 0o060)
    member = ("setpriv", "--groups", str(MEMBERS), "--bounding-set", "-all", "--inh-caps", "-all")
    clone = Clone(folder, settled.variables, 0o002, member)
    forget(clone)
    assert "0 errors" in clone.run("larvseg", "doctor")
    clone.snakemake("all")
    assert clone.hashes() == finished.hashes()
