"""The job of the report: what the page shows, and everything that this was made of."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from larvseg import config as c
from larvseg.config import parse
from larvseg.lineage.recipes import Recipe
from larvseg.pipeline.job import Job
from larvseg.pipeline.project import Project
from larvseg.pipeline.stages import STAGES, WANTED

CAPTIONS = Path("workflow/report")  # Snakemake's own report has the same
FILES = ("page.html.jinja", "gains.html.jinja", "page.css", "page.js", "classes.js", "theme.js")
ASSETS = tuple(f"larvseg/reporting/page/{file}" for file in FILES)
IMAGES = (".png", ".svg")
PICTURES = ("overlays", "figure4", "miniature")  # rules whose figures show images and what is seen in them: the page begins with these


def page(project: Project, recipes: Sequence[Recipe]) -> Job:
    """Write the report. `recipes`: those of all other jobs."""
    about = {"profile": project.name, "about": project.profile.about, "drawn": project.profile.drawn, "seeds": project.seeds}
    settings, inputs = contents(recipes, about)
    shown = (*settings.tables, *settings.pictures, *settings.figures, *([settings.claims] if settings.claims else ()), *settings.models)
    captions = dict.fromkeys(item.caption for item in shown if item.caption)
    return project.job("page", settings, inputs, reference=(*ASSETS, *captions))


def contents(recipes: Sequence[Recipe], about: Mapping[str, Any], wanted: Collection[str] = WANTED) -> tuple[c.PageConfig, dict[str, str]]:
    """The configuration of the page, and its inputs: what the stages `wanted` make, and the models behind it.

    `about`: what its configuration says of the profile. The inputs are all outputs of every job that has a part in this, and the
    configuration knows the hash of their recipes. So the page is made again when anything in the lineage that it tells is another, also
    where every number that it prints stayed the same.
    """
    jobs = below(recipes, wanted)
    tables = {path for recipe in recipes if recipe.rule == "render" for path in recipe.inputs.values()}
    shown: dict[str, list[tuple[str, c.Shown]]] = {kind: [] for kind in ("tables", "figures", "claims", "models")}
    inputs: dict[str, str] = {}
    for recipe in jobs:
        for role, path in recipe.outputs.items():
            item = c.Shown(rule=recipe.rule, name=recipe.name, output=role, caption=_caption(recipe.rule, path))
            inputs[item.role()] = path
            if path in tables and role != "claims":
                shown["tables"].append((path, item))
            elif recipe.rule in wanted and role == "figure" and PurePosixPath(path).suffix in IMAGES:
                shown["figures"].append((path, item))
            elif role in ("claims", "card"):
                shown["claims" if role == "claims" else "models"].append((path, item))
    figures = [item for _, item in sorted(shown["figures"], key=lambda pair: _of_the_paper(pair[0]))]
    settings = c.PageConfig(
        **about,
        tables=tuple(item for _, item in sorted(shown["tables"], key=lambda pair: pair[0])),
        pictures=tuple(item for rule in PICTURES for item in figures if item.rule == rule),
        figures=tuple(item for item in figures if item.rule not in PICTURES),
        claims=next((item for _, item in shown["claims"]), None),
        gains=tuple(_gains(recipe) for recipe in jobs if recipe.rule == "gains"),
        models=tuple(item for _, item in shown["models"]),
        steps={recipe.rule: STAGES[recipe.rule].step for recipe in jobs},
        recipes=hashlib.sha256("".join(recipe.text() for recipe in jobs).encode()).hexdigest()[:20],
    )
    return settings, inputs


def _gains(drawn: Recipe) -> c.ClassGains:
    """What a figure of gains shows, of the same table of classes."""
    classes = {"rule": "classes", "name": drawn.name, "output": "table"}
    return parse(c.ClassGains, {key: drawn.config[key] for key in ("benchmark", "pairs")} | {"classes": classes}, drawn.title)


def below(recipes: Sequence[Recipe], wanted: Collection[str]) -> list[Recipe]:
    """Those of `recipes` that are of the stages `wanted`, or have a part in one of these."""
    maker = {path: number for number, recipe in enumerate(recipes) for path in recipe.outputs.values()}
    waiting = [number for number, recipe in enumerate(recipes) if recipe.rule in wanted]
    found = set(waiting)
    for number in waiting:
        recipe = recipes[number]
        for other in {maker[path] for path in (*recipe.inputs.values(), *recipe.reads)} - found:
            found.add(other)
            waiting.append(other)
    return [recipe for number, recipe in enumerate(recipes) if number in found]


def _of_the_paper(path: str) -> tuple[bool, str]:
    """The figures of the paper by their numbers; after them the others, as the jobs come."""
    stem = PurePosixPath(path).stem
    numbered = re.fullmatch(r"figure\d+", stem)
    return (not numbered, stem if numbered else "")


def _caption(rule: str, path: str) -> str | None:
    files = (CAPTIONS / f"{stem}.rst" for stem in (PurePosixPath(path).stem, rule))
    return next((file.as_posix() for file in files if file.is_file()), None)
