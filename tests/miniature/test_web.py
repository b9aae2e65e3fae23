"""Images and captions as on the web: a domain of their own, and words that are no labels."""

from collections import Counter

import numpy as np
import pytest

from larvseg.miniature import captions
from larvseg.miniature.classes import drawn_classes
from larvseg.miniature.places import PLACES
from larvseg.miniature.words import draw_word, with_article, words
from larvseg.miniature.world import caption_of, scene, web_image
from tests.data import load_vocabulary
from tests.miniature.naming import named_in

IMAGES = 900


@pytest.fixture(scope="module")
def shown():
    return [web_image(0, number) for number in range(IMAGES)]


@pytest.fixture(scope="module")
def texts(shown):
    return [caption_of(0, number, image) for number, image in enumerate(shown)]


def test_an_image_is_a_function_of_its_number(shown, texts):
    for number in (0, 7, 500):
        again = web_image(0, number)
        assert again.image.tobytes() == shown[number].image.tobytes() and again.things == shown[number].things
        assert caption_of(0, number, again) == texts[number]
    assert web_image(1, 0).image.tobytes() != shown[0].image.tobytes()


def test_whatever_can_be_drawn_occurs(shown):
    seen = {name for image in shown for name in (*image.things, *image.surfaces)}
    assert seen == {drawn.name for drawn in drawn_classes()}
    # so do the things that no data set names
    unnamed = {drawn.name for drawn in drawn_classes() if not (drawn.c171 or drawn.a150 or drawn.a847)}
    assert len(unnamed) == 13 and sum(bool(unnamed & set(image.things)) for image in shown) > 0.05 * IMAGES


def test_the_mix_is_that_of_neither_coco_nor_ade(shown):
    """Few things at a time, often a single one, seldom in the company of what belongs to them."""
    alone = np.mean([len(image.things) == 1 and image.place is None for image in shown])
    assert 0.3 < alone < 0.46
    odd = [len(image.things) > 1 and not any(set(image.things) <= set(place.things) for place in PLACES) for image in shown]
    assert np.mean(odd) > 0.15
    assert 0.05 < np.mean([not image.things for image in shown]) < 0.2

    def mix(counted: Counter) -> np.ndarray:
        counts = np.array([counted[drawn.name] for drawn in drawn_classes() if drawn.kind == "thing"], float)
        return counts / np.linalg.norm(counts)

    names = {drawn.label: drawn.name for drawn in drawn_classes()}
    web = mix(Counter(name for image in shown for name in image.things))
    for domain in ("coco", "ade"):
        scenes = [scene(0, domain, "training", number) for number in range(150)]
        other = mix(Counter(names[label] for drawn in scenes for label in np.unique(drawn.labels).tolist()))
        assert web @ other < 0.75, domain


def test_light_and_size_vary_more_than_in_scenes(shown):
    def spread(images) -> float:
        return float(np.std([np.asarray(image.convert("L")).mean() for image in images]))

    assert spread(one.image for one in shown[:200]) > 1.2 * spread(scene(0, "coco", "training", i).image for i in range(100))
    assert len({one.image.size for one in shown}) == 4
    grey = [one for one in shown if all(np.ptp(np.asarray(one.image).reshape(-1, 3), axis=1) == 0)]
    assert 0.01 < len(grey) / IMAGES < 0.08


def test_captions_leave_most_of_a_scene_out(shown, texts):
    left, told = [], []
    for image, text in zip(shown, texts, strict=True):
        there = {*image.things, *image.surfaces}
        named = {drawing for word in named_in(text) for drawing in word} & there
        if len(there) > 2:
            left.append(1 - len(named) / len(there))
        told.append(bool(named & set(image.surfaces)))
    assert len(left) > 300 and 0.6 < np.mean(left) < 0.9
    assert np.mean(told) < 0.12  # surfaces are seldom named


def test_captions_name_one_or_two_things(texts):
    counts = Counter(len(named_in(text)) for text in texts)
    assert max(counts) <= 4 and 0.65 < counts[1] / IMAGES < 0.85 and counts[2] > counts[3]


def test_some_names_are_wrong(shown, texts):
    named = [word & {*image.things, *image.surfaces} for image, text in zip(shown, texts, strict=True) for word in named_in(text)]
    assert 0.06 < np.mean([not right for right in named]) < 0.13


def test_some_captions_say_nothing(texts):
    useless = np.mean([not named_in(text) for text in texts])
    assert 0.1 < useless < 0.2
    assert any(text.startswith("DSC_") for text in texts) and any(text.startswith("IMG_") for text in texts)


def test_captions_use_synonyms(texts):
    first = {known[0] for known in words().values()}
    used = Counter(word for text in texts for word in _words_in(text))
    others = sum(count for word, count in used.items() if word not in first)
    assert 0.2 < others / sum(used.values()) < 0.5


def _words_in(text: str) -> list[str]:
    known = sorted({word for row in words().values() for word in row}, key=len, reverse=True)
    return [word for word in known if f" {word} " in f" {text.lower()} "][:1]


def test_noise_names_nothing():
    for texts in (captions._USELESS, captions._ONE, captions._BEFORE, captions._AFTER, captions._ADJECTIVES, captions._VIEWS):
        assert [text for text in texts if named_in(text)] == []
    assert [place.name for place in PLACES if named_in(captions.place_words(place))] == []


def test_every_drawing_has_words_and_its_names_are_among_them():
    assert list(words()) == [drawn.name for drawn in drawn_classes()]
    for drawn in drawn_classes():
        for name in filter(None, (drawn.a150, drawn.a847)):
            assert drawn.kind == "surface" or name.replace("-", " ") in words()[drawn.name]
    # no word stands for two classes of a benchmark
    for dataset in ("A150", "A847"):
        classes = {}
        for drawn in drawn_classes():
            if name := getattr(drawn, dataset.lower()):
                for word in words()[drawn.name]:
                    assert classes.setdefault(word, name) == name
        assert set(classes.values()) == set(load_vocabulary(dataset, drawn=True).names)


def test_usual_words_are_used_more():
    counts = Counter(draw_word(np.random.default_rng(i), "television") for i in range(600))
    assert list(words()["television"]) == [word for word, _ in counts.most_common()]


def test_articles():
    assert [with_article(word) for word in ("lamp", "umbrella", "blinds", "bus", "glass", "people", "ice")] == [
        "a lamp", "an umbrella", "blinds", "a bus", "a glass", "people", "ice",
    ]  # fmt: skip
