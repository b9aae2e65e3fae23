"""The synsets of I124 and I585, resolved from WordNet and the ADE index: a report of each choice, and a check of the committed lists."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from larvseg.config import VocabularyConfig
from larvseg.errors import LarvSegError
from larvseg.files import write_text
from larvseg.sources.ade_index import load_index
from larvseg.vocabulary.comparison import corrected_rows, difference, listed_synsets
from larvseg.vocabulary.names import REFERENCE, read_reference
from larvseg.vocabulary.resolution import IndexSense, Resolution, read_overrides, resolve
from larvseg.vocabulary.synsets import imagenet_synsets
from larvseg.vocabulary.wordnet import WordNet

PUBLISHED_CLASSES = {"I124": 124, "I585": 585}
WORDNET, ADE_FULL = "wordnet.zip", "ADE20K_2021_17_01.zip"


def vocabulary(config: VocabularyConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write the report of each of config.datasets to the role of its name in lower case.

    Raises LarvSegError that names category, committed and resolved synset where a committed list differs, and for an archive that is
    missing or damaged.
    """
    wordnet, senses = WordNet(inputs[WORDNET]), index_senses(inputs[ADE_FULL])
    reports = {}
    for dataset in config.datasets:
        resolutions = resolve(dataset, wordnet, senses[dataset])
        check(dataset, resolutions)
        reports[dataset] = _csv([_report_row(dataset, resolution, senses[dataset]) for resolution in resolutions])
    for dataset, text in reports.items():
        write_text(outputs[dataset.lower()], text)


def update(wordnet: Path, folder: Path = REFERENCE / "vocabularies") -> None:
    """Resolve the categories again and write the corrected lists into `folder`: what to do after a change of the overrides."""
    reader = WordNet(wordnet)
    for dataset in PUBLISHED_CLASSES:
        write_text(folder / f"{dataset.lower()}_corrected.csv", _csv([resolution.row() for resolution in resolve(dataset, reader)]))


def check(dataset: str, resolutions: Sequence[Resolution]) -> None:
    """LarvSegError unless the corrected list of `dataset` is what was resolved, and the published one whole and about known synsets."""
    where = f"data/reference/vocabularies/{dataset.lower()}"
    committed = corrected_rows(dataset)
    for row, resolution in zip(committed, resolutions, strict=False):
        if row != (resolved := resolution.row()):
            synsets = f"committed synset {row['wnid'] or 'none'}, resolved {resolved['wnid'] or 'none'}"
            fields = ", ".join(key for key in resolved if row.get(key) != resolved[key])
            mend = "restore the list, or review the change and commit it"
            raise LarvSegError(f"{where}_corrected.csv: {resolution.category}: {synsets} (they differ in {fields}); {mend}")
    if len(committed) != len(resolutions):
        raise LarvSegError(f"{where}_corrected.csv: {len(committed)} categories, not {len(resolutions)}; restore it from version control")
    published = listed_synsets(dataset, "published")
    if len(published) != PUBLISHED_CLASSES[dataset]:
        problem = f"{len(published)} classes, not {PUBLISHED_CLASSES[dataset]}"
        raise LarvSegError(f"{where}_published.csv: {problem}; restore it from version control")
    names, explained = {resolution.category for resolution in resolutions}, read_overrides(dataset)
    for name, wnids in published.items():
        unknown = [wnid for wnid in wnids if wnid not in imagenet_synsets()]
        if name not in names or not wnids or (unknown and name not in explained):
            problem = f"{name}: published {', '.join(wnids) or 'nothing'}, of which ImageNet has no {', '.join(unknown) or 'such category'}"
            raise LarvSegError(f"{where}_published.csv: {problem}; restore it from version control")


def index_senses(archive: Path) -> dict[str, dict[str, IndexSense]]:
    """{data set: {category: sense}} from the index of the full ADE20K, which knows the A847 categories by their ade_id."""
    index = load_index(archive)
    known = {}
    rows = read_reference("vocabularies/a847.csv")
    for row in rows:
        position = int(row["ade_id"]) - 1
        if index.wordnet_synset[position]:
            known[row["name"]] = IndexSense(index.wordnet_synset[position], index.wordnet_gloss[position])
    # A150 calls a few by another name, and a few of its names A847 gives to something else: so the synonyms come first
    by_synonyms = {row["synonyms"]: row["name"] for row in rows}
    same = {row["name"]: by_synonyms.get(row["synonyms"], row["name"].replace(" ", "-")) for row in read_reference("vocabularies/a150.csv")}
    return {"I124": {name: known[other] for name, other in same.items() if other in known}, "I585": known}


def _report_row(dataset: str, resolution: Resolution, senses: Mapping[str, IndexSense]) -> dict[str, str]:
    synsets = imagenet_synsets()
    published = listed_synsets(dataset, "published").get(resolution.category, ())
    glosses = [synsets[wnid].gloss if wnid in synsets else "not a synset of ImageNet" for wnid in published]
    return {
        "category": resolution.category,
        "synonyms": "; ".join(resolution.synonyms),
        "candidates": "; ".join(f"{wnid}: {', '.join(synsets[wnid].lemmas)}" for wnid, *_ in resolution.candidates),
        "chosen": resolution.chosen or "",
        "why": resolution.why,
        "gloss": synsets[resolution.chosen].gloss if resolution.chosen else "",
        "published": "; ".join(published),
        "published_gloss": "; ".join(glosses) if len(glosses) < 2 else "; ".join(map(": ".join, zip(published, glosses, strict=True))),
        "difference": difference(dataset, resolution.row()),
        "ade_index_synset": "; ".join(resolution.indexed) or _own(senses.get(resolution.category)),
    }


def _own(sense: IndexSense | None) -> str:
    """What the index calls the synset of its own, without those above it, where that is no candidate."""
    return "" if sense is None else sense.synset.split(". ")[0].strip()


def _csv(rows: Sequence[Mapping[str, str]]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()
