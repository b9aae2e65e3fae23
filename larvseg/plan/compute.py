"""What a vision transformer costs, by arithmetic: parameters and floating-point operations, without building one."""

from __future__ import annotations

from dataclasses import dataclass

from larvseg.config import Backbone
from larvseg.errors import LarvSegError

_SIZES = {"tiny": (192, 12), "small": (384, 12), "base": (768, 12), "large": (1024, 24)}  # in timm's names: width, depth


@dataclass(frozen=True)
class Shape:
    """A vision transformer: width of a token, blocks, hidden units of the MLP, patch and image size in pixels, tokens beside patches."""

    width: int
    depth: int
    hidden: int
    patch: int
    image_size: int
    prefix: int = 1  # the class token; a distilled transformer has another

    @property
    def parameters(self) -> int:
        """Weights and biases, with a linear patch embedding."""
        d, hidden = self.width, self.hidden
        attention, mlp, norms = 4 * d * d + 4 * d, 2 * d * hidden + hidden + d, 4 * d
        embedding = 3 * self.patch**2 * d + d + (self.patches(self.image_size) + self.prefix) * d + self.prefix * d
        return self.depth * (attention + mlp + norms) + embedding + 2 * d

    def patches(self, size: int) -> int:
        """Patches of a square image of `size` pixels a side."""
        return (-(-size // self.patch)) ** 2

    def forward(self, size: int, classes: int) -> float:
        """Floating-point operations (a multiply-add is two) of one square image of `size` pixels a side, scored against `classes`."""
        d, patches = self.width, self.patches(size)
        tokens = patches + self.prefix
        linear = 2 * tokens * d * (4 * d + 2 * self.hidden)
        attention = 4 * tokens**2 * d
        embedding, classifier = 2 * patches * 3 * self.patch**2 * d, 2 * patches * d * (d + classes)
        return float(self.depth * (linear + attention) + embedding + classifier)


def shape_of(backbone: Backbone) -> Shape:
    """The shape of a timm vision transformer, from its name and arguments. Raises LarvSegError if these do not tell its size."""
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
