"""The nouns of captions: words that WordNet knows as nouns, and which of them a step sees."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from larvseg.vocabulary.wordnet import WordNet

LONGEST = 3  # words of one noun, as "traffic light"
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
# WordNet lists these as nouns, too (can, astatine, Information Technology, …), but captions hardly ever mean those
FUNCTION_WORDS = frozenset(
    """
    a about above across after again all also am an and any are around as at away back be been being below beneath beside between
    both but by can could did do does down each either else even few for from front get had has have he her here him his how i if in
    inside into is it its just left less like lot lots many may me might more most much must my near next no not now of off on one
    only or other our out outside over own per right say says see seen set she should show shows side so some still such than that
    the their them then there these they this those three through to top two under up upon us very was we well were what when where
    which while who why will with would yes you your
    """.split()
)
# of the image, not of what it shows; narratives are full of them
IMAGE_WORDS = frozenset("background bottom center centre corner foreground image middle photo photograph picture view".split())


class Nouns:
    """`nouns(caption)`: its nouns in their order, each once, lower case. The longest run of words that is one noun counts as that noun."""

    def __init__(self, wordnet: WordNet) -> None:
        self._is_noun = lru_cache(maxsize=None)(lambda form: bool(wordnet.find(form)))

    def __call__(self, caption: str) -> tuple[str, ...]:
        words = _WORD.findall(caption.lower())
        found: dict[str, None] = {}
        place = 0
        while place < len(words):
            length = next((n for n in range(LONGEST, 0, -1) if self._names(words[place : place + n], n)), 0)
            if length:
                found[" ".join(words[place : place + length])] = None
            place += max(1, length)
        return tuple(found)

    def _names(self, words: Sequence[str], length: int) -> bool:
        if len(words) < length or not {words[0], words[-1]}.isdisjoint(FUNCTION_WORDS | IMAGE_WORDS):
            return False
        return self._is_noun("_".join(words))


def drop_words(words: Sequence[str], keep: float, rng: np.random.Generator) -> tuple[str, ...]:
    """Each word with probability `keep`; one drawn word if none would be left."""
    if not words:
        return ()
    kept = tuple(word for word, draw in zip(words, rng.random(len(words)), strict=True) if draw < keep)
    return kept or (words[int(rng.integers(len(words)))],)
