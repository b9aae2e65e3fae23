"""The corrected synsets of I124 and I585 beside the published ones: what differs and why, and how well the synonyms alone agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import NamedTuple

from larvseg.vocabulary.datasets import committed
from larvseg.vocabulary.names import named, read_reference
from larvseg.vocabulary.synsets import imagenet_synsets

WRONG_SENSES = "vocabularies/wrong_senses.csv"


class Agreement(NamedTuple):
    """Of the categories in a published list: how often resolution by synonyms alone finds what was published."""

    categories: int  # with a published synset
    candidates: float  # share of them that have a published synset among their candidates
    recall: float  # share of them whose first choice is published
    precision: float  # share of all first choices that are published


@cache
def wrong_senses(dataset: str) -> Mapping[tuple[str, str], str]:
    """What (category, synset) of the published list of `dataset` means that the category does not."""
    rows = read_reference(WRONG_SENSES)
    return {(row["category"], row["wnid"]): row["meaning"] for row in rows if row["dataset"] == dataset}


def listed_synsets(dataset: str, synsets: str) -> dict[str, tuple[str, ...]]:
    """{category: synsets} in the list `synsets` of a data set with synsets."""
    return {name: tuple(filter(None, text.split(";"))) for name, text in named(committed().synsets(dataset, synsets)).items()}


def corrected_rows(dataset: str) -> tuple[dict[str, str], ...]:
    """The committed resolution of every category: name, wnid ("" for none), automatic, candidates (best first, by ";") and why."""
    return read_reference(f"vocabularies/{dataset.lower()}_corrected.csv")


def agreement(dataset: str, with_wrong: bool = True) -> Agreement:
    """Agreement of resolution by synonyms alone with the published list of `dataset`.

    Of candidates that the score cannot tell apart, the first choice is the one with the smaller id.
    with_wrong: False leaves out the wrong senses of the list, and the categories that it has in no other sense.
    """
    listed = listed_synsets(dataset, "published")
    wrong = {} if with_wrong else wrong_senses(dataset)
    kept = {name: {wnid for wnid in wnids if (name, wnid) not in wrong} for name, wnids in listed.items()}
    rows = [row for row in corrected_rows(dataset) if kept.get(row["name"], True)]
    published = {name: wnids for name, wnids in kept.items() if wnids}
    found = sum(not published[row["name"]].isdisjoint(row["candidates"].split(";")) for row in rows if row["name"] in published)
    hits = sum(row["automatic"] in published.get(row["name"], ()) for row in rows)
    choices = sum(bool(row["automatic"]) for row in rows)
    return Agreement(len(published), found / len(published), hits / len(published), hits / choices)


def difference(dataset: str, row: Mapping[str, str]) -> str:
    """How the corrected `row` of a category differs from the published list, in words."""
    name, chosen = row["name"], row["wnid"]
    published = listed_synsets(dataset, "published").get(name, ())
    wrong = [f"{wnid} is {wrong_senses(dataset)[name, wnid]}" for wnid in published if (name, wnid) in wrong_senses(dataset)]
    if not published:
        return f"not in the published list: {row['why']}" if chosen else "same: no synset"
    if chosen in published:
        if wrong:
            return f"one of the published candidates; of the others a wrong sense: {'; '.join(wrong)}"
        return "same" if len(published) == 1 else "one of the published candidates"
    reason = f"published holds a wrong sense: {'; '.join(wrong)}" if wrong else f"published {in_words(published)}"
    return f"{'another synset' if chosen else 'left out'}: {reason}; {row['why']}"


def in_words(wnids: Iterable[str]) -> str:
    """Ids, each with its first lemma."""
    synsets = imagenet_synsets()
    return " or ".join(f"{wnid} ({synsets[wnid].lemmas[0]})" if wnid in synsets else wnid for wnid in wnids)
