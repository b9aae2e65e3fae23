"""The batches of every step of mask proposals: images with masks and, for OpenSeg, images with captions."""

from __future__ import annotations

from collections.abc import Iterator

from torch.utils.data import Dataset

from larvseg.datasets.loader import JointLoader, RankBatch
from larvseg.datasets.prefetch import prefetched
from larvseg.masks.captions import CaptionBatch, CaptionLoader

StepBatches = list[RankBatch | CaptionBatch]


class Steps(Dataset):
    """Iterates over the steps from start_step on; each is what `joint` has for it and, if there are `captions`, their batch."""

    def __init__(self, joint: JointLoader, captions: CaptionLoader | None = None, start_step: int = 0, num_workers: int = 0) -> None:
        self.joint, self.captions, self.start_step, self.num_workers = joint, captions, start_step, num_workers

    def __iter__(self) -> Iterator[StepBatches]:
        return prefetched(self, range(self.start_step, len(self.joint)), self.num_workers)

    def __getitem__(self, step: int) -> StepBatches:
        return [*self.joint[step], *([] if self.captions is None else [self.captions[step]])]
