"""The audit of a project, as the command line asks for it."""

from __future__ import annotations

from pathlib import Path

from larvseg.audit.adopt import adopt as adopt_tree
from larvseg.audit.diff import diff as diff_trees
from larvseg.audit.repair import repair as repair_tree
from larvseg.audit.tree import Tree
from larvseg.audit.verify import report
from larvseg.audit.verify import verify as verify_tree
from larvseg.audit.why import why as why_tree
from larvseg.pipeline import Dag, Project


def verify(project: Project, repair: bool = False, ignore_environment: bool = False) -> tuple[str, int]:
    """(text, exit status): what does not fit, after --repair also what was deleted; 1 if something does not fit."""
    tree = Tree(Dag(project).recipes)
    findings = verify_tree(tree, ignore_environment)
    text = report(findings, tree)
    if repair and findings:
        text += "\n\n" + repair_tree(tree, findings)
    return text, 1 if findings else 0


def why(project: Project, file: str) -> str:
    """Why `file` would be made again."""
    return why_tree(Tree(Dag(project).recipes), Path(file).as_posix())


def diff(project: Project, old: str, new: str | None = None) -> str:
    """What two git revisions make otherwise; `new`: the working tree by default."""
    return diff_trees(Tree(Dag(project).recipes), project.name, old, new)


def adopt(project: Project) -> str:
    """Take over what `dvc pull` brought."""
    return adopt_tree(Tree(Dag(project).recipes), project.choice, project.profile.drawn)
