"""Captions as on the web: most of the image is left out, some of it is called by a wrong name, and much is said that is not in it.

They are no labels under another name. Of every hundred some say nothing useful; the others name one or two of the things, seldom what
these stand on, in whatever words people use.
"""

from __future__ import annotations

import numpy as np

from larvseg.miniature.chance import choose
from larvseg.miniature.places import Place
from larvseg.miniature.web import WebImage
from larvseg.miniature.words import draw_word, with_article, words

Generator = np.random.Generator

USELESS = 0.12  # share of the captions
WRONG = 0.09  # of the names
NAMED = (0.68, 0.26, 0.06)  # captions that name 1, 2, 3 things, where there are so many
SURFACE, PLACE = 0.07, 0.12  # captions of things that name a surface, the place, too
ADJECTIVE, NOISE = 0.2, 0.45

_USELESS = (
    "DSC_{n:04d}", "DSC_{n:04d}", "IMG_{n:04d}.JPG", "img {n}", "P10{n:05d}", "scan{n:04d}", "untitled", "untitled-{d}", "photo {d} of {n}",
    "day {d} of our trip", "happy birthday!!", "click to enlarge", "image {n}", "summer {y}", "follow me for more", "wallpaper 1920x1080",
    "thank you for {n} likes", "see you tomorrow :)", "best of {y}", "no description", "what a weekend", "sold!", "coming soon",
)  # fmt: skip
_ONE = (
    "{a}", "{a}", "{a}", "{n}", "{n}", "{n}", "my {n}", "our new {n}", "the {n}", "a photo of {a}", "this is {a}", "{n} for sale",
    "look at this {n}", "{n} close-up", "how to draw {a}", "buy {n} online", "{n} lover",
)  # fmt: skip
_JOINTS = (" and ", " and ", " with ", " & ", ", ", " next to ")
_ADJECTIVES = ("red", "blue", "old", "big", "little", "cute", "vintage", "handmade", "beautiful", "cheap", "black", "funny")
_BEFORE = ("new:", "throwback -", "for my mother:", "part {d}:", "#{n}", "free download:", "{y}:", "re:", "wow!")
_AFTER = (
    "stock photo", "- {n}", "#nofilter", "#travel", "({y})", "by dave", "- free shipping", "in my life", "- {y}", "hd", "| photo {n}",
    "on a sunday", "- number {d}", "vector", "please share", "for the first time",
)  # fmt: skip
_VIEWS = ("{s}", "{s}", "the {s}", "just {s}", "a view of the {s}", "nothing but {s}")

# Where the name of a place is that of a drawing, or says nothing to most people.
_PLACES = {
    "iceberg": "at the pole", "dirt_road": "in the countryside", "mountain_snowy": "in winter", "highway": "on the motorway",
    "poolroom": "in the games room", "battlefield": "at the castle",
}  # fmt: skip
_INDOORS = ("home_or_hotel", "cultural", "work_place", "industrial")


def web_caption(rng: Generator, shown: WebImage) -> str:
    """A caption for `shown`."""
    if rng.random() < USELESS:
        return _number(rng, _one_of(rng, _USELESS))
    text = _things(rng, shown) if shown.things else _view(rng, shown)
    if rng.random() < NOISE:
        noise = _number(rng, _one_of(rng, (*_BEFORE, *_AFTER)))
        text = f"{noise} {text}" if noise.endswith((":", "-", "!")) or noise.startswith("#n") else f"{text} {noise}"
    return _cased(rng, text)


def _things(rng: Generator, shown: WebImage) -> str:
    """Names some of the things, the larger ones more often."""
    count = min(choose(rng, NAMED) + 1, len(shown.things))
    weights = [1 / rank for rank in range(1, len(shown.things) + 1)]
    named: list[str] = []
    for _ in range(count):
        rest = [0.0 if name in named else weight for name, weight in zip(shown.things, weights, strict=True)]
        named.append(shown.things[choose(rng, rest)])
    called = [_called(rng, name) for name in named]
    text = _one_of(rng, _ONE).format(a=with_article(called[0]), n=called[0])
    for name in called[1:]:
        text += _one_of(rng, _JOINTS) + (with_article(name) if rng.random() < 0.6 else name)
    if shown.surfaces and rng.random() < SURFACE:
        text += f" and the {draw_word(rng, _one_of(rng, shown.surfaces))}"
    if shown.place and rng.random() < PLACE:
        text += f" {place_words(shown.place)}"
    return text


def _view(rng: Generator, shown: WebImage) -> str:
    """Names the place, or one or two of the surfaces."""
    if rng.random() < 0.35 or not shown.surfaces:
        return place_words(shown.place)
    named = rng.permutation(shown.surfaces)[: 1 + (rng.random() < 0.35)].tolist()
    return _one_of(rng, _VIEWS).format(s=" and ".join(_called(rng, name, adjective=False) for name in named))


def _called(rng: Generator, name: str, adjective: bool = True) -> str:
    """A word for the drawing `name`, or a wrong one, perhaps with an adjective, which need not be true."""
    if rng.random() < WRONG:
        others = [other for other in words() if other != name]
        name = others[int(rng.integers(len(others)))]
    word = draw_word(rng, name)
    return f"{_one_of(rng, _ADJECTIVES)} {word}" if adjective and rng.random() < ADJECTIVE else word


def place_words(place: Place) -> str:
    """ "in the kitchen", "at the beach"."""
    preposition = "in" if place.group in _INDOORS else "at"
    return _PLACES.get(place.name, f"{preposition} the {place.name.replace('_', ' ')}")


def _cased(rng: Generator, text: str) -> str:
    style = choose(rng, (0.8, 0.14, 0.06))
    return (text, text.capitalize(), text.upper())[style]


def _number(rng: Generator, text: str) -> str:
    return text.format(n=int(rng.integers(1, 10_000)), d=int(rng.integers(1, 20)), y=int(rng.integers(2004, 2021)))


def _one_of(rng: Generator, options: tuple[str, ...]) -> str:
    return options[int(rng.integers(len(options)))]
