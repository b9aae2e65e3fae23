"""What tests ask of a drawn page."""

from itertools import combinations
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from larvseg.figures.kit import save, styled
from larvseg.figures.words import extent


def texts(page: Figure) -> list[Text]:
    """What is to be read on `page`."""
    return [text for text in page.findobj(Text) if text.get_text() and text.get_visible()]


def words(page: Figure) -> list[str]:
    """The texts on `page`."""
    return [text.get_text() for text in texts(page)]


@styled()
def collisions(page: Figure) -> list[tuple[str, ...]]:
    """Texts that reach out of `page`, and pairs of texts that cover each other."""
    page.draw_without_rendering()
    shown = [text for text in texts(page) if text.axes is None or text.axes.axison or text in text.axes.texts or text is text.axes.title]
    boxes = [extent(text).padded(-1) for text in shown]
    width, height = page.bbox.size
    out = [
        (one.get_text(),) for one, box in zip(shown, boxes, strict=True) if box.min.min() < -1 or box.x1 > width + 1 or box.y1 > height + 1
    ]
    each = combinations(zip(shown, boxes, strict=True), 2)
    return out + [(one.get_text(), other.get_text()) for (one, box), (other, there) in each if box.overlaps(there)]


def pixels(page: Figure, path: Path) -> np.ndarray:
    """`page` (H, W, 3) uint8, by way of `path`."""
    save(page, path)
    return np.asarray(Image.open(path).convert("RGB"))


def count(image: np.ndarray, colour: object, tolerance: int = 1) -> int:
    """Pixels of `colour`, as matplotlib takes it."""
    from matplotlib.colors import to_rgb

    return int((np.abs(image.astype(int) - np.round(np.array(to_rgb(colour)) * 255)).max(2) <= tolerance).sum())


def place(page: Figure, axes: object) -> tuple[slice, slice]:
    """The rows and columns of pixels that `axes` fill on a saved `page`."""
    box, height = axes.bbox, page.bbox.height
    return slice(round(height - box.y1), round(height - box.y0)), slice(round(box.x0), round(box.x1))
