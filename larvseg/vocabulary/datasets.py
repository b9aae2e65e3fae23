"""The data sets of workflow/config/datasets.yaml: their class lists, and what refers to another resolved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from larvseg.config import ClassList, DataSet, load_yaml, nearest, parse
from larvseg.errors import LarvSegError
from larvseg.vocabulary.names import ROOT, Vocabulary, read_vocabulary

OWN = "own_"  # how the families of archives of one's own begin


@dataclass(frozen=True)
class DataSets:
    """All entries of the file `where`, in its order."""

    entries: Mapping[str, DataSet]
    where: str

    def __getitem__(self, name: str) -> DataSet:
        if name not in self.entries:
            raise LarvSegError(f"no data set {name!r}{nearest(name, list(self.entries))}")
        return self.entries[name]

    def __iter__(self):
        return iter(self.entries)

    def benchmark_of(self, name: str) -> str:
        """The data set whose classes `name` has: itself, or that which it brings more images of."""
        classes = self[name].classes
        return classes if isinstance(classes, str) else name

    def weak_of(self, benchmark: str, kind: str) -> str | None:
        """The first data set of that kind with the classes of `benchmark`."""
        return next((name for name in self if self[name].kind == kind and self[name].classes == benchmark), None)

    def read(self, name: str, prepared: bool = False, whole: bool = False) -> DataSet:
        """The entry of `name` as it is read: `prepared` from the prepared archive, if there is one; `whole` from all synsets in one."""
        entry = self[name]
        if prepared and entry.prepared:
            own = entry.prepared
            read = {"archives": own.archives, "encoding": own.encoding, "training": own.training}
            return entry.model_copy(update=read | {"validation": entry.validation and own.validation})
        if whole and entry.whole:
            return entry.model_copy(update={"archives": (entry.whole.images.partition("/")[0],), "training": entry.whole})
        return entry

    def classes(self, name: str, prepared: bool = False) -> ClassList | None:
        """The class list of `name`; None where its classes are the synsets that it has images of, or where it has none."""
        classes = self[self.benchmark_of(name)].classes
        if not isinstance(classes, ClassList):
            return None
        own = self[name].prepared
        return classes.model_copy(update={"id": own.id}) if prepared and own else classes

    def synsets(self, name: str, choice: str) -> str | None:
        """Where the candidates of each class of `name` stand: "file:column"; None for a data set without synsets."""
        lists = self[name].synsets
        if lists is None:
            return None
        if choice not in lists:
            raise LarvSegError(f"{self.where}: {name}: no synsets {choice!r}{nearest(choice, list(lists))}")
        return lists[choice]

    def has_names(self, name: str) -> bool:
        """Its classes stand in a list."""
        return self.classes(name) is not None

    def vocabulary(self, name: str, drawn: bool = False, synsets: str = "published") -> Vocabulary:
        """The vocabulary of `name`; LarvSegError for a data set that has no class list."""
        classes = self.classes(name)
        if classes is None:
            raise LarvSegError(f"{self.where}: {name} has no class list")
        return read_vocabulary(name, classes, drawn, self.synsets(name, synsets))


def load_datasets(path: Path) -> DataSets:
    """The data sets of the YAML file `path`; LarvSegError for an entry that refers to a data set that is not there or has no class list."""
    entries = {name: _with_archive(parse(DataSet, value, f"{path}: {name}"), f"{path}: {name}") for name, value in load_yaml(path).items()}
    found = DataSets(entries, str(path))
    for name, entry in entries.items():
        for key, other in (("classes", entry.classes), ("base", entry.base)):
            if isinstance(other, str) and (other not in entries or not isinstance(entries[other].classes, ClassList)):
                listed = [known for known in entries if isinstance(entries[known].classes, ClassList)]
                raise LarvSegError(f"{path}: {name}: {key}: no data set {other!r} with a class list{nearest(other, listed)}")
        if problem := _contradiction(entry, found.classes(name)):
            raise LarvSegError(f"{path}: {name}: {problem}")
    return found


def _with_archive(entry: DataSet, where: str) -> DataSet:
    """`entry`; of one's own with the archive that is made of its source, in which its patterns begin."""
    if entry.source is None:
        if not entry.family:
            raise LarvSegError(f"{where}: says neither the family of its archives nor, of one's own, its source")
        return entry
    place = PurePosixPath(entry.source)
    if place.is_absolute() or ".." in place.parts or not place.name:
        raise LarvSegError(f"{where}: source {entry.source!r} leads out of the project; put your files, or a link, in data/incoming")
    if entry.family or entry.archives:
        raise LarvSegError(f"{where}: has a source, from which family and archives follow; leave them out")
    archive = f"own/{place.name}" + ("" if place.suffix in (".zip", ".tar") else ".tar")
    splits = {}
    for split in ("training", "validation"):
        if files := getattr(entry, split):
            found = {key: getattr(files, key) for key in ("images", "masks", "labels", "captions")}
            splits[split] = files.model_copy(update={key: f"{archive}/{pattern}" for key, pattern in found.items() if pattern})
    return entry.model_copy(update={"family": OWN + re.sub(r"\W", "_", place.name), "archives": (archive,), **splits})


def _contradiction(entry: DataSet, classes: ClassList | None) -> str | None:
    """What is missing in `entry`, in words; None for one that can be read."""
    for files in filter(None, (entry.training, entry.validation)):
        if entry.kind == "pixel" and (entry.encoding is None or files.masks is None):
            return "masks need an encoding, and `masks` says where they lie"
        if entry.kind in ("pixel", "multi_label") or files.labels or "{class}" in files.images:
            if classes is None:
                return "its labels need a class list"
        if entry.kind in ("multi_label", "single_label") and not (files.masks or files.labels):
            if "{class}" not in files.images and "{synset}" not in files.images:
                return "says neither {class} in `images`, nor a table of `labels`, nor `masks`, so that no image has a label"
        if entry.kind == "caption" and not (files.captions or files.narratives):
            return "`captions` says where the text of an image lies"
    return None


@cache
def committed() -> DataSets:
    """Those of the project itself, whatever profile is selected."""
    return load_datasets(ROOT / "workflow/config/datasets.yaml")
