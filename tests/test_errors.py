"""An error is one line, whatever a file has brought into it."""

import pytest

from larvseg.errors import LONGEST, LarvSegError, in_one_line, reading
from larvseg.sources.encodings import UnreadableImage


@pytest.mark.parametrize("kind", [LarvSegError, lambda text: UnreadableImage("a.jpg", text)])
@pytest.mark.parametrize("text", ["two\nlines", "\x1b[2Jgone", "a\rb", "\u202eback", "\u2028", "\ud800", "x" * 10**6])
def test_an_error_is_one_line_for_people(kind, text):
    said = str(kind(f"file.zip: {text}; fetch it again"))
    assert said.isprintable() and len(said) <= LONGEST + 3 and "fetch it again" in said


def test_a_plain_line_stays_as_it_is():
    assert in_one_line("my  file–ünïcode.csv: no such file") == "my  file–ünïcode.csv: no such file"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("bad\nnumber"), "x.json: not JSON (bad number); delete it"),
        (KeyError("name"), "x.json: not JSON (no 'name'); delete it"),
        (RecursionError(), "x.json: not JSON (RecursionError); delete it"),
        (FileNotFoundError(), "x.json: no such file; make it"),
        (LarvSegError("of its own"), "of its own"),
    ],
)
def test_whatever_goes_wrong_with_a_file_names_it(error, said):
    with pytest.raises(LarvSegError) as caught, reading("x.json", "JSON", "delete it", missing="make it"):
        raise error
    assert str(caught.value) == said


def test_to_be_interrupted_is_no_fault_of_the_file():
    with pytest.raises(KeyboardInterrupt), reading("x.json", "JSON", "delete it"):
        raise KeyboardInterrupt
