"""How a training job uses its machine: threads, determinism, device, precision, and telling a person how far it is."""

import os
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from larvseg.config import Runtime
from larvseg.errors import LarvSegError

Item = TypeVar("Item")
SECONDS_BETWEEN_LINES = 30
COMPILER = "inductor"


def prepare(runtime: Runtime) -> torch.device:
    """Fix the number of threads (it decides the order of sums), demand deterministic kernels, and return the device.

    Raises:
        LarvSegError: the configuration asks for a GPU and there is none.
    """
    torch.set_num_threads(runtime.threads)
    if runtime.device == "cuda":
        if not torch.cuda.is_available():
            raise LarvSegError("runtime.device is cuda but torch sees no GPU; set runtime.device to cpu")
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS is deterministic only with a fixed workspace
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = runtime.tf32
    # as torch.use_deterministic_algorithms, which imports the compiler, too, and so takes a second more; on CUDA not all kernels in use are
    torch.set_deterministic_debug_mode("warn" if runtime.device == "cuda" else "error")
    torch.utils.deterministic.fill_uninitialized_memory = False  # every kernel in use writes all of its output
    return torch.device(runtime.device)


def workers(runtime: Runtime) -> int:
    """How many processes load data: on a CPU none, since loading and computing share the threads."""
    return runtime.threads if runtime.device == "cuda" else 0


def autocast(runtime: Runtime) -> torch.autocast:
    """The context of a forward pass in `runtime.precision`."""
    return torch.autocast(runtime.device, torch.bfloat16, enabled=runtime.precision == "bfloat16")


def compiled(network: nn.Module, runtime: Runtime) -> None:
    """With `runtime.compile`, have torch compile `network` when it first sees images of a size. Its random draws stay those of before."""
    if runtime.compile:
        from torch._inductor import config as inductor  # takes seconds

        inductor.fallback_random = True
        network.compile(backend=COMPILER, dynamic=False)


def seed_step(seed: int, step: int) -> None:
    """Seed torch for one step. Randomness is a function of (seed, step), so a resumed run draws what an uninterrupted one would."""
    torch.manual_seed(int(np.random.SeedSequence([seed, step]).generate_state(1, np.uint64)[0] >> np.uint64(1)))


class Progress(Iterable[Item]):
    """Iterate over the steps of a run: a bar with rate and time left on a terminal, a line now and then in a log file."""

    def __init__(self, items: Iterable[Item], name: str, start: int, steps: int):
        self.items, self.name, self.start, self.steps = items, name, start, steps
        self.loss = float("nan")  # set by the loop, shown beside the rate

    def __iter__(self) -> Iterator[Item]:
        began = spoke = time.monotonic()
        with tqdm(total=self.steps, initial=self.start, desc=self.name, unit="step", file=sys.stderr, disable=None, mininterval=0.5) as bar:
            for done, item in enumerate(self.items, self.start):
                yield item
                bar.set_postfix(loss=f"{self.loss:.3f}", refresh=False)
                bar.update()
                now = time.monotonic()
                if bar.disable and (now - spoke > SECONDS_BETWEEN_LINES or done + 1 == self.steps):
                    rate = (done + 1 - self.start) / (now - began)
                    left = (self.steps - done - 1) / rate
                    print(
                        f"{self.name}: step {done + 1}/{self.steps}, loss {self.loss:.3f}, {rate:.2f} steps/s, {left:.0f} s left",
                        file=sys.stderr,
                        flush=True,
                    )
                    spoke = now
