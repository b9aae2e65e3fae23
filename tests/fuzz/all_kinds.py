"""All kinds of inputs, group by group."""

from tests.fuzz import ade, archives, arrow, memories, names, pictures, records, runs, weights, written

GROUPS = (archives, pictures, ade, weights, runs, arrow, records, memories, written, names)
KINDS = {kind.name: kind for group in GROUPS for kind in group.KINDS}
