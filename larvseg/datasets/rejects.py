"""Images that cannot be used: their table, and how many of them there may be."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from larvseg.errors import LarvSegError
from larvseg.files import write_text

KNOWN_BAD = "on the list of known bad images"
_ENOUGH = 1000  # over the limit, so many show what is wrong: the rest of the data set need not be read


class Reject(NamedTuple):
    """An image that cannot be used, the file at fault (a member of an archive), and what is wrong with it."""

    name: str
    split: str
    archive: str
    member: str
    reason: str


class Rejects:
    """The rejects of a data set of `images` images, of which at most the share `allowed` may be; those known to be bad do not count."""

    def __init__(self, dataset: str, images: int, allowed: float):
        self.dataset, self.images, self.allowed = dataset, images, allowed
        self._found: list[Reject] = []
        self._unexpected = 0

    def __len__(self) -> int:
        return len(self._found)

    def add(self, rejects: Iterable[Reject]) -> None:
        """Note more of them."""
        more = list(rejects)
        self._found += more
        self._unexpected += sum(reject.reason != KNOWN_BAD for reject in more)

    @property
    def unexpected(self) -> list[Reject]:
        """Those not known to be bad, by name."""
        return sorted(reject for reject in self._found if reject.reason != KNOWN_BAD)

    @property
    def too_many(self) -> bool:
        """Whether there are more than allowed."""
        return self._unexpected > self.allowed * self.images

    @property
    def hopeless(self) -> bool:
        """Whether there are more than allowed, and enough of them to see why."""
        return len(self._found) > _ENOUGH and self.too_many

    def table(self) -> str:
        """All of them as CSV, by name."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(Reject._fields)
        writer.writerows(sorted(self._found))
        return text.getvalue()

    def check(self, path: Path) -> None:
        """LarvSegError, with the table written to `path`, if there are more than allowed."""
        if not self.too_many:
            return
        write_text(path, self.table())
        bad, first = len(self.unexpected), self.unexpected[0]
        raise LarvSegError(
            f"{self.dataset}: {bad} of {self.images} images cannot be used ({bad / self.images:.2%}, "
            f"max_rejects is {self.allowed:.2%}), first {first.name} in {first.archive}: {first.reason}; {path} lists them all: "
            f"fetch their archives again, or raise max_rejects in the profile to go on without them"
        )
