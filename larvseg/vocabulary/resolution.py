"""From the categories of ADE20K to ImageNet synsets: candidates by synonyms, a score, the ADE index for ties, reviewed overrides last.

The senses of WordNet come in an order, most frequent first, that a selection of synsets does not have. So it counts for nothing here,
and the outcome is the same with all of WordNet and with ImageNet's synsets alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from larvseg.config import nearest
from larvseg.errors import LarvSegError
from larvseg.vocabulary.datasets import committed
from larvseg.vocabulary.names import read_csv, read_reference
from larvseg.vocabulary.synsets import imagenet_synsets

if TYPE_CHECKING:  # NLTK takes seconds to import, and the command line wants only the lists
    from larvseg.vocabulary.wordnet import WordNet

OVERRIDES = "vocabularies/synset_overrides.csv"
# What a scene shows, by lexicographer file: made things, then the rest of nature; acts, words, states and shapes last.
_MADE = "artifact"
_NATURAL = ("Tops", "animal", "food", "object", "person", "plant", "substance")
_WNID = re.compile(r"(?<![0-9])n?([0-9]{8})(?![0-9])")


class Candidate(NamedTuple):
    """An ImageNet synset that has some synonyms of a category as lemmas."""

    wnid: str
    shared: tuple[str, ...]  # those synonyms
    overlap: float  # their number over that of the category's synonyms and the synset's lemmas taken together
    kind: int  # 0 made by people, 1 natural, 2 anything else

    @property
    def rank(self) -> tuple[float, int]:
        """The smaller, the better."""
        return -self.overlap, self.kind


class IndexSense(NamedTuple):
    """What the index of the full ADE20K says of a category, as it says it: its fields wordnet_synset and wordnet_gloss."""

    synset: str
    gloss: str = ""


class Override(NamedTuple):
    """A reviewed choice; `wnid` None: ImageNet has no synset of this sense."""

    wnid: str | None
    reason: str


@dataclass(frozen=True)
class Resolution:
    """What became of one category; `candidates` best first, `automatic` what the synonyms alone would choose."""

    category: str
    synonyms: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    automatic: str | None
    chosen: str | None
    why: str
    indexed: tuple[str, ...] = ()  # the candidates that the ADE index means
    overridden: bool = False

    def row(self) -> dict[str, str]:
        """This resolution as a row of i124_corrected.csv or i585_corrected.csv."""
        return {
            "name": self.category,
            "wnid": self.chosen or "",
            "automatic": self.automatic or "",
            "candidates": ";".join(candidate.wnid for candidate in self.candidates),
            "why": self.why,
        }


def resolve(dataset: str, wordnet: WordNet, ade_index: Mapping[str, IndexSense] | None = None) -> tuple[Resolution, ...]:
    """The synset of each A150 category (dataset "I124") or A847 category ("I585"), in official order; no synset has two categories.

    ade_index: of the categories of which the index of the full ADE20K knows a sense. It decides between candidates that the score
    cannot tell apart; an override decides against everything.
    Raises LarvSegError where candidates remain tied, and for an override of an unknown category or synset.
    """
    overrides = read_overrides(dataset)
    resolutions = []
    for name, synonyms in categories(dataset):
        found = candidates(synonyms, wordnet)
        best = tuple(candidate.wnid for candidate in found if candidate.rank == found[0].rank)
        indexed = _indexed(found, (ade_index or {}).get(name), wordnet)
        automatic = best[0] if best else None
        resolution = Resolution(name, synonyms, found, automatic, automatic, _why(found), indexed)
        if name in overrides:
            wnid, reason = overrides[name]
            resolution = replace(resolution, chosen=wnid, why=f"override: {reason}", overridden=True)
        elif len(best) > 1:
            meant = [wnid for wnid in best if wnid in indexed]
            if len(meant) != 1:
                where = f"data/reference/{OVERRIDES}: {dataset}: {name}"
                raise LarvSegError(f"{where}: {', '.join(best)} fit equally well; add a line that says which")
            resolution = replace(resolution, chosen=meant[0], why="ADE index")
        resolutions.append(resolution)
    return tuple(_once_each(resolutions))


def categories(dataset: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(name, synonyms) of each category that `dataset`, I124 or I585, may have images of; the name itself is the first synonym."""
    for row in read_csv(committed().classes(dataset).file):
        yield row["name"], tuple(dict.fromkeys((row["name"].replace("-", " "), *row["synonyms"].split(";"))))


def candidates(synonyms: Sequence[str], wordnet: WordNet) -> tuple[Candidate, ...]:
    """The ImageNet synsets with one of `synonyms`, or a singular of it, among their lemmas; best first, equal ones by id."""
    synsets = imagenet_synsets()
    shared: dict[str, dict[str, None]] = {}
    for synonym in synonyms:
        for spelling in spellings(synonym):
            for wnid in wordnet.find(spelling):
                if wnid in synsets:
                    shared.setdefault(wnid, {})[synonym] = None
    found = []
    for wnid, words in shared.items():
        together = len(synonyms) + max(len(synsets[wnid].lemmas) - len(words), 0)
        file = wordnet.lexicographer_file(wnid)
        kind = 0 if file == _MADE else 1 if file in _NATURAL else 2
        found.append(Candidate(wnid, tuple(words), len(words) / together, kind))
    return tuple(sorted(found, key=lambda candidate: (candidate.rank, candidate.wnid)))


def spellings(phrase: str) -> tuple[str, ...]:
    """How WordNet may write `phrase`: flip flop → flip_flop, flip-flop, flipflop; hyphens within may stay: electric-light_bulb."""
    words = re.split("[ -]", phrase.lower())
    return tuple(dict.fromkeys([phrase.lower().replace(" ", "_"), *(joint.join(words) for joint in ("_", "-", ""))]))


def read_overrides(dataset: str) -> dict[str, Override]:
    """The reviewed choices for the categories of `dataset`; LarvSegError for one that names no category, no synset or no reason."""
    names = [name for name, _ in categories(dataset)]
    overrides = {}
    for row in read_reference(OVERRIDES):
        if dataset not in row["datasets"].split(";"):
            continue
        name, wnid, reason = row["category"], row["wnid"], row["reason"]
        if name not in names:
            raise LarvSegError(f"data/reference/{OVERRIDES}: {dataset} has no category {name!r}{nearest(name, names)}")
        if name in overrides or not reason or (wnid and wnid not in imagenet_synsets()):
            problem = "name it once, with a reason, and with a synset of ImageNet or none"
            raise LarvSegError(f"data/reference/{OVERRIDES}: {dataset}: {name}: {problem}")
        overrides[name] = Override(wnid or None, reason)
    return overrides


def _why(found: Sequence[Candidate]) -> str:
    if not found:
        return "none of its synonyms is a lemma of an ImageNet synset"
    first = found[0]
    shared = f"shares {', '.join(first.shared)}"
    if len(found) == 1:
        return f"only candidate; {shared}"
    if found[1].overlap == first.overlap:
        return f"{shared}; of equals the {('made', 'natural', 'other')[first.kind]} thing"
    return f"{shared}; closest of {len(found)}"


def _indexed(found: Sequence[Candidate], sense: IndexSense | None, wordnet: WordNet) -> tuple[str, ...]:
    """Those of `found` that the ADE index means, by the definition, by an id, by NLTK's name or by the lemmas that it gives."""
    if sense is None:
        return ()
    synsets = imagenet_synsets()
    ids = {f"n{digits}" for digits in _WNID.findall(sense.synset)} | {wordnet.named(sense.synset.strip())}
    # the synsets above follow after a full stop
    words = {word.strip().lower() for word in sense.synset.split(". ")[0].rstrip(". ").split(",")}
    tests = (
        lambda wnid: bool(sense.gloss) and sense.gloss.strip().startswith(synsets[wnid].gloss),
        lambda wnid: wnid in ids,
        lambda wnid: words == {lemma.lower() for lemma in synsets[wnid].lemmas},
    )
    for test in tests:
        if meant := tuple(candidate.wnid for candidate in found if test(candidate.wnid)):
            return meant
    return ()


def _once_each(resolutions: Sequence[Resolution]) -> Iterator[Resolution]:
    """Of categories with the same synset the one keeps it that was given it by an override, fits it best, or comes first."""
    owners: dict[str, Resolution] = {}
    for resolution in sorted(resolutions, key=_claim):
        if resolution.chosen is not None:
            owners.setdefault(resolution.chosen, resolution)
    for resolution in resolutions:
        owner = owners.get(resolution.chosen)
        if owner is None or owner is resolution:
            yield resolution
        else:
            yield replace(resolution, chosen=None, why=f"{resolution.chosen} is that of {owner.category}")


def _claim(resolution: Resolution) -> tuple[bool, float]:
    overlap = max((candidate.overlap for candidate in resolution.candidates if candidate.wnid == resolution.chosen), default=0.0)
    return not resolution.overridden, -overlap
