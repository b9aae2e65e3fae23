"""One training on several processes of one machine: each computes some of the virtual ranks, and all have the same weights and banks.

The losses are divided by the number of all virtual ranks already, so gradients are summed. In a process of its own, as most trainings are,
every function here hands back what it was given.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed import TCPStore
from torch.multiprocessing import get_context, start_processes
from torch.multiprocessing.spawn import ProcessExitedException, ProcessRaisedException

from larvseg.config import Runtime
from larvseg.errors import LarvSegError

HERE = "127.0.0.1"
TO_MEET = timedelta(minutes=3)
PATIENCE = timedelta(minutes=30)  # for the slowest of them: one may decode images of a slow disk while the others wait


def place() -> tuple[int, int]:
    """The number of this process, and how many there are."""
    return (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)


def is_first() -> bool:
    """Whether this is the process that holds the folder of the training, and writes."""
    return place()[0] == 0


def own_ranks(ranks: int) -> range:
    """The virtual ranks of this process, one after the other; with 3 of 8 ranks it is 2, 3 and 3 of them."""
    number, processes = place()
    return range(number * ranks // processes, (number + 1) * ranks // processes)


def owner(rank: int, ranks: int) -> int:
    """The number of the process that has the virtual rank `rank`."""
    processes = place()[1]
    return next(number for number in range(processes) if rank < (number + 1) * ranks // processes)


def gathered(tensor: Tensor) -> tuple[Tensor, int]:
    """The rows of all processes, in the order of processes, and the place where those of this one begin. (n, …) → (Σ n, …)."""
    number, processes = place()
    if processes == 1:
        return tensor, 0
    count = torch.tensor([len(tensor)], device=tensor.device)
    counts = [torch.empty_like(count) for _ in range(processes)]
    dist.all_gather(counts, count)
    lengths = torch.cat(counts).tolist()
    padded = tensor.new_zeros(max(lengths), *tensor.shape[1:])
    padded[: len(tensor)] = tensor
    parts = [torch.empty_like(padded) for _ in range(processes)]
    dist.all_gather(parts, padded)
    return torch.cat([part[:length] for part, length in zip(parts, lengths, strict=True)]), sum(lengths[:number])


def gathered_objects(value: Any) -> list[Any]:
    """`value` of each process."""
    processes = place()[1]
    if processes == 1:
        return [value]
    values = [None] * processes
    dist.all_gather_object(values, value)
    return values


def add_up(tensors: Sequence[Tensor]) -> None:
    """The sum over all processes, in place, in one message."""
    if place()[1] == 1 or not tensors:
        return
    flat = torch.cat([tensor.flatten() for tensor in tensors])
    dist.all_reduce(flat)
    for tensor, part in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(part.view_as(tensor))


def add_up_gradients(model: nn.Module) -> None:
    """The gradients of the sum of all processes' losses. A parameter that no process has a gradient of keeps none."""
    if place()[1] == 1:
        return
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    has = torch.tensor([float(parameter.grad is not None) for parameter in trained], device=trained[0].device)
    for parameter in trained:
        if parameter.grad is None:  # no image of this process needs it
            parameter.grad = torch.zeros_like(parameter)
    add_up([has, *(parameter.grad for parameter in trained)])
    for parameter, count in zip(trained, has.tolist(), strict=True):
        if not count:
            parameter.grad = None


def hand_round(module: nn.Module, number: int) -> None:
    """Give the buffers of `module` in process `number` to all processes."""
    if place()[1] > 1:
        for buffer in module.buffers():
            dist.broadcast(buffer, number)


def together() -> None:
    """Wait for the other processes."""
    if place()[1] > 1:
        dist.barrier()


def run(runtime: Runtime, function: Callable[..., None], *arguments: Any) -> None:
    """`function(*arguments)` in `runtime.processes` processes of this machine, each with a GPU of its own where they compute on GPUs.

    Raises:
        LarvSegError: the one that a process raised; or one was killed, and the others were stopped.
    """
    if runtime.processes == 1:
        return function(*arguments)
    # they meet at a socket that this process opens, on a port that the system finds free; a store in this process would be a thread, and
    # threads do not survive a fork
    meeting = socket.create_server((HERE, 0), backlog=runtime.processes)
    method = "spawn" if runtime.device == "cuda" else "fork"  # CUDA does not survive a fork; a fork has all modules at once
    errors = get_context(method).SimpleQueue()
    given = (runtime, meeting, errors, function, arguments)
    children = start_processes(_process, given, runtime.processes, join=False, start_method=method)
    before = signal.signal(signal.SIGTERM, lambda *_: [process.terminate() for process in children.processes])  # each saves and ends
    try:
        while not children.join():
            pass
    except (ProcessRaisedException, ProcessExitedException) as error:
        if not errors.empty():  # the others failed because of this one
            raise LarvSegError(errors.get()) from None
        if isinstance(error, ProcessRaisedException):
            raise
        raise LarvSegError(f"{error}, one of {runtime.processes}; start again, and the training goes on from its last state") from None
    finally:
        signal.signal(signal.SIGTERM, before)
        meeting.close()
        for left in children.error_files:  # torch leaves there what a process raised, for good
            Path(left).unlink(missing_ok=True)


def _process(
    number: int, runtime: Runtime, meeting: socket.socket, errors: Any, function: Callable[..., None], arguments: Sequence[Any]
) -> None:
    from larvseg.lineage.process import die_with_parent

    die_with_parent()
    if runtime.device == "cuda":
        torch.cuda.set_device(number)
    backend = "cpu:gloo,cuda:nccl" if runtime.device == "cuda" else "gloo"
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # all are on this machine, whatever its name resolves to
    port, first = meeting.getsockname()[1], number == 0
    listening = meeting.detach() if first else None
    store = TCPStore(HERE, port, runtime.processes, is_master=first, timeout=TO_MEET, master_listen_fd=listening)
    dist.init_process_group(backend, store=store, rank=number, world_size=runtime.processes, timeout=PATIENCE)
    try:
        function(*arguments)
    except LarvSegError as error:
        errors.put(str(error))
        raise SystemExit(1) from None
    dist.destroy_process_group()
