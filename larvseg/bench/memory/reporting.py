"""What tables and figures keep of the images that they count in manifests."""

from __future__ import annotations

from pathlib import Path

from larvseg.bench.memory.data import MANIFEST
from larvseg.bench.memory.evaluating import make_validation
from larvseg.bench.memory.stage import Stage
from larvseg.bench.memory.training import make_labelled, make_masked
from larvseg.config import Table2Config
from larvseg.datasets.manifest import Manifest
from larvseg.figures.world.data import seen_in
from larvseg.reporting.diagnostics.classes import images_of, sizes_of
from larvseg.reporting.table2 import table2


def count_data_set(images: int) -> None:
    config = Table2Config(profile="bench", datasets=("WA150",), drawn=False, released={}, listed={})
    table2(config, {"WA150": MANIFEST}, {"table": Path("table2.csv")}, Path("work"))


def class_images(images: int) -> object:
    return images_of(Manifest(MANIFEST), "WA150")


def class_sizes(images: int) -> object:
    return sizes_of(Manifest(MANIFEST), "A150")


def world(images: int) -> object:
    return seen_in(Manifest(MANIFEST))


STAGES = (
    Stage("table 2", "its row, for a moment", count_data_set, make_labelled),
    Stage("occurrence: images of each class", "its row, for a moment", class_images, make_labelled),
    Stage("occurrence: sizes of classes", "the share of each class that it shows", class_sizes, make_validation),
    Stage("figure of the world", "its row, and how many classes it shows", world, make_masked),
)
