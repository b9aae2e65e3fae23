"""Samples of the miniature world read back from its archives, and a sheet of them that a person can check at a glance."""

from __future__ import annotations

import colorsys
import io
import tarfile
import textwrap
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from larvseg.errors import LarvSegError
from larvseg.miniature.classes import official_ids
from larvseg.sources.archives import ArchiveReader, members
from larvseg.sources.encodings import decode_image

COLUMNS, CELL, GAP = 6, (288, 216), 12  # scenes in a row; pixels
THUMBNAIL, CAPTION, HEADING = 104, 18, 44
WIDTH = COLUMNS * (CELL[0] + GAP) + GAP

UNNAMED = (226, 226, 226)
INK = (34, 34, 34)


@dataclass(frozen=True)
class Sample:
    """A picture, (H, W, 3) uint8, with a mask of indices into `names`, (H, W) int; −1: no class."""

    picture: np.ndarray
    mask: np.ndarray
    names: tuple[str, ...]

    @property
    def present(self) -> frozenset[int]:
        """Indices of the classes in the mask."""
        return frozenset(np.unique(self.mask[self.mask >= 0]).tolist())


def coco_samples(pictures: Path, masks: Path, count: int) -> list[Sample]:
    """Up to `count` training pictures of COCO with C171 names."""
    with zipfile.ZipFile(pictures) as archive, zipfile.ZipFile(masks) as maps:
        pairs = [(name, name.replace(".jpg", ".png")) for name in sorted(archive.namelist()) if name.endswith(".jpg")]
        return _pick((archive, maps), pairs, "C171", count)


def challenge_samples(path: Path, count: int) -> list[Sample]:
    """Up to `count` training pictures of the ADE20K challenge with A150 names."""
    with zipfile.ZipFile(path) as archive:
        pictures = [name for name in sorted(archive.namelist()) if "/images/training/" in name and name.endswith(".jpg")]
        pairs = [(name, name.replace("/images/", "/annotations/").replace(".jpg", ".png")) for name in pictures]
        return _pick((archive, archive), pairs, "A150", count)


def full_samples(path: Path, count: int) -> list[Sample]:
    """Up to `count` training pictures of the full ADE20K with A847 names."""
    with zipfile.ZipFile(path) as archive:
        pictures = [name for name in sorted(archive.namelist()) if "/training/" in name and name.endswith(".jpg")]
        return _pick((archive, archive), [(name, name.replace(".jpg", "_seg.png")) for name in pictures], "A847", count)


def object_sample(path: Path) -> np.ndarray:
    """The first picture of a synset's tar, (H, W, 3) uint8."""
    with tarfile.open(path) as archive:
        first = archive.next()
        if first is None:
            raise LarvSegError(f"{path}: an empty archive; draw it again")
        return decode_image(archive.extractfile(first).read(), first.name).copy()


def captioned_samples(path: Path, count: int) -> list[tuple[str, np.ndarray]]:
    """The first `count` captions and pictures, (H, W, 3) uint8, of an image-text tar."""
    reader, found = ArchiveReader(path.parent), {member.name: member for member in members(path)}

    def read(name: str) -> bytes:
        member = found[name]
        return reader.read(path.name, member.offset, member.length, member.method, member.size)

    pictures = [name for name in found if name.endswith(".jpg")][:count]
    return [(read(name.replace(".jpg", ".txt")).decode(), decode_image(read(name), name)) for name in pictures]


def sheet(
    title: str,
    sections: Sequence[tuple[str, Sequence[Sample]]],
    captioned: Sequence[tuple[str, np.ndarray]],
    objects: Sequence[tuple[str, np.ndarray]],
) -> Image.Image:
    """The contact sheet: for each section scenes above their masks, on which the classes are named.

    Then (caption, picture) of the web, and (name, picture) of objects.
    """
    rows = [_heading(title, 24)]
    for name, samples in sections:
        rows.append(_heading(name, 17))
        for start in range(0, len(samples), COLUMNS):
            rows.append(_scene_row(samples[start : start + COLUMNS]))
    if captioned:
        rows.append(_heading("Pictures and captions as on the web (ITPair)", 17))
        rows.extend(_captioned_row(captioned[start : start + COLUMNS]) for start in range(0, len(captioned), COLUMNS))
    if objects:
        rows.append(_heading(f"ImageNet-21K: one picture of each of {len(objects)} synsets", 17))
        fit = WIDTH // (THUMBNAIL + GAP)
        rows.extend(_object_row(objects[start : start + fit]) for start in range(0, len(objects), fit))
    page = Image.new("RGB", (WIDTH, sum(row.height for row in rows) + GAP), "white")
    top = 0
    for row in rows:
        page.paste(row, (0, top))
        top += row.height
    return page


def _pick(archives: tuple[zipfile.ZipFile, zipfile.ZipFile], pairs: Sequence[tuple[str, str]], dataset: str, count: int) -> list[Sample]:
    """Of 40 landscape pictures spread over the archive, those that together show the most classes."""
    spread = pairs[:: max(1, len(pairs) // 40)]
    candidates = [_read(archives, pair, dataset) for pair in spread]
    candidates = [sample for sample in candidates if sample.mask.shape[1] > sample.mask.shape[0]]
    chosen: list[Sample] = []
    seen: frozenset[int] = frozenset()
    while candidates and len(chosen) < count:
        best = max(
            range(len(candidates)), key=lambda index: (len(candidates[index].present - seen), len(candidates[index].present), -index)
        )
        chosen.append(candidates.pop(best))
        seen |= chosen[-1].present
    return chosen


def _read(archives: tuple[zipfile.ZipFile, zipfile.ZipFile], pair: tuple[str, str], dataset: str) -> Sample:
    ids = official_ids(dataset)
    picture, raw = (
        decode_image(archives[0].read(pair[0]), pair[0]),
        np.asarray(Image.open(io.BytesIO(archives[1].read(pair[1])))).astype(int),
    )
    if raw.ndim == 3:  # full ADE20K: class in red and green, instance in blue
        raw = raw[..., 0] // 10 * 256 + raw[..., 1]
    index = np.full(max(*ids.values(), 255) + 1, -1)
    index[list(ids.values())] = np.arange(len(ids))
    return Sample(picture, index[raw], tuple(ids))


def _heading(text: str, size: int) -> Image.Image:
    row = Image.new("RGB", (WIDTH, HEADING), "white")
    ImageDraw.Draw(row).text((GAP, HEADING - 8), text, fill=INK, font=ImageFont.load_default(size), anchor="ls")
    return row


def _scene_row(samples: Sequence[Sample]) -> Image.Image:
    row = Image.new("RGB", (WIDTH, 2 * CELL[1] + 4 + GAP), "white")
    for column, sample in enumerate(samples):
        left = GAP + column * (CELL[0] + GAP)
        row.paste(Image.fromarray(sample.picture).resize(CELL, Image.Resampling.BICUBIC), (left, 0))
        row.paste(_named_mask(sample), (left, CELL[1] + 4))
    return row


def _captioned_row(captioned: Sequence[tuple[str, np.ndarray]]) -> Image.Image:
    row = Image.new("RGB", (WIDTH, CELL[1] + 2 * CAPTION + GAP), "white")
    draw = ImageDraw.Draw(row)
    for column, (caption, picture) in enumerate(captioned):
        left = GAP + column * (CELL[0] + GAP)
        fitted = ImageOps.contain(Image.fromarray(picture), CELL, Image.Resampling.BICUBIC)
        row.paste(fitted, (left + (CELL[0] - fitted.width) // 2, CELL[1] - fitted.height))
        lines = textwrap.wrap(caption, 42)[:2]
        draw.text(
            (left + CELL[0] / 2, CELL[1] + 3), "\n".join(lines), fill=INK, font=ImageFont.load_default(12), anchor="ma", align="center"
        )
    return row


def _object_row(objects: Sequence[tuple[str, np.ndarray]]) -> Image.Image:
    row = Image.new("RGB", (WIDTH, THUMBNAIL + CAPTION + 8), "white")
    draw = ImageDraw.Draw(row)
    for column, (name, picture) in enumerate(objects):
        left = GAP + column * (THUMBNAIL + GAP)
        row.paste(Image.fromarray(picture).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BICUBIC), (left, 0))
        draw.text((left + THUMBNAIL / 2, THUMBNAIL + 3), name, fill=INK, font=ImageFont.load_default(12), anchor="ma")
    return row


def _named_mask(sample: Sample) -> Image.Image:
    """The mask in colours, the name of each class written where it is thickest."""
    palette = np.array([*map(_colour, range(len(sample.names))), UNNAMED], dtype=np.uint8)  # −1 is the last entry
    picture = Image.fromarray(palette[sample.mask]).resize(CELL, Image.Resampling.NEAREST)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(13)
    taken: list[tuple[float, float, float, float]] = []
    scale = CELL[0] / sample.mask.shape[1], CELL[1] / sample.mask.shape[0]
    for index in sorted(sample.present, key=lambda index: int((sample.mask == index).sum())):
        x, y = _thickest(sample.mask == index)
        text = sample.names[index]
        half = draw.textlength(text, font) / 2 + 2
        x, y = min(max(x * scale[0], half), CELL[0] - half), min(max(y * scale[1], 9), CELL[1] - 9)
        for shift in (0, 15, -15, 30, -30, 45, -45):  # beside another name rather than over it
            box = (x - half, y + shift - 7, x + half, y + shift + 7)
            if 0 <= box[1] and box[3] <= CELL[1] and not any(_meet(box, other) for other in taken):
                y += shift
                break
        taken.append((x - half, y - 7, x + half, y + 7))
        draw.text((x, y), text, fill="white", font=font, anchor="mm", stroke_width=2, stroke_fill=INK)
    return picture


def _thickest(region: np.ndarray) -> tuple[float, float]:
    """x, y of the pixel farthest from the edge of a boolean region, by repeated erosion."""
    padded = np.pad(region, 1)
    while True:
        inner = padded.copy()
        inner[1:-1, 1:-1] &= padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
        if not inner.any():
            break
        padded = inner
    ys, xs = np.nonzero(padded)
    middle = len(xs) // 2
    return float(xs[middle]) - 0.5, float(ys[middle]) - 0.5


def _meet(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _colour(index: int) -> tuple[int, int, int]:
    """Colours that differ from one class to the next: hues at the golden angle."""
    red, green, blue = colorsys.hsv_to_rgb(index * 0.618034 % 1, (0.4, 0.55, 0.65)[index % 3], (0.95, 0.82, 0.7)[index // 3 % 3])
    return round(red * 255), round(green * 255), round(blue * 255)
