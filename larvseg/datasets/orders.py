"""In which order the virtual ranks go through a data set: pure functions of the seed and the step, so that training resumes anywhere."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from larvseg.config import TrainConfig, TrainingSet, Windows
from larvseg.datasets import sampler
from larvseg.datasets.manifest import Manifest
from larvseg.datasets.windows import Layout, WindowedManifest
from larvseg.errors import LarvSegError

_WINDOWS, _WITHIN, _TURNS = 2, 3, 4  # independent streams of one seed, beside those of the sampler


class Order(Protocol):
    """What a rank sees of one data set at a step."""

    def positions(self, step: int, rank: int) -> list[int]:
        """Positions among the training images."""

    def visit(self, step: int, rank: int) -> Iterator[int]:
        """The same; each image is to be read before the next position is asked for."""


def read_as(training_set: TrainingSet, manifest: Manifest) -> Manifest:
    """`manifest` as the order of `training_set` needs it."""
    windows = training_set.windows
    return manifest if windows is None else WindowedManifest(manifest.path, manifest.root, windows.megabytes)


def order_of(training_set: TrainingSet, manifest: Manifest, size: int, config: TrainConfig, workers: int = 0) -> Order:
    """The order of the `size` training images that `training_set` asks for; `manifest`: from read_as.

    Raises LarvSegError where `workers` processes, of which each loads every so many-th step, would read a window more than once.
    """
    windows, run = training_set.windows, (config.ranks, config.images_per_rank, config.seed)
    if windows is None:
        return Shuffled(training_set.name, size, *run)
    if workers and windows.lanes % workers:
        raise LarvSegError(
            f"{config.run}: {training_set.name} has windows in {windows.lanes} lanes, and {workers} processes load them, so that each "
            f"would be read several times; let windows.lanes be a multiple of {workers}"
        )
    return InWindows(manifest, WindowDraws(training_set.name, manifest.layout, windows, *run))


@dataclass(frozen=True)
class Shuffled:
    """Every epoch all images in a new random order, that of the sampler."""

    name: str
    size: int
    ranks: int
    images: int
    seed: int

    def positions(self, step: int, rank: int) -> list[int]:
        """Positions among the training images."""
        return sampler.positions(self.name, self.size, step, rank, self.ranks, self.images, self.seed)

    def visit(self, step: int, rank: int) -> Iterator[int]:
        """The same."""
        return iter(self.positions(step, rank))


class Draw(NamedTuple):
    """An image, the window it lies in, and which of the windows that are open in its rank it takes the place of."""

    position: int
    window: int
    place: int


class WindowDraws:
    """Every epoch all windows in a new random order, and the images of each window in a new one.

    The epoch is one long row of images, of which each rank has an equally long share, as with the sampler: the last ones wrap around to the
    start. The share is cut into streams, one for each window that may be open at a time. The rank draws from them in turn, in another
    order every turn, so that what comes together in a step comes from as many windows, and each stream goes through its windows one after
    the other. A window is open in two streams only where a stream ends in the middle of it.

    Image k of a rank comes from a stream s with s ≡ k (mod images · lanes). A process that loads every W-th step, W a divisor of `lanes`,
    so has streams of its own.
    """

    def __init__(self, name: str, layout: Layout, windows: Windows, ranks: int, images: int, seed: int) -> None:
        self.layout, self.ranks, self.images, self.open = layout, ranks, images, windows.open
        self.period = images * windows.lanes
        self.share = -(-len(layout.order) // ranks)
        self._seed, self._name = seed, zlib.crc32(name.encode())
        self._epoch: tuple[int, np.ndarray, np.ndarray] | None = None

    def draws(self, step: int, rank: int) -> Iterator[Draw]:
        """What `rank` sees at `step`."""
        for number in range(step * self.images, (step + 1) * self.images):
            epoch, drawn = divmod(number, self.share)
            stream, place = self._stream(epoch, drawn, rank)
            window, position = self._at(epoch, (rank * self.share + place) % len(self.layout.order))
            # a process goes on to other streams when an epoch ends within a period: their windows take the places of those it had
            yield Draw(position, window, stream - drawn % self.period + number % self.period)

    def _stream(self, epoch: int, drawn: int, rank: int) -> tuple[int, int]:
        """The stream of the draw number `drawn` of an epoch, and the place of its image in the share of `rank`."""
        streams = self.period * self.open
        whole, longer = divmod(self.share, streams)  # all streams have `whole` images, the first `longer` ones have one more
        turn, stream = divmod(drawn, streams)
        if turn < whole:
            slot, lane = divmod(stream, self.period)
            stream = int(self._random(_TURNS, epoch, rank, turn, lane).permutation(self.open)[slot]) * self.period + lane
        return stream, stream * whole + min(stream, longer) + turn

    def _at(self, epoch: int, place: int) -> tuple[int, int]:
        """The window at `place` of the row of an epoch, and the position of the image there."""
        windows, ends = self._row(epoch)
        i = int(np.searchsorted(ends, place, "right"))
        window = int(windows[i])
        start, stop = self.layout.first[window : window + 2]
        within = self._random(_WITHIN, epoch, window).permutation(stop - start)[place - ends[i]]  # counted from the end
        return window, int(self.layout.order[start + within])

    def _row(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """(K,) the windows as an epoch has them, and where each ends in its row of images."""
        if self._epoch is None or self._epoch[0] != epoch:
            windows = self._random(_WINDOWS, epoch).permutation(len(self.layout))
            self._epoch = epoch, windows, np.cumsum(self.layout.sizes[windows])
        return self._epoch[1:]

    def _random(self, *key: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, key[0], self._name, *key[1:]])


@dataclass(frozen=True)
class InWindows:
    """Windows of the archives in the order of WindowDraws, each in memory while its images are read."""

    manifest: WindowedManifest
    order: WindowDraws

    def positions(self, step: int, rank: int) -> list[int]:
        """Positions among the training images; nothing is read."""
        return [draw.position for draw in self.order.draws(step, rank)]

    def visit(self, step: int, rank: int) -> Iterator[int]:
        """The same, each while its window is in memory."""
        for draw in self.order.draws(step, rank):
            self.manifest.turn_to((rank, draw.place), draw.window)
            yield draw.position
