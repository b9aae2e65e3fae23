import subprocess
import sys

import pytest

from larvseg.errors import LarvSegError
from larvseg.vocabulary.explain import diff, show
from larvseg.vocabulary.names import REFERENCE


def test_show_tells_all_of_a_category():
    a150, a847 = show("dirt track").split("\n\n")
    assert "a category of A150: novel (rule S), base (rule P)" in a150 and "a category of A847: novel (rule S), novel (rule P)" in a847
    assert "n14844693 soil, dirt" in a150 and "chosen      none" in a150
    assert show("dirt-track") == show("dirt track") == show("Dirt Track")


def test_show_lists_candidates_best_first_with_their_glosses():
    lines = show("sofa").split("\n\n")[0].splitlines()
    candidates = lines[next(number for number, line in enumerate(lines) if line.startswith("  candidates")) :]
    assert len(candidates) == 4 and "n04256520 sofa, couch, lounge: an upholstered seat" in candidates[0]
    assert "  synonyms    sofa, couch, lounge" in lines


def test_show_of_a_category_of_one_data_set_only():
    assert "A150" not in show("windmill") and "\n\n" not in show("windmill")


def test_show_suggests_a_name():
    with pytest.raises(LarvSegError, match="'sofaa'.*sofa"):
        show("sofaa")


def test_diff_tells_what_changes():
    text = diff()
    lines = text.splitlines()
    assert "I124: 124 classes published, 126 corrected" in lines and "I585: 585 classes published, 585 corrected" in lines
    assert any(line.startswith("  wall -> n04546855 (wall); another synset: published holds a wrong sense") for line in lines)
    assert "first choice recall 0.927, precision 0.839" in text and "among the candidates 0.944" in text
    assert "    base under P only: blind, dirt track, glass, television receiver, windowpane" in lines
    assert not any(line.startswith("  sofa ") for line in lines)


def test_needs_committed_files_only():
    code = (
        "import sys\nfrom larvseg.vocabulary.explain import diff, show\nshow('sofa'), diff()\n"
        "assert not {'nltk', 'torch', 'timm', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(REFERENCE.parents[1])}, check=True)
