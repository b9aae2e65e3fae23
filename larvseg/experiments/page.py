"""The job of the report: what the page shows, and everything that this was made of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from larvseg import config as c
from larvseg.experiments.job import Job
from larvseg.lineage.recipes import Recipe

CAPTIONS = Path("workflow/report")  # Snakemake's own report has the same
ASSETS = tuple(f"larvseg/reporting/page/{file}" for file in ("page.html.jinja", "page.css", "page.js", "theme.js"))
PICTURES = (".png", ".svg")
KINDS = {"table": "tables", "claims": "claims", "card": "models"}  # role → as what the page shows it


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
    shown: dict[str, list[c.Shown]] = {kind: [] for kind in ("tables", "figures", "claims", "models")}
    inputs: dict[str, str] = {}
    for recipe, outputs, wanted in below:
        for role, path in outputs.items():
            inputs[f"{recipe.rule}/{recipe.name}/{role}"] = path
            if (wanted or role == "card") and (kind := _kind(role, path)):
                shown[kind].append(c.Shown(rule=recipe.rule, name=recipe.name, output=role, caption=_caption(recipe.rule, path)))
    settings = c.PageConfig(
        **about,
        **{kind: tuple(items) for kind, items in shown.items()},
        recipes=hashlib.sha256("".join(recipe.text() for recipe, _, _ in below).encode()).hexdigest(),
    )
    captions = dict.fromkeys(item.caption for items in shown.values() for item in items if item.caption)
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


def _kind(role: str, path: str) -> str | None:
    """As what the page shows this output; None if it does not."""
    picture = path.startswith("reports/figures/") and PurePosixPath(path).suffix in PICTURES
    return "figures" if picture else KINDS.get(role)


def _caption(rule: str, path: str) -> str | None:
    files = (CAPTIONS / f"{stem}.rst" for stem in (PurePosixPath(path).stem, rule))
    return next((file.as_posix() for file in files if file.is_file()), None)
