"""The vocabularies in words, for the command line. Reads committed files only."""

from __future__ import annotations

from collections.abc import Iterator

from larvseg.config import nearest
from larvseg.errors import LarvSegError
from larvseg.vocabulary.alignment import novel_in
from larvseg.vocabulary.comparison import agreement, corrected_rows, difference, in_words, listed_synsets
from larvseg.vocabulary.datasets import committed
from larvseg.vocabulary.names import RULES
from larvseg.vocabulary.resolution import categories
from larvseg.vocabulary.synsets import imagenet_synsets

IMAGE_SETS = ("I124", "I585")


def show(name: str) -> str:
    """The category `name` of A150 or A847: synonyms, base or novel, candidates, choice and why, and what was published.

    Hyphens may stand for spaces and spaces for hyphens, capital letters for small ones. Raises LarvSegError for an unknown category.
    """
    blocks = []
    spellings = [
        spelling for one in dict.fromkeys((name, name.lower())) for spelling in (one, one.replace("-", " "), one.replace(" ", "-"))
    ]
    for images in IMAGE_SETS:
        synonyms = dict(categories(images))
        spelling = next((known for known in spellings if known in synonyms), None)
        if spelling is not None:
            blocks.append("\n".join(_category(images, spelling, synonyms[spelling])))
    if not blocks:
        known = sorted({category for images in IMAGE_SETS for category, _ in categories(images)})
        raise LarvSegError(f"no category {name!r} in A150 or A847{nearest(name.lower(), known)}")
    return "\n\n".join(blocks)


def diff() -> str:
    """What the corrected synsets change, how well synonyms alone find the published ones, and where alignment rules S and P differ."""
    return "\n".join([line for images in IMAGE_SETS for line in _changes(images)] + list(_rules()))


def _category(images: str, name: str, synonyms: tuple[str, ...]) -> Iterator[str]:
    data = committed()
    target = data.vocabulary(data.benchmark_of(images))
    novel = novel_in(target.names, data.vocabulary(data[images].base))
    sides = [f"{'novel' if target.names.index(name) in novel[rule] else 'base'} (rule {rule})" for rule in RULES]
    row = next(row for row in corrected_rows(images) if row["name"] == name)
    published = listed_synsets(images, "published").get(name, ())
    yield f"{name}, a category of {target.dataset}: {', '.join(sides)}"
    yield f"  synonyms    {', '.join(synonyms)}"
    yield f"  chosen      {_synset(row['wnid'])}"
    yield f"  why         {row['why']}"
    yield from _listing("published", published)
    yield f"  difference  {difference(images, row)}"
    yield from _listing("candidates", [wnid for wnid in row["candidates"].split(";") if wnid])


def _listing(title: str, wnids: tuple[str, ...] | list[str]) -> Iterator[str]:
    for number, wnid in enumerate(wnids or [""]):
        yield f"  {title if number == 0 else '':<10}  {_synset(wnid)}"


def _synset(wnid: str) -> str:
    if not wnid:
        return "none"
    synset = imagenet_synsets().get(wnid)
    return f"{wnid} {', '.join(synset.lemmas)}: {synset.gloss}" if synset else f"{wnid} (not a synset of ImageNet)"


def _changes(images: str) -> Iterator[str]:
    published, rows = listed_synsets(images, "published"), corrected_rows(images)
    chosen = [row for row in rows if row["wnid"]]
    kept = sum(row["wnid"] in published.get(row["name"], ()) for row in chosen)
    new = sum(row["name"] not in published for row in chosen)
    left_out = sum(row["name"] in published and not row["wnid"] for row in rows)
    yield f"{images}: {len(published)} classes published, {len(chosen)} corrected"
    yield f"  {kept} as published, {len(chosen) - kept - new} with another synset, {left_out} left out, {new} that were not in the list"
    for words, with_wrong in (("", True), (" without its wrong senses", False)):
        found = agreement(images, with_wrong)
        yield (
            f"  synonyms alone against the published list{words} ({found.categories} classes): published among the candidates "
            f"{found.candidates:.3f}, first choice recall {found.recall:.3f}, precision {found.precision:.3f}"
        )
    for row in rows:
        words = difference(images, row)
        if not words.startswith(("same", "one of")):
            yield f"  {row['name']} -> {in_words(filter(None, [row['wnid']])) or 'none'}; {words}"
    yield ""


def _rules() -> Iterator[str]:
    data = committed()
    benchmarks = {data.benchmark_of(images): data[images].base for images in IMAGE_SETS}
    bases = " and ".join(dict.fromkeys(benchmarks.values()))
    yield f"alignment with {bases}: categories that are base under one rule and novel under the other"
    for dataset, other_set in benchmarks.items():
        target = data.vocabulary(dataset)
        novel = novel_in(target.names, data.vocabulary(other_set))
        base = {rule: {name for i, name in enumerate(target.names) if i not in novel[rule]} for rule in RULES}
        counts = ", ".join(f"rule {rule} {len(base[rule])} base and {len(target) - len(base[rule])} novel" for rule in RULES)
        yield f"  {dataset}: {counts}"
        for rule, other in (RULES, RULES[::-1]):
            yield f"    base under {rule} only: {', '.join(sorted(base[rule] - base[other])) or 'none'}"
