"""Figure: what each class gains from attention, over how often the memory bank saw it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from larvseg.config.diagnostics import GainsConfig, Measured
from larvseg.reporting.diagnostics.bank import pictures_written, slots_of
from larvseg.reporting.diagnostics.classes import ClassTable
from larvseg.reporting.diagnostics.measured import about
from larvseg.reporting.diagnostics.page import FOOT, GREY, SMALL, TEXT, WIDTH, boxes, head, page, points, wrapped
from larvseg.reporting.diagnostics.scatter import Labels, base_and_novel, counted, dots, logarithmic
from larvseg.reporting.tail import thirds

ACROSS, HEIGHT = 2, 400  # panels beside each other; pixels
NAMED = 6  # classes that gain most, and as many that lose most


def gains(config: GainsConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Draw `figure`, a PNG: for each pair of runs the difference in IoU of each class over how many pictures its ring received.

    inputs: the `classes` of the benchmark, and model.safetensors and config.json of the first run of each pair, by `<run>.seed<k>.model`
    and `<run>.seed<k>.config`. Raises LarvSegError if that run keeps no memory bank.
    """
    table = ClassTable(inputs["classes"])
    gained = [differences(table.iou(pair.run.run), table.iou(pair.without.run)) for pair in config.pairs]
    values = [0.0, *(value for each in gained for value in each if value is not None)]
    room = 0.1 * (max(values) - min(values)) or 1.0
    explanation = wrapped(
        f"Each dot is a class of {config.benchmark}: the difference of its IoU (points) over the number of pictures that training wrote to "
        "its ring of the memory bank. Lines: means over the rarest, the middle and the most frequent third of the base and of the novel "
        "classes (rule S), without those that C171 has pixel labels of under another name, which are hollow. A single class differs "
        "between two seeds of one run, too: the largest differences are partly chance."
    )
    panels = boxes(len(config.pairs), head(explanation) + 66, HEIGHT, ACROSS)
    with page(outputs["figure"], WIDTH, panels[-1][1] + HEIGHT + 46 + FOOT) as sheet:
        sheet.heading(f"Does attention help where the memory bank saw a category often? {config.benchmark}", explanation)
        base_and_novel(sheet)
        for pair, difference, box in zip(config.pairs, gained, panels, strict=True):
            axes = sheet.axes(*box)
            axes.set_ylim(min(values) - room, max(values) + room)
            first = f"{pair.run.run}.seed{pair.run.seeds[0]}"
            slots = slots_of(inputs[f"{first}.model"], inputs[f"{first}.config"])
            _panel(axes, table, _seen(pair.run, config.benchmark, table.names, inputs), difference, slots)
            sheet.text(box[0], box[1] - 36, pair.title, 17)
            sheet.text(box[0], box[1] - 16, f"{pair.run.run} − {pair.without.run}", TEXT, GREY)
            sheet.text(box[0] + box[2], box[1] + HEIGHT + 38, "pictures written to the ring →", SMALL, GREY, ha="right")
        sheet.footer(about(config.profile, [run for pair in config.pairs for run in (pair.run, pair.without)]))


def differences(one: Sequence[float | None], other: Sequence[float | None]) -> list[float | None]:
    """What `one` has above `other`; None where either has none."""
    return [None if None in pair else pair[0] - pair[1] for pair in zip(one, other, strict=True)]


def signed(points: float) -> str:
    """A difference with one decimal, its sign and a minus as wide as the plus; what rounds to 0 has no minus."""
    return f"{round(points, 1) + 0.0:+.1f}".replace("-", "−")


def _seen(run: Measured, benchmark: str, names: Sequence[str], inputs: Mapping[str, Path]) -> list[float]:
    """The pictures written for each class, in the mean over seeds."""
    files = [(inputs[f"{run.run}.seed{seed}.model"], inputs[f"{run.run}.seed{seed}.config"]) for seed in run.seeds]
    return np.mean([pictures_written(model, config, benchmark, names) for model, config in files], axis=0).tolist()


def _panel(axes: Axes, table: ClassTable, seen: Sequence[float], gained: Sequence[float | None], slots: int) -> None:
    places = counted(seen)
    logarithmic(axes, places)
    axes.grid(axis="y")
    axes.axhline(0, color=GREY, linewidth=1)
    _say_full(axes, seen, slots)
    dots(axes, places, gained, table.novel, table.by_name)
    labels, place_of = Labels(axes), dict(zip(table.names, places, strict=True))
    for novel in (False, True):
        for ends, (mean,) in thirds(place_of, [table.listed(gained)], novel):
            labels.level(ends, mean, novel, signed(mean))
    there = [item for item in zip(table.names, places, gained, table.novel, strict=True) if item[2] is not None]
    ranked = sorted(there, key=lambda item: item[2])
    labels.names([*ranked[::-1][:NAMED], *ranked[:NAMED]])


def _say_full(axes: Axes, seen: Sequence[float], slots: int) -> None:
    """Say how many rings of `slots` pictures were filled; where some were not, a line stands between those and the others."""
    full = sum(count >= slots for count in seen)
    style = {"transform": axes.transAxes, "fontsize": points(SMALL), "color": GREY}
    axes.text(0.02, 0.02, f"{full} of {len(seen)} rings of {slots} were filled", **style)
    if full < len(seen):
        axes.axvline(slots, color=GREY, linewidth=1, linestyle=(0, (3, 3)))
