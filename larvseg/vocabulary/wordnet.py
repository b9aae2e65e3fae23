"""The nouns of WordNet 3.0, read by NLTK out of `wordnet.zip` as NLTK packs it: no network, no installed NLTK data, nothing unpacked."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from nltk.corpus.reader.wordnet import WordNetCorpusReader, WordNetError
from nltk.data import SeekableUnicodeStreamReader, ZipFilePathPointer

from larvseg.errors import LarvSegError
from larvseg.sources.archives import members

VERSION = "3.0"  # ImageNet's ids are byte offsets in its data.noun
FOLDER = "wordnet/"
LARGEST_FILE = 64 * 2**20  # bytes; data.noun has 15 million, the archive 11 million
Result = TypeVar("Result")

_ROOT = 1740  # offset of "entity", which every whole WordNet has and a selection of synsets need not have
_NAME = re.compile(r".+\.n\.\d+")
_DAMAGE = (
    WordNetError,
    zipfile.BadZipFile,
    zlib.error,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    StopIteration,
    TypeError,
    ValueError,
)


class _Reader(WordNetCorpusReader):
    """NLTK's reader, on the members of an open zip archive."""

    def __init__(self, archive: zipfile.ZipFile):
        self._archive = archive
        super().__init__(ZipFilePathPointer(archive, FOLDER), omw_reader=None)

    def open(self, file: str) -> SeekableUnicodeStreamReader:
        """A file of the dict folder. NLTK's own way there is closed to archives outside its data folders."""
        return SeekableUnicodeStreamReader(io.BytesIO(self._archive.read(FOLDER + file)), self._ENCODING)

    def map_wn(self, version: str = "wordnet") -> None:
        """Nothing to map: only other languages need that, and NLTK would look for an installed WordNet."""


class WordNet:
    """The noun synsets in the zip archive `path`. Ids are ImageNet's: "n" and eight digits, the byte offset in data.noun.

    Raises LarvSegError if the archive is missing, damaged or too large, or holds another version.
    """

    def __init__(self, path: Path):
        _check(path)
        self._path = path
        content = io.BytesIO(path.read_bytes())  # the file would be open until the process ends, where a close that fails is a traceback
        self._reader = self._read(lambda: _Reader(zipfile.ZipFile(content)))
        version = self._read(self._reader.get_version)
        if version != VERSION:
            raise LarvSegError(f"{path}: holds WordNet {version}; ImageNet's synsets are those of WordNet {VERSION}")

    def find(self, form: str) -> tuple[str, ...]:
        """The synsets that have `form` (words joined as in WordNet: pool_table) or a singular of it as a lemma, in ascending order."""
        return self._read(lambda: tuple(sorted({_wnid(synset) for synset in self._reader.synsets(form, "n")})))

    def lexicographer_file(self, wnid: str) -> str:
        """What kind of thing it is, by WordNet's own division: "artifact", "plant", "act", …"""
        return self._synset(wnid).lexname().removeprefix("noun.")

    def lemmas(self, wnid: str) -> tuple[str, ...]:
        """The words of a synset, with spaces."""
        return tuple(name.replace("_", " ") for name in self._synset(wnid).lemma_names())

    def named(self, name: str) -> str | None:
        """The synset that NLTK calls `name` (wall.n.01); None where it has no such, and where the synsets are not all there to count."""
        if not _NAME.fullmatch(name) or self._at(_ROOT) is None:
            return None
        try:
            return _wnid(self._reader.synset(name))
        except WordNetError:
            return None

    def _synset(self, wnid: str):
        synset = self._at(int(wnid[1:]))
        if synset is None:
            raise LarvSegError(f"{self._path}: no synset {wnid}; fetch WordNet {VERSION} again")
        return synset

    def _at(self, offset: int):
        return self._read(lambda: self._reader.synset_from_pos_and_offset("n", offset))

    def _read(self, what: Callable[[], Result]) -> Result:
        try:
            # NLTK warns that other languages are not there, which nobody asked for, and of synsets that are not: see _synset
            with warnings.catch_warnings(action="ignore"):
                return what()
        except _DAMAGE as error:
            raise LarvSegError(f"{self._path}: WordNet cannot be read ({error}); fetch it again") from None


def _wnid(synset) -> str:
    return f"n{synset.offset():08d}"


def _check(path: Path) -> None:
    sizes = {member.name: member.size for member in members(path)}
    for name in WordNetCorpusReader._FILES:
        if f"{FOLDER}{name}" not in sizes:
            raise LarvSegError(f"{path}: no {FOLDER}{name} in it; take the archive that NLTK distributes")
        if sizes[f"{FOLDER}{name}"] > LARGEST_FILE:
            raise LarvSegError(f"{path}: {FOLDER}{name} is larger than {LARGEST_FILE} bytes; take the archive that NLTK distributes")
    if path.stat().st_size > LARGEST_FILE:
        raise LarvSegError(f"{path}: is larger than {LARGEST_FILE} bytes; take the archive that NLTK distributes")
