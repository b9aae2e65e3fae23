"""What a finished run says of itself: its classes, and its numbers."""

from __future__ import annotations

from pydantic import ConfigDict, NonNegativeInt, model_validator

from larvseg.columns import can_be_shown
from larvseg.config.base import Model

CLASSES, LETTERS = 2**16, 1000  # names of all data sets together, letters of one


class Vocabulary(Model):
    """The classes of a run: `names` of all its data sets, and of each data set its classes and their positions in `names`."""

    names: tuple[str, ...]
    index: dict[str, tuple[int, ...]]
    classes: dict[str, tuple[str, ...]]

    @model_validator(mode="after")
    def _fits(self) -> Vocabulary:
        if not self.index or self.index.keys() != self.classes.keys():
            raise ValueError("index and classes name the same data sets, one at least")
        for dataset, places in self.index.items():
            if not places or len(places) != len(self.classes[dataset]) or not all(0 <= place < len(self.names) for place in places):
                raise ValueError(f"index.{dataset} has a place in names for each of its classes")
        if len(self.names) > CLASSES or max(map(len, [*self.names, *(name for each in self.classes.values() for name in each)])) > LETTERS:
            raise ValueError(f"there are at most {CLASSES} names of at most {LETTERS} letters")
        if odd := [name for each in (self.names, *self.classes.values()) for name in each if not can_be_shown(name)]:
            raise ValueError(f"the name {odd[0]!r} has letters that cannot be shown")
        return self


class _Numbers(Model):
    """Of what else it says, others know."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True, allow_inf_nan=False)


class ClassNumbers(_Numbers):
    """A class in metrics.json; `iou` in percent, None where nothing was measured."""

    name: str
    iou: float | None = None
    novel_s: bool = False
    novel_p: bool = False
    by_name: bool = False


class Metrics(_Numbers):
    """metrics.json of an evaluation, a grouping or a CLIP model: what those have that read it."""

    run: str = ""
    seed: int = 0
    profile: str = ""
    benchmark: str = ""
    all: float | None = None
    base: float | None = None
    novel: float | None = None
    rules: dict[str, dict] = {}
    classes: tuple[ClassNumbers, ...] | NonNegativeInt = ()  # of a CLIP model, how many
