"""Windows of archives in memory: the same bytes by far fewer reads."""

import pickle
import zipfile

import pytest

from larvseg.errors import LarvSegError
from larvseg.sources import archives
from larvseg.sources.archives import ArchiveReader, members
from larvseg.sources.windows import Window, WindowReader
from tests.sources.test_archives import pack

FILES = {f"{number}.jpg": bytes([number]) * (100 + number) for number in range(20)}


@pytest.fixture
def packed(tmp_path):
    pack(tmp_path / "some.tar", FILES)
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as archive:
        archive.writestr("0.txt", b"deflated" * 100, zipfile.ZIP_DEFLATED)
    return tmp_path


@pytest.fixture
def reads(monkeypatch):
    """(offset, length) of each read of a file."""
    found, pread = [], archives.os.pread

    def counted(file, length, offset):
        found.append((offset, length))
        return pread(file, length, offset)

    yield found, lambda: monkeypatch.setattr(archives.os, "pread", counted)


def window_of(path, *positions: int) -> Window:
    found = sorted(members(path), key=lambda member: member.offset)
    return Window(path.name, found[positions[0]].offset, found[positions[-1]].offset + found[positions[-1]].length)


def test_a_window_gives_the_bytes_of_random_access_by_one_read(packed, reads):
    path, (found, count) = packed / "some.tar", reads
    window, listed = window_of(path, 3, 12), sorted(members(path), key=lambda member: member.offset)
    reader, plain = WindowReader(packed), ArchiveReader(packed)
    expected = {m.name: plain.read(path.name, m.offset, m.length, m.method, m.size) for m in listed}
    assert expected == FILES
    count()
    reader.turn_to("a", window)
    assert {m.name: reader.read(path.name, *m[1:]) for m in listed[3:13]} == {m.name: expected[m.name] for m in listed[3:13]}
    assert found == [(window.start, window.stop - window.start)]
    assert {m.name: reader.read(path.name, *m[1:]) for m in listed} == expected  # also what lies before and after it
    assert len(found) == 1 + 10


def test_each_stream_keeps_its_latest_window(packed, reads):
    path, (found, count) = packed / "some.tar", reads
    first, second, third = (window_of(path, start, start + 4) for start in (0, 5, 10))
    reader = WindowReader(packed)
    count()
    for stream, window in (("a", first), ("b", second), ("a", first), ("b", second), ("a", third), ("b", second), ("a", third)):
        reader.turn_to(stream, window)
    assert [offset for offset, _ in found] == [first.start, second.start, third.start]
    reader.turn_to("a", first)
    assert found[-1][0] == first.start  # it was given up for the third


def test_what_is_packed_in_its_archive_is_unpacked_as_ever(packed):
    (member,) = members(packed / "some.zip")
    reader = WindowReader(packed)
    reader.turn_to("a", Window("some.zip", member.offset, member.offset + member.length))
    assert reader.read("some.zip", *member[1:]) == b"deflated" * 100


def test_windows_end_with_the_reader_and_do_not_travel(packed, reads):
    found, count = reads
    reader, window = WindowReader(packed), window_of(packed / "some.tar", 0, 4)
    reader.turn_to("a", window)
    count()
    for other in (pickle.loads(pickle.dumps(reader)), reader):
        other.close()
        other.turn_to("a", window)
    assert len(found) == 2


def test_a_window_past_the_end_is_damage(packed):
    size = (packed / "some.tar").stat().st_size
    with pytest.raises(LarvSegError, match=rf"some.tar: expected at least {size + 1} bytes, found {size} bytes"):
        WindowReader(packed).turn_to("a", Window("some.tar", 10, size + 1))
