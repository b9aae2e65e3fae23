"""Table 2: the data sets, counted in their manifests, beside the published counts and what is known of their differences."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from larvseg.columns import grouped
from larvseg.config import Table2Config
from larvseg.datasets.manifest import SPLITS, Manifest
from larvseg.errors import LarvSegError
from larvseg.reporting.tables import read_csv, write_csv
from larvseg.vocabulary import RULES, Vocabulary, novel_in
from larvseg.vocabulary.datasets import committed

PUBLISHED = Path(__file__).parents[2] / "data/reference/published"
FALL_2011, WINTER_2021 = (21_841, 14_197_122), (19_167, 13_151_276)  # synsets and images of the releases of ImageNet-21K
COUNTS = ("images_training", "images_validation", "classes", "novel_s", "novel_p")


class Counted(NamedTuple):
    """What a manifest says of its data set."""

    images: tuple[int, int]  # training, validation
    classes: tuple[str, ...]
    absent: int  # categories without an archive
    novel: tuple[int, ...] | None  # how many are novel under each of RULES; None without a base data set


def table2(config: Table2Config, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write `table`, one line a row of the paper's Table 2; inputs: the manifest of each of config.datasets, by its name.

    novel_s, novel_p: classes that are novel under the alignment rules S and P; of A150-C171 and A847-C171, `classes` are those of rule S,
    by which Table 3 was made. Rows without a manifest say "not built". Raises LarvSegError for the manifest of another data set.
    """
    counted = {dataset: _count(inputs[dataset], dataset) for dataset in config.datasets}
    rows = []
    for published in read_csv(PUBLISHED / "table2.csv"):
        notation = published["notation"]
        dataset = notation.removesuffix("-C171")
        own = counted.get(dataset)
        rows.append(
            {
                "notation": notation,
                "definition": published["definition"],
                **_cells(notation, dataset, own),
                "published_images": published["images"],
                "published_classes": published["classes"],
                "status": "not built" if own is None else "measured",
                "note": " ".join(filter(None, [_about_theirs(notation), own and _about_ours(config, dataset, own)])),
                "profile": config.profile,
            }
        )
    write_csv(outputs["table"], rows)


def _count(path: Path, dataset: str) -> Counted:
    manifest = Manifest(path)
    header = manifest.header
    if header["dataset"] != dataset:
        raise LarvSegError(f"{path}: the manifest of {header['dataset']}, not of {dataset}; delete it and derive it again")
    training, validation = (len(manifest.split(split)) for split in SPLITS)
    novel = header["novel"] and tuple(len(header["novel"][rule]) for rule in RULES)
    return Counted((training, validation), tuple(header["classes"]), len(header["absent"]), novel)


def _cells(notation: str, dataset: str, own: Counted | None) -> dict[str, str]:
    if own is None:
        return dict.fromkeys(COUNTS, "")
    # a base data set has no novel categories, and the synsets of I21K no names that one could have
    novel = tuple(map(str, own.novel)) if own.novel else ("", "")
    training, validation = (str(count or "") for count in own.images)
    only_novel = notation != dataset
    classes = novel[0] if only_novel else str(len(own.classes) or "")  # captions have none
    return dict(zip(COUNTS, ("" if only_novel else training, validation, classes, *novel), strict=True))


def _about_ours(config: Table2Config, dataset: str, own: Counted) -> str:
    """Where our counts are not those of the official archives, and why."""
    if config.drawn:
        return f"Our counts are those of the drawn miniature{_how_much(config, dataset, own)}."
    notes = []
    if own.absent:
        notes.append(f"{own.absent} of the categories {'has' if own.absent == 1 else 'have'} no archive here.")
    released = config.released.get(dataset, own.images)
    if own.images != released:
        notes.append(f"The official archives hold {_images(released)} images, the manifest {_images(own.images)}.")
    return " ".join(notes)


def _how_much(config: Table2Config, dataset: str, own: Counted) -> str:
    """How much of its classes the miniature has."""
    if not own.classes:
        return ""
    whole = config.listed.get(dataset, FALL_2011[0])
    return f": it has {len(own.classes)} of {grouped(whole)} {'categories' if dataset in config.listed else 'synsets'}"


def _about_theirs(notation: str) -> str:
    """What does not fit in the paper's own numbers, with the counts behind it."""
    data, (dataset, _, base) = committed(), notation.partition("-")
    whole = data.vocabulary(dataset) if dataset in data.entries and data.has_names(dataset) else None
    match notation:
        case "C171":
            names = {rule: len(set(whole.keys[rule])) for rule in RULES}
            return (
                f"The {len(whole)} labels are {names['P']} distinct names under rule P and {names['S']} under rule S: "
                "wall-brick and wall-wood are both wall."
            )
        case "A150-C171":
            (s, p), total = _novel(whole, base), len(whole)
            fitting = [_rows_that_fit(dataset, total - novel, novel) for novel in (s, p)]
            return (
                f"The paper's {p} are novel under rule P; its Table 3 was made by rule S, which has {s}: All, Base and Novel of "
                f"{fitting[0][0]} of {fitting[0][1]} rows fit {total - s}/{s}, of {fitting[1][0]} rows {total - p}/{p}."
            )
        case "A847-C171":
            names = whole.names
            (s, p), same = _novel(whole, base), len(set(names) & set(data.vocabulary(base).names))
            return (
                f"No rule gives 809: it leaves {len(names) - 809} base categories, but {same} names are in both lists letter for letter. "
                f"The paper's text says {s}, rule S; rule P and the authors' name lists have {p}. "
                "Table 3 is too coarse to tell these two apart."
            )
        case "A847" | "WA847":
            training = grouped(data[dataset].released[0])
            return f"The paper's 20K is the count of A150; the full release has {training} training images, and its preparation uses all."
        case "I21K":
            old, new = ([grouped(count) for count in release] for release in (FALL_2011, WINTER_2021))
            return (
                f"The paper counts the release of fall 2011 ({old[0]} synsets, {old[1]} images), which is no longer offered; "
                f"winter 2021 has {new[0]} synsets and {new[1]} images."
            )
        case "I124" | "I585":
            return _about_synsets(whole, len(data.vocabulary(data.benchmark_of(dataset))))
        case "LN":
            return (
                "652K is the number of images that OpenSeg used; 849K are described in all. Here LN is the narratives of the training "
                "images of COCO: those of ADE20K describe the images of A150. Only OpenSeg needs them."
            )
        case "ITPair":
            return "Not public: neither the 400M pairs of CLIP nor the 1.8B of ALIGN (800M in the paper), only models that saw them."
    return ""


def _novel(names: Vocabulary, base: str) -> tuple[int, ...]:
    """How many of `names` are novel under rule S and under rule P, beside the data set `base`."""
    return tuple(len(novel_in(names.names, committed().vocabulary(base))[rule]) for rule in RULES)


def _about_synsets(vocabulary: Vocabulary, total: int) -> str:
    candidates = {wnid for wnids in vocabulary.synsets.values() for wnid in wnids}
    several = sum(len(wnids) > 1 for wnids in vocabulary.synsets.values())
    choice = f" {several} categories have several; the one with most images is taken." if several else ""
    size = " Their notebook counts 742 268 images of 588 synsets." if vocabulary.dataset == "I585" else ""
    return (
        f"The authors' list has {len(candidates)} synsets for {len(vocabulary)} of {total} categories, some of a wrong sense "
        f"(reports/vocabulary/{vocabulary.dataset.lower()}.csv).{choice}{size}"
    )


def _rows_that_fit(benchmark: str, base: int, novel: int) -> tuple[int, int]:
    """In how many rows of the published Table 3 All is the mean over `base` and `novel` classes, and how many rows print all three."""
    rows = [row for row in read_csv(PUBLISHED / "table3.csv") if row["benchmark"] == benchmark and row["base"] and row["novel"]]
    means = [(base * float(row["base"]) + novel * float(row["novel"])) / (base + novel) for row in rows]
    # each number is rounded to 0.1, so is each side of the comparison
    return sum(abs(mean - float(row["all"])) < 0.1 + 1e-9 for mean, row in zip(means, rows, strict=True)), len(rows)


def _images(counts: tuple[int, int]) -> str:
    return " + ".join(grouped(count) for count in counts if count)
