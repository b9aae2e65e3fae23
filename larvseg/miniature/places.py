"""The places of the miniature world, as data: what they are made of and what belongs there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    """One surface of a place. `region`:

    backdrop (sky or wall, down to the horizon), ridge (on the horizon), ground and hill (from the horizon to the lower edge; a hill has
    a wavy edge), shore (the near part, before water), strip (narrows from the viewer to the horizon), across (a band from side to side).
    One of `surfaces` is drawn, with probability `chance`.
    """

    region: str
    surfaces: tuple[str, ...]
    chance: float = 1.0


@dataclass(frozen=True)
class Place:
    """A kind of scene: its surfaces from back to front, the height of the horizon (or foot of the wall), its things with their weights."""

    name: str  # as in ADE20K
    group: str  # ADE20K's group of scenes
    horizon: tuple[float, float]  # share of the image's height
    layers: tuple[Layer, ...]
    things: dict[str, float]


def _place(name: str, group: str, horizon: tuple[float, float], layers: str, things: str) -> Place:
    """`layers`: "region surface|surface [chance]" separated by ";"; `things`: names, with `:weight` where it is not 1."""
    parsed = []
    for layer in layers.split(";"):
        region, surfaces, *chance = layer.split()
        parsed.append(Layer(region, tuple(surfaces.split("|")), float(chance[0]) if chance else 1.0))
    weights = {thing: float(weight or 1) for thing, _, weight in (entry.partition(":") for entry in things.split())}
    return Place(name, group, horizon, tuple(parsed), weights)


_ROOM = (0.56, 0.7)
_OPEN = (0.36, 0.54)
_OUTSIDE_WALL = (0.62, 0.74)

PLACES: tuple[Place, ...] = (
    # homes
    _place(
        "living_room",
        "home_or_hotel",
        _ROOM,
        "backdrop wall_plain|wall_plain|wall_brick; ground floor_wood",
        "sofa:3 television:2 lamp:2 table:2 fireplace:1.5 chair windowpane:1.5 blind painting:2 clock vase rocking_chair"
        " chandelier:0.7 person dog grand_piano:0.4 candle:0.5 guitar:0.4 basket:0.6 stool:0.5 bookcase:1.5 fan:0.7",
    ),
    _place(
        "bedroom",
        "home_or_hotel",
        _ROOM,
        "backdrop wall_plain; ground floor_wood",
        "bed:4 wardrobe:2 lamp:2 blind:1.5 windowpane painting chair:0.6 clock dog:0.5 boot:0.7 hat:0.7 person:0.6"
        " guitar:0.5 television:0.5 rocking_chair:0.5 table:0.4 fan:1.5 radiator bookcase:0.6",
    ),
    _place(
        "kitchen",
        "home_or_hotel",
        _ROOM,
        "backdrop wall_plain|wall_plain|wall_brick; ground floor_tile",
        "refrigerator:3 table:2 stool:2 teapot:1.5 mug:1.5 drinking_glass chair clock windowpane blind basket fish:0.6"
        " person bucket:0.5 vase:0.7 fire_extinguisher:0.5 pumpkin:0.4 washer:1.2 ashcan:0.8",
    ),
    _place(
        "bathroom",
        "home_or_hotel",
        _ROOM,
        "backdrop wall_plain; ground floor_tile",
        "toilet:3 bathtub:3 blind windowpane stool:0.7 basket:0.8 bucket:0.7 candle:0.6 person:0.6 door:0.7 lamp:0.4 vase:0.4"
        " washer:2 radiator:1.2",
    ),
    _place(
        "dining_room",
        "home_or_hotel",
        _ROOM,
        "backdrop wall_plain; ground floor_wood|floor_tile",
        "table:4 chair:3 chandelier:2.5 candle:1.5 vase:1.5 drinking_glass:1.5 painting windowpane wardrobe:0.6 person"
        " fireplace:0.6 teapot mug",
    ),
    _place(
        "entrance_hall",
        "home_or_hotel",
        _ROOM,
        "backdrop wall_plain|wall_brick; ground floor_tile|floor_wood",
        "door:3 umbrella:1.5 hat:1.5 boot:1.5 chandelier painting bench stool wardrobe clock dog person fire_extinguisher"
        " vase bicycle:0.6 lamp:0.6 radiator",
    ),
    _place(
        "poolroom",
        "home_or_hotel",
        _ROOM,
        "backdrop wall_brick|wall_plain; ground floor_wood",
        "pool_table:4 stool:2 target:1.5 lamp chandelier:0.7 painting:0.7 barrel:0.8 person television drinking_glass clock:0.6",
    ),
    # work and culture
    _place(
        "music_studio",
        "cultural",
        _ROOM,
        "backdrop wall_plain|wall_brick; ground floor_wood",
        "guitar:3 microphone:3 grand_piano:3 stool:1.5 chair person:1.5 lamp clock:0.5 painting:0.4 windowpane:0.4",
    ),
    _place(
        "museum",
        "cultural",
        _ROOM,
        "backdrop wall_plain; ground floor_tile|floor_wood",
        "painting:3 sword:2.5 vase:2 cannon telescope:1.5 bench:1.5 person:1.5 clock rocket:0.5 chandelier:0.5 hat:0.5"
        " candle:0.5 canoe:0.5 fire_extinguisher:0.5 sculpture:2.5",
    ),
    _place(
        "office",
        "work_place",
        _ROOM,
        "backdrop wall_plain; ground floor_wood|floor_tile",
        "table:3 chair:3 lamp:2 clock:1.5 blind:2 mug:1.5 windowpane television:0.8 painting:0.7 person door"
        " fire_extinguisher telescope:0.5 bookcase:2 fan:1.5 radiator",
    ),
    _place(
        "workshop",
        "industrial",
        _ROOM,
        "backdrop wall_brick|wall_plain; ground floor_tile|floor_wood",
        "hammer:3 ladder:2 bucket:2 barrel:1.5 stool table:1.5 fire_extinguisher:1.5 bicycle minibike person clock:0.6"
        " boot wheelbarrow lamp:0.6 door:0.5 fan",
    ),
    # town
    _place(
        "street",
        "urban",
        _OPEN,
        "backdrop sky; hill grass|grass|path; across road",
        "car:4 bus:3 house:2 tree:2 streetlight:2 person:2 bicycle:1.5 minibike:1.5 traffic_cone:1.5 flag:0.5 dog:0.7"
        " tower:0.5 bench:0.6 crane:0.4 ashcan:1.2",
    ),
    _place(
        "highway",
        "urban",
        _OPEN,
        "backdrop sky; ridge mountain 0.4; hill grass|field|sand; strip road",
        "car:3 bus:2 minibike:2 tree:1.5 streetlight traffic_cone:1.5 house:0.7 windmill:0.5 helicopter:0.5 bicycle:0.7 person:0.5",
    ),
    _place(
        "alley",
        "urban",
        _OUTSIDE_WALL,
        "backdrop wall_brick; ground road|path|path|floor_tile",
        "door:2.5 windowpane:2.5 bicycle:2 minibike:1.5 bench:1.5 streetlight:1.5 barrel person ladder dog umbrella"
        " fire_extinguisher traffic_cone blind:0.6 basket:0.5 ashcan:2.5",
    ),
    _place(
        "plaza",
        "urban",
        _OPEN,
        "backdrop sky; ground path|floor_tile",
        "obelisk:2.5 fountain:2.5 arch:2 tower:2 flag:2 streetlight bench person:2 cannon tree palm:0.6 umbrella:0.7"
        " dog:0.5 telescope:0.5 clock:0.3 horse:0.4 sculpture:1.5",
    ),
    _place(
        "construction_site",
        "industrial",
        _OPEN,
        "backdrop sky; hill dirt_track|sand",
        "crane:3 ladder:2 traffic_cone:2 wheelbarrow:2 hammer:1.5 bucket:1.5 barrel tractor person:1.5 house:0.7 tower:0.5 boot:0.5",
    ),
    _place(
        "amusement_park",
        "sports_and_leisure",
        _OPEN,
        "backdrop sky; hill grass|path; strip path 0.5",
        "ferris_wheel:3 balloon:2.5 rocket flag person:2 horse:0.7 umbrella bench tree streetlight:0.7 target hat:0.4 fountain:0.6",
    ),
    _place(
        "park",
        "sports_and_leisure",
        _OPEN,
        "backdrop sky; hill grass; strip path|path|dirt_track 0.7",
        "tree:3 bench:3 fountain:1.5 person:2 dog:2 bicycle:1.5 balloon streetlight hammock umbrella:0.7 obelisk:0.6"
        " arch:0.6 basket:0.6 guitar:0.4 horse:0.4 tower:0.3 tent:0.7 ashcan sculpture:0.7",
    ),
    _place(
        "yard",
        "home_or_hotel",
        _OPEN,
        "backdrop sky; hill grass; strip path 0.4",
        "house:2 watering_can:2.5 wheelbarrow:2 well:1.5 bucket:1.5 ladder:1.5 hammock:1.5 tree:1.5 pumpkin bench"
        " chair:0.7 table:0.6 dog person barrel boot:0.7 basket rocking_chair:0.7 umbrella:0.5 tent:0.6 sculpture:0.5",
    ),
    # country
    _place(
        "farm",
        "nature_landscape",
        _OPEN,
        "backdrop sky; ridge mountain 0.2; hill field|field|grass; strip dirt_track 0.4",
        "tractor:3 windmill:2.5 horse:2.5 house:1.5 barrel well pumpkin:2 wheelbarrow:1.5 tree dog person basket:0.8"
        " bucket:0.6 hat:0.5 ladder:0.5",
    ),
    _place(
        "dirt_road",
        "nature_landscape",
        _OPEN,
        "backdrop sky; ridge mountain 0.4; hill grass|field; strip dirt_track",
        "horse:2 tree:2 minibike:1.5 bicycle tractor:1.5 windmill house:1.5 person:1.5 car dog well:0.7 cannon:0.5 barrel:0.5",
    ),
    _place(
        "battlefield",
        "nature_landscape",
        _OPEN,
        "backdrop sky; hill grass|dirt_track",
        "cannon:3 flag:2 tower:1.5 sword:2 arch target:1.5 horse:1.5 person tree:0.6 obelisk hat:0.7 boot:0.7",
    ),
    _place(
        "mountain_snowy",
        "nature_landscape",
        _OPEN,
        "backdrop sky; ridge mountain; hill snow",
        "tree:2 house:2 person:2 helicopter:1.5 flag dog:1.5 boot hat:0.7 telescope:0.7 tower:0.5 streetlight:0.4 horse:0.4 tent:1.5",
    ),
    _place(
        "airfield",
        "transportation",
        _OPEN,
        "backdrop sky; ridge mountain 0.4; hill sand|grass; strip road",
        "helicopter:3 rocket:3 balloon:1.5 tower:1.5 telescope:1.5 flag crane person:1.5 car:0.7 bus:0.5 traffic_cone:0.7"
        " fire_extinguisher:0.6",
    ),
    # water
    _place(
        "beach",
        "nature_landscape",
        (0.3, 0.42),
        "backdrop sky; ridge mountain 0.25; ground sea; shore sand",
        "palm:3 umbrella:2.5 boat:2 canoe:1.5 hammock:1.5 person:2 dog chair:0.7 bucket hat:0.8 fish:0.7 balloon:0.4 basket:0.4 horse:0.4"
        " tent",
    ),
    _place(
        "coast",
        "nature_landscape",
        (0.36, 0.5),
        "backdrop sky; ridge mountain 0.5; ground sea; shore grass|sand|path",
        "boat:4 canoe:2 tower:1.2 house person:1.2 telescope bench tree:0.7 helicopter fish:1.5 barrel:0.7 horse:0.4"
        " flag:0.6 windmill:0.5 umbrella:0.5",
    ),
    _place(
        "iceberg",
        "nature_landscape",
        (0.34, 0.46),
        "backdrop sky; ridge mountain 0.3; ground sea; shore snow",
        "iceberg:4 boat:2 canoe fish:1.5 helicopter person:0.7 dog:0.5 flag:0.4",
    ),
)

# Where things belong that do not simply stand on the ground. A place without such a spot lets them stand on the ground.
SPOTS: dict[str, str] = {
    **dict.fromkeys(("windowpane", "blind", "painting"), "wall"),
    **dict.fromkeys(("chandelier",), "ceiling"),
    **dict.fromkeys(("door", "fireplace", "wardrobe", "refrigerator", "ladder", "bookcase", "radiator", "washer"), "foot_of_wall"),
    **dict.fromkeys(("helicopter", "balloon"), "air"),
    **dict.fromkeys(("boat", "canoe", "iceberg", "fish"), "water"),
    **dict.fromkeys(("car", "bus", "minibike", "bicycle", "traffic_cone"), "road"),
    **dict.fromkeys(
        ("clock", "vase", "teapot", "candle", "mug", "drinking_glass", "hat", "lamp", "television", "hammer", "basket", "pumpkin"), "on_top"
    ),
}

# Things of the spot "on_top" that look right on the floor of a room, too.
FLOOR_TOO = frozenset(("vase", "lamp", "hat", "basket", "pumpkin", "hammer", "television"))

# What things may stand on, and how far below its upper edge the top lies (share of its height).
SUPPORTS: dict[str, float] = {
    **{"table": 0.06, "stool": 0.08, "pool_table": 0.1},
    **{"fireplace": 0.02, "wardrobe": 0.04, "bookcase": 0.02, "washer": 0.01},
}
