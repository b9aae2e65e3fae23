"""One layout, three renderings: the same numbers in each, and nothing that Markdown or LaTeX would take for its own."""

import os
import re
import shutil
import subprocess

import pytest
from markdown_it import MarkdownIt

from larvseg.config import RenderConfig
from larvseg.reporting.layout import Column, Entry, Layout, layout_of
from larvseg.reporting.rendering import as_latex, as_markdown, as_text, render
from tests.reporting.conftest import LARVSEG, SUPERVISED

HOSTILE = r"50 % of A_1 & #2, $x^2$ ~ {a} \b | *c* `d` <e> [f]"


@pytest.fixture
def layout(write) -> Layout:
    return layout_of(write((LARVSEG, SUPERVISED), (0, 1), {"larvseg-a150": [(20, 52, 1), (22, 52, 2)], "supervised-a847": [(1, 2, 3)]}))


def odd(**changes) -> Layout:
    """One row with all that is special somewhere."""
    columns = (Column(HOSTILE), Column("all", "ours", True), Column("all", "published", True))
    row = (Entry(HOSTILE), Entry("1.0", (0, "all"), "0.2"), Entry("–"))
    settings = {"name": "odd", "title": f"Table 9: {HOSTILE}", "columns": columns, "rows": (row,)}
    return Layout(**{**settings, "notes": (HOSTILE,), "remarks": (HOSTILE,), **changes})


# ---- text


def test_groups_stand_above_their_columns_and_points_below_each_other(layout):
    lines = as_text(layout).splitlines()
    assert lines[0] == layout.title and lines[1] == ""
    assert lines[2].split() == ["ours", "published"]
    assert lines[2].index("published") == lines[3].rindex(" all")
    assert lines[5].split() == ["A150", "LarvSeg", "C171,", "WA150", *"21.0 ± 1.4 52.0 ± 0.0 1.5 ± 0.7 1 32.4 41.3 26.8 1".split()]
    assert lines[6].split() == ["A847", "Supervised", "A847", *"1.0 2.0 3.0 1 18.6 40.6 15.9 1".split()]
    assert lines[5].index("21.0") + 1 == lines[6].index("1.0 ")
    assert tuple(lines[8:]) == layout.notes


def test_without_groups_there_is_no_line_of_them():
    lines = as_text(odd(columns=(Column("a"), Column("b"), Column("c")))).splitlines()
    assert lines[2].split() == ["a", "b", "c"]


# ---- Markdown


def cells_of_markdown(text: str) -> list[list[str]]:
    """The cells as a Markdown parser reads them."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    rows: list[list[str]] = []
    for token, content in zip(tokens, tokens[1:], strict=False):
        if token.type == "tr_open":
            rows.append([])
        elif token.type in ("th_open", "td_open"):
            kinds = {child.type for child in content.children}
            assert kinds <= {"text", "text_special"}, content.content  # no emphasis, code or link
            rows[-1].append("".join(child.content for child in content.children))
    return rows


def test_markdown_has_the_cells_of_the_layout(layout):
    text = as_markdown(layout)
    head, *rows = cells_of_markdown(text)
    numbers = [f"{group} {name}" for group in ("ours", "published") for name in ("all", "base", "novel", "place")]
    assert head == ["benchmark", "model", "training data", *numbers]
    assert rows == [[str(entry) for entry in row] for row in layout.rows]
    assert text.startswith(f"**{layout.title}**\n\n|") and "\n- profile mini, seeds 0 1; Supervised: 0\n" in text


def test_markdown_takes_no_text_for_its_own():
    head, row = cells_of_markdown(as_markdown(odd()))
    assert head == [HOSTILE, "ours all", "published all"] and row == [HOSTILE, "1.0 ± 0.2", "–"]


def test_columns_of_numbers_are_aligned_at_the_right(layout):
    rule = as_markdown(layout).splitlines()[3]
    assert [cell.strip()[-1] for cell in rule.strip("|").split("|")] == ["-"] * 3 + [":"] * 8


# ---- LaTeX


ESCAPED = {
    r"\textbackslash{}": "\\",
    r"\textasciitilde{}": "~",
    r"\textasciicircum{}": "^",
    r"$\pm$": "±",
    r"$\times$": "×",
    "$<$": "<",
    "$>$": ">",
    "{[}": "[",
    "{*}": "*",
    "--": "–",
    **{rf"\{character}": character for character in "&%$#_{}"},
}


def read_latex(text: str) -> str:
    """What LaTeX sets for escaped `text`; fails on whatever is left that it would take for a command."""
    pattern = re.compile("|".join(map(re.escape, sorted(ESCAPED, key=len, reverse=True))))
    assert not re.search(r"[\\${}&%#_^~]", pattern.sub("", text)), text
    return pattern.sub(lambda match: ESCAPED[match.group()], text)


def rows_of_latex(text: str) -> list[list[str]]:
    body = re.search(r"\\toprule\n(.*)\n\\bottomrule", text, re.DOTALL).group(1)
    lines = [line.removesuffix(r" \\") for line in body.splitlines() if line.endswith(r"\\")]
    return [re.split(r"(?<!\\) & ", f" {line}"[1:]) for line in lines]


def test_latex_has_the_cells_of_the_layout(layout):
    groups, head, *rows = rows_of_latex(as_latex(layout))
    assert groups[-2:] == [r"\multicolumn{4}{c}{ours}", r"\multicolumn{4}{c}{published}"]
    assert [read_latex(cell) for cell in head] == [column.heading for column in layout.columns]
    plain = [[read_latex(re.sub(r"\\phantom\{[^}]*\}", "", cell)) for cell in row] for row in rows]
    assert plain == [[str(entry) for entry in row] for row in layout.rows]
    assert r"1.0\phantom{ $\pm$ 1.4}" in as_latex(layout)  # the points of numbers without a spread stand below the others


def test_latex_takes_no_text_for_its_own():
    text = as_latex(odd())
    *_, head, row = rows_of_latex(text)
    assert [read_latex(cell) for cell in row] == [HOSTILE, "1.0 ± 0.2", "–"] and read_latex(head[0]) == HOSTILE
    (caption,) = re.findall(r"\\caption\{(.*)\.\}\n", text)
    assert read_latex(caption) == f"{HOSTILE}. {HOSTILE}"
    (remark,) = re.findall(r"\\footnotesize (.*)\}\n", text)
    assert read_latex(remark) == HOSTILE


def test_latex_is_balanced(layout):
    for text in (as_latex(layout), as_latex(odd())):
        depth = 0
        for character in re.sub(r"\\[&%$#_{}]", "", text):
            depth += {"{": 1, "}": -1}.get(character, 0)
            assert depth >= 0
        assert depth == 0
        opened = re.findall(r"\\(begin|end)\{(\w+)\}", text)
        assert opened == [("begin", "table"), ("begin", "tabular"), ("end", "tabular"), ("end", "table")]
        assert len(re.findall(r"(?<!\\)\$", text)) % 2 == 0 and text.isascii()
    columns = re.search(r"\\begin\{tabular\}\{(\w+)\}", as_latex(layout)).group(1)
    assert columns == "lll" + "r" * 8
    assert {len(row) for row in rows_of_latex(as_latex(layout))[1:]} == {11}
    assert r"\cmidrule(lr){4-7} \cmidrule(lr){8-11}" in as_latex(layout)


def test_latex_sets_every_table_within_the_page(layout, tmp_path):
    if not shutil.which("pdflatex"):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("needs pdflatex: apt-get install texlive-latex-recommended")
    tables = as_latex(layout) + as_latex(odd())
    paper = rf"\documentclass{{article}}\usepackage{{booktabs,graphicx}}\begin{{document}}{tables}\end{{document}}"
    (tmp_path / "paper.tex").write_text(paper)
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "paper.tex"]
    output = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    assert "Output written on paper.pdf" in output, output
    assert "Overfull" not in output, output


def test_rows_that_are_not_compared_are_parted(layout):
    assert as_latex(layout).count(r"\midrule") == 2


# ---- the stage


def test_the_stage_writes_both_and_repeats(write, tmp_path):
    table = write((LARVSEG,), (0,), {"larvseg-a150": [(20, 52, 1)]})
    outputs = {"markdown": tmp_path / "t.md", "latex": tmp_path / "t.tex"}
    first = None
    for _ in range(2):
        render(RenderConfig(table="table3", profile="mini"), {"table": table}, outputs, tmp_path / "work")
        made = tuple(path.read_bytes() for path in outputs.values())
        assert first in (None, made)
        first = made
    assert made == (as_markdown(layout_of(table)).encode(), as_latex(layout_of(table)).encode())
