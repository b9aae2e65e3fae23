"""Files are there whole or not at all, and who could not write one says which."""

import errno
import os
import stat

import pytest
import torch

from larvseg.files import leftovers, replacing, sealed, unsealed, write_text
from larvseg.training.checkpoint import save_tensors


def test_an_error_of_the_disk_names_the_file_that_was_wanted(tmp_path):
    path = tmp_path / "folder/table.csv"
    with pytest.raises(OSError, match="No space left") as caught, replacing(path) as temporary:
        temporary.write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert caught.value.filename == str(path)
    assert list(path.parent.iterdir()) == []


def test_an_error_of_another_file_keeps_its_name(tmp_path):
    with pytest.raises(FileNotFoundError) as caught, replacing(tmp_path / "a"):
        (tmp_path / "b").read_text()
    assert caught.value.filename == str(tmp_path / "b")


def test_a_temporary_file_has_no_temporary_file_of_its_own(tmp_path):
    path = tmp_path / "large"
    with replacing(path) as temporary:
        write_text(temporary, "whole")
        with replacing(temporary) as same:
            assert same == temporary and same.read_text() == "whole"
        assert list(tmp_path.iterdir()) == leftovers(path) == [temporary]  # so the next attempt finds what a kill leaves
    assert path.read_text() == "whole" and list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_full_disk(tmp_path):
    path = tmp_path / "large"
    with pytest.raises(OSError, match="No space left") as caught, replacing(path) as temporary:
        temporary.symlink_to("/dev/full")
        temporary.write_bytes(bytes(10**6))
    assert caught.value.filename == str(path) and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("umask", [0o022, 0o002, 0o077, 0o027])
def test_the_umask_decides_who_reads(tmp_path, umask):
    before = os.umask(umask)
    try:
        write_text(tmp_path / "a.txt", "")
        save_tensors(tmp_path / "a.safetensors", {"a": torch.zeros(1)}, {})
    finally:
        os.umask(before)
    for path in (tmp_path / "a.txt", tmp_path / "a.safetensors"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


@pytest.mark.parametrize(
    "damage", [lambda text: text.replace("one", "two"), lambda text: text[:-1], lambda text: "{}\n", lambda text: "[1]\n"]
)
def test_what_is_sealed_is_known_again_and_damage_is_found(damage):
    value = {"b": ["one", 2.5], "a": {"ü": None}}
    assert unsealed(sealed(value)) == value
    with pytest.raises(ValueError):
        unsealed(damage(sealed(value)))
