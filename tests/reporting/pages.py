"""What tests ask of a drawn page."""

from itertools import combinations

import numpy as np
from matplotlib.text import Text
from PIL import Image


def words(page) -> list[str]:
    """The texts on `page`, in the order in which they were written."""
    return [text.get_text() for text in page.figure.findobj(Text) if text.get_text()]


def collisions(page) -> list[tuple[str, ...]]:
    """Texts that reach out of `page`, and pairs of texts that cover each other."""
    texts = [text for text in page.figure.findobj(Text) if text.get_text()]
    extents = [text.get_window_extent() for text in texts]
    found = [
        (text.get_text(),)
        for text, extent in zip(texts, extents, strict=True)
        if extent.x0 < 0 or extent.y0 < 0 or extent.x1 > page.width or extent.y1 > page.height
    ]
    for (one, a), (other, b) in combinations(zip(texts, extents, strict=True), 2):
        if a.x0 < b.x1 and b.x0 < a.x1 and a.y0 < b.y1 and b.y0 < a.y1:
            found.append((one.get_text(), other.get_text()))
    return found


def pixels(page, path) -> np.ndarray:
    """`page` (H, W, 3) uint8, by way of `path`."""
    page.save(path)
    return np.asarray(Image.open(path).convert("RGB"))
