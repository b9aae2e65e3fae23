"""What a method declares of itself. The DAG reads the declarations, so a method loads torch only where it segments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Literal

import larvseg.methods
from larvseg.config import nearest
from larvseg.errors import LarvSegError

Role = Literal["dense", "crops", "text", "retrieval"]  # of CLIP models: the profile says which model has which (config.Roles)


@dataclass(frozen=True)
class Method:
    """What a method is made of. `METHOD` in the module `larvseg/methods/<name>` is that of the method `name`.

    The predictor is a function `(config: EvaluateConfig, inputs: Mapping[str, Path], device) -> Predictor`. Its inputs are `model` and
    `config` of the run, if a stage makes a model, and what the fields below ask for.
    """

    predictor: str  # module:function
    maker: Literal["train", "propose", "retrieve"] | None = None  # the stage that makes its model; None: it has none of its own
    attends: bool = False  # images with labels teach it where its memory bank says that the label is
    knows_names: bool = False  # it knows a class by the embedding of its name, so that no class is novel by its name alone
    clip: Role | None = None  # the predictor gets this CLIP model as `clip`
    text: Role | None = None  # the predictor gets the class names, as this CLIP model embeds them, as `text`
    retrieval: Role | None = None  # its model is made with this CLIP model
    features: bool = False  # the predictor gets ReCo's feature network as `features`

    @property
    def clips(self) -> tuple[Role, ...]:
        """The roles of the CLIP models that it needs."""
        return tuple(role for role in (self.clip, self.text, self.retrieval) if role)

    @property
    def depends_on_seed(self) -> bool:
        """Something of it is trained from random numbers."""
        return self.maker in ("train", "propose")

    @property
    def module(self) -> str:
        """The module of its predictor: code that an evaluation depends on, too."""
        return self.predictor.partition(":")[0]

    def load(self) -> Callable:
        """Its predictor, imported."""
        return getattr(import_module(self.module), self.predictor.partition(":")[2])


@cache
def methods() -> tuple[str, ...]:
    """The names of all methods."""
    return tuple(sorted(module.name for module in iter_modules(larvseg.methods.__path__) if module.name != "method"))


def method_of(name: str, where: object = "methods") -> Method:
    """The declaration of the method `name`.

    Raises LarvSegError, which begins with `where`, for a method that there is not.
    """
    if name not in methods():
        raise LarvSegError(f"{where}: no method {name!r}{nearest(name, methods())}; a method is a module of larvseg/methods")
    return import_module(f"larvseg.methods.{name}").METHOD
