"""The walks of docs/extending.md: what a reader pastes, and what stands beside it."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from tests.workflow.clone import Clone

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Walk:
    """A section of the page: its diff, what `git diff --stat` says of it, and the file that its first command makes."""

    name: str
    diff: str
    stat: str
    target: str


def walks() -> dict[str, Walk]:
    """Every section of docs/extending.md, by its heading."""
    _, *sections = re.split(r"^## ", (ROOT / "docs/extending.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {walk.name: walk for walk in map(_walk, sections)}


def _walk(section: str) -> Walk:
    (diff,) = re.findall(r"^```diff\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    (stat,) = re.findall(r"`git diff --stat` says: ([^.]+)\.", section)
    target = re.search(r"^snakemake --cores all (\S+)$", section, re.MULTILINE)[1]
    return Walk(section.partition("\n")[0], diff, stat, target)


def apply(walk: Walk, clone: Clone) -> str:
    """Paste the diff of `walk` in `clone`; what git says of it in a line."""
    said = ""
    for arguments in (("--stat",), ()):
        done = subprocess.run(["git", "apply", *arguments], input=walk.diff, cwd=clone.folder, text=True, capture_output=True)
        assert done.returncode == 0, f"{walk.name}: {done.stderr}"
        said = said if not arguments else done.stdout
    return said.splitlines()[-1].strip()


def put_images(project: Path) -> None:
    """The images of the data set walk, where its entries say that they are."""
    for split in ("train", "val"):
        for name, seed in (("one", 1), ("two", 2), ("three", 3)):
            _image(project / f"data/incoming/lab/images/{split}/{name}.jpg", seed)
            mask = np.repeat(np.array([1, 2, 7], np.uint8), 32)[None].repeat(96, 0)
            _save(Image.fromarray(mask), project / f"data/incoming/lab/masks/{split}/{name}.png")
    for name, seed in (("a", 4), ("b", 5)):
        _image(project / f"data/incoming/lab-web/{name}.jpg", seed)
    (project / "data/incoming/lab-web/labels.csv").write_text("file,label\na.jpg,microscope\nb.jpg,workbench;wall\n")


def _image(path: Path, seed: int) -> None:
    _save(Image.fromarray(np.random.default_rng(seed).integers(0, 256, (96, 96, 3), dtype=np.uint8)), path)


def _save(image: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
