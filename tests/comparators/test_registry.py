import typing

import pytest

from larvseg.comparators.registry import JOINT, LANGUAGE_GUIDED, module_of, predictor_of
from larvseg.config.evaluation import Method
from larvseg.errors import LarvSegError


@pytest.mark.parametrize("method", typing.get_args(Method))
def test_every_method_of_the_configuration_has_a_predictor(method):
    assert (method in JOINT) != (method in LANGUAGE_GUIDED)
    assert callable(predictor_of(method))
    assert predictor_of(method).__module__ == module_of(method)


def test_an_unknown_method_names_the_nearest():
    with pytest.raises(LarvSegError, match="no method 'denceclip'; did you mean 'denseclip'"):
        module_of("denceclip")
