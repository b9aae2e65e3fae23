"""Where the things of a scene go: on the ground, a wall, a table, the sea or the road, without hiding one another."""

from __future__ import annotations

import numpy as np

from larvseg.miniature.domains import available
from larvseg.miniature.places import FLOOR_TOO, SPOTS, SUPPORTS
from larvseg.miniature.stage import Placed, Stage
from larvseg.miniature.things import THINGS

Generator = np.random.Generator

CROWDED = 0.4  # a thing may lose this share of its box to things before it


def arrange(rng: Generator, stage: Stage, cast: list[str]) -> list[Placed]:
    """Find a spot for each thing; those that find none (except the first) stay away. Sorted from back to front."""
    placed: list[Placed] = []
    for index, name in enumerate(cast):
        if SPOTS.get(name) == "on_top":
            found = _put_on_top(rng, stage, name, placed)
            if found or (index > 0 and name not in FLOOR_TOO and "wall" in stage.regions):
                continue
        spot = _spot(stage, name)
        candidates = [_candidate(rng, stage, name, spot) for _ in range(10)]
        crowding = [_crowding(candidate, placed) for candidate in candidates]
        best = int(np.argmin(crowding))
        if index == 0 or crowding[best] < CROWDED:
            placed.append(candidates[best])
    return sorted(placed, key=lambda thing: thing.order)


def _spot(stage: Stage, name: str) -> str:
    """Where `name` belongs, or "floor" in a place that has no such spot."""
    spot = SPOTS.get(name, "floor")
    there = {**dict.fromkeys(stage.regions, True), "ceiling": True, "foot_of_wall": "wall" in stage.regions}
    return spot if there.get(spot) else "floor"


def _candidate(rng: Generator, stage: Stage, name: str, spot: str) -> Placed:
    """A random position of `name` in the region `spot`."""
    floor_top, floor_bottom = stage.regions["floor"]
    if spot in ("wall", "ceiling", "air"):
        wide, tall = stage.size(name, 0.6)
        shrink = min(1.0, 0.8 * stage.horizon / tall)
        wide, tall = wide * shrink, tall * shrink
        free = stage.horizon - 0.04 - tall
        top = 0.0 if spot == "ceiling" else rng.uniform(0.02, max(min(free, 0.22), 0.021))
        order, grounded = -1.0, False
    else:
        if spot == "foot_of_wall":
            base = stage.horizon + 0.02
        elif spot in ("water", "road"):
            upper, lower = stage.regions[spot]
            base = upper + rng.uniform(0.3, 0.9) * (lower - upper)
        else:
            base = floor_top + 0.04 + rng.uniform(*_depths(THINGS[name].height)) * (floor_bottom - floor_top - 0.06)
        depth = (base - stage.horizon) / (1 - stage.horizon)
        wide, tall = stage.size(name, depth)
        base = max(base, tall + 0.02)
        top, order, grounded = base - tall, base, spot != "water"
    margin = stage.style.margin * wide
    left = rng.uniform(-margin, max(1 - wide + margin, -margin + 1e-6))
    return Placed(name, (left, top, wide, tall), order, grounded)


def _depths(height: float) -> tuple[float, float]:
    """Large things stand back, small ones come near."""
    if height > 1.8:
        return 0.02, 0.4
    return (0.15, 0.85) if height > 0.62 else (0.5, 0.98)


def _put_on_top(rng: Generator, stage: Stage, name: str, placed: list[Placed]) -> bool:
    """Put `name` on a support, bringing a table or a stool where the place has them and nothing stands in the way.

    False: there is no support with room.
    """
    supports = [thing for thing in placed if thing.name in SUPPORTS]
    own = [support for support in ("table", "stool") if support in stage.place.things and support in available(stage.domain)]
    if not supports and own:
        candidates = [_candidate(rng, stage, own[0], "floor") for _ in range(10)]
        crowding = [_crowding(candidate, placed) for candidate in candidates]
        if min(crowding) < CROWDED:
            supports.append(candidates[int(np.argmin(crowding))])
            placed.append(supports[0])
    wide, tall = stage.size(name, 0.55)
    options = []
    for support in supports:
        left, top, width, height = support.box
        base = top + SUPPORTS[support.name] * height
        if width < 0.9 * wide or base < tall + 0.01:
            continue
        slack = max(width - wide, 0.0)
        for _ in range(8):
            options.append(Placed(name, (left + rng.uniform(0.12, 0.88) * slack, base - tall, wide, tall), support.order + 1e-3, False))
    crowding = [_crowding(option, [thing for thing in placed if thing not in supports]) for option in options]
    if not options or min(crowding) >= CROWDED:
        return False
    placed.append(options[int(np.argmin(crowding))])
    return True


def _crowding(candidate: Placed, placed: list[Placed]) -> float:
    """The largest share of itself that `candidate` or a thing already placed would lose to one before it."""
    left, top, width, height = candidate.box
    worst = 0.0
    for other in placed:
        x, y, w, h = other.box
        overlap = max(0.0, min(left + width, x + w) - max(left, x)) * max(0.0, min(top + height, y + h) - max(top, y))
        hidden = width * height if candidate.order < other.order else w * h
        worst = max(worst, overlap / hidden)
    return worst
