"""The vocabulary of a run: one embedding for each distinct name, and where each data set's classes are in that table."""

from collections.abc import Mapping
from typing import Any

from larvseg.config import TrainConfig
from larvseg.errors import LarvSegError

RunVocabulary = dict[str, Any]  # "names": [...], "index": {dataset: [...]}, "classes": {dataset: [...]}


def run_vocabulary(config: TrainConfig, headers: Mapping[str, Mapping[str, Any]]) -> RunVocabulary:
    """Union of the class lists in the manifests' `headers`, in the order of `config.training_sets`.

    Names meet under `switches.alignment`; a data set that is trained alone keeps its own names, so C171 then has all its 171 classes.
    The benchmark has the index and classes of the data set that brings more images of its classes (WA150 of A150), so that the run can be
    evaluated on it.
    Raises LarvSegError for a data set that has no names under that rule.
    """
    position: dict[str, int] = {}
    index: dict[str, list[int]] = {}
    classes: dict[str, list[str]] = {}
    for dataset in (dataset.name for dataset in config.training_sets):
        own = headers[dataset]["classes"]
        keys = own if len(config.training_sets) == 1 else _keys(dataset, headers[dataset]["keys"], config)
        index[dataset] = [position.setdefault(key, len(position)) for key in keys]
        classes[dataset] = list(own)
    weak = [dataset for dataset in index if headers[dataset].get("benchmark") == config.benchmark]
    if weak:
        most = max(weak, key=lambda dataset: len(classes[dataset]))
        index[config.benchmark], classes[config.benchmark] = index[most], classes[most]
    return {"names": list(position), "index": index, "classes": classes}


def _keys(dataset: str, keys: Mapping[str, list[str]], config: TrainConfig) -> list[str]:
    rule = config.switches.alignment
    if rule not in keys:
        raise LarvSegError(f"{config.run}: {dataset} has no names under the alignment rule {rule!r}; it has {', '.join(keys)}")
    return keys[rule]
