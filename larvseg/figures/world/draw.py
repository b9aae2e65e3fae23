"""The page of the drawn world beside the real one: shares of classes above, labels of an image and companions below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from larvseg.columns import grouped
from larvseg.config import WorldConfig
from larvseg.figures.colours import GREY, INK, NOVEL, RULE, kind_colour, tint
from larvseg.figures.kit import SMALL, TEXT, base_and_novel, parted, settle, styled, titled
from larvseg.figures.scatter import both_logarithmic, correlation, dots, names
from larvseg.figures.words import RIM, Words
from larvseg.figures.world.data import TRAINING, Companion, Dot, World

HEIGHT, BELOW = 425, 425  # of a panel with its titles in the first and in the second row; pixels
NEAR = 2  # the factor that the grey band has on both sides of the diagonal
NAMED = 6  # classes of a panel, those farthest from the diagonal
LISTED = 16  # novel things of the list


@styled()
def draw(config: WorldConfig, world: World) -> Figure:
    """The figure."""
    notes = f"profile {config.profile}; real: ADE20K, objectInfo150.csv of its scene parsing benchmark"
    title = "How close is the drawn ADE20K to the real one?"
    sheet, (above, below) = parted(title, _explanation(config, world), (HEIGHT, BELOW), notes=notes, apart=(28, 0))
    base_and_novel(sheet)
    panels = {
        "How many images show it": ("percent of the images", "images"),
        "How many pixels it has": ("percent of all pixels", "pixels"),
        "How large it is where it is": ("percent of an image that shows it", "size"),
    }
    scatters = []
    for axes, (title, (unit, of)) in zip(above.subplots(1, 3), panels.items(), strict=True):
        classes = world.paired(of)
        titled(axes, title, said(classes))
        _scatter(axes, classes, unit)
        scatters.append((axes, classes))
    left, right = below.subplots(1, 2)
    titled(left, "How many labels an image has", "bars: percent of the drawn images; lines: means")
    _histogram(left, world.found.labels, {"real": world.real_labels, "real, drawn classes alone": float(world.real.images.sum())})
    titled(right, "Which thing is most often beside a novel one", f"● in the images of the novel one, ○ in all{spread(world.beside)}")
    _companions(right, world.names, world.beside, world.novel)
    settle(sheet)
    for axes, classes in scatters:
        farthest = sorted(classes, key=lambda each: -abs(np.log(each[2] / each[1])))[:NAMED]
        words = Words(axes)
        words.keep_free([each[1:3] for each in farthest], 4.5)  # half a dot
        names(words, [each[:4] for each in farthest])
    return sheet


def _explanation(config: WorldConfig, world: World) -> str:
    whole, drawn = (grouped(count) for count in (TRAINING, len(world.found.labels)))
    return (
        f"Each dot is one of the {len(world.names)} drawn classes of {config.dataset}: to the right its share in the real ADE20K ({whole} "
        f"training images), upwards in the {drawn} drawn ones. On the line both are the same, in the grey band within a factor of "
        f"{NEAR}; ρ: "
        f"rank correlation. Hollow: {config.base} has pixel labels of it under another name. The drawn classes have "
        f"{100 * world.real.pixels.sum():.0f} % of the real pixels and "
        f"{100 * world.found.shares.pixels.sum():.0f} % of the drawn ones. Which real "
        "classes come together is not in the published file."
    )


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


def _scatter(axes: Axes, classes: Sequence[Dot], unit: str) -> None:
    """`classes` on two logarithmic axes."""
    both_logarithmic(axes, *([each[number] for each in classes] for number in (1, 2)))
    axes.set_xlabel(f"real: {unit} →")
    axes.set_ylabel("drawn →")
    ends = np.array(axes.get_xlim())
    axes.fill_between(ends, ends / NEAR, ends * NEAR, color=RULE, alpha=0.45, linewidth=0)
    axes.plot(ends, ends, color=GREY, linewidth=1.4)
    dots(axes, *([each[number] for each in classes] for number in range(1, 5)))


def _histogram(axes: Axes, labels: np.ndarray, real: Mapping[str, float]) -> None:
    """How many drawn images have how many `labels`, and means: the drawn one, and those of the `real` ones."""
    shares = 100 * np.bincount(labels) / len(labels)
    axes.bar(range(len(shares)), shares, width=0.8, color=tint(GREY, 0.5))
    means = sorted([("drawn", float(labels.mean()), INK), *((name, mean, GREY) for name, mean in real.items())], key=lambda each: each[1])
    last = int(np.ceil(max(len(shares) - 1, *(mean for _, mean, _ in means))))
    axes.set(xlim=(-0.6, last + 2.6), ylim=(0, shares.max() * 1.45))
    axes.set_xticks(range(0, last + 1, 1 if last <= 20 else 5))
    axes.grid(axis="y")
    axes.set_xlabel("labels of an image →")
    for number, (name, mean, colour) in enumerate(means):
        height = 0.97 - 0.09 * number
        axes.axvline(mean, ymax=height + 0.015, color=colour, linewidth=2.2, linestyle="-" if name == "drawn" else (0, (4, 2)))
        place = {"xy": (mean, height), "xycoords": axes.get_xaxis_transform(), "xytext": (5, 0), "textcoords": "offset points"}
        axes.annotate(f"{name} {mean:.1f}", **place, size=TEXT, color=colour, va="center", path_effects=RIM)


def _companions(axes: Axes, names: Sequence[str], beside: Sequence[Companion], novel: np.ndarray) -> None:
    """A line for each of those of `beside` that are most often with another: from how often that is anywhere to how often it is with it."""
    shown = sorted(beside, key=lambda each: -each.together)[:LISTED]
    axes.set(xlim=(0, 100), ylim=(LISTED - 0.5, -0.5), yticks=range(len(shown)))
    axes.set_yticklabels([names[each.of] for each in shown], color=NOVEL)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.set_xlabel("percent of drawn images that show the other thing →")
    for line, each in enumerate(shown):
        anywhere, together = 100 * each.anywhere, 100 * each.together
        axes.plot((anywhere, together), (line, line), color=tint(NOVEL, 0.4), linewidth=2.2, zorder=1)
        axes.scatter([anywhere], [line], s=8**2, facecolors="white", edgecolors=[NOVEL], linewidths=1.7, zorder=2)
        axes.scatter([together], [line], s=9**2, color=NOVEL, linewidths=0, zorder=2)
        place = {"xy": (max(anywhere, together), line), "xytext": (7, 0), "textcoords": "offset points", "va": "center"}
        axes.annotate(names[each.thing], **place, size=SMALL, color=kind_colour(novel[each.thing]), annotation_clip=False)
