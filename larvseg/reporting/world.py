"""Figure: the drawn ADE20K beside the real one, where numbers of that are published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from larvseg.columns import grouped
from larvseg.config import WorldConfig
from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError
from larvseg.reporting import drawing
from larvseg.reporting.diagnostics.page import (
    BASE,
    FOOT,
    GREY,
    INK,
    NOVEL,
    RULE,
    SMALL,
    TEXT,
    WIDTH,
    Page,
    boxes,
    head,
    page,
    part,
    points,
    wrapped,
)
from larvseg.reporting.diagnostics.scatter import OUTLINE, Labels, base_and_novel, both_logarithmic, dots
from larvseg.reporting.diagnostics.tail import correlation
from larvseg.reporting.occurrence import TRAINING, Companion, Seen, Shares, companions, published, seen_in
from larvseg.vocabulary.alignment import BY_NAME

HEIGHT, BELOW = 330, 320  # of a panel in the first and in the second row; pixels
NEAR = 2  # the factor that the grey band has on both sides of the diagonal
NAMED = 6  # classes of a panel, those farthest from the diagonal
LISTED = 16  # novel things of the list
Dot = tuple[str, float, float, bool, bool]  # class, real and drawn percent, is novel, is novel by name alone


def world(config: WorldConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Draw `figure`, a PNG, of the training masks that `manifest` counts.

    Raises LarvSegError for the manifest of another data set, and where no training picture shows a class.
    """
    manifest = Manifest(inputs["manifest"])
    if manifest.header["dataset"] != config.dataset:
        found = manifest.header["dataset"]
        raise LarvSegError(f"{manifest.path}: the manifest of {found}, not of {config.dataset}; delete it and derive it again")
    if not any(manifest.labels(index) for index in manifest.split("training").tolist()):
        raise LarvSegError(f"{manifest.path}: no training picture shows a class, so that there is nothing to compare")
    names, found = manifest.header["classes"], seen_in(manifest)
    real, things = published(names)
    novel, by_name = (np.isin(np.arange(len(names)), manifest.novel(which)) for which in ("S", BY_NAME))
    explanation = wrapped(_explanation(config, names, found, real))
    above = boxes(3, head(explanation) + 62, HEIGHT, 3, left=64)
    left, right = boxes(2, above[-1][1] + HEIGHT + 134, BELOW, 2, left=64)
    with page(outputs["figure"], WIDTH, right[1] + BELOW + 46 + FOOT) as sheet:
        sheet.heading("How close is the drawn ADE20K to the real one?", explanation)
        base_and_novel(sheet)
        panels = {
            "How many pictures show it": ("percent of the pictures", real.pictures, found.shares.pictures),
            "How many pixels it has": ("percent of all pixels", real.pixels, found.shares.pixels),
            "How large it is where it is": ("percent of a picture that shows it", real.size, found.shares.size),
        }
        for box, (title, (unit, across, upwards)) in zip(above, panels.items(), strict=True):
            classes = paired(names, across, upwards, novel, by_name)
            _titles(sheet, box, title, said(classes))
            _scatter(sheet.axes(*box), classes, unit)
        _titles(sheet, left, "How many labels a picture has", "bars: percent of the drawn pictures; lines: means")
        _histogram(
            sheet.axes(*left),
            found.labels,
            {"real": float(published()[0].pictures.sum()), "real, drawn classes alone": float(real.pictures.sum())},
        )
        beside = [each for each in companions(found, things) if novel[each.of]]
        below = f"● in the pictures of the novel one, ○ in all{spread(beside)}"
        _titles(sheet, right, "Which thing is most often beside a novel one", below)
        _companions(sheet.axes(right[0] + 76, right[1], right[2] - 206, right[3]), names, beside, novel)
        sheet.footer(f"profile {config.profile}; real: ADE20K, objectInfo150.csv of its scene parsing benchmark")


def _explanation(config: WorldConfig, names: Sequence[str], found: Seen, real: Shares) -> str:
    whole, drawn = (grouped(count) for count in (TRAINING, len(found.labels)))
    return (
        f"Each dot is one of the {len(names)} drawn classes of {config.dataset}: to the right its share in the real ADE20K ({whole} "
        f"training pictures), upwards in the {drawn} drawn ones. On the line both are the same, in the grey band within a factor of "
        f"{NEAR}; ρ: "
        f"rank correlation. Hollow: {config.base} has pixel labels of it under another name. The drawn classes have "
        f"{100 * real.pixels.sum():.0f} % of the real pixels and {100 * found.shares.pixels.sum():.0f} % of the drawn ones. Which real "
        "classes come together is not in the published file."
    )


def paired(names: Sequence[str], real: np.ndarray, drawn: np.ndarray, novel: np.ndarray, by_name: np.ndarray) -> list[Dot]:
    """The classes that some picture shows, real and drawn in percent; shares are from 0 to 1, and those that never occur are 0 or NaN."""
    each = zip(names, (100 * real).tolist(), (100 * drawn).tolist(), novel.tolist(), by_name.tolist(), strict=True)
    return [dot for dot in each if dot[1] > 0 and dot[2] > 0]


def said(classes: Sequence[Dot]) -> str:
    """How well real and drawn numbers of `classes` agree."""
    near = sum(max(upwards / across, across / upwards) <= NEAR for _, across, upwards, *_ in classes)
    return f"ρ {correlation(classes)}; {near} of {len(classes)} within a factor of {NEAR}"


def spread(beside: Sequence[Companion]) -> str:
    """How many of `beside` the list has room for, and the median of how often all of them are with their companion."""
    if not beside:
        return ""
    listed = f"; the first {LISTED} of {len(beside)}" if len(beside) > LISTED else ""
    return f"{listed}; median {100 * np.median([each.together for each in beside]):.0f} %"


def _titles(sheet: Page, box: tuple[float, ...], title: str, below: str) -> None:
    sheet.text(box[0], box[1] - 34, title, 17)
    sheet.text(box[0], box[1] - 14, below, TEXT, GREY)


def _scatter(axes: Axes, classes: Sequence[Dot], unit: str) -> None:
    """`classes` on two logarithmic axes; those farthest from the diagonal have their names."""
    both_logarithmic(axes, *([each[number] for each in classes] for number in (1, 2)))
    axes.set_xlabel(f"real: {unit} →")
    axes.set_ylabel("drawn →")
    ends = np.array(axes.get_xlim())
    axes.fill_between(ends, ends / NEAR, ends * NEAR, color=RULE, alpha=0.45, linewidth=0)
    axes.plot(ends, ends, color=GREY, linewidth=1)
    dots(axes, *([each[number] for each in classes] for number in range(1, 5)))
    farthest = sorted(classes, key=lambda each: -abs(np.log(each[2] / each[1])))[:NAMED]
    labels = Labels(axes)
    labels.keep_free((across, upwards) for _, across, upwards, *_ in farthest)
    labels.names([each[:4] for each in farthest])


def _histogram(axes: Axes, labels: np.ndarray, real: Mapping[str, float]) -> None:
    """How many drawn pictures have how many `labels`, and means: the drawn one, and those of the `real` ones."""
    shares = 100 * np.bincount(labels) / len(labels)
    axes.bar(range(len(shares)), shares, width=0.8, color=part(drawing.GREY, 0.5))
    means = sorted([("drawn", float(labels.mean()), INK), *((name, mean, GREY) for name, mean in real.items())], key=lambda each: each[1])
    last = int(np.ceil(max(len(shares) - 1, *(mean for _, mean, _ in means))))
    axes.set(xlim=(-0.6, last + 2.6), ylim=(0, shares.max() * 1.45))
    axes.set_xticks(range(0, last + 1, 1 if last <= 20 else 5))
    axes.grid(axis="y")
    axes.set_xlabel("labels of a picture →")
    for number, (name, mean, colour) in enumerate(means):
        height = 0.97 - 0.09 * number
        axes.axvline(mean, ymax=height + 0.015, color=colour, linewidth=1.6, linestyle="-" if name == "drawn" else (0, (4, 2)))
        place = {"xy": (mean, height), "xycoords": axes.get_xaxis_transform(), "xytext": (5, 0), "textcoords": "offset points"}
        axes.annotate(f"{name} {mean:.1f}", **place, fontsize=points(TEXT), color=colour, va="center", path_effects=OUTLINE)


def _companions(axes: Axes, names: Sequence[str], beside: Sequence[Companion], novel: np.ndarray) -> None:
    """A line for each of those of `beside` that are most often with another: from how often that is anywhere to how often it is with it."""
    shown = sorted(beside, key=lambda each: -each.together)[:LISTED]
    axes.set(xlim=(0, 100), ylim=(LISTED - 0.5, -0.5), yticks=range(len(shown)))
    axes.set_yticklabels([names[each.of] for each in shown], color=NOVEL)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.set_xlabel("percent of drawn pictures that show the other thing →")
    for line, each in enumerate(shown):
        anywhere, together = 100 * each.anywhere, 100 * each.together
        axes.plot((anywhere, together), (line, line), color=part(drawing.NOVEL, 0.6), linewidth=1.6, zorder=1)
        axes.scatter([anywhere], [line], s=points(8) ** 2, facecolors="white", edgecolors=[NOVEL], linewidths=1.2, zorder=2)
        axes.scatter([together], [line], s=points(9) ** 2, color=NOVEL, linewidths=0, zorder=2)
        place = {"xy": (max(anywhere, together), line), "xytext": (7, 0), "textcoords": "offset points", "va": "center"}
        axes.annotate(names[each.thing], **place, fontsize=points(SMALL), color=NOVEL if novel[each.thing] else BASE, annotation_clip=False)
