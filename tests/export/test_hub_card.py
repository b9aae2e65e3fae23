"""The model card: names of classes are shown as they are, whatever they contain."""

import json
import re

import pytest
from markdown_it import MarkdownIt

from larvseg.config import TrainConfig, parse
from larvseg.export.hub_card import escaped, readme
from tests.export.conftest import NAMES

HOSTILE = [
    *NAMES,
    "<script>alert(1)</script>",
    "a\n\n# b",
    "---",
    "&lt;",
    "![x](y)",
    "www.x.org",
    "~~cut~~",
    "\\",
    "$x$",
    "Straße, 1. Teil",
]


def shown(markdown: str) -> str:
    """Its text as a browser shows it; any element but a paragraph is left in."""
    html = MarkdownIt("gfm-like", {"linkify": False}).render(markdown)
    text = re.sub(r"</?p>", "", html).strip()
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_shown_as_it_is(name):
    assert shown(f"1 category: {escaped(name)}") == f"1 category: {' '.join(name.split())}"


def test_names_break_no_section_of_the_card(windows):
    saved = json.loads((windows / "config.json").read_text())
    config = parse(TrainConfig, saved["train"], "config.json")
    text = readme(config, {**saved["vocabulary"], "classes": {"WA150": HOSTILE}}, saved["annotations"], 7, None)
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(text.split("\n---\n", 1)[1])
    headings = [tokens[i + 1].content for i, token in enumerate(tokens) if token.type == "heading_open"]
    assert headings == ["larvseg", "Use", "Numbers", "Categories", "Data", "Training", "Limits", "Licence"]
    assert not [token for token in tokens if token.type == "html_block"]
    assert not [child for token in tokens for child in token.children or [] if child.type in ("html_inline", "link_open", "image")]


@pytest.mark.parametrize("drawn, said, terms", [(True, "So are these weights", "mit"), (False, "WA150, C171", "other")])
def test_the_card_says_the_terms(drawn, said, terms, windows):
    saved = json.loads((windows / "config.json").read_text())
    config = parse(TrainConfig, saved["train"] | {"drawn": drawn}, "config.json")
    text = readme(config, saved["vocabulary"], {}, 7, None)
    assert said in text.split("## Licence")[1] and f"\nlicense: {terms}\n" in text
