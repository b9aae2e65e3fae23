"""All kinds of inputs, group by group."""

from tests.fuzz import ade, archives, arrow, pictures, weights

GROUPS = (archives, pictures, ade, weights, arrow)
KINDS = {kind.name: kind for group in GROUPS for kind in group.KINDS}
