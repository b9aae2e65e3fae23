"""Figure: the IoU of each class over how often training sees it, a panel for each run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from larvseg.config.diagnostics import RunsFigureConfig
from larvseg.reporting.diagnostics.classes import ClassTable
from larvseg.reporting.diagnostics.measured import about
from larvseg.reporting.diagnostics.page import FOOT, GREY, SMALL, TEXT, WIDTH, boxes, head, page, wrapped
from larvseg.reporting.diagnostics.scatter import Labels, base_and_novel, dots, frequency_axis
from larvseg.reporting.tail import thirds

ACROSS, HEIGHT = 4, 330  # panels beside each other; pixels
NAMED = 3  # novel classes of a panel, those of highest IoU


def tail(config: RunsFigureConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Draw `figure`, a PNG, of the `classes` of a benchmark: IoU over the training pictures with image labels that show the class.

    Lines are means over thirds of the novel classes, as `larvseg tail` prints them, and over thirds of the base classes.
    """
    table = ClassTable(inputs["classes"])
    dataset = f"W{config.benchmark}"
    counts = dict(zip(table.names, table.pictures(dataset), strict=True))
    found = [table.iou(run.run) for run in config.runs]
    means = {novel: thirds(counts, [table.listed(iou) for iou in found], novel) for novel in (False, True)}
    explanation = wrapped(
        f"Each dot is a class of {config.benchmark}: its IoU in percent over the number of pictures of {dataset} that show it. Lines: "
        "means over the rarest, the middle and the most frequent third of the base and of the novel classes (rule S)."
    )
    panels = boxes(len(config.runs), head(explanation) + 66, HEIGHT, ACROSS)
    with page(outputs["figure"], WIDTH, panels[-1][1] + HEIGHT + 46 + FOOT) as sheet:
        sheet.heading(f"Which categories are found, and how often are they seen in training? {config.benchmark}", explanation)
        base_and_novel(sheet)
        for number, (run, box) in enumerate(zip(config.runs, panels, strict=True)):
            axes = sheet.axes(*box)
            axes.set(ylim=(-2, 102), yticks=range(0, 101, 20))
            frequency_axis(axes, list(counts.values()))
            axes.grid(axis="y")
            dots(axes, list(counts.values()), found[number], table.novel)
            labels = Labels(axes)
            for novel, parts in means.items():
                for seen, mean in parts:
                    labels.level(seen, mean[number], novel, f"{mean[number]:.1f}")
            there = [item for item in zip(table.names, counts.values(), found[number], table.novel, strict=True) if item[3] and item[2]]
            labels.names(sorted(there, key=lambda item: -item[2])[:NAMED])
            sheet.text(box[0], box[1] - 36, run.title, 17)
            sheet.text(box[0], box[1] - 16, run.training_data, TEXT, GREY)
            sheet.text(box[0] + box[2], box[1] + HEIGHT + 38, f"pictures of {dataset} →", SMALL, GREY, ha="right")
        sheet.footer(about(config.profile, config.runs))
