import subprocess
import sys

import pytest

from larvseg.errors import LarvSegError
from larvseg.methods.method import method_of, methods
from larvseg.pipeline import Project

OF_THE_PAPER = ("baseline", "denseclip", "larvseg", "lseg", "openseg", "reco", "supervised", "zsbaseline")


def test_the_methods_are_the_modules():
    assert set(OF_THE_PAPER) <= set(methods()), "a module more is a method more"
    assert {run.method for run in Project("mini").experiments.runs.values()} >= set(OF_THE_PAPER)


@pytest.mark.parametrize("name", OF_THE_PAPER)
def test_a_method_has_the_predictor_that_it_declares(name):
    method = method_of(name)
    assert callable(method.load()) and method.load().__module__ == method.module
    assert method.knows_names == (method.text is not None), "a class is known by the embedding of its name"


def test_declarations_do_without_torch():
    code = """
import sys
from larvseg.methods.method import method_of, methods
for name in methods():
    method_of(name)
sys.exit("torch" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("name", ["denceclip", "os", "..config"])
def test_an_unknown_method_is_not_imported(name):
    with pytest.raises(LarvSegError, match=f"runs: no method '{name}'.*a method is a module of larvseg/methods"):
        method_of(name, "runs")
    with pytest.raises(LarvSegError, match="did you mean 'denseclip'"):
        method_of("denceclip")
