"""How the memory of a stage grows, and all of them as a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from larvseg.bench.memory.measuring import Measured
from larvseg.columns import columns

LEAST = 1  # bytes an image: what is less is the noise of a few hundred KB between processes


@dataclass(frozen=True)
class Growth:
    """What one stage took with several numbers of images, ascending."""

    stage: str
    keeps: str
    images: tuple[int, ...]
    megabytes: tuple[float, ...]  # that no file backs

    @property
    def bytes_an_image(self) -> float:
        """From the first number of images to the last; none from a single one."""
        if len(self.images) < 2:
            return float("nan")
        return max(1e6 * (self.megabytes[-1] - self.megabytes[0]) / (self.images[-1] - self.images[0]), 0.0)

    def at(self, images: int) -> tuple[float, bool]:
        """Megabytes with so many images, and whether they were measured; beyond what was, the line goes on as before."""
        if images in self.images:
            return self.megabytes[self.images.index(images)], True
        return self.megabytes[-1] + self.bytes_an_image * (images - self.images[-1]) / 1e6, False


def growths(found: Iterable[Measured]) -> list[Growth]:
    """Those of the stages in `found`, in their order."""
    each = ((name, list(rows)) for name, rows in groupby(found, lambda row: row.stage))
    return [Growth(name, rows[0].keeps, tuple(row.images for row in rows), tuple(row.anonymous_mb for row in rows)) for name, rows in each]


def sizes_of(found: Sequence[Growth]) -> list[int]:
    """The numbers of images that were asked for: those of a stage that could do all of them, which was measured with the most."""
    return list(max((growth.images for growth in found), key=lambda images: (len(images), images)))


def text(found: Sequence[Growth]) -> str:
    """The table for a terminal."""
    return "\n".join(columns(_cells(found), left=(0, 1)))


def markdown(found: Sequence[Growth]) -> str:
    """The table as Markdown."""
    head, *rows = ([each.replace("|", "/") for each in row] for row in _cells(found))
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---", "---", *["---:"] * (len(head) - 2)], *rows))


def _cells(found: Sequence[Growth]) -> list[list[str]]:
    sizes = sizes_of(found)
    rows = [["stage", "what it must keep of an image", *(f"MB at {written_number(number)}" for number in sizes), "bytes an image"]]
    for growth in found:
        each = (growth.at(number) for number in sizes)
        rows.append([growth.stage, growth.keeps, *(_megabytes(*one) for one in each), written_bytes(growth.bytes_an_image)])
    return rows


def _megabytes(value: float, measured: bool) -> str:
    shown = f"{value:.1f}" if value < 10 else f"{value:,.0f}".replace(",", " ")
    return shown if measured else f"≈ {shown}"


def written_bytes(value: float) -> str:
    """Bytes an image, as they are shown."""
    return "< 1" if value < LEAST else f"{value:,.0f}".replace(",", " ")


def written_number(number: int) -> str:
    """10⁵ for 100 000, and another number as it is."""
    zeros = len(str(number)) - 1
    return (
        f"10{str(zeros).translate(str.maketrans('0123456789', '⁰¹²³⁴⁵⁶⁷⁸⁹'))}" if number == 10**zeros else f"{number:,}".replace(",", " ")
    )
