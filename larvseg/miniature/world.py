"""The images of the miniature world: each a function of (seed, data set, split, number) alone."""

from __future__ import annotations

from functools import cache

import numpy as np
from PIL import Image

from larvseg.miniature.captions import web_caption
from larvseg.miniature.classes import drawn_classes, raw_ids, synsets
from larvseg.miniature.domains import DOMAINS, available
from larvseg.miniature.narratives import narrative
from larvseg.miniature.objects import draw_object
from larvseg.miniature.places import PLACES
from larvseg.miniature.scenes import Scene, draw_scene
from larvseg.miniature.web import WebImage, draw_web

_DOMAIN_SEEDS = {"coco": 1, "ade": 2, "objects": 3, "web": 4, "captions": 5, "narratives": 6, "ilsvrc": 7}
_SPLIT_SEEDS = {"training": 1, "validation": 2}

# How unevenly things occur: the n-th most frequent has the weight n^-exponent.
_ZIPF = {("coco", "training"): 0.4, ("coco", "validation"): 0.4, ("ade", "training"): 0.8, ("ade", "validation"): 0.0}
_WEB_ZIPF = 0.5

_TOLD_TWICE = 0.05  # share of the images that two people describe


def scene(seed: int, domain: str, split: str, number: int) -> Scene:
    """Image `number` (from 0) of the split "training" or "validation" of "coco" or "ade".

    In validation the things take turns as the subject, so that each occurs; in training subjects are drawn by frequency.
    """
    rng = np.random.default_rng([seed, _DOMAIN_SEEDS[domain], _SPLIT_SEEDS[split], number])
    frequencies = thing_frequencies(domain, split)
    names = list(frequencies)
    if split == "validation":
        subject = names[int(_turns(seed, domain, len(names))[number % len(names)])]
    else:
        subject = names[int(rng.choice(len(names), p=list(frequencies.values())))]
    return draw_scene(rng, domain, _company(domain, split), subject)


@cache
def thing_frequencies(domain: str, split: str) -> dict[str, float]:
    """Share of each thing of a domain among all things: COCO in the order of its ids, ADE in that of the table of classes (A150 first)."""
    things = [drawn for drawn in drawn_classes() if drawn.kind == "thing" and drawn.name in available(domain)]
    if domain == "coco":
        raw = raw_ids("C171")
        things.sort(key=lambda drawn: raw[drawn.label])
    weights = np.arange(1, len(things) + 1) ** -_ZIPF[domain, split]
    return dict(zip((drawn.name for drawn in things), (weights / weights.sum()).tolist(), strict=True))


@cache
def _company(domain: str, split: str) -> dict[str, float]:
    """Weights with which things join a subject, such that their shares, too, are `thing_frequencies`.

    Without this a thing that belongs to many places would be far too frequent. Fixed-point iteration over the expected shares.
    """
    target = thing_frequencies(domain, split)
    belongs = np.array([[place.things.get(name, 0.0) for name in target] for place in PLACES]) ** DOMAINS[domain].habit  # places × things
    shares = np.array(list(target.values()))
    place_shares = (belongs / belongs.sum(0)) @ shares
    weights = shares.copy()
    for _ in range(100):
        here = belongs * weights
        expected = place_shares @ (here / np.maximum(here.sum(1, keepdims=True), 1e-12))
        weights *= np.sqrt(shares / expected)
    return dict(zip(target, weights.tolist(), strict=True))


def object_image(seed: int, wnid: str, number: int, collection: str = "objects") -> Image.Image:
    """Image `number` (from 1) of the synset `wnid` in ImageNet-21K ("objects") or, another one, in ImageNet-1K ("ilsvrc")."""
    rng = np.random.default_rng([seed, _DOMAIN_SEEDS[collection], int(wnid[1:]), number])
    return draw_object(rng, synsets()[wnid][0].name)


@cache
def _turns(seed: int, domain: str, count: int) -> np.ndarray:
    """The order in which things take turns."""
    return np.random.default_rng([seed, _DOMAIN_SEEDS[domain]]).permutation(count)


def web_image(seed: int, number: int) -> WebImage:
    """Image `number` (from 0) of the web."""
    return draw_web(np.random.default_rng([seed, _DOMAIN_SEEDS["web"], number]), _web_frequencies(seed))


def caption_of(seed: int, number: int, shown: WebImage) -> str:
    """What the web says below its image `number`, which is `shown`."""
    return web_caption(np.random.default_rng([seed, _DOMAIN_SEEDS["captions"], number]), shown)


def narratives_of(seed: int, number: int) -> list[str]:
    """The lines of Localized Narratives about training image `number` (from 0) of COCO: one, or of a few images two."""
    rng = np.random.default_rng([seed, _DOMAIN_SEEDS["narratives"], number])
    drawn = scene(seed, "coco", "training", number)
    return [narrative(rng, drawn, "mscoco_train2017", str(number + 1)) for _ in range(1 + (rng.random() < _TOLD_TWICE))]


@cache
def _web_frequencies(seed: int) -> dict[str, float]:
    """Weights of all things; which of them are frequent has nothing to do with the data sets that name them."""
    things = [drawn.name for drawn in drawn_classes() if drawn.kind == "thing"]
    return {things[place]: rank**-_WEB_ZIPF for rank, place in enumerate(_turns(seed, "web", len(things)).tolist(), 1)}
