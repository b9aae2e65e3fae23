"""docs/own-data.md: its diff and its commands, on pictures that the test draws."""

import re
from pathlib import Path

import numpy as np
from PIL import Image

from tests.workflow.clone import NOTHING, Clone

PAGE = Path(__file__).parents[2] / "docs/own-data.md"
IDS = {"table": 1, "floor": 2, "cup": 3, "book": 4}
COLOURS = {"table": (150, 100, 50), "floor": (90, 90, 90), "cup": (220, 40, 40), "book": (40, 60, 220)}


def picture(folder: Path, name: str, ground: str, thing: str | None, seed: int, masked: bool = True) -> None:
    """A square of `thing` on `ground`, a stripe without a label above it; with `masked` its mask beside it."""
    rng = np.random.default_rng(seed)
    ids = np.full((90, 120), IDS[ground], np.uint8)
    ids[:10] = 0
    top, left = int(rng.integers(15, 40)), int(rng.integers(5, 70))
    if thing:
        ids[top : top + 40, left : left + 40] = IDS[thing]
    colours = np.array([(255, 255, 255), *COLOURS.values()])[ids] + rng.integers(-20, 20, (90, 120, 3))
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(colours.clip(0, 255).astype(np.uint8)).save(folder / f"{name}.jpg")
    if masked:
        Image.fromarray(ids).save(folder / f"{name}.png")


def put_pictures(mine: Path) -> None:
    for number in range(6):
        ground = ("table", "floor")[number % 2]
        picture(mine / "masked", f"m{number}", ground, None, number)
        thing = ("cup", "book")[number // 2 % 2]
        picture(mine / f"labelled/{thing}", f"l{number}", ground, thing, 10 + number, masked=False)
        picture(mine / "test", f"t{number}", ground, thing, 20 + number)


def test_the_walk_with_pictures_of_ones_own(fresh: Clone):
    page = PAGE.read_text(encoding="utf-8")
    (diff,) = re.findall(r"^```diff\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (commands,) = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (fresh.folder / "walk.diff").write_text(diff)
    fresh.run("git", "apply", "walk.diff")
    fresh.substitute("workflow/config/mine.yaml", "seeds: 2", "seeds: 1\nsteps: 30")  # what the test does not wait for
    put_pictures(fresh.folder / "data/incoming/mine")
    make, show = commands.splitlines()
    fresh.run(*make.split())
    shown = fresh.run(*show.split())
    assert re.search(r"^Baseline +\d", shown, re.MULTILINE) and re.search(r"^LarvSeg +\d", shown, re.MULTILINE), shown
    assert fresh.read("reports/mine/figures/overlays.png").startswith(b"\x89PNG")
    assert "overlays.png" in fresh.read("reports/mine/index.html").decode() and not (fresh.folder / "results/table3.csv").exists()
    assert NOTHING in fresh.run(*make.split())
    assert "every printed number follows" in fresh.run("larvseg", "audit", "verify", "--profile", "mine")
    # a run segments a picture by itself, through the frozen network of its profile
    code = (
        "import larvseg; run = larvseg.load('results/mine/runs/larvseg/seed0'); "
        "found = run.segment('data/incoming/mine/test/t0.jpg'); print(found.labels.shape, found.names)"
    )
    assert "(90, 120) ('table', 'floor', 'cup', 'book')" in fresh.run("python", "-c", code)
