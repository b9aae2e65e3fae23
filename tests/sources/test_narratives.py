"""Files of Localized Narratives, and what damaged or hostile lines lead to."""

import json

import pytest

from larvseg.errors import LarvSegError
from larvseg.sources import narratives as module
from larvseg.sources.narratives import Narrative, narratives

GOOD = {"dataset_id": "mscoco_train2017", "image_id": "9", "annotator_id": 1, "caption": "Ein Fluß.", "timed_caption": [], "traces": []}


@pytest.fixture
def read(tmp_path):
    def read(*lines: bytes) -> list[Narrative]:
        (tmp_path / "x.jsonl").write_bytes(b"\n".join([json.dumps(GOOD).encode(), *lines]))
        return list(narratives(tmp_path / "x.jsonl"))

    return read


def line(**changes) -> bytes:
    return json.dumps(GOOD | changes).encode()


def test_captions_with_their_images(read):
    found = read(line(image_id="10", caption="A dog."), b"")
    assert found == [Narrative(1, "mscoco_train2017", "9", "Ein Fluß."), Narrative(2, "mscoco_train2017", "10", "A dog.")]


@pytest.mark.parametrize(
    "bad, problem",
    [
        (b"{", "not a line of JSON"),
        (b"", "not a line of JSON"),
        (line()[:-30], "not a line of JSON"),
        (b'{"caption": "\xff"}', "not a line of JSON"),
        (b"[" * 100_000, "not a line of JSON"),
        (b"7", "a JSON object expected, found int"),
        (b"[]", "a JSON object expected, found list"),
        (line(caption=None), "no text under 'caption'"),
        (line(caption=["a"]), "no text under 'caption'"),
        (line(image_id=9), "no text under 'image_id'"),
        (line(image_id="../../etc/passwd\n"), "no image_id '../../etc/passwd"),
        (line(image_id="9" * 1000), "no image_id"),
        (b'{"image_id": "9", "caption": "x"}', "no text under 'dataset_id'"),
        (line(caption="x" * 20_001), "a caption of 20001 characters, over the limit of 20000"),
        (b'{"dataset_id": "x", "image_id": "9", "caption": "\\ud800"}', "lone surrogate"),
    ],
)
def test_a_bad_line_is_named(read, bad, problem):
    with pytest.raises(LarvSegError, match="x.jsonl:2: ") as error:
        read(bad, line())
    assert problem in str(error.value) and "\n" not in str(error.value) and len(str(error.value)) < 500


def test_a_line_without_end_is_not_read_to_its_end(read, monkeypatch):
    monkeypatch.setattr(module, "LONGEST_LINE", 500)
    assert len(read(line())) == 2
    with pytest.raises(LarvSegError, match="x.jsonl:2: over the limit of 500 bytes"):
        read(line(caption="x" * 1000))


def test_a_missing_file(tmp_path):
    with pytest.raises(LarvSegError, match="none.jsonl: no such file"):
        list(narratives(tmp_path / "none.jsonl"))
