"""The canvas of one scene: its surfaces, and which regions they leave for things to be in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from larvseg.miniature.classes import drawn_classes
from larvseg.miniature.domains import DOMAINS, available
from larvseg.miniature.pen import SUPERSAMPLE, Canvas, Pen
from larvseg.miniature.places import Place
from larvseg.miniature.surfaces import STRIP_FAR, SURFACES
from larvseg.miniature.things import THINGS

Generator = np.random.Generator


@dataclass
class Placed:
    """A thing with its box (shares of the image: left, top, width, height) and its place in the painter's order."""

    name: str
    box: tuple[float, float, float, float]
    order: float
    grounded: bool


class Stage:
    """The canvas of one scene, and which regions of it are sky, wall, water, road and floor."""

    def __init__(self, rng: Generator, domain: str, place: Place, width: int, height: int):
        self.rng, self.domain, self.place, self.style = rng, domain, place, DOMAINS[domain]
        self.width, self.height = width, height
        self.canvas = Canvas(width, height)
        self.drawn: list[str] = []  # the drawing of each instance
        self.horizon = rng.uniform(*place.horizon)
        self.regions: dict[str, tuple[float, float]] = {"floor": (self.horizon, 1.0)}  # upper and lower end, shares of the height
        self.person = rng.uniform(*self.style.person)

    def labels(self) -> np.ndarray:
        """Label of the drawing for every instance number, uint8."""
        label = {drawn.name: drawn.label for drawn in drawn_classes()}
        return np.array([0, *(label[name] for name in self.drawn)], dtype=np.uint8)

    def pen(self, name: str, left: float, top: float, width: float, height: float) -> Pen:
        """A pen for a new instance of the drawing `name`, in the given box."""
        self.drawn.append(name)
        return Pen.on(self.canvas, left * self.width, top * self.height, width * self.width, height * self.height, label=len(self.drawn))

    def draw_surfaces(self) -> None:
        """Fill the image, back to front."""
        rng, horizon = self.rng, self.horizon
        for layer in self.place.layers:
            surfaces = [surface for surface in layer.surfaces if surface in available(self.domain)]
            if not surfaces or rng.random() >= layer.chance:
                continue
            name = surfaces[int(rng.integers(len(surfaces)))]
            if layer.region == "backdrop":
                self.surface(name, 0.0, horizon + (0.03 if name == "sky" else 0.005))  # hills are wavy
                self.regions["air" if name == "sky" else "wall"] = (0.0, horizon)
            elif layer.region == "ridge":
                self.surface(name, horizon - rng.uniform(0.22, 0.34), horizon + 0.03)
            elif layer.region == "ground":
                self.surface(name, horizon, 1.0)
                if name == "sea":
                    self.regions["water"] = (horizon, 1.0)
            elif layer.region == "hill":
                self.surface(name, horizon - 0.03, 1.0, _wavy(rng, horizon, 0.018))
            elif layer.region == "shore":
                shore = rng.uniform(0.62, 0.74)
                self.surface(name, shore - 0.03, 1.0, _wavy(rng, shore, 0.022))
                self.regions["water"], self.regions["floor"] = (horizon, shore), (shore, 1.0)
            elif layer.region == "strip":
                self.surface(name, horizon, 1.0, *self._strip())
            else:
                top = rng.uniform(0.6, 0.7)
                self.surface(name, top, 1.0 if rng.random() < 0.6 else 0.95)
                self.regions["road"], self.regions["floor"] = (top, 1.0), (horizon, top + 0.04)

    def _strip(self) -> tuple[np.ndarray, tuple[float, float]]:
        """Outline of a strip that narrows towards the horizon, and the columns its drawing is stretched over."""
        wide, foot = self.rng.uniform(0.5, 0.8), self.rng.uniform(0.3, 0.7)
        left, right, far = foot - wide / 2, foot + wide / 2, wide * STRIP_FAR / 2
        # the drawing is symmetric: its vanishing point lies above its middle
        outline = np.array([(foot - far, self.horizon + 0.01), (foot + far, self.horizon + 0.01), (right, 1.0), (left, 1.0)])
        return outline, (left, right)

    def surface(
        self, name: str, top: float, bottom: float, outline: np.ndarray | None = None, columns: tuple[float, float] = (0.0, 1.0)
    ) -> None:
        """Draw the surface `name` from `top` to `bottom`, within `outline` (n×2) if given; all in shares of the image."""
        pen = self.pen(name, columns[0], top, columns[1] - columns[0], bottom - top)
        if outline is None:
            SURFACES[name](pen, self.rng)
            return
        with self.canvas.clip(outline * (self.width * SUPERSAMPLE, self.height * SUPERSAMPLE)):
            SURFACES[name](pen, self.rng)

    def draw_thing(self, placed: Placed) -> None:
        """Draw a thing, with its shadow if it stands on the ground."""
        left, top, width, height = placed.box
        if placed.grounded:
            angle = np.linspace(0, 2 * np.pi, 20)
            shadow = np.column_stack([left + width * (0.5 + 0.55 * np.cos(angle)), top + height + 0.022 * np.sin(angle) - 0.004])
            self.canvas.darken(shadow * (self.width * SUPERSAMPLE, self.height * SUPERSAMPLE), 0.72)
        pen = self.pen(placed.name, left, top, width, height)
        THINGS[placed.name].draw(pen.mirrored() if self.rng.random() < 0.5 else pen, self.rng)

    def size(self, name: str, depth: float) -> tuple[float, float]:
        """Width and height (shares of the image) of a thing at `depth` (0: at the horizon, 1: nearest).

        Natural sizes are compressed, otherwise a mug beside a house would not fill a pixel.
        """
        drawing = THINGS[name]
        unit = 0.87 * (self.width * self.height) ** 0.5
        tall = self.person * drawing.height**0.42 * (0.6 + 0.44 * depth) * self.rng.uniform(0.9, 1.12)
        tall = min(max(tall, 0.25, 0.24 / drawing.aspect), 0.78) * unit
        wide = tall * drawing.aspect
        shrink = min(1.0, 0.66 * self.width / wide, 0.8 * self.height / tall)
        return wide * shrink / self.width, tall * shrink / self.height


def _wavy(rng: Generator, top: float, amplitude: float) -> np.ndarray:
    """Outline of a region with a wavy upper edge at `top` that reaches down to the lower edge of the image, (n, 2)."""
    x = np.linspace(-0.05, 1.05, 24)
    edge = top + amplitude * np.sin(x * rng.uniform(3, 7) + rng.uniform(0, 2 * np.pi))
    return np.concatenate([np.column_stack([x, edge]), [(1.05, 1.05), (-0.05, 1.05)]])
