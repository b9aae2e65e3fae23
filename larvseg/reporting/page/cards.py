"""Model cards as HTML."""

from __future__ import annotations

from markdown_it import MarkdownIt

LEVELS = 3  # by which the headings of a card lie below those of the page


def as_html(card: str) -> str:
    """The Markdown text `card` as HTML without its title, other headings `LEVELS` further down.

    HTML in it stays text; an image, which would lie outside the page, becomes a link.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    tokens = parser.parse(card)
    if tokens and tokens[0].tag == "h1":
        tokens = tokens[3:]
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + LEVELS - 1)}"
    return parser.renderer.render(tokens, parser.options, {})
