"""The page of Figure 1: on the left what is learned from, then the segmenter, on the right what it does."""

from __future__ import annotations

from matplotlib.figure import Figure

from larvseg.columns import grouped
from larvseg.config.figures import Figure1Config
from larvseg.figures.colours import BASE, GREY, INK, NOVEL, kind_colour, tint
from larvseg.figures.diagram import Classes, Diagram, label_map, within
from larvseg.figures.figure1.data import Example, Paradigm
from larvseg.figures.images import show
from larvseg.figures.kit import MARGIN, heading_height, page, styled

WIDTH, TOP = 1840, 134  # pixels
UPPER, LOWER, GAP = 336, 424, 20  # heights of what is learned from masks and from names
HEIGHT = UPPER + GAP + LOWER
LEFT, MIDDLE, RIGHT = (MARGIN, 752), (842, 1106), (1196, WIDTH - MARGIN)
INNER, HEAD = 24, 82  # margin of a part, its title
IMAGE, PREDICTION = (316, 237), (572, 429)
SECOND = LEFT[1] - INNER - IMAGE[0]  # left of the second image of a part
SOFT = "#f6f6f6"


@styled()
def draw(config: Figure1Config, found: Paradigm) -> Figure:
    """The figure."""
    return _Drawing(config, found).drawn()


class _Drawing:
    def __init__(self, config: Figure1Config, found: Paradigm) -> None:
        self.config, self.found = config, found
        self.examples = {example.kind: example for example in found.examples}
        explanation = (
            f"{config.run}, profile “{config.profile}”, seed {found.result.seed}. Blue: base categories, those that C171 has (rule S). "
            "Orange: novel ones: training sees in which images they are, not where. The validation image is the one in which a novel "
            f"category is found best; the training images have most in common with it (masks: of the first {config.candidates})."
        )
        title = "Figure 1 · The paradigm: masks of some categories, names of more, segmentation of all"
        self.page = Diagram(page(title, explanation, TOP + HEIGHT - heading_height(2), WIDTH))

    def drawn(self) -> Figure:
        """The page with everything on it."""
        self._masks(self.examples["pixel"])
        self._labels(self.examples["multi_label"], self.examples["single_label"])
        self._segmenter()
        self._segmentation()
        return self.page.figure

    def _masks(self, example: Example) -> None:
        page, top, left = self.page, TOP, LEFT[0] + INNER
        page.box((LEFT[0], top, LEFT[1], top + UPPER), tint(BASE, 0.05), tint(BASE, 0.6), radius=14)
        page.text((left, top + 36), "Base categories are learned from masks", 18, BASE)
        about = f"{example.dataset}: {grouped(example.images)} images, {len({*example.names})} categories, a label for each pixel"
        page.text((left, top + 62), about, 13, GREY)
        frames = [within((x + IMAGE[0] / 2, top + HEAD + IMAGE[1] / 2), IMAGE, example.image.shape) for x in (left, SECOND)]
        show(page.panel(frames[0]), example.image, edge=BASE)
        classes = Classes(example.names, self.found.are_novel(example.names), self.found.names)
        label_map(page.panel(frames[1]), example.image, example.annotation, classes, 12, BASE)

    def _labels(self, *examples: Example) -> None:
        page, top, left = self.page, TOP + UPPER + GAP, LEFT[0] + INNER
        page.box((LEFT[0], top, LEFT[1], top + LOWER), tint(NOVEL, 0.05), tint(NOVEL, 0.6), radius=14)
        page.text((left, top + 36), "Novel categories are learned from names of what is in an image", 18, NOVEL)
        for x, example in zip((left, SECOND), examples, strict=True):
            novel = self.found.are_novel(example.names)
            about = f"{example.dataset}: {grouped(example.images)} images, {len(novel)} categories, {sum(novel)} novel"
            page.text((x, top + 62), about, 13, GREY)
            frame = within((x + IMAGE[0] / 2, top + HEAD + IMAGE[1] / 2), IMAGE, example.image.shape)
            show(page.panel(frame), example.image, edge=NOVEL)
            names = [(example.names[label], kind_colour(novel[label])) for label in sorted(example.annotation, key=lambda i: not novel[i])]
            y = top + HEAD + IMAGE[1] + 14
            page.pills((frame[0], y, x + IMAGE[0], y + 80), names, 13)

    def _segmenter(self) -> None:
        page, (left, right), middle = self.page, MIDDLE, sum(MIDDLE) / 2
        novel = self.found.are_novel(tuple(dict.fromkeys(name for example in self.examples.values() for name in example.names)))
        page.box((left, TOP + 60, right, TOP + HEIGHT - 60), SOFT, GREY, radius=14)
        page.text((middle, TOP + 100), "One segmenter", 16, INK, "m")
        ways = (TOP + UPPER / 2, BASE, "$L_{seg}$"), (TOP + UPPER + GAP + LOWER / 2, NOVEL, "$L_{cls},\\,L_{aux}$")
        for y, colour, loss in ways:
            page.arrow((LEFT[1] + 6, y), (left - 6, y), colour, 3)
            page.text(((LEFT[1] + left) / 2 - 4, y - 12), loss, 15, colour, "m")
        page.arrow((right + 6, TOP + HEIGHT / 2), (RIGHT[0] - 6, TOP + HEIGHT / 2), GREY, 3)
        blocks = (
            (TOP + 130, 72, GREY, "backbone", "pixels to embeddings"),
            (TOP + 246, 196, GREY, "cosine classifier", "an embedding for each name"),
            (TOP + 486, 108, NOVEL, "memory bank", "where is what a label says?"),
        )
        for y, height, colour, title, about in blocks:
            page.box((left + INNER, y, right - INNER, y + height), "white", colour)
            page.text((middle, y + 31), title, 16, INK, "m")
            page.text((middle, y + 54), about, 12, GREY, "m")
        page.arrow((middle, TOP + 206), (middle, TOP + 242))
        page.arrow((middle, TOP + 482), (middle, TOP + 446), NOVEL, dashed=True)
        page.bars((left + INNER + 16, TOP + 318, right - INNER - 16, TOP + 392), novel)
        page.text((middle, TOP + 422), f"{novel.count(False)} base, {novel.count(True)} novel", 13, INK, "m")
        page.text((middle, TOP + 566), "in training alone: Figure 3", 12, GREY, "m")
        page.text((middle, TOP + HEIGHT - 106), "$L=L_{seg}+\\lambda_{cls}L_{cls}+\\lambda_{aux}L_{aux}$", 15, INK, "m")

    def _segmentation(self) -> None:
        page, names, result, (left, right) = self.page, self.found.names, self.found.result, RIGHT
        novel, middle = self.found.are_novel(names), (left + right) / 2
        classes = Classes(names, novel, names)
        page.box((left, TOP, right, TOP + HEIGHT), "white", GREY, radius=14)
        page.text((left + INNER, TOP + 36), "Both are segmented", 18)
        about = f"{self.config.benchmark}: {len(names)} categories, {novel.count(False)} base and {novel.count(True)} novel; "
        about += f"mIoU of all images {result.base:.1f} and {result.novel:.1f}"
        page.text((left + INNER, TOP + 62), about, 13, GREY)
        top = TOP + HEAD
        frame = within((middle, top + PREDICTION[1] / 2), PREDICTION, result.image.shape)
        label_map(page.panel(frame), result.image, result.prediction, classes, 14)
        line = f"prediction; {result.found}, never seen with a mask: IoU {100 * result.iou:.0f} % in this image"
        page.text((middle, top + PREDICTION[1] + 25), line, 13, INK, "m")
        top += PREDICTION[1] + 46
        size = (right - left - 3 * INNER) / 2, TOP + HEIGHT - top - 42
        frames = [within((x + size[0] / 2, top + size[1] / 2), size, result.image.shape) for x in (left + INNER, right - INNER - size[0])]
        show(page.panel(frames[0]), result.image, edge=GREY)
        label_map(page.panel(frames[1]), result.image, result.truth, classes, 11)
        for frame, title in zip(frames, ("validation image", "its mask, to compare with"), strict=True):
            page.text(((frame[0] + frame[2]) / 2, TOP + HEIGHT - 18), title, 13, GREY, "m")
