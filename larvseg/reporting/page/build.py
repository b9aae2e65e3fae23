"""The stage `page`: everything that was made, on one page that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from larvseg.columns import grouped
from larvseg.config.page import PageConfig
from larvseg.config.page import Shown as Item
from larvseg.reporting.cells import read_cells
from larvseg.reporting.page.captions import Caption, read_caption
from larvseg.reporting.page.cards import as_html
from larvseg.reporting.page.claims import as_data, claims_of
from larvseg.reporting.page.curves import curves_of
from larvseg.reporting.page.datasets import datasets_of
from larvseg.reporting.page.graph import TOLD, Graph
from larvseg.reporting.page.numbers import Recount
from larvseg.reporting.page.overview import overview_of
from larvseg.reporting.page.pictures import embedded
from larvseg.reporting.page.tables import view

FOLDER = Path(__file__).parent
Roles = Mapping[str, str]  # <rule>/<name>/<output> → path


def page(config: PageConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write `page`, an HTML file without any outside resource.

    inputs: all outputs of every job that has a part in what is shown, by <rule>/<name>/<output>, each with its record beside it. The page
    holds no time and no host: from the same inputs it is the same. Raises LarvSegError for a number that does not follow from its confusion
    counts, and for a caption that cannot be read.
    """
    paths = {role: path.as_posix() for role, path in inputs.items()}
    graph = Graph(paths.values())
    numbers: dict[str, Any] = {}
    recount = Recount(graph)
    tables = []
    for item in config.tables:
        cells = paths.get(item.role("cells"))
        shown, links = view(paths[item.role()], read_cells(Path(cells)) if cells else (), graph, recount)
        numbers |= links
        tables.append({"view": shown, "path": paths[item.role()], "caption": _caption(item, config, item.name)})
    csv = {table["view"].layout.name: table["path"] for table in tables}
    claims = claims_of(paths[config.claims.role()]) if config.claims else None
    data = {
        "files": graph.files,
        "jobs": graph.jobs,
        "told": TOLD,
        "numbers": numbers,
        "curves": _curves(config, paths),
        "claims": as_data(claims) if claims else [],
    }
    styles, theme, script = (_asset(name) for name in ("page.css", "theme.js", "page.js"))
    html = (
        _environment()
        .get_template("page.html.jinja")
        .render(
            config=config,
            tables=tables,
            figures=[_figure(item, config, paths) for item in config.figures],
            claims=claims,
            models=[_model(item, paths, graph) for item in config.models],
            datasets=datasets_of(csv["table2"], graph) if "table2" in csv else [],
            overview=overview_of(csv["table3"]) if "table3" in csv else None,
            archives=[file for file in graph.files if "origin" in file],
            data=data,
            styles=styles,
            theme=theme,
            script=script,
            policy=_policy(theme, script),
        )
    )
    outputs["page"].write_text(html, encoding="utf-8")


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":"), "allow_nan": False}
    environment.filters |= {"bytes": _bytes, "grouped": grouped, "domid": lambda text: "".join(c if c.isalnum() else "-" for c in text)}
    return environment


def _asset(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def _policy(*scripts: str) -> str:
    """The page may run its own scripts and show what stands in it; nothing else."""
    hashes = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    run = " ".join(f"'sha256-{digest}'" for digest in hashes)
    return f"default-src 'none'; script-src {run}; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


def _caption(item: Item, config: PageConfig, title: str) -> Caption:
    if item.caption is None:
        return Caption(title, alt=title)
    return read_caption(Path(item.caption), item.name, {"profile": config.profile})


def _figure(item: Item, config: PageConfig, paths: Roles) -> dict[str, Any]:
    path = Path(paths[item.role()])
    return {"name": path.stem, "path": path.as_posix(), "picture": embedded(path), "caption": _caption(item, config, path.stem)}


def _model(item: Item, paths: Roles, graph: Graph) -> dict[str, Any]:
    card = Path(paths[item.role()])
    model = paths.get(item.role("model"), card.as_posix())
    return {"name": item.name, "path": model, "job": graph.job_of(model), "card": as_html(card.read_text(encoding="utf-8"))}


def _curves(config: PageConfig, paths: Roles) -> list[dict[str, Any]]:
    """Those of all models that were trained in steps."""
    found = []
    for item in config.models:
        if path := paths.get(item.role("curves")):
            found.append({"name": item.name, "rule": item.rule, "path": path, "series": curves_of(Path(path))})
    return found


def _bytes(size: int) -> str:
    """A size as people say it."""
    amount, unit = float(size), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, larger
    return f"{size} bytes" if unit == "bytes" else f"{amount:.3g} {unit}" if amount < 999.5 else f"{amount:.0f} {unit}"
