"""Scenes: a place, its surfaces, and a few things that belong there, with a label for every pixel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image

from larvseg.miniature.arrangement import arrange
from larvseg.miniature.chance import choose, expose
from larvseg.miniature.domains import DOMAINS, available
from larvseg.miniature.places import PLACES, Place
from larvseg.miniature.stage import Stage

Generator = np.random.Generator

STRANGE = 0.05  # probability that a thing is one that does not belong to the place
SIZES = ((96, 72), (72, 96), (96, 96))  # width and height, pixels
SIZE_SHARES = (0.8, 0.12, 0.08)


@dataclass(frozen=True)
class Scene:
    """A drawn image."""

    image: Image.Image  # H×W RGB
    labels: np.ndarray  # (H, W) uint8: label of the drawing (classes.Drawn.label)
    instances: np.ndarray  # (H, W) uint8: number of the surface or thing, from 1, in the order they were drawn
    place: Place


def draw_scene(rng: Generator, domain: str, frequencies: Mapping[str, float], subject: str) -> Scene:
    """A scene of `domain` ("coco" or "ade") in which `subject` occurs, in a place where it belongs.

    frequencies: weights of the things that join the subject, relative to the others that belong to the same place.
    """
    places = [place for place in PLACES if subject in place.things]
    place = places[choose(rng, [place.things[subject] ** DOMAINS[domain].habit for place in places])]
    width, height = SIZES[choose(rng, SIZE_SHARES)]
    stage = Stage(rng, domain, place, width, height)
    stage.draw_surfaces()
    return fill(rng, stage, _cast(rng, domain, place, frequencies, subject))


def fill(rng: Generator, stage: Stage, cast: list[str]) -> Scene:
    """The finished scene: the things of `cast` on `stage`, whose surfaces are drawn, in the light of its domain."""
    for placed in arrange(rng, stage, cast):
        stage.draw_thing(placed)
    instances = stage.canvas.label_map()
    image = expose(stage.canvas.image(), rng, stage.style.warmth, stage.style.brightness, stage.style.contrast)
    return Scene(image, stage.labels()[instances], instances, stage.place)


def _cast(rng: Generator, domain: str, place: Place, frequencies: Mapping[str, float], subject: str) -> list[str]:
    """The things of a scene, `subject` first. A thing that is there already is seldom asked in again."""
    habit = DOMAINS[domain].habit
    here = {name: weight**habit * frequencies[name] for name, weight in place.things.items() if name in available(domain)}
    cast = [subject]
    for _ in range(choose(rng, DOMAINS[domain].counts)):
        pool = frequencies if rng.random() < STRANGE else here
        cast.append(list(pool)[choose(rng, [weight * (0.2 if name in cast else 1.0) for name, weight in pool.items()])])
    return cast
