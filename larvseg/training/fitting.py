"""Published weights made to fit a network of timm: what stands before their names, their precision, the grid of their positions."""

from __future__ import annotations

import difflib
import math
import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from larvseg.errors import LarvSegError
from larvseg.models.backbone import resize_position_embedding
from larvseg.training.published import read_published

POSITIONS = "pos_embed"
_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
# Without these tokens a network computes something else than the one whose weights they are; without its mask token it does not.
_TOKENS = ("dist_token", "reg_token", "register_tokens", "storage_tokens")
_COUNTER = "num_batches_tracked"  # of batch normalisation, which does not compute with it; old files lack it
_COMPUTED = ("attn_mask", "relative_position_index", "relative_coords_table")  # tables that some files hold and timm computes


def load_published(network: nn.Module, path: Path, *, pruned: bool = False) -> None:
    """Fill `network`, one of timm, from the published weights in `path`.

    Before the names of the file may stand a prefix, as "module.backbone.". Floating-point numbers of any precision become those of the
    network. A position embedding is resampled (bicubic) to the network's grid: its own has as many cells, or is a square, or else has
    the proportions of the network's. It may lack the leading axis, and the positions of class and distillation token, which are then
    zero. Heads and other parts that the network lacks may be in the file.

    pruned: the network is the first levels of the published one. Further levels may be in the file, and its names may be others if its
    first tensors are those of the network, by their order and shapes.

    Raises:
        LarvSegError: unreadable file, or a tensor that is missing, of another shape, or of no use to the network beside others of its part.
    """
    tensors, own = read_published(path), network.state_dict()
    tensors = {name: tensor for name, tensor in tensors.items() if not name.endswith(_COUNTER) or tensor.dtype == torch.int64}
    counters = {name: tensor for name, tensor in own.items() if name.endswith(_COUNTER)}
    fitting = counters | _by_name(own, tensors, path, or_in_order=pruned)
    if POSITIONS in own:
        fitting[POSITIONS] = _on_grid(network, own, fitting[POSITIONS])
    if beside := _beside(own, fitting, pruned):
        raise LarvSegError(f"{path}: the network has no tensor {beside!r}{_nearest(beside, own)}; give weights of this network")
    for name, wanted in own.items():
        found = fitting[name]
        if found.shape != wanted.shape or not (found.dtype == wanted.dtype or {found.dtype, wanted.dtype} <= set(_FLOATS)):
            remedy = "the pixels of its grid go into arguments: {img_size: [height, width]}" if name == POSITIONS else "give weights of it"
            raise LarvSegError(f"{path}: tensor {name!r} is {_described(found)}, that of the network {_described(wanted)}; {remedy}")
    network.load_state_dict({name: fitting[name] for name in own})


def _by_name(own: Mapping[str, Tensor], tensors: Mapping[str, Tensor], path: Path, or_in_order: bool) -> dict[str, Tensor]:
    """The tensors behind the prefix that all names of the network have in the file, by their names there; those of `own` by these."""
    found = _prefixes(own, tensors)
    needed = [name for name in own if not name.endswith(_COUNTER)]
    complete = [prefix for prefix, names in found.items() if names.keys() >= set(needed)]
    if len(complete) > 1 and "" not in complete:
        raise LarvSegError(f"{path}: the network is there more than once, as {' and '.join(map(repr, complete))}; keep the tensors of one")
    if complete:
        prefix = "" if "" in complete else complete[0]
        places = {name: place for place, name in found[prefix].items()}
        return {places.get(name, name.removeprefix(prefix)): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
    first = list(tensors.values())[: len(own)]
    if or_in_order and [tensor.shape for tensor in first] == [tensor.shape for tensor in own.values()]:
        return dict(zip(own, first, strict=True))
    prefix = max(found, key=lambda prefix: len(found[prefix]), default="")
    if 2 * len(found[prefix]) < len(own):  # a few names that any part of a network may have
        prefix = ""
    missing = prefix + next(name for name in needed if name not in found[prefix])
    others = tensors.keys() - found[prefix].values()
    raise LarvSegError(f"{path}: no tensor {missing!r}{_nearest(missing, others or tensors)}; give weights of this network")


def _prefixes(own: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> defaultdict[str, dict[str, str]]:
    """Prefix ("" or up to a dot) → name in the network → name in the file, of the names that have it before one of the network's."""
    places = {_flat(name): name for name in own}
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for name in tensors:
        for start in (0, *(dot.end() for dot in re.finditer(r"\.", name))):
            if place := places.get(_flat(name[start:])):
                found[name[:start]].setdefault(place, name)
    return found


def _flat(name: str) -> str:
    """timm's networks of features have "stages_0" where the whole network has "stages.0"."""
    return name.replace(".", "_")


def _beside(own: Mapping[str, Tensor], fitting: Mapping[str, Tensor], pruned: bool) -> str | None:
    """A tensor that the network lacks, and without which it would compute something else.

    It is one of a part that the network has: a child of it; of a pruned one, which has fewer of them, a numbered child, such as a block.
    """
    part = re.compile(r"[^._]+[._]\d+(?=\.)" if pruned else r"[^.]+(?=\.)")
    parts = {_flat(match[0]) for name in own if (match := part.match(name))}
    for name in fitting:
        if name in own or name.rpartition(".")[2] in _COMPUTED:
            continue
        if name in _TOKENS or (match := part.match(name)) and _flat(match[0]) in parts:
            return name
    return None


def _on_grid(network: nn.Module, own: Mapping[str, Tensor], stored: Tensor) -> Tensor:
    """The position embedding `stored`, (N, D) or (1, N, D), in the shape of the network's; as it is where that does not follow from it."""
    wanted, grid = own[POSITIONS], getattr(getattr(network, "patch_embed", None), "grid_size", None)
    stored = stored[None] if stored.ndim == 2 else stored
    if grid is None or wanted.ndim != 3 or stored.ndim != 3 or stored.shape[::2] != wanted.shape[::2] or stored.dtype not in _FLOATS:
        return stored
    tokens = wanted.shape[1] - math.prod(grid)  # class token and the like that have positions
    if stored.shape == wanted.shape or tokens < 0:
        return stored
    possible = {tokens, 0 if "cls_token" in own else 1}  # of `stored`, how many positions stand before those of the grid
    readings = [(rows, there) for rows in possible if (there := _grid_of(stored.shape[1] - rows, grid))]
    if len(readings) != 1:
        return stored
    (rows, there), *_ = readings
    resized = resize_position_embedding(stored.to(wanted.dtype), grid, there, rows)
    before = resized[:, :rows] if rows == tokens else resized.new_zeros(1, tokens, resized.shape[2])
    return torch.cat([before, resized[:, rows:]], dim=1)


def _grid_of(cells: int, like: tuple[int, int]) -> tuple[int, int] | None:
    """Height and width of a grid of so many cells: `like` itself, a square, or one in the proportions of `like`, in this order."""
    height, width = like
    if cells <= 0 or cells == height * width:
        return (height, width) if cells > 0 else None
    side, rows = math.isqrt(cells), math.isqrt(cells * height // width)
    if side * side == cells:
        return side, side
    columns = rows * width // height
    return (rows, columns) if rows * columns == cells and rows * width == columns * height else None


def _nearest(name: str, names: Collection[str]) -> str:
    return "".join(f" (nearest: {close!r})" for close in difflib.get_close_matches(name, sorted(names), n=1, cutoff=0))


def _described(tensor: Tensor) -> str:
    return f"{tuple(tensor.shape)} {str(tensor.dtype).removeprefix('torch.')}"
