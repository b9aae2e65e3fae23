"""Figure: the IoU of each class over how often training sees it, and over how large it is, a column of panels for each run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from scipy.stats import spearmanr

from larvseg.config.diagnostics import RunsFigureConfig
from larvseg.reporting.diagnostics.classes import ClassTable
from larvseg.reporting.diagnostics.measured import about
from larvseg.reporting.diagnostics.page import FOOT, GREY, NOVEL, SMALL, TEXT, WIDTH, boxes, head, page, points, wrapped
from larvseg.reporting.diagnostics.scatter import Labels, base_and_novel, counted, dots, logarithmic
from larvseg.reporting.tail import thirds

HEIGHT, BETWEEN = 290, 84  # of a panel, between two; pixels
NAMED = 3  # novel classes of a panel, those of highest IoU


def tail(config: RunsFigureConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Draw `figure`, a PNG, of the `classes` of a benchmark: IoU over the training pictures with image labels that show the class, and
    over its size.

    Lines are means over thirds of the novel classes (above, those of `larvseg tail` for the same runs and one seed) and of the base
    classes.
    """
    table = ClassTable(inputs["classes"])
    dataset = config.weak[0]
    rows = {f"pictures of {dataset} →": counted(table.pictures(dataset)), "percent of a picture that shows it →": table.sizes}
    found = [table.iou(run.run) for run in config.runs]
    explanation = wrapped(
        f"Each dot is a class of {config.benchmark}: its IoU in percent; above, over the number of pictures of {dataset} that show it; "
        "below, over how large it is in the validation pictures that show it. Lines: means over the lower, middle and upper third of the "
        "base and of the novel classes (rule S), without those that C171 has pixel labels of under another name, which are hollow. "
        f"ρ: rank correlation over these novel classes; frequency and size themselves have ρ {correlation(paired(table, *rows.values()))}."
    )
    panels = boxes(2 * len(config.runs), head(explanation) + 66, HEIGHT, len(config.runs), between=BETWEEN)
    with page(outputs["figure"], WIDTH, panels[-1][1] + HEIGHT + 46 + FOOT) as sheet:
        sheet.heading(f"Which categories are found: those seen often, or those that are large? {config.benchmark}", explanation)
        base_and_novel(sheet)
        for number, box in enumerate(panels):
            row, column = divmod(number, len(config.runs))
            label, places = list(rows.items())[row]
            _panel(sheet.axes(*box), table, places, found, column, never=row == 0)
            if row == 0:
                sheet.text(box[0], box[1] - 36, config.runs[column].title, 17)
                sheet.text(box[0], box[1] - 16, config.runs[column].training_data, TEXT, GREY)
            sheet.text(box[0] + box[2], box[1] + HEIGHT + 38, label, SMALL, GREY, ha="right")
        sheet.footer(about(config.profile, config.runs))


def paired(table: ClassTable, places: Sequence[float | None], values: Sequence[float | None]) -> list[tuple[str, float, float, bool]]:
    """(name, place, value, is novel) of each class that has a place and a value, and that is novel, not by name alone."""
    items = zip(table.names, places, values, table.novel, strict=True)
    return [item for item, alone in zip(items, table.by_name, strict=True) if item[3] and None not in item and not alone]


def _panel(
    axes: Axes, table: ClassTable, places: Sequence[float | None], found: Sequence[Sequence[float | None]], column: int, never: bool
) -> None:
    """The classes at `places`, with the IoU that run `column` of all that are `found` has; `never` as in `logarithmic`."""
    axes.set(ylim=(-3, 103), yticks=range(0, 101, 20))
    logarithmic(axes, [place for place in places if place is not None], never)
    axes.grid(axis="y")
    dots(axes, places, found[column], table.novel, table.by_name)
    labels, place_of = Labels(axes), dict(zip(table.names, places, strict=True))
    placed = [table.listed([iou if place is not None else None for iou, place in zip(each, places, strict=True)]) for each in found]
    for novel in (False, True):
        for ends, means in thirds(place_of, placed, novel):
            labels.level(ends, means[column], novel, f"{means[column]:.1f}")
    novel = paired(table, places, found[column])
    labels.names(sorted(novel, key=lambda item: -item[2])[:NAMED])
    axes.text(
        0.03, 0.97, f"ρ {correlation(novel)}, {len(novel)} classes", transform=axes.transAxes, fontsize=points(TEXT), color=NOVEL, va="top"
    )


def correlation(classes: Sequence[tuple[str, float, float, bool]]) -> str:
    """Spearman's rank correlation of place and value of `classes` (name, place, value, is novel); a dash where one of them is constant."""
    places, values = ([item[part] for item in classes] for part in (1, 2))
    if len(set(places)) < 2 or len(set(values)) < 2:
        return "–"
    return f"{spearmanr(places, values).statistic:+.2f}".replace("-", "−")
