"""Whether an artifact stands, as far as the records say."""

from __future__ import annotations

from pathlib import Path

from larvseg.lineage.audit.changes import Made, changes
from larvseg.lineage.audit.tree import Tree
from larvseg.lineage.audit.verify import other_bytes


def stands(tree: Tree, path: str) -> bool:
    """`path` is there, and it and all that it is made of was made by what would make it now, from each other.

    Only records are read, no file is hashed: `verify` does that.
    """
    seen: set[str] = set()

    def made(path: str) -> bool:
        if path in seen or path not in tree.job_of:
            return True
        seen.add(path)
        record, recipe = tree.record(path), tree.job_of[path].recipe
        if record is None or changes(Made.by_record(record), Made.by_recipe(recipe)) or any(other_bytes(tree, path)):
            return False
        return all(made(read) for _, read in tree.job_of[path].inputs)

    return Path(path).is_file() and made(path)
