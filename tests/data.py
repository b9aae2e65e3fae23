"""The data sets of the project, and how their manifests are made, for tests."""

from collections.abc import Sequence
from typing import Any

from larvseg.config import DeriveConfig, Kind, PrepareConfig
from larvseg.pipeline.jobs import data
from larvseg.vocabulary import Vocabulary, novel_in
from larvseg.vocabulary.datasets import committed


def load_vocabulary(name: str, drawn: bool = False, synsets: str = "published") -> Vocabulary:
    """The vocabulary of the data set `name`."""
    return committed().vocabulary(name, drawn, synsets)


def novel(names: Sequence[str], base: str = "C171") -> dict[str, tuple[int, ...]]:
    """Alignment rule → positions of the novel ones of `names` beside the data set `base`."""
    return novel_in(tuple(names), load_vocabulary(base))


def base_novel(names: Sequence[str], rule: str, base: str = "C171") -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Positions of the base and of the novel ones of `names`."""
    others = novel(names, base)[rule]
    return tuple(i for i in range(len(tuple(names))) if i not in others), others


def derive_config(dataset: str, drawn: bool, **settings: Any) -> DeriveConfig:
    """How the manifest of the data set `dataset` is made."""
    return data.derive_config(committed(), dataset, drawn=drawn, **settings)


def prepare_config(**settings: Any) -> PrepareConfig:
    """How the archive of A847 is prepared."""
    return PrepareConfig(dataset="A847", source=committed()["A847"], classes=committed().classes("A847"), **settings)


def kind_of(dataset: str) -> Kind:
    """How the images of a data set are labelled."""
    return committed()[dataset].kind
