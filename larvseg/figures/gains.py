"""Figure: what each class gains from attention, over how often the memory bank saw it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from larvseg.config.diagnostics import Compared, GainsConfig
from larvseg.figures.colours import GREY
from larvseg.figures.kit import SMALL, base_and_novel, page, save, settle, styled, titled
from larvseg.figures.scatter import counted, dots, level, logarithmic, names
from larvseg.figures.words import Words
from larvseg.reporting.diagnostics.bank import images_written, slots_of
from larvseg.reporting.diagnostics.classes import ClassTable
from larvseg.reporting.diagnostics.measured import about
from larvseg.reporting.tail import thirds

ACROSS, HEIGHT = 2, 480  # panels beside each other; pixels of one with its titles
NAMED = 6  # classes that gain most, and as many that lose most


class Gain(NamedTuple):
    """What the classes gain from one run to another. Lists are in the order of the table of classes."""

    title: str
    runs: str
    seen: list[float]  # images that were written to the ring of each class, in the mean over seeds
    gained: list[float | None]  # points of IoU
    slots: int  # of a ring


def figure(config: GainsConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Draw `figure`, a PNG: for each pair of runs the difference in IoU of each class over how many images its ring received.

    inputs: the `classes` of the benchmark, and model.safetensors and config.json of the first run of each pair, by `<run>.seed<k>.model`
    and `<run>.seed<k>.config`. Raises LarvSegError if that run keeps no memory bank.
    """
    table = ClassTable(inputs["classes"])
    save(draw(config, table, [_gain(pair, config.benchmark, table, inputs) for pair in config.pairs]), outputs["figure"])


def _gain(pair: Compared, benchmark: str, table: ClassTable, inputs: Mapping[str, Path]) -> Gain:
    run = pair.run
    files = [(inputs[f"{run.run}.seed{seed}.model"], inputs[f"{run.run}.seed{seed}.config"]) for seed in run.seeds]
    seen = np.mean([images_written(model, config, benchmark, table.names) for model, config in files], axis=0).tolist()
    gained = differences(table.iou(run.run), table.iou(pair.without.run))
    return Gain(pair.title, f"{run.run} − {pair.without.run}", seen, gained, slots_of(*files[0]))


@styled()
def draw(config: GainsConfig, table: ClassTable, pairs: Sequence[Gain]) -> Figure:
    """The figure: a panel for each of `pairs`."""
    values = [0.0, *(value for pair in pairs for value in pair.gained if value is not None)]
    room = 0.1 * (max(values) - min(values)) or 1.0
    explanation = (
        f"Each dot is a class of {config.benchmark}: the difference of its IoU (points) over the number of images that training wrote to "
        "its ring of the memory bank. Lines: means over the rarest, the middle and the most frequent third of the base and of the novel "
        "classes (rule S), without those that the base data set has pixel labels of under another name, which are hollow. A single class "
        "differs between two seeds of one run, too: the largest differences are partly chance."
    )
    title = f"Does attention help where the memory bank saw a category often? {config.benchmark}"
    notes = about(config.profile, [run for pair in config.pairs for run in (pair.run, pair.without)])
    columns = min(len(pairs), ACROSS)
    lines = math.ceil(len(pairs) / columns)
    sheet = page(title, explanation, HEIGHT * lines, notes=notes, apart=(24, 24))
    base_and_novel(sheet)
    panels = [sheet.add_subplot(lines, columns, number + 1) for number in range(len(pairs))]
    for axes, pair in zip(panels, pairs, strict=True):
        titled(axes, pair.title, pair.runs)
        logarithmic(axes, counted(pair.seen))
        axes.set_ylim(min(values) - room, max(values) + room)
        axes.set_xlabel("images written to the ring →", loc="right")
    settle(sheet)
    for axes, pair in zip(panels, pairs, strict=True):
        _panel(axes, table, pair)
    return sheet


def differences(one: Sequence[float | None], other: Sequence[float | None]) -> list[float | None]:
    """What `one` has above `other`; None where either has none."""
    return [None if None in pair else pair[0] - pair[1] for pair in zip(one, other, strict=True)]


def signed(points: float) -> str:
    """A difference with one decimal, its sign and a minus as wide as the plus; what rounds to 0 has no minus."""
    return f"{round(points, 1) + 0.0:+.1f}".replace("-", "−")


def _panel(axes: Axes, table: ClassTable, pair: Gain) -> None:
    places = counted(pair.seen)
    axes.grid(axis="y")
    axes.axhline(0, color=GREY, linewidth=1.4)
    _say_full(axes, pair.seen, pair.slots)
    dots(axes, places, pair.gained, table.novel, table.by_name)
    words, place_of = Words(axes), dict(zip(table.names, places, strict=True))
    for novel in (False, True):
        for ends, (mean,) in thirds(place_of, [table.listed(pair.gained)], novel):
            level(words, ends, mean, novel, signed(mean))
    there = [item for item in zip(table.names, places, pair.gained, table.novel, strict=True) if item[2] is not None]
    ranked = sorted(there, key=lambda item: item[2])
    names(words, [*ranked[::-1][:NAMED], *ranked[:NAMED]])


def _say_full(axes: Axes, seen: Sequence[float], slots: int) -> None:
    """Say how many rings of `slots` images were filled; where some were not, a line stands between those and the others."""
    full = sum(count >= slots for count in seen)
    style = {"transform": axes.transAxes, "size": SMALL, "color": GREY}
    axes.text(0.02, 0.02, f"{full} of {len(seen)} rings of {slots} were filled", **style)
    if full < len(seen):
        axes.axvline(slots, color=GREY, linewidth=1.4, linestyle=(0, (3, 3)))
