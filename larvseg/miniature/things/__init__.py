"""Drawings of the things of the miniature world, by name."""

from larvseg.miniature.things import (
    buildings,
    creatures,
    furniture,
    household,
    instruments,
    living,
    objects,
    outdoors,
    plants,
    street,
    vehicles,
)
from larvseg.miniature.things.drawing import Drawing

_MODULES = (living, plants, vehicles, street, buildings, furniture, household, outdoors, objects, instruments, creatures)

THINGS: dict[str, Drawing] = {thing.name: thing for module in _MODULES for thing in vars(module).values() if isinstance(thing, Drawing)}
