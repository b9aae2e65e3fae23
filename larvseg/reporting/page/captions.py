"""Captions: reStructuredText files that this page and Snakemake's own report share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from docutils import nodes
from docutils.core import publish_doctree, publish_parts
from docutils.utils import SystemMessage
from jinja2 import Environment, StrictUndefined, TemplateError

from larvseg.errors import LarvSegError

SETTINGS = {"report_level": 2, "halt_level": 2, "warning_stream": False, "file_insertion_enabled": False, "raw_enabled": False}
SETTINGS |= {"strip_comments": False, "section_self_link": False, "math_output": "MathML"}
ALT = "alt:"  # a comment that begins so is what those are told who do not see the image


@dataclass(frozen=True)
class Caption:
    """`title` and `alt` are text, `body` is HTML."""

    title: str
    body: str = ""
    alt: str = ""


class _Wildcards:
    """Those of a job: rules whose outputs have captions have one wildcard at most, and its value is the name of the job."""

    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, wildcard: str) -> str:
        return self._name


def read_caption(path: Path, name: str, config: Mapping[str, Any]) -> Caption:
    """The caption in `path` of an output of the job `name`, with `snakemake.wildcards` and `snakemake.config` filled in as Snakemake does.

    Raises LarvSegError for a file that is no valid template or reStructuredText or has no title, for an image, which would lie outside the
    page, and for a link that does not lead to another page.
    """
    environment = Environment(trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)  # Snakemake's, but strict
    snakemake = SimpleNamespace(wildcards=_Wildcards(name), config=config)
    try:
        text = environment.from_string(path.read_text(encoding="utf-8")).render(snakemake=snakemake)
        tree = publish_doctree(text, settings_overrides=SETTINGS)
        parts = publish_parts(text, writer="html5", settings_overrides={**SETTINGS, "strip_comments": True})
    except FileNotFoundError:
        raise LarvSegError(f"{path}: no such file; restore it from version control") from None
    except (TemplateError, SystemMessage) as error:
        raise LarvSegError(f"{path}: not a caption: {str(error).splitlines()[0]}") from None
    if not tree.get("title"):
        raise LarvSegError(f"{path}: a caption begins with a title")
    if next(tree.findall(nodes.image), None):
        raise LarvSegError(f"{path}: a caption has no images: the page needs nothing outside itself; leave it out")
    for link in tree.findall(nodes.reference):
        if not link.get("refuri", "https:").startswith(("https:", "http:")):
            raise LarvSegError(f"{path}: a link to {link['refuri']!r}; it begins with https:")
    comments = (comment.astext() for comment in tree.findall(nodes.comment))
    alt = next((" ".join(comment.removeprefix(ALT).split()) for comment in comments if comment.startswith(ALT)), "")
    return Caption(tree["title"], parts["body"].strip(), alt or tree["title"])
