"""The job of the report: what the page shows, and everything that this was made of."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from larvseg import config as c
from larvseg.experiments.job import Job
from larvseg.lineage.recipes import Recipe

CAPTIONS = Path("workflow/report")  # Snakemake's own report has the same
ASSETS = tuple(f"larvseg/reporting/page/{file}" for file in ("page.html.jinja", "page.css", "page.js", "theme.js"))
PICTURES = (".png", ".svg")


class Planned(NamedTuple):
    """A job, and what it writes: role → path. `wanted`: `all` asks for it."""

    recipe: Recipe
    outputs: Mapping[str, str]
    wanted: bool


def page_job(name: str, jobs: Sequence[Planned], about: Mapping[str, Any]) -> Job:
    """The page that shows what is wanted of `jobs`, and the models behind it. `about`: what its configuration says of the profile.

    Its inputs are all outputs of every job that has a part in this, and its configuration knows the hash of their recipes. So the page is
    made again when anything in the lineage that it tells is another, also where every number that it prints stayed the same.
    """
    below = _below(jobs)
    tables = {path for recipe, _, _ in jobs if recipe.rule == "render" for path in recipe.inputs.values()}
    shown: dict[str, list[tuple[str, c.Shown]]] = {kind: [] for kind in ("tables", "figures", "claims", "models")}
    inputs: dict[str, str] = {}
    for recipe, outputs, wanted in below:
        for role, path in outputs.items():
            item = c.Shown(rule=recipe.rule, name=recipe.name, output=role, caption=_caption(recipe.rule, path))
            inputs[item.role()] = path
            if path in tables and role != "claims":
                shown["tables"].append((path, item))
            elif wanted and _is_figure(path):
                shown["figures"].append((path, item))
            elif role in ("claims", "card"):
                shown["claims" if role == "claims" else "models"].append((path, item))
    settings = c.PageConfig(
        **about,
        tables=tuple(item for _, item in sorted(shown["tables"], key=lambda pair: pair[0])),
        figures=tuple(item for _, item in sorted(shown["figures"], key=lambda pair: _of_the_paper(pair[0]))),
        claims=next((item for _, item in shown["claims"]), None),
        models=tuple(item for _, item in shown["models"]),
        recipes=hashlib.sha256("".join(recipe.text() for recipe, _, _ in below).encode()).hexdigest()[:20],
    )
    captions = dict.fromkeys(item.caption for items in shown.values() for _, item in items if item.caption)
    return Job("page", name, settings, inputs, reference=(*ASSETS, *captions))


def _below(jobs: Sequence[Planned]) -> list[Planned]:
    """Those of `jobs` that are wanted or have a part in one that is."""
    maker = {path: number for number, planned in enumerate(jobs) for path in planned.outputs.values()}
    waiting = [number for number, planned in enumerate(jobs) if planned.wanted]
    found = set(waiting)
    for number in waiting:
        recipe = jobs[number].recipe
        for other in {maker[path] for path in (*recipe.inputs.values(), *recipe.reads)} - found:
            found.add(other)
            waiting.append(other)
    return [planned for number, planned in enumerate(jobs) if number in found]


def _is_figure(path: str) -> bool:
    return path.startswith("reports/figures/") and PurePosixPath(path).suffix in PICTURES


def _of_the_paper(path: str) -> tuple[bool, str]:
    """The figures of the paper by their numbers; after them the others, as the jobs come."""
    stem = PurePosixPath(path).stem
    numbered = re.fullmatch(r"figure\d+", stem)
    return (not numbered, stem if numbered else "")


def _caption(rule: str, path: str) -> str | None:
    files = (CAPTIONS / f"{stem}.rst" for stem in (PurePosixPath(path).stem, rule))
    return next((file.as_posix() for file in files if file.is_file()), None)
