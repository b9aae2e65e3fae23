"""A run as a TorchScript file, for programs in C++ and for Python without this package: see Exported for what it computes.

It is traced: the compiler of torch.jit.script does not read the code of timm's networks and of ours, a trace only follows the tensors
through it. torch calls all of torch.jit deprecated, but its successor (torch.export) fixes the sizes of images that it was shown, or
guards against them.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import torch

from larvseg.export.agreement import check
from larvseg.export.network import about, ready, tracing
from larvseg.export.pictures import Pictures
from larvseg.files import json_text, replacing
from larvseg.loading import LoadedRun

ABOUT = "larvseg.json"  # among the extra files of the archive
EPOCH = (1980, 1, 1, 0, 0, 0)


def write(run: LoadedRun, folder: Path, target: Path, pictures: Pictures) -> str:
    """Write `run` to `target`; it gets this name when what was read back has agreed with the run on `pictures`.

    Each process gives its first file of a run the same bytes; torch numbers the classes of later ones on.
    Raises LarvSegError for a file that does not agree.
    """
    network, example = ready(run)
    data = io.BytesIO()
    with tracing(), replacing(target) as temporary:
        traced = torch.jit.trace(network, (example,), check_trace=False)
        torch.jit.save(traced, data, _extra_files={ABOUT: json_text(about(run))})
        _without_sources(data, temporary)
        return str(check(run, torch.jit.load(temporary, map_location="cpu"), pictures, "torchscript"))


def _without_sources(data: io.BytesIO, target: Path) -> None:
    """Copy the archive without what debuggers want: it names the files of this machine that the code came from."""
    with zipfile.ZipFile(data) as whole, zipfile.ZipFile(target, "w") as copy:
        for entry in whole.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                copy.writestr(zipfile.ZipInfo(entry.filename, EPOCH), whole.read(entry))
