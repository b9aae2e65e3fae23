"""Recipes on disk: one that was damaged is never taken for what it was, and is written again."""

import pytest

from larvseg.lineage.recipes import Recipe

RECIPE = Recipe("train", "é.seed0", {"steps": 3}, {}, {"manifest": "m.arrow"}, {"model": "x.bin"})


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"{}"], ids=["empty", "no text", "another"])
def test_a_damaged_one_is_written_again(tmp_path, content):
    path = tmp_path / "r.json"
    RECIPE.write(path)
    path.write_bytes(content)
    assert not RECIPE.stands_in(path)
    RECIPE.write(path)
    assert RECIPE.stands_in(path) and Recipe.load(path) == RECIPE


def test_an_unchanged_one_keeps_its_time(tmp_path):
    path = tmp_path / "r.json"
    RECIPE.write(path)
    before = path.stat().st_mtime_ns, path.stat().st_ino
    RECIPE.write(path)
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before
