"""The stage `page`: everything that was made, on one page that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from larvseg.columns import grouped
from larvseg.config.page import PageConfig, Shown
from larvseg.reporting.cells import read_cells
from larvseg.reporting.page.captions import Caption, read_caption
from larvseg.reporting.page.cards import as_html
from larvseg.reporting.page.claims import claims_of
from larvseg.reporting.page.classes import classes_of
from larvseg.reporting.page.curves import curves_of
from larvseg.reporting.page.datasets import datasets_of
from larvseg.reporting.page.gains import gains_of
from larvseg.reporting.page.graph import TOLD, Graph
from larvseg.reporting.page.images import embedded
from larvseg.reporting.page.numbers import Recount
from larvseg.reporting.page.overview import overview_of
from larvseg.reporting.page.tables import view

FOLDER = Path(__file__).parent
SCRIPTS = ("page.js", "classes.js")  # at the end of the page, in this order
FORMS = {"Markdown": "markdown", "LaTeX": "latex"}  # of a table that was set in type


def page(config: PageConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write `page`, an HTML file without any outside resource.

    inputs: all outputs of every job that has a part in what is shown, by <rule>/<name>/<output>, each with its record beside it. The page
    holds no time and no host: from the same inputs it is the same. Raises LarvSegError for a number that does not follow from its confusion
    counts, and for a caption that cannot be read.
    """
    contents = Contents(config, inputs)
    styles, theme, *scripts = ((FOLDER / name).read_text(encoding="utf-8") for name in ("page.css", "theme.js", *SCRIPTS))
    template = _environment().get_template("page.html.jinja")
    policy = _policy(styles, theme, *scripts)
    html = template.render(**vars(contents), styles=styles, theme=theme, scripts=scripts, policy=policy)
    outputs["page"].write_text(html, encoding="utf-8")


class Contents:
    """What the template shows: its attributes are the names that the template knows. `data` is what the page's script knows."""

    def __init__(self, config: PageConfig, inputs: Mapping[str, Path]):
        self.config, self.inputs = config, inputs
        self.graph = Graph(path.as_posix() for path in inputs.values())
        self.data: dict[str, Any] = {"files": self.graph.files, "jobs": self.graph.jobs, "told": TOLD, "steps": config.steps, "numbers": {}}
        recount = Recount(self.graph)
        self.tables = [self._table(item, recount) for item in config.tables]
        figures = self._figures((*config.pictures, *config.figures))
        self.pictures, self.figures = figures[: len(config.pictures)], figures[len(config.pictures) :]
        self.claims = claims_of(self._path(config.claims)) if config.claims else None
        self.claims_caption = self._caption(config.claims) if config.claims else None
        self.gains = [{"path": self._path(item.classes), "tables": gains_of(item, self._path(item.classes))} for item in config.gains]
        self.models = [self._model(item) for item in config.models]
        columns = [column for table in self.tables for column in table["view"].layout.columns]
        self.beside = any(column.group == "published" or column.heading == "published" for column in columns)  # the paper has these rows
        csv = {table["view"].layout.name: table["path"] for table in self.tables}
        self.datasets = datasets_of(csv["table2"], self.graph) if "table2" in csv else []
        self.overview = overview_of(csv["table3"]) if "table3" in csv else None
        self.archives = [file for file in self.graph.files if "origin" in file]
        named = {figure["path"]: (as_id(figure["name"]), figure["caption"].title) for figure in figures}
        self.data["classes"] = self.classes = classes_of(self.graph, recount, named)
        self.data["claims"] = self.claims.as_data() if self.claims else []
        self.data["curves"] = [curve for item in config.models for curve in self._curves(item)]

    def _path(self, item: Shown, output: str | None = None) -> str:
        """Where what is shown lies, or another output of its job."""
        return self.inputs[item.role(output)].as_posix()

    def _caption(self, item: Shown) -> Caption:
        title = Path(self._path(item)).stem
        if item.caption is None:
            return Caption(title, alt=title)
        return read_caption(Path(item.caption), item.name, {"profile": self.config.profile})

    def _table(self, item: Shown, recount: Recount) -> dict[str, Any]:
        path, cells = self._path(item), self.inputs.get(item.role("cells"))
        shown, links = view(path, read_cells(cells) if cells else (), self.graph, recount)
        self.data["numbers"] |= links
        typeset = {form: self.inputs.get(f"render/{item.name}/{role}") for form, role in FORMS.items()}
        texts = {form: file.read_text(encoding="utf-8") for form, file in typeset.items() if file}
        return {"view": shown, "path": path, "caption": self._caption(item), "texts": texts}

    def _figures(self, items: Sequence[Shown]) -> list[dict[str, Any]]:
        paths = [Path(self._path(item)) for item in items]
        each = zip(items, paths, embedded(paths), strict=True)
        return [{"name": path.stem, "path": path.as_posix(), "image": image, "caption": self._caption(item)} for item, path, image in each]

    def _model(self, item: Shown) -> dict[str, Any]:
        path = self._path(item, "model" if item.role("model") in self.inputs else None)
        card = as_html(self.inputs[item.role()].read_text(encoding="utf-8"))
        return {"name": _name(item), "path": path, "job": self.graph.job_of(path), "card": card}

    def _curves(self, item: Shown) -> list[dict[str, Any]]:
        """Those of a model that was trained in steps."""
        file = self.inputs.get(item.role("curves"))
        return [{"name": _name(item), "series": curves_of(file)}] if file else []


def _name(model: Shown) -> str:
    """A run and its seed; of other models, of what kind they are, too."""
    return model.name if ".seed" in model.name else f"{model.rule} {model.name}"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":"), "allow_nan": False}
    environment.filters |= {"bytes": as_size, "grouped": grouped, "id": as_id, "minus": lambda number: number.replace("-", "−")}
    return environment


def _policy(styles: str, *scripts: str) -> str:
    """The page may run its own scripts, has its own style sheet and shows what stands in it; nothing else.

    Attributes of style are allowed: they say where dots lie and how long bars are.
    """
    style, *run = (f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in (styles, *scripts))
    rules = f"script-src {' '.join(run)}; style-src-elem {style}; style-src-attr 'unsafe-inline'; img-src data:"
    return f"default-src 'none'; {rules}; base-uri 'none'; form-action 'none'"


def as_id(text: str) -> str:
    """`text` as a name within the page."""
    return "".join(character if character.isalnum() else "-" for character in text)


def as_size(size: int) -> str:
    """Bytes as people say them: 3.33 MB."""
    amount, units = float(size), ["bytes", "kB", "MB", "GB", "TB"]
    while amount >= 999.5 and len(units) > 1:
        amount, units = amount / 1000, units[1:]
    return f"{size} bytes" if units[0] == "bytes" else f"{amount:.3g} {units[0]}"
