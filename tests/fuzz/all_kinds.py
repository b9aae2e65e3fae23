"""All kinds of inputs, group by group."""

from tests.fuzz import ade, archives, pictures

GROUPS = (archives, pictures, ade)
KINDS = {kind.name: kind for group in GROUPS for kind in group.KINDS}
