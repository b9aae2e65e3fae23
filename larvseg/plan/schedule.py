"""How long a DAG takes on a few GPUs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Set
from heapq import heappop, heappush
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


def finished(work: Mapping[Key, float], needs: Mapping[Key, Set[Key]], priority: Mapping[Key, int], gpus: int) -> float:
    """When the last job of a DAG ends, in the unit of `work`, if it starts at 0 and as Snakemake's greedy scheduler starts jobs.

    `work`: how long each job has a GPU for itself; one with 0 takes no time and no GPU. `needs`: what ends before each of them starts.
    A free GPU takes the ready job of the highest priority.
    """
    waiting, followers = {key: len(before) for key, before in needs.items()}, defaultdict(list)
    for key, before in needs.items():
        for each in before:
            followers[each].append(key)
    ready: list[tuple[int, int, Key]] = []
    running: list[tuple[float, int, Key]] = []
    place = {key: number for number, key in enumerate(needs)}  # of equal jobs the first one starts

    def start(key: Key) -> None:
        if work[key]:
            heappush(ready, (-priority[key], place[key], key))
        else:
            end(key)

    def end(key: Key) -> None:
        for follower in followers[key]:
            waiting[follower] -= 1
            if not waiting[follower]:
                start(follower)

    for key, before in needs.items():
        if not before:
            start(key)
    now = 0.0
    while ready or running:
        while ready and len(running) < gpus:
            *_, key = heappop(ready)
            heappush(running, (now + work[key], place[key], key))
        now, _, key = heappop(running)
        end(key)
    return now
