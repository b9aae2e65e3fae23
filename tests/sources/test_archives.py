"""Random access into archives, and what damaged or hostile archives lead to."""

import errno
import io
import os
import pickle
import posixpath
import resource
import tarfile
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from larvseg.errors import LarvSegError
from larvseg.files import sha256_of
from larvseg.sources.archives import DEFLATED, LARGEST_MEMBER, STORED, ArchiveReader, check, members, members_of, tars_in, verify

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


def pack(path: Path, files: dict[str, bytes]) -> Path:
    if path.suffix == ".tar":
        with tarfile.open(path, "w") as archive:
            for name, data in files.items():
                add(archive, name, data)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in files.items():
                archive.writestr(zipfile.ZipInfo(name), data)
    return path


def read(folder: Path, name: str, reader=None) -> dict[str, bytes]:
    reader = reader or ArchiveReader(folder)
    return {m.name: reader.read(name, m.offset, m.length, m.method, m.size) for m in members(folder / name)}


def message(error) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
@pytest.mark.parametrize("number", [errno.EMFILE, errno.EACCES, errno.EIO])
def test_what_the_system_does_not_let_be_read_is_not_called_damaged(name, number, tmp_path, monkeypatch):
    (tmp_path / name).write_bytes(b"x")

    def refused(*arguments):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("builtins.open", refused)
    with pytest.raises(LarvSegError) as caught:
        members(tmp_path / name)
    assert str(caught.value) == f"{tmp_path / name}: {os.strerror(number)}"


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


HOSTILE = ["../escape.jpg", "a/../b.jpg", "a/..", "/absolute.jpg", "C:\\b.jpg", "c:b.jpg", "a\\b.jpg"]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("suffix", ["zip", "tar"])
def test_names_that_lead_out_are_refused_by_name(tmp_path, suffix, name):
    path = tmp_path / f"hostile.{suffix}"
    pack(path, {"fine.jpg": b"data", name: b"data"})
    before = sorted(tmp_path.rglob("*"))
    for refusing in (members, check):
        with pytest.raises(LarvSegError) as error:
            refusing(path)
        assert repr(name) in message(error) and str(path) in message(error) and "refused" in message(error)
    assert sorted(tmp_path.rglob("*")) == before


def test_the_end_of_a_zip_name_cannot_be_hidden(tmp_path):
    path = tmp_path / "hidden.zip"
    pack(path, {"a.jpg_.exe": b"data"})
    path.write_bytes(path.read_bytes().replace(b"a.jpg_.exe", b"a.jpg\0.exe"))
    with pytest.raises(LarvSegError, match="refused"):
        members(path)


@pytest.mark.parametrize("attributes", [{"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}, {"type": tarfile.DIRTYPE}])
def test_hostile_names_of_links_and_folders_are_refused_too(tmp_path, attributes):
    with tarfile.open(tmp_path / "hostile.tar", "w") as archive:
        add(archive, "../x", **attributes)
    with pytest.raises(LarvSegError, match=r"refused, the member name '\.\./x"):
        members(tmp_path / "hostile.tar")


def test_odd_but_harmless_names(tmp_path):
    files = dict.fromkeys(["-rf", "new\nline", "...", "a..b/c..", "./x", "größe.jpg"], b"data")
    for suffix in ("zip", "tar"):
        pack(tmp_path / f"odd.{suffix}", files)
        assert read(tmp_path, f"odd.{suffix}") == {name.removeprefix("./"): data for name, data in files.items()}


def test_what_a_mac_leaves_beside_files_is_not_listed(tmp_path):
    left = [".DS_Store", "a/.DS_Store", "._x.jpg", "a/._x.jpg", "__MACOSX/a/x.jpg"]
    for suffix in ("zip", "tar"):
        pack(tmp_path / f"mac.{suffix}", dict.fromkeys([*left, "./a/x.jpg", ".hidden.jpg"], b"data"))
        assert sorted(read(tmp_path, f"mac.{suffix}")) == [".hidden.jpg", "a/x.jpg"]


def test_folders_and_devices_are_no_files_and_links_are_what_they_lead_to(tmp_path):
    with tarfile.open(tmp_path / "links.tar", "w") as archive:
        add(archive, "folder", type=tarfile.SYMTYPE, linkname="/usr/share")
        add(archive, "device", type=tarfile.CHRTYPE)
        add(archive, "./a.jpg", b"data")
        add(archive, "b/hard.jpg", type=tarfile.LNKTYPE, linkname="./a.jpg")
        add(archive, "b/link.jpg", type=tarfile.SYMTYPE, linkname="../a.jpg")
        add(archive, "again.jpg", type=tarfile.SYMTYPE, linkname="b/hard.jpg")
    assert read(tmp_path, "links.tar") == dict.fromkeys(["a.jpg", "b/hard.jpg", "b/link.jpg", "again.jpg"], b"data")


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (tarfile.SYMTYPE, "/etc/passwd"),
        (tarfile.SYMTYPE, "../../etc/passwd"),
        (tarfile.SYMTYPE, "x.jpg"),
        (tarfile.LNKTYPE, "nothing.jpg"),
        (tarfile.LNKTYPE, "/etc/passwd"),
    ],
)
def test_a_link_to_no_file_of_the_archive_is_one_line(tmp_path, kind, target):
    with tarfile.open(tmp_path / "links.tar", "w") as archive:
        add(archive, "a.jpg", b"data")
        add(archive, "x.jpg", type=kind, linkname=target)
    with pytest.raises(LarvSegError, match="'x.jpg' is a link to .*, which is no file in it; use the official archive") as error:
        members(tmp_path / "links.tar")
    assert "\n" not in message(error)


def test_an_archive_may_be_a_symlink(packed):
    (packed / "elsewhere").mkdir()
    for name in ("some.zip", "some.tar"):
        (packed / "elsewhere" / name).symlink_to(packed / name)
        assert read(packed / "elsewhere", name) == FILES


def test_tar_in_a_tar_is_read_where_it_lies(tmp_path):
    synsets = {wnid: {f"{wnid}_{i}.JPEG": f"{wnid} {i}".encode() * 99 for i in (1, 2, 10)} for wnid in ("n04256520", "n00000001")}
    whole = {f"{wnid}.tar": pack(tmp_path / f"{wnid}.tar", files).read_bytes() for wnid, files in synsets.items()}
    pack(tmp_path / "winter21_whole.tar", {"README": b"x", **whole})
    expected = {f"{wnid}.tar/{name}": data for wnid, files in synsets.items() for name, data in files.items()}
    assert read(tmp_path, "winter21_whole.tar") == {"README": b"x", **expected}
    # no deeper, and not in a zip
    pack(tmp_path / "deeper.tar", {"winter21_whole.tar": (tmp_path / "winter21_whole.tar").read_bytes()})
    assert "winter21_whole.tar/n04256520.tar" in read(tmp_path, "deeper.tar")
    pack(tmp_path / "whole.zip", whole)
    assert read(tmp_path, "whole.zip") == whole


@pytest.mark.parametrize("keep", [0, 511, 700, 1024])
def test_damaged_tar_in_a_tar(tmp_path, keep):
    inner = pack(tmp_path / "n00000001.tar", {"n00000001_1.JPEG": b"data"}).read_bytes()
    pack(tmp_path / "whole.tar", {"n00000001.tar": inner[:keep], "next": b"more"})
    with pytest.raises(LarvSegError, match="expected a whole tar archive") as error:
        members(tmp_path / "whole.tar")
    assert "found 10240 bytes" in message(error)


def test_hostile_name_in_an_inner_tar(tmp_path):
    inner = pack(tmp_path / "inner.tar", {"../../x": b"data"}).read_bytes()
    pack(tmp_path / "whole.tar", {"n00000001.tar": inner})
    with pytest.raises(LarvSegError, match="refused, the member name '../../x'"):
        members(tmp_path / "whole.tar")


def test_sparse_files_are_refused_by_name(tmp_path):
    for name, attributes in {"gnu.tar": {"type": tarfile.GNUTYPE_SPARSE}, "pax.tar": {"pax_headers": {"GNU.sparse.major": "1"}}}.items():
        with tarfile.open(tmp_path / name, "w", format=tarfile.PAX_FORMAT) as archive:
            add(archive, "holes.jpg", b"data", **attributes)
        with pytest.raises(LarvSegError, match="'holes.jpg' is stored with holes"):
            members(tmp_path / name)


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_tar_is_read_as_tarfile_reads_it(tmp_path, format):
    rng = np.random.default_rng(format)
    for case in range(40):
        path = tmp_path / f"{case}.tar"
        with tarfile.open(path, "w", format=format, pax_headers={"comment": "of all"} if case % 2 else {}) as archive:
            for number in range(rng.integers(1, 12)):
                add_any(archive, rng, number)
        with tarfile.open(path) as archive:
            places = {info.name: (info.offset_data, info.size) for info in archive if info.isreg()}
            places |= {info.name: places[info.linkname] for info in archive if info.islnk()}
            places |= {info.name: places[posixpath.normpath(f"{info.name}/../{info.linkname}")] for info in archive if info.issym()}
        expected = [(name, *place) for name, place in places.items() if not any(part.startswith("._") for part in name.split("/"))]
        assert [(m.name, m.offset, m.size) for m in members(path)] == sorted(expected)
        assert all(m.length == m.size and m.method == STORED for m in members(path))


def add_any(archive: tarfile.TarFile, rng: np.random.Generator, number: int) -> None:
    """A member of some kind with a name of some length: in one header, split over two fields of it, or in a header of its own."""
    alphabet = list("ab.-_ é日") if archive.format != tarfile.USTAR_FORMAT else list("ab.-_ ")
    longest = 3 if archive.format == tarfile.USTAR_FORMAT else 9
    folders = ["".join(rng.choice(alphabet, rng.integers(1, 40))) + "x" for _ in range(rng.integers(0, longest))]
    name = "/".join([*folders, f"{number}.jpg"])
    kind = rng.choice(["file", "file", "old", "contiguous", "folder", "link", "hard", "device", "unknown"])
    if kind == "old" and len(name.encode()) > 100:
        kind = "file"  # tarfile takes it for a folder where the part that fits into the old header ends with a slash
    codes = {"old": b"\0", "contiguous": b"7", "folder": b"5", "link": b"2", "hard": b"1", "device": b"3", "unknown": b"Z"}
    attributes = {"type": codes.get(kind, b"0"), "mtime": int(rng.integers(0, 2**33))}
    if kind in ("link", "hard"):
        files = [info.name for info in archive.getmembers() if info.isreg()]
        to = {each: posixpath.relpath(each, posixpath.dirname(name) or ".") if kind == "link" else each for each in files}
        possible = [each for each in files if archive.format != tarfile.USTAR_FORMAT or len(to[each].encode()) <= 100]
        if possible:
            attributes["linkname"] = to[possible[int(rng.integers(len(possible)))]]
        else:
            attributes["type"] = codes["device"]
    if archive.format == tarfile.PAX_FORMAT and rng.random() < 0.3:
        attributes["pax_headers"] = {"comment": "é" * int(rng.integers(1, 900)), "mtime": "1.5"}
    data = bytes(int(rng.choice([0, 1, 511, 512, 513, 3000]))) if kind in ("file", "old", "contiguous", "unknown") else b""
    add(archive, name, data, **attributes)


def header(name: bytes, size: bytes, kind: bytes = b"0", prefix: bytes = b"") -> bytes:
    block = bytearray(512)
    block[:100], block[124:136], block[156:157], block[345:500] = name.ljust(100, b"\0"), size, kind, prefix.ljust(155, b"\0")
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def found_in(tmp_path, data: bytes) -> list[tuple[str, int, int]]:
    (tmp_path / "made.tar").write_bytes(data + bytes(1024))
    found = [(m.name, m.offset, m.size) for m in members(tmp_path / "made.tar")]
    with tarfile.open(tmp_path / "made.tar") as archive:
        assert found == [(info.name, info.offset_data, info.size) for info in archive if info.isreg()]
    return found


def test_forms_of_headers_that_tarfile_does_not_write(tmp_path):
    four, block = b"00000000004\0", b"data".ljust(512, b"\0")
    base_256 = b"\x80" + (4).to_bytes(11, "big")
    assert found_in(tmp_path, header(b"a", base_256) + block) == [("a", 512, 4)]
    assert found_in(tmp_path, header(b"a", b"         4 \0") + block) == [("a", 512, 4)]
    assert found_in(tmp_path, header(b"folder/", four.replace(b"4", b"0"), b"\0") + header(b"a", four, b"\0") + block) == [("a", 1024, 4)]
    assert found_in(tmp_path, header(b"b", four, prefix=b"a") + block) == [("a/b", 512, 4)]
    signed = bytearray(header("é".encode(), four))
    signed[148:156] = b"%06o\0 " % (int(signed[148:154], 8) - 512)  # as Sun summed up two bytes above 127
    assert found_in(tmp_path, bytes(signed) + block) == [("é", 512, 4)]
    size = header(b"pax", b"00000000013\0", b"x") + b"10 size=4\n\n".ljust(512, b"\0")
    assert found_in(tmp_path, size[:512] + b"10 size=4\n".ljust(512, b"\0") + header(b"a", bytes(12)) + block) == [("a", 1536, 4)]


@pytest.mark.parametrize(
    "data",
    [
        header(b"a", b"not a number"),
        header(b"a", b"\xff" * 12),
        header(b"a", b"\x80" + b"\xff" * 11),
        header(b"a", b"77777777777\0"),
        header(b"a", b"00000000000\0")[:-1] + b"x",
        header(b"L", b"00000000004\0", b"L") + b"name".ljust(512, b"\0"),
        header(b"L", b"77777777777\0", b"L"),
        header(b"x", b"00000000012\0", b"x") + b"99 path=a\n".ljust(512, b"\0"),
        header(b"x", b"00000000014\0", b"x") + b"12 size=-1\n\n".ljust(512, b"\0") + header(b"a", b"00000000000\0"),
        b"\x1f\x8b" + bytes(510),
        b"<html>".ljust(512, b" "),
    ],
    ids=range(11),
)
def test_damaged_headers_are_errors(tmp_path, data):
    (tmp_path / "bad.tar").write_bytes(data + bytes(1024))
    with pytest.raises(LarvSegError, match="expected a whole tar archive") as error:
        members(tmp_path / "bad.tar")
    assert str(tmp_path / "bad.tar") in message(error)


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


def test_the_tars_in_a_tar_are_listed_one_by_one(tmp_path):
    inner = {name: pack(tmp_path / name, {"x": name.encode(), "a": b"1" * 600}).read_bytes() for name in ("n2.tar", "n1.tar")}
    path = pack(tmp_path / "outer.tar", {**inner, "readme.txt": b"hello"})
    tars = tars_in(path)
    assert [tar.name for tar in tars] == ["n1.tar", "n2.tar"]
    reader = ArchiveReader(tmp_path)
    for tar in tars:
        found = members_of(path, tar)
        assert [member.name for member in found] == ["a", "x"]
        assert reader.read("outer.tar", *found[1][1:]) == tar.name.encode()
        flat = {member.name: member[1:] for member in members(path)}
        assert {f"{tar.name}/{member.name}": member[1:] for member in found}.items() <= flat.items()
    assert len(members(path)) == 5


def test_a_damaged_tar_in_a_tar(tmp_path):
    whole = pack(tmp_path / "n1.tar", {"x": b"1" * 600}).read_bytes()
    path = pack(tmp_path / "outer.tar", {"n1.tar": whole[:1024], "n2.tar": whole})
    first, second = tars_in(path)
    assert [member.name for member in members_of(path, second)] == ["x"]
    with pytest.raises(LarvSegError, match="outer.tar: expected a whole tar archive"):
        members_of(path, first)  # what it lacks is not taken from the next


def test_hostile_names_in_a_tar_in_a_tar(tmp_path):
    path = pack(tmp_path / "outer.tar", {"n1.tar": pack(tmp_path / "n1.tar", {"../x": b""}).read_bytes()})
    with pytest.raises(LarvSegError, match="outer.tar: refused"):
        members_of(path, tars_in(path)[0])


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="nothing says how many files are open")
def test_fewer_files_may_be_open_than_are_kept_open(tmp_path):
    for number in range(40):
        pack(tmp_path / f"{number}.tar", {"a.jpg": b"%d" % number})
    places = {number: members(tmp_path / f"{number}.tar")[0] for number in range(40)}
    reader, limits = ArchiveReader(tmp_path), resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/proc/self/fd"))) + 10, limits[1]))
    try:
        for number, place in [*places.items()] * 2:
            assert reader.read(f"{number}.tar", place.offset, place.length, place.method, place.size) == b"%d" % number
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_long_chains_of_links_are_followed_once(tmp_path):
    """Each link by itself to the end of the chain would be half a milliard steps."""
    with tarfile.open(tmp_path / "chain.tar", "w", format=tarfile.USTAR_FORMAT) as archive:
        for n in range(30_000):
            add(archive, f"{n}.jpg", type=tarfile.LNKTYPE, linkname=f"{n + 1}.jpg")
        add(archive, "30000.jpg", b"end")
    began = time.process_time()
    found = members(tmp_path / "chain.tar")
    assert len(found) == 30_001 and len({member.offset for member in found}) == 1
    assert time.process_time() - began < 5


def test_records_that_nobody_needs_are_not_kept(tmp_path):
    """Of extended headers there may be any number before one file."""
    records = ["".join(f"16 k{number:05}{each:04}=v\n" for each in range(50)) for number in range(4000)]
    with tarfile.open(tmp_path / "many.tar", "w") as archive:
        for text in records:
            archive.addfile(tarfile_info("h", tarfile.XHDTYPE, text.encode()), io.BytesIO(text.encode()))
        add(archive, "a.jpg", b"image")
    began = time.process_time()
    assert [member.name for member in members(tmp_path / "many.tar")] == ["a.jpg"]
    assert time.process_time() - began < 3


def tarfile_info(name: str, kind: bytes, data: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(data)
    return info


def test_an_archive_that_cannot_be_closed_was_read_all_the_same(tmp_path, monkeypatch):
    pack(tmp_path / "a.tar", {"a.jpg": b"a"})
    (place,) = members(tmp_path / "a.tar")
    reader = ArchiveReader(tmp_path)
    reader.read("a.tar", place.offset, place.length, place.method, place.size)

    def broken(descriptor, close=os.close):
        close(descriptor)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "close", broken)
    reader.close()
    assert reader.read("a.tar", place.offset, place.length, place.method, place.size) == b"a"
