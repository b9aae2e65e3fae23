"""Whether an artifact stands, as far as the records say."""

from __future__ import annotations

from pathlib import Path

from larvseg.audit.changes import Made, changes
from larvseg.audit.tree import Tree
from larvseg.audit.verify import other_bytes


def stands(tree: Tree, path: str) -> bool:
    """`path` is there, and it and all that it is made of was made by what would make it now, from each other.

    Only records are read, no file is hashed: `verify` does that.
    """
    seen: set[str] = set()

    def made(path: str) -> bool:
        if path in seen or path not in tree.recipe_of:
            return True
        seen.add(path)
        record, recipe = tree.record(path), tree.recipe_of[path]
        if record is None or changes(Made.by_record(record), Made.by_recipe(recipe)) or any(other_bytes(tree, path)):
            return False
        return all(made(read) for _, read in tree.recipe_of[path].made_of)

    return Path(path).is_file() and made(path)
