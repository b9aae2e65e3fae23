"""Items of a data set in order, read ahead by other processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from torch.utils.data import DataLoader, Dataset


def prefetched(items: Dataset, positions: Sequence[int], workers: int, pinned: bool = False) -> Iterator[Any]:
    """`items[position]` for each of `positions`, as they are; from so many processes, or with 0 from this one.

    pinned: tensors in them lie in memory that a GPU copies from while this process goes on.
    """
    if workers == 0:
        return map(items.__getitem__, positions)
    return iter(DataLoader(items, sampler=positions, batch_size=None, num_workers=workers, collate_fn=_as_it_is, pin_memory=pinned))


def _as_it_is(item: Any) -> Any:  # a lambda would not reach processes that are not forked
    return item
