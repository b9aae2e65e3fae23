"""Random access into archives, and what damaged or hostile archives lead to."""

import io
import os
import pickle
import tarfile
import zipfile
from pathlib import Path

import pytest

from larvseg.errors import LarvSegError
from larvseg.files import sha256_of
from larvseg.sources.archives import DEFLATED, LARGEST_MEMBER, STORED, ArchiveReader, check, members, verify

FILES = {"b/second.txt": b"second" * 100, "a/first.jpg": bytes(range(256)), "empty": b""}


@pytest.fixture
def packed(tmp_path):
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as archive:
        archive.mkdir("b")
        for name, data in FILES.items():
            archive.writestr(name, data, zipfile.ZIP_DEFLATED if name.endswith("txt") else zipfile.ZIP_STORED)
    with tarfile.open(tmp_path / "some.tar", "w") as archive:
        for name, data in FILES.items():
            add(archive, name, data)
    return tmp_path


def add(archive, name, data=b"", **attributes):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in attributes.items():
        setattr(info, key, value)
    archive.addfile(info, io.BytesIO(data))


def read(folder: Path, name: str, reader=None) -> dict[str, bytes]:
    reader = reader or ArchiveReader(folder)
    return {m.name: reader.read(name, m.offset, m.length, m.method, m.size) for m in members(folder / name)}


def message(error) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize("name", ["some.zip", "some.tar"])
def test_members_are_sorted_and_read_back(packed, name):
    assert [member.name for member in members(packed / name)] == ["a/first.jpg", "b/second.txt", "empty"]
    assert read(packed, name) == FILES
    check(packed / name)


def test_methods(packed):
    methods = {member.name: member.method for member in members(packed / "some.zip")}
    assert methods == {"a/first.jpg": STORED, "b/second.txt": DEFLATED, "empty": STORED}


def test_reader_survives_pickling_and_forking(packed):
    reader = ArchiveReader(packed)
    assert read(packed, "some.zip", reader) == FILES
    assert read(packed, "some.zip", pickle.loads(pickle.dumps(reader))) == FILES
    child = os.fork()
    if child == 0:
        os._exit(0 if read(packed, "some.zip", reader) == FILES else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert read(packed, "some.zip", reader) == FILES


def test_more_archives_than_files_may_be_open(tmp_path):
    for i in range(200):
        with tarfile.open(tmp_path / f"{i}.tar", "w") as archive:
            add(archive, "x", str(i).encode())
    reader = ArchiveReader(tmp_path)
    open_before = len(os.listdir("/proc/self/fd"))
    assert [read(tmp_path, f"{i}.tar", reader)["x"] for i in range(200)] == [str(i).encode() for i in range(200)]
    assert len(os.listdir("/proc/self/fd")) - open_before <= 130
    reader.close()
    assert len(os.listdir("/proc/self/fd")) == open_before


@pytest.mark.parametrize("name", ["some.zip", "some.tar"])
@pytest.mark.parametrize("keep", [0, 100, 600])
def test_truncated_archive(packed, name, keep):
    path = packed / name
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(LarvSegError) as error:
        members(path)
    assert str(path) in message(error) and "expected" in message(error) and f"found {keep} bytes" in message(error)


def test_tar_with_a_damaged_header_in_the_middle(packed):
    path = packed / "some.tar"
    data = bytearray(path.read_bytes())
    second = members(path)[0].offset - 512
    data[second : second + 8] = b"damaged!"
    path.write_bytes(data)
    with pytest.raises(LarvSegError, match="no end mark"):
        members(path)


def test_zip_with_a_damaged_local_header(packed):
    path = packed / "some.zip"
    data = bytearray(path.read_bytes())
    header = data.index(b"PK\x03\x04", 4)
    data[header : header + 4] = b"PK\x09\x09"
    path.write_bytes(data)
    with pytest.raises(LarvSegError, match=f"no file header at byte {header}"):
        members(path)


@pytest.mark.parametrize("name", ["some.zip", "some.tar"])
def test_missing_archive(tmp_path, name):
    with pytest.raises(LarvSegError) as error:
        members(tmp_path / name)
    assert str(tmp_path / name) in message(error) and "found nothing" in message(error)
    with pytest.raises(LarvSegError, match="found nothing"):
        ArchiveReader(tmp_path).read(name, 0, 1, STORED, 1)


def test_short_read(packed):
    size = (packed / "some.zip").stat().st_size
    with pytest.raises(LarvSegError) as error:
        ArchiveReader(packed).read("some.zip", size - 4, 8, STORED, 8)
    assert f"expected at least {size + 4} bytes, found {size} bytes" in message(error)


def test_altered_bytes(packed):
    path = packed / "some.zip"
    member = next(member for member in members(path) if member.method == DEFLATED)
    data = bytearray(path.read_bytes())
    data[member.offset] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(LarvSegError, match="the archive is damaged"):
        read(packed, "some.zip")
    with pytest.raises(LarvSegError, match="the archive is damaged"):
        check(path)


def test_check_finds_a_wrong_checksum(packed):
    path = packed / "some.zip"
    member = members(path)[0]
    data = bytearray(path.read_bytes())
    data[member.offset + 5] ^= 1
    path.write_bytes(data)
    with pytest.raises(LarvSegError, match="first.jpg"):
        check(path)


@pytest.mark.parametrize("declared", [599, 601])
def test_inflation_stops_at_the_declared_size(packed, declared):
    member = next(member for member in members(packed / "some.zip") if member.method == DEFLATED)
    with pytest.raises(LarvSegError, match=f"does not inflate to the declared {declared} bytes"):
        ArchiveReader(packed).read("some.zip", member.offset, member.length, DEFLATED, declared)


def test_declared_size_has_a_limit(packed):
    with pytest.raises(LarvSegError, match="over the limit"):
        ArchiveReader(packed).read("some.zip", 0, 10, DEFLATED, LARGEST_MEMBER + 1)


def test_hostile_names_are_only_looked_up(tmp_path):
    names = ["../../escape.jpg", "/absolute.jpg", "a/../b.jpg", "-rf", "new\nline"]
    with zipfile.ZipFile(tmp_path / "hostile.zip", "w") as archive:
        for name in names:
            archive.writestr(name, b"data")
    with tarfile.open(tmp_path / "hostile.tar", "w") as archive:
        for name in names:
            add(archive, name, b"data")
        add(archive, "link", type=tarfile.SYMTYPE, linkname="/etc/passwd")
        add(archive, "device", type=tarfile.CHRTYPE)
    before = sorted(tmp_path.rglob("*"))
    for archive in ("hostile.zip", "hostile.tar"):
        assert read(tmp_path, archive) == dict.fromkeys(names, b"data")
    assert sorted(tmp_path.rglob("*")) == before


def test_tar_name_that_is_no_text(tmp_path):
    with tarfile.open(tmp_path / "bytes.tar", "w", format=tarfile.GNU_FORMAT) as archive:
        add(archive, "\udcff\udcfe.jpg", b"data")
    with pytest.raises(LarvSegError, match="not UTF-8"):
        members(tmp_path / "bytes.tar")


def test_name_twice(tmp_path):
    with tarfile.open(tmp_path / "twice.tar", "w") as archive:
        add(archive, "same.jpg", b"1")
        add(archive, "same.jpg", b"2")
    with pytest.raises(LarvSegError, match="'same.jpg' twice"):
        members(tmp_path / "twice.tar")


def test_encrypted_and_unknown_compression(tmp_path):
    path = tmp_path / "other.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("x", b"data" * 50)
    with pytest.raises(LarvSegError, match="compression 12"):
        members(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x", b"data")
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(LarvSegError, match="'x' is encrypted"):
        members(path)


def test_verify(packed):
    path = packed / "some.zip"
    size, sha256 = path.stat().st_size, sha256_of(path)
    verify(path, sha256, size)
    with pytest.raises(LarvSegError, match=f"expected {size + 1} bytes, found {size} bytes"):
        verify(path, size=size + 1)
    with pytest.raises(LarvSegError, match=f"expected sha256 {'0' * 64}, found {sha256}"):
        verify(path, "0" * 64)
    with pytest.raises(LarvSegError, match=r"none\.zip: no such file \(expected 5 bytes, found nothing\)"):
        verify(packed / "none.zip", size=5)


def test_reader_refuses_an_archive_of_another_size(packed):
    size = (packed / "some.zip").stat().st_size
    with pytest.raises(LarvSegError, match=f"expected {size - 1} bytes, found {size}"):
        ArchiveReader(packed, {"some.zip": size - 1}).read("some.zip", 0, 1, STORED, 1)
