"""All checks, group by group; what can be mended by itself; and all of it as text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from larvseg.doctor import archives, datasets, environment, leftovers, vocabularies
from larvseg.doctor.finding import Finding
from larvseg.pipeline import Project

CHECKS = {
    "environment": environment.check,
    "vocabularies": vocabularies.check,
    "archives": archives.check,
    "data sets": datasets.check,
    "leftovers": leftovers.check,
}


def examine(project: Project, folder: Path = Path("."), deep: bool = False) -> list[Finding]:
    """Everything that was looked at in `folder` for the profile of `project`; nothing is changed.

    deep: also read every byte of the archives (checksums), list every synset's archive, and decode more images. Long work shows a bar.
    """
    return [replace(finding, group=group) for group, check in CHECKS.items() for finding in check(project, folder, deep)]


def fix(findings: list[Finding]) -> list[Finding]:
    """The findings after all were mended that can be without loss: stale locks and half-written files are removed."""
    return [_mended(finding) if finding.remedy else finding for finding in findings]


def _mended(finding: Finding) -> Finding:
    finding.remedy()
    return replace(finding, level="ok", what=f"mended: {finding.what}", mend="", remedy=None)


def report(findings: list[Finding]) -> str:
    """The findings as text, group by group: what is wrong with the command that mends it, then a count."""
    lines = []
    for group in dict.fromkeys(finding.group for finding in findings):
        lines.append(group)
        for finding in (finding for finding in findings if finding.group == group):
            where = f"{finding.where}: " if finding.where else ""
            lines.append(f"  {finding.level:<7}  {where}{finding.what}")
            if finding.mend:
                lines.append(f"  {'':7}  → {finding.mend}")
    errors, warnings, mendable = (
        [finding for finding in findings if finding.level == "error"],
        [finding for finding in findings if finding.level == "warning"],
        [finding for finding in findings if finding.remedy],
    )
    hint = f"; the same command with --fix mends {len(mendable)}" if mendable else ""
    return "\n".join([*lines, f"{_number(errors, 'error')}, {_number(warnings, 'warning')}{hint}"])


def _number(findings: list[Finding], word: str) -> str:
    return f"{len(findings)} {word}{'' if len(findings) == 1 else 's'}"
