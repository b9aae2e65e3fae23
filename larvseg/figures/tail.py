"""Figure: the IoU of each class over how often training sees it, and over how large it is, a column of panels for each run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from larvseg.config.diagnostics import RunsFigureConfig
from larvseg.figures.colours import NOVEL
from larvseg.figures.kit import TEXT, base_and_novel, page, save, settle, styled, titled
from larvseg.figures.scatter import correlation, counted, dots, level, logarithmic, names
from larvseg.figures.words import RIGHT, Words
from larvseg.reporting.diagnostics.classes import ClassTable
from larvseg.reporting.diagnostics.measured import about
from larvseg.reporting.tail import thirds

HEIGHT = 382  # of a panel with its titles, pixels
NAMED = 3  # novel classes of a panel, those of highest IoU


def figure(config: RunsFigureConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Draw `figure`, a PNG, of the `classes` of a benchmark: IoU over the training images with image labels that show the class, and
    over its size.

    Lines are means over thirds of the novel classes (above, those of `larvseg tail` for the same runs and one seed) and of the base
    classes.
    """
    save(draw(config, ClassTable(inputs["classes"])), outputs["figure"])


@styled()
def draw(config: RunsFigureConfig, table: ClassTable) -> Figure:
    """The figure: a column for each run."""
    dataset = config.weak[0]
    rows = {f"images of {dataset} →": counted(table.images(dataset)), "percent of an image that shows it →": table.sizes}
    found = [table.iou(run.run) for run in config.runs]
    explanation = (
        f"Each dot is a class of {config.benchmark}: its IoU in percent; above, over the number of images of {dataset} that show it; "
        "below, over how large it is in the validation images that show it. Lines: means over the lower, middle and upper third of the "
        "base and of the novel classes (rule S), without those that the base data set has pixel labels of under another name: they are "
        "hollow. "
        f"ρ: rank correlation over these novel classes; frequency and size themselves have ρ {correlation(paired(table, *rows.values()))}."
    )
    title = f"Which categories are found: those seen often, or those that are large? {config.benchmark}"
    sheet = page(title, explanation, 2 * HEIGHT, notes=about(config.profile, config.runs), apart=(24, 24))
    base_and_novel(sheet)
    panels = sheet.subplots(2, len(config.runs), squeeze=False)
    for axes, run in zip(panels[0], config.runs, strict=True):
        titled(axes, run.title, run.training_data)
    for line, (label, places) in zip(panels, rows.items(), strict=True):
        for axes in line:
            axes.set(ylim=(-6, 103), yticks=range(0, 101, 20))
            logarithmic(axes, [place for place in places if place is not None], never=line is panels[0])
            axes.grid(axis="y")
            axes.set_xlabel(label, loc="right")
    settle(sheet)
    for line, places in zip(panels, rows.values(), strict=True):
        for column, axes in enumerate(line):
            _panel(axes, table, places, found, column)
    return sheet


def paired(table: ClassTable, places: Sequence[float | None], values: Sequence[float | None]) -> list[tuple[str, float, float, bool]]:
    """(name, place, value, is novel) of each class that has a place and a value, and that is novel, not by name alone."""
    items = zip(table.names, places, values, table.novel, strict=True)
    return [item for item, alone in zip(items, table.by_name, strict=True) if item[3] and None not in item and not alone]


def _panel(axes: Axes, table: ClassTable, places: Sequence[float | None], found: Sequence[Sequence[float | None]], column: int) -> None:
    """The classes at `places`, with the IoU that run `column` of all that are `found` has."""
    dots(axes, places, found[column], table.novel, table.by_name)
    words, place_of = Words(axes), dict(zip(table.names, places, strict=True))
    novel = paired(table, places, found[column])
    text = f"ρ {correlation(novel)}, {len(novel)} classes"
    words.write(text, [axes.transData.inverted().transform(axes.transAxes.transform((0.02, 0.95)))], (RIGHT,), 0, size=TEXT, color=NOVEL)
    placed = [table.listed([iou if place is not None else None for iou, place in zip(each, places, strict=True)]) for each in found]
    for kind in (False, True):
        for ends, means in thirds(place_of, placed, kind):
            level(words, ends, means[column], kind, f"{means[column]:.1f}")
    names(words, sorted(novel, key=lambda item: -item[2])[:NAMED])
