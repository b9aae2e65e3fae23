"""The audit of a project, as the command line asks for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from larvseg.lineage.audit.adopt import adopt as adopt_tree
from larvseg.lineage.audit.diff import diff as diff_trees
from larvseg.lineage.audit.repair import repair as repair_tree
from larvseg.lineage.audit.tree import Tree
from larvseg.lineage.audit.verify import report
from larvseg.lineage.audit.verify import verify as verify_tree
from larvseg.lineage.audit.why import why as why_tree


def verify(project: Any, repair: bool = False, ignore_environment: bool = False) -> tuple[str, int]:
    """(text, exit status): what does not fit, after --repair also what was deleted; 1 if something does not fit."""
    tree = Tree.of(project)
    findings = verify_tree(tree, ignore_environment)
    text = report(findings, tree)
    if repair and findings:
        text += "\n\n" + repair_tree(tree, findings)
    return text, 1 if findings else 0


def why(project: Any, file: str) -> str:
    """Why `file` would be made again."""
    return why_tree(Tree.of(project), Path(file).as_posix())


def diff(project: Any, old: str, new: str | None = None) -> str:
    """What two git revisions make otherwise; `new`: the working tree by default."""
    return diff_trees(Tree.of(project), project.name, old, new)


def adopt(project: Any) -> str:
    """Take over what `dvc pull` brought."""
    return adopt_tree(Tree.of(project), project.choice, project.profile.drawn)
