"""Arrow files whose content is checked before it is looked at: Arrow trusts what a file says of its buffers, and reads beyond them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import pyarrow as pa

Columns = dict[str, pa.Array]


def table_in(path: Path) -> pa.Table:
    """All of the Arrow file `path`. What it raises for one that is damaged is what Arrow raises."""
    table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    table.validate(full=True)
    return table


class Batches(Sequence[Columns]):
    """The batches of an Arrow file by `columns_of`; each is checked, in `checking()`, when it is first looked at; there may be hundreds."""

    def __init__(
        self,
        batches: Sequence[pa.RecordBatch],
        columns_of: Callable[[pa.RecordBatch], Columns],
        checking: Callable[[], AbstractContextManager[None]],
    ):
        self._batches, self._columns_of, self._checking = batches, columns_of, checking
        self._checked: dict[int, Columns] = {}

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, number: int) -> Columns:
        if number not in self._checked:
            batch = self._batches[number]  # IndexError ends a loop over them
            with self._checking():
                batch.validate(full=True)
                self._checked[number] = self._columns_of(batch)
        return self._checked[number]
