"""How large a vision transformer, or a neck, is: its parameters by arithmetic, without torch."""

from __future__ import annotations

from dataclasses import dataclass

from larvseg.config import Backbone
from larvseg.errors import LarvSegError

_SIZES = {"tiny": (192, 12), "small": (384, 12), "base": (768, 12), "large": (1024, 24)}  # in timm's names: width, depth


@dataclass(frozen=True)
class Shape:
    """A vision transformer: width of a token, blocks, hidden units of the MLP, patch and image size in pixels, tokens beside patches.

    A neck on features of a frozen network is one whose patches are the cells of the features.
    """

    width: int
    depth: int
    hidden: int
    patch: int
    image_size: int
    prefix: int = 1  # the class token; a distilled transformer has another
    channels: int | None = None  # of a neck: numbers of a cell

    @property
    def parameters(self) -> int:
        """Weights and biases, with a linear patch embedding."""
        d, hidden, inputs = self.width, self.hidden, self.channels or 3 * self.patch**2
        attention, mlp, norms = 4 * d * d + 4 * d, 2 * d * hidden + hidden + d, 4 * d
        positions = 0 if self.channels else ((-(-self.image_size // self.patch)) ** 2 + 2 * self.prefix) * d
        return self.depth * (attention + mlp + norms) + inputs * d + d + positions + 2 * d


def shape_of(backbone: Backbone) -> Shape:
    """The shape of what is trained: a timm vision transformer, from its name and arguments, or the neck of a frozen network.

    Raises LarvSegError if name and arguments do not tell the size of the transformer.
    """
    if neck := backbone.neck:
        hidden = int(neck.dim * neck.mlp_ratio)
        return Shape(neck.dim, neck.blocks, hidden, backbone.patch_size, backbone.image_size, prefix=0, channels=neck.channels)
    family, size, *words = [*backbone.name.split("_"), ""]
    known = dict(zip(("embed_dim", "depth"), _SIZES.get(size, ()) if family in ("vit", "deit") else (), strict=False))
    settings = {"mlp_ratio": 4, **known, **backbone.arguments}
    if "embed_dim" not in settings or "depth" not in settings:
        sizes = ", ".join(f"vit_{size}" for size in _SIZES)
        raise LarvSegError(
            f"backbone.name {backbone.name!r}: its size is not known ({sizes} are); say embed_dim and depth in backbone.arguments"
        )
    width, prefix = settings["embed_dim"], 2 if "distilled" in words else 1
    return Shape(width, settings["depth"], int(width * settings["mlp_ratio"]), backbone.patch_size, backbone.image_size, prefix)
