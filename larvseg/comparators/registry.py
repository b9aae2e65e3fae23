"""Which function makes which method ready to segment. Imports none of them, so that one method never loads what another needs."""

from __future__ import annotations

from importlib import import_module

from larvseg.config import nearest
from larvseg.errors import LarvSegError

JOINT = ("supervised", "baseline", "larvseg")
LANGUAGE_GUIDED = ("denseclip", "reco", "zsbaseline", "lseg", "openseg")  # they know a class by the embedding of its name

_PREDICTORS = {
    **dict.fromkeys(JOINT, "larvseg.evaluation.trained"),
    "denseclip": "larvseg.comparators.denseclip",
    "reco": "larvseg.comparators.reco",
    "zsbaseline": "larvseg.comparators.zsbaseline",
    "lseg": "larvseg.comparators.lseg",
    "openseg": "larvseg.comparators.openseg",
}


def module_of(method: str) -> str:
    """The module whose `predictor(config, inputs, device)` makes `method` ready to segment: code that its evaluation depends on, too.

    Raises LarvSegError for a method that there is not.
    """
    if method not in _PREDICTORS:
        raise LarvSegError(f"no method {method!r}{nearest(method, list(_PREDICTORS))}")
    return _PREDICTORS[method]


def predictor_of(method: str):
    """`predictor(config: EvaluateConfig, inputs: Mapping[str, Path], device) -> Predictor` of `method`; errors as in module_of."""
    return import_module(module_of(method)).predictor
