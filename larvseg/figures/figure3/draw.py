"""The page of Figure 3: above the segmenter and the losses, below where the attentive classifier looks, a row for each label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from larvseg.figures.colours import BASE, GREY, INK, NOVEL, RULE, kind_colour, tint
from larvseg.figures.diagram import Classes, Diagram, Frame, framed, label_map, within
from larvseg.figures.images import OPACITY, cover, faded, show
from larvseg.figures.kit import MARGIN, heading_height, page, styled

WIDTH = 1840  # pixels
LANES = 230, 404  # the ways of the two images through the segmenter
SMALL, LARGE = (172, 129), (168, 126)  # of images above, of maps below
PANEL, HEADS, ROW = 524, 112, 206  # top of the attentive classifier, its heads, one label
COLUMNS = 56, 264, 922, 1128, 1340, 1548  # of the attentive classifier
SLOT, PITCH, LINE = 58, 62, 10  # of a slot, from one to the next; slots in a line
BARS = 5
LOGITS = {"layer_norm": "$z=\\gamma\\,\\mathrm{LN}(S)+\\beta$", "cosine": "$z=S/\\tau$"}  # by the switch temperature
POOLED = {  # by the switches attention_on and pooling
    ("logits", "all_pixels"): "mean of $A\\odot z$ over the image",
    ("logits", "attention"): "$\\Sigma A\\odot z\\,/\\,\\Sigma A$",
    ("similarity", "all_pixels"): "mean of $A\\odot S$, then $z$ of it",
    ("similarity", "attention"): "$\\Sigma A\\odot S\\,/\\,\\Sigma A$, then $z$ of it",
}
SOFT, PALE = "#f6f6f6", "#fbf9f7"


@styled()
def draw(arrays: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> Figure:
    """The figure of what the stage `attend` writes."""
    return _Drawing(arrays, about).drawn()


class _Drawing:
    def __init__(self, arrays: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> None:
        self.arrays, self.about = arrays, about
        self.pixel, self.weak, self.names, self.novel = about["pixel"], about["weak"], about["names"], about["novel"]
        self.classes = Classes(self.names, self.novel, [self.names[row] for row in self.weak["rows"]])
        explanation = (
            f"{about['run']}, seed {about['seed']}, profile “{about['profile']}”: two training images after the last step. Every map, "
            "crop and number is the trained model’s own. Blue: base categories, for which there are masks. Orange: novel ones. "
            "The image with image labels is, of the first candidates, that whose labels the bank tells best from the rest; its mask is "
            "never opened. Testing takes the largest $z$ of each pixel: the bank serves training alone."
        )
        height = PANEL + HEADS + len(self.weak["shown"]) * ROW - heading_height(2)
        self.page = Diagram(page("Figure 3 · The framework, and what passes through it", explanation, height, WIDTH))

    def drawn(self) -> Figure:
        """The page with everything on it."""
        self._segmenter()
        self._losses()
        self._heads()
        for number in range(len(self.weak["shown"])):
            self._row(number, PANEL + HEADS + number * ROW)
        return self.page.figure

    # ---- the segmenter

    def _segmenter(self) -> None:
        page = self.page
        kinds = ("pixel", BASE, "with a mask"), ("weak", NOVEL, "with image labels")
        for lane, (part, colour, caption) in zip(LANES, kinds, strict=True):
            image, components = self.arrays[f"{part}.image"], _as_colours(self.arrays[f"{part}.components"])
            page.text((MARGIN, lane - SMALL[1] / 2 - 9), f"{self.about[part]['dataset']}, {caption}", 13, colour)
            show(page.panel(within((MARGIN + SMALL[0] / 2, lane), SMALL, image.shape)), image, edge=colour, line=3)
            page.arrow((MARGIN + SMALL[0] + 6, lane), (244, lane), colour)
            page.arrow((356, lane), (390, lane), colour)
            panel = page.panel(within((396 + SMALL[0] / 2, lane), SMALL, image.shape))
            faded(panel, image, edge=GREY)
            cover(panel, components, opacity=1)
            page.arrow((396 + SMALL[0] + 6, lane), (610, lane), colour)
        top, bottom = LANES[0] - SMALL[1] / 2, LANES[1] + SMALL[1] / 2
        page.text((396 + SMALL[0] / 2, top - 9), "pixel embeddings $p$", 13, INK, "m")
        page.text((396 + SMALL[0] / 2, bottom + 18), "colours: 3 principal components", 12, GREY, "m")
        self._block((248, top, 352, bottom), "backbone", self.about["backbone"].split(", "))
        self._block((614, top, 798, bottom), "cosine classifier", ("$S=\\cos(p,e)$", LOGITS[self.about["temperature"]]))
        page.text((706, bottom - 112), "class embeddings $e$", 14, INK, "m")
        page.bars((638, bottom - 104, 774, bottom - 44), self.novel)
        page.text((706, bottom - 24), f"{self.novel.count(False)} base, {self.novel.count(True)} novel", 12, GREY, "m")

    def _block(self, frame: Frame, title: str, lines: Sequence[str]) -> None:
        middle = (frame[0] + frame[2]) / 2
        self.page.box(frame, SOFT, GREY)
        self.page.text((middle, frame[1] + 34), title, 15, INK, "m")
        for number, line in enumerate(lines):
            formula = "$" in line
            self.page.text((middle, frame[1] + 66 + 27 * number), line, 15 if formula else 12, INK if formula else GREY, "m")

    # ---- the losses

    def _losses(self) -> None:
        page, (upper, lower), image = self.page, LANES, self.arrays["pixel.image"]
        for x, title, labels in ((840, "prediction: largest $z$", "pixel.prediction"), (1028, "mask", "pixel.mask")):
            page.text((x + SMALL[0] / 2, upper - SMALL[1] / 2 - 9), title, 13, INK, "m")
            label_map(page.panel(within((x + SMALL[0] / 2, upper), SMALL, image.shape)), image, self.arrays[labels], self.classes, 11)
        page.box((840, lower - 30, 1004, lower + 30), "white", NOVEL)
        page.text((922, lower - 4), "mean of $z$", 14, INK, "m")
        page.text((922, lower + 18), "over the image", 12, GREY, "m")
        page.text((1028, lower - SMALL[1] / 2 - 9), "image labels", 13, INK)
        explained = {each["row"] for each in self.weak["shown"]}
        ordered = sorted(self.weak["labels"], key=lambda row: row not in explained)
        labels = [(self.names[row], kind_colour(self.novel[row])) for row in ordered]
        page.pills((1028, lower - SMALL[1] / 2, 1206, lower + SMALL[1] / 2), labels, 12)
        values = {"seg": self.pixel["loss_seg"], "cls": self.weak["loss_cls"], "aux": self.weak["loss_aux"]}
        for lane, colour, name in ((upper, BASE, "seg"), (lower, NOVEL, "cls")):
            page.arrow((802, lane), (834, lane), colour)
            page.arrow((1208, lane), (1242, lane), colour)
            page.box((1246, lane - 26, 1376, lane + 26), "white", colour, radius=26, line=2)
            page.text((1311, lane + 7), f"$L_{{{name}}}=$ {values[name]:.2f}", 18, INK, "m")
            page.arrow((1380, lane), (1522, lane), colour)
        self._sum((1526, upper - SMALL[1] / 2, WIDTH - MARGIN, lower + SMALL[1] / 2), values)

    def _sum(self, frame: Frame, values: Mapping[str, float]) -> None:
        weights = {name: self.weak[f"lambda_{name}"] for name in ("cls", "aux")}
        total = values["seg"] + sum(weight * values[name] for name, weight in weights.items())
        lines = [("$L\\;=\\;L_{seg}$", f"{values['seg']:.2f}")]
        lines += [
            (f"$\\;\\;\\;\\;+\\;\\lambda_{{{name}}}L_{{{name}}}$", f"+ {weight:g} · {values[name]:.2f}") for name, weight in weights.items()
        ]
        self.page.box(frame, SOFT, GREY)
        for number, (term, value) in enumerate([*lines, ("", f"= {total:.2f}")]):
            y = frame[1] + 80 + 52 * number
            self.page.text((frame[0] + 24, y), term, 18)
            self.page.text((frame[2] - 24, y), value, 15, INK, "r")

    # ---- the attentive classifier

    def _heads(self) -> None:
        page, bottom = self.page, LANES[1] + SMALL[1] / 2
        page.box((MARGIN, PANEL, WIDTH - MARGIN, page.height - MARGIN), PALE, tint(NOVEL, 0.6), radius=14)
        page.text((COLUMNS[0], PANEL + 34), "Category-wise attentive classifier: where in the image is each of its labels?", 18)
        size, patches = self.about["memory_size"], self.about["top_k"]
        heads = (
            ("label $c$, cosines $S_c$", f"framed: the $K={patches}$ largest"),
            (
                f"memory bank $Q_c$: crops of the last $M={size}$ images with the label",
                "lit: the $K$ patches of each, of which a slot is the mean; those framed on the left come next, after the loss",
            ),
            ("$s_{fg}$", "mean cosine of $p$ to $Q_c$"),
            ("$s_{bg}$", "the same for the other labels"),
            ("CA-map $A$", "$\\sigma(s_{fg}-s_{bg},$ standardised$)$"),
            ("softmax of pooled logits", POOLED[self.about["attention_on"], self.about["pooling"]]),
        )
        for x, (title, explanation) in zip(COLUMNS, heads, strict=True):
            page.text((x, PANEL + 72), title, 15)
            page.text((x, PANEL + 94), explanation, 12, GREY)
        page.arrow((396 + SMALL[0] / 2, bottom + 26), (396 + SMALL[0] / 2, PANEL - 2), NOVEL)
        page.text((404 + SMALL[0] / 2, PANEL - 13), "$p$", 14)
        page.arrow((706, bottom + 4), (706, PANEL - 2), NOVEL)
        page.text((714, PANEL - 13), "$S,\\,z$", 14)
        page.arrow((1669, PANEL), (1669, bottom + 6), NOVEL)
        page.text((1679, PANEL - 13), "$L_{aux}$: mean of $\\ell_c$", 14)

    def _row(self, number: int, top: float) -> None:
        page, row = self.page, self.weak["shown"][number]["row"]
        page.line((COLUMNS[0], top - 6), (WIDTH - COLUMNS[0], top - 6), RULE)
        page.pills((COLUMNS[0], top + 3, COLUMNS[1], top + 40), [(self.names[row], kind_colour(self.novel[row]))], 13)
        top, middle, image, frames = top + 34, top + 34 + LARGE[1] / 2, self.arrays["weak.image"], []
        for x, name in zip((COLUMNS[0], *COLUMNS[2:5]), ("cosines", "foreground", "background", "attention"), strict=True):
            values, frame = self.arrays[f"weak.{name}"][number], within((x + LARGE[0] / 2, middle), LARGE, image.shape)
            panel, over = page.panel(frame), name == "attention"
            faded(panel, image, edge=GREY)
            low, high = (0, 1) if over else (values.min(), max(values.max(), values.min() + 1e-12))
            heat = {"cmap": "magma", "vmin": low, "vmax": high}
            cover(panel, values, "bilinear" if over else "nearest", OPACITY if over else 1, **heat)
            if name == "cosines":
                framed(panel, values.shape, self.arrays["weak.top"][number], INK)
            page.text(
                ((frame[0] + frame[2]) / 2, top + LARGE[1] + 18), f"{_number(values.min())} to {_number(values.max())}", 11.5, GREY, "m"
            )
            frames.append(frame)
        bank, bars = (COLUMNS[1], top, COLUMNS[1] + LINE * PITCH - PITCH + SLOT, top), (COLUMNS[5], top, WIDTH, top)
        order = [frames[0], bank, *frames[1:], bars]
        for left, right in pairwise(order):
            if right is frames[2]:
                page.text(((left[2] + right[0]) / 2, middle + 8), "$-$", 26, INK, "m")
            else:
                page.arrow((left[2] + 6, middle), (right[0] - 6, middle))
        self._slots(number, top)
        self._bars(number, top)

    def _slots(self, number: int, top: float) -> None:
        slots = self.weak["shown"][number]["slots"]
        for age in range(min(self.about["memory_size"], 2 * LINE)):
            x, y = COLUMNS[1] + age % LINE * PITCH, top + age // LINE * PITCH
            frame = x, y, x + SLOT, y + SLOT
            if age < len(slots):
                crop, chosen = (self.arrays[f"slots.{number}.{age}.{name}"] for name in ("image", "top"))
                show(self.page.panel(frame), _lit(crop, slots[age]["grid"], chosen), "bilinear", GREY, 1)
            else:
                self.page.box(frame, "white", RULE, radius=2)
        text = "nothing was pushed yet: random vectors"
        if slots:
            datasets = [slot["dataset"] for slot in slots]
            agreement = [slot["agreement"] for slot in slots]
            rest = self.about["memory_size"] > self.weak["shown"][number]["pushed"]
            text = ", ".join(f"{datasets.count(name)} from {name}" for name in dict.fromkeys(datasets)) + ", the rest random" * rest
            text += f"; cosine of a slot to its patches, embedded again: {min(agreement):.2f} to {max(agreement):.2f}"
        self.page.text((COLUMNS[1], top + 2 * PITCH + 20), text, 12, GREY)

    def _bars(self, number: int, top: float) -> None:
        page, shown, probabilities = self.page, self.weak["shown"][number], self.arrays["weak.probabilities"][number]
        own = self.weak["rows"].index(shown["row"])
        order = [int(place) for place in np.argsort(-probabilities, kind="stable")[:BARS]]
        if own not in order:
            order[-1] = own
        left, right = COLUMNS[5] + 116, WIDTH - COLUMNS[0] - 40
        for line, place in enumerate(order):
            row, y, ink = self.weak["rows"][place], top + 22 * line, INK if place == own else GREY
            length = (right - left) * probabilities[place] / probabilities[order].max()
            page.text((left - 8, y + 14), self.names[row], 12, ink, "r")
            page.box(
                (left, y + 2, left + max(length, 1), y + 17), tint(kind_colour(self.novel[row]), 1 if place == own else 0.35), radius=2
            )
            page.text((left + length + 6, y + 14), f"{probabilities[place]:.2f}", 12, ink)
        text, ink = "bank not full yet: not scored", GREY
        if shown["scored"]:
            text, ink = f"$\\ell_c=-\\log\\,p_c=$ {shown['loss_aux']:.2f}", INK
        page.text((WIDTH - COLUMNS[0], top + 22 * BARS + 26), text, 12, ink, "r")


def _number(value: float) -> str:
    return f"{round(float(value), 2) + 0.0:.2f}"  # zero has no sign


def _as_colours(components: np.ndarray) -> np.ndarray:
    """(3, h, w) → (h, w, 3) uint8, on a scale that leaves one value in fifty of each component too dark and one too light."""
    low, high = np.percentile(components, (2, 98), axis=(1, 2))[:, :, None, None]
    return (((components - low) / (high - low)).clip(0, 1) * 255).round().astype(np.uint8).transpose(1, 2, 0)


def _lit(crop: np.ndarray, grid: Sequence[int], chosen: np.ndarray) -> np.ndarray:
    """`crop` (H, W, 3), pale but for the `chosen` patches of its `grid`."""
    lit = np.zeros(grid[0] * grid[1], bool)
    lit[chosen] = True
    rows, columns = (np.arange(size) * cells // size for size, cells in zip(crop.shape, grid, strict=False))
    mask = lit.reshape(grid)[np.ix_(rows, columns)][..., None]
    return np.where(mask, crop, np.round(crop * 0.3 + 255 * 0.7)).astype(np.uint8)
