"""A laid-out table as text for a terminal, as Markdown and as LaTeX."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path

from tabulate import tabulate

from larvseg.columns import columns
from larvseg.config import RenderConfig
from larvseg.reporting.layout import Column, Entry, Layout, layout_of

WIDTH = 120  # of notes on a terminal
SPECIAL = {
    "\\": r"\textbackslash{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: f"{{{character}}}" for character in "[*"},  # after a line break they would be its arguments
    "<": "$<$",
    ">": "$>$",
    "≥": r"$\geq$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "−": "$-$",
    "–": "--",
    "…": r"\ldots{}",
    "\u00a0": "~",
}


def render(config: RenderConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write the table in `inputs` as `markdown` and as `latex`, to be included in a page or a paper that loads booktabs and graphicx."""
    layout = layout_of(inputs["table"])
    outputs["markdown"].write_text(as_markdown(layout), encoding="utf-8")
    outputs["latex"].write_text(as_latex(layout), encoding="utf-8")


def as_text(layout: Layout) -> str:
    """Aligned columns under their headings, then the notes."""
    heads, body = grid(layout)
    below = [line for note in (*layout.remarks, *layout.notes) for line in textwrap.wrap(note, WIDTH, subsequent_indent="  ")]
    rule = "-" * max(map(len, [*heads, *body]))
    return "\n".join([layout.title, "", *heads, rule, *body, rule, *below]) + "\n"


def grid(layout: Layout) -> tuple[list[str], list[str]]:
    """The lines of the headings, and one of each row below them."""
    spreads = [max(map(len, column)) for column in _spreads(layout)]
    lines = [[column.heading for column in layout.columns]]
    lines += [[_padded(entry, width) for entry, width in zip(row, spreads, strict=True)] for row in layout.rows]
    shown = list(layout.columns)
    for at in reversed(range(1, len(shown))):
        if shown[at].group and shown[at - 1].group and shown[at].group != shown[at - 1].group:  # a wider gap between two groups
            shown.insert(at, Column(""))
            for line in lines:
                line.insert(at, "")
    head, *body = columns(lines, left=[at for at, column in enumerate(shown) if not column.number])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    over = ""
    for at, column in enumerate(shown):
        if column.group and column.group != shown[at - 1].group:
            over = f"{over:<{sum(widths[:at]) + 2 * at}}{column.group}"
    return [*([over] if over else []), head], body


def as_markdown(layout: Layout) -> str:
    """A table in GitHub's Markdown under its title; the group stands in the heading of each of its columns."""
    head = [_markdown(f"{column.group} {column.heading}".strip()) for column in layout.columns]
    body = [[_markdown(str(entry)) for entry in row] for row in layout.rows]
    sides = ["right" if column.number else "left" for column in layout.columns]
    table = tabulate(body, head, tablefmt="pipe", colalign=sides, disable_numparse=True)
    notes = [f"- {_markdown(note)}" for note in (*layout.notes, *layout.remarks)]
    return "\n".join([f"**{_markdown(layout.title)}**", "", table, "", *notes]) + "\n"


def as_latex(layout: Layout) -> str:
    """A floating table with the rules of booktabs, made smaller where it is wider than the page; title and notes are the caption, remarks
    stand below."""
    widest = [max(spreads, key=len) for spreads in _spreads(layout)]
    aligned = "".join("r" if column.number else "l" for column in layout.columns)
    lines = [_line(_latex(column.heading) for column in layout.columns), r"\midrule"]
    if any(column.group for column in layout.columns):
        lines[:0] = _grouped_heads(layout)
    for number, row in enumerate(layout.rows):
        if number in layout.breaks:
            lines.append(r"\midrule")
        lines.append(_line(_aligned(entry, spread) for entry, spread in zip(row, widest, strict=True)))
    title = layout.title.rpartition(": ")[2]
    caption = _latex(f"{title[0].upper()}{title[1:]}. {'; '.join(layout.notes)}")
    lines = [
        f"% {layout.title}; needs \\usepackage{{booktabs,graphicx}}",
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{caption}.}}",
        rf"\label{{tab:{layout.name}}}",
        r"\small",
        r"\setlength{\tabcolsep}{4pt}",
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{{aligned}}}",
        r"\toprule",
        *lines,
        r"\bottomrule",
        r"\end{tabular}}",
        *(rf"\par\smallskip\parbox{{\linewidth}}{{\footnotesize {_latex(remark)}}}" for remark in layout.remarks),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


# In a column with spreads, numbers stand below each other whether they have one or not.


def _spreads(layout: Layout) -> list[list[str]]:
    """ " ± 1.2" of each entry of each column, or nothing."""
    return [[str(entry).removeprefix(entry.text) for entry in entries] for entries in zip(*layout.rows, strict=True)]


def _padded(entry: Entry, width: int) -> str:
    return f"{entry.text}{str(entry).removeprefix(entry.text):<{width}}"


def _aligned(entry: Entry, widest: str) -> str:
    return _latex(str(entry)) + (rf"\phantom{{{_latex(widest)}}}" if widest and not entry.spread else "")


def _grouped_heads(layout: Layout) -> list[str]:
    """The line of groups above the headings, and the rules below it."""
    cells, rules, first = [], [], 1
    for group, span in layout.groups:
        cells += [rf"\multicolumn{{{span}}}{{c}}{{{_latex(group)}}}"] if group else [""] * span
        rules += [rf"\cmidrule(lr){{{first}-{first + span - 1}}}"] if group else []
        first += span
    return [_line(cells), " ".join(rules)]


def _line(cells: Iterable[str]) -> str:
    return " & ".join(cells).strip() + r" \\"


def _latex(text: str) -> str:
    return "".join(SPECIAL.get(character, character) for character in text)


def _markdown(text: str) -> str:
    return re.sub(r"([\\`*_|<\[~]|&(?=#?\w+;))", r"\\\1", text)
