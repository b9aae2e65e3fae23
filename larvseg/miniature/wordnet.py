"""WordNet 3.0 cut down to ImageNet's synsets, in the official dict format: each synset's line at its true byte offset, blanks between.

So NLTK reads the real ids. Senses are in the order of their ids: unlike WordNet's, the order means nothing.
"""

from __future__ import annotations

import zipfile
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

from larvseg.files import replacing
from larvseg.vocabulary.names import REFERENCE
from larvseg.vocabulary.synsets import Synset, imagenet_synsets

LICENCE = REFERENCE / "LICENSE-wordnet.txt"

# Lexicographer files, in order, each with the number of its part of speech (1 noun, 2 verb, 3 adjective, 4 adverb).
LEXICOGRAPHER_FILES = [("adj.all", 3), ("adj.pert", 3), ("adv.all", 4)]
LEXICOGRAPHER_FILES += [
    (f"noun.{name}", 1)
    for name in (
        "Tops act animal artifact attribute body cognition communication event feeling food group location motive object person "
        "phenomenon plant possession process quantity relation shape state substance time"
    ).split()
]
LEXICOGRAPHER_FILES += [
    (f"verb.{name}", 2)
    for name in (
        "body change cognition communication competition consumption contact creation emotion motion perception possession "
        "social stative weather"
    ).split()
]
LEXICOGRAPHER_FILES += [("adj.ppl", 3)]
# Where each file of nouns, from noun.Tops on, begins in data.noun.
FIRST_OFFSETS = tuple(
    int(offset)
    for offset in (
        "1740 34479 1313093 2665985 4615866 5216365 5611302 6251781 7283364 7479926 7555863 7938773 8489497 9178727 9186064 9483738 "
        "11408559 11529603 13240514 13423405 13575869 13780449 13860793 13920012 14580597 15113229"
    ).split()
)
FIRST_NOUN_FILE = 3
# Of noun.exc, the plurals that class names have.
IRREGULAR_PLURALS = {"candelabra": "candelabrum", "leaves": "leaf leave", "potatoes": "potato"}


def pack_wordnet(path: Path, synsets: Mapping[str, Synset] | None = None) -> None:
    """Write `wordnet.zip` as NLTK packs it, with the nouns `synsets` (ImageNet's by default); the same bytes each time.

    A line that would run into the next synset loses the end of its gloss first, then its last lemmas.
    """
    synsets = imagenet_synsets() if synsets is None else synsets
    licence = _licence()
    files = {name: licence for pos in ("adj", "adv", "verb") for name in (f"data.{pos}", f"index.{pos}")}
    files |= {f"{pos}.exc": b"" for pos in ("adj", "adv", "verb")} | {"index.sense": b"", "cntlist.rev": b""}
    files["noun.exc"] = "".join(f"{plural} {singular}\n" for plural, singular in IRREGULAR_PLURALS.items()).encode()
    files["lexnames"] = "".join(f"{number:02}\t{name}\t{pos}\n" for number, (name, pos) in enumerate(LEXICOGRAPHER_FILES)).encode()
    files["LICENSE"] = LICENCE.read_bytes()
    files["data.noun"], kept = _data(licence, synsets)
    files["index.noun"] = licence + _index(kept)
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"wordnet/{name}", date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr, entry.compress_type = 3, 0o100644 << 16, zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name])


def _licence() -> bytes:
    lines = LICENCE.read_text(encoding="utf-8").splitlines()
    # two leading blanks mark a line that is no entry
    return "".join(f"  {number} {line}  \n" for number, line in enumerate(lines, 1)).encode()


def _data(licence: bytes, synsets: Mapping[str, Synset]) -> tuple[bytes, dict[int, tuple[str, ...]]]:
    """data.noun, and the lemmas of each offset in it."""
    offsets = sorted(int(wnid[1:]) for wnid in synsets)
    blocks, kept = [_blank(licence, offsets[0])], {}
    uses: Counter[tuple[int, str]] = Counter()
    for offset, end in zip(offsets, [*offsets[1:], None], strict=True):
        number = FIRST_NOUN_FILE + bisect_right(FIRST_OFFSETS, offset) - 1
        synset = synsets[f"n{offset:08}"]
        words = []
        for lemma in synset.lemmas:
            word = lemma.replace(" ", "_")
            words.append(f"{word} {uses[number, word.lower()] % 16:x}")
            uses[number, word.lower()] += 1
        line, lemmas = _line(offset, number, words, synset.gloss, None if end is None else end - offset)
        kept[offset] = synset.lemmas[:lemmas]
        blocks.append(line if end is None else _blank(line, end - offset))
    return b"".join(blocks), kept


def _line(offset: int, number: int, words: list[str], gloss: str, room: int | None) -> tuple[bytes, int]:
    """The line of a synset in at most `room` bytes, and how many of its `words` are in it."""
    for count in range(len(words), 0, -1):
        head = f"{offset:08} {number:02} n {count:02x} {' '.join(words[:count])} 000 | ".encode()
        if room is None or len(head) + len(b"  \n") <= room:
            text = gloss.encode()
            return head + (text if room is None else text[: room - len(head) - len(b"  \n")]) + b"  \n", count
    raise ValueError(f"n{offset:08}: no room for {words[0]!r} before the next synset")


def _blank(block: bytes, length: int) -> bytes:
    """`block` and blank lines, `length` bytes in all."""
    if len(block) > length:
        raise ValueError(f"{len(block)} bytes where the next synset begins after {length}")
    return block + b" " * (length - len(block) - 1) + b"\n" * (len(block) < length)


def _index(lemmas: Mapping[int, tuple[str, ...]]) -> bytes:
    """The entries of index.noun."""
    offsets = defaultdict(list)
    for offset, words in lemmas.items():
        for word in dict.fromkeys(word.replace(" ", "_").lower() for word in words):
            offsets[word].append(f"{offset:08}")
    return "".join(f"{word} n {len(found)} 0 {len(found)} 0 {' '.join(found)}  \n" for word, found in sorted(offsets.items())).encode()
