"""What is printed and stands on a file: each number once."""

from larvseg.audit.reach import reach
from larvseg.audit.tree import Tree
from larvseg.lineage.recipes import Recipe

MODEL, TABLE, TYPESET, PAGE = "results/model", "results/table3.csv", "reports/tables/table3.md", "reports/index.html"


def job(rule: str, path: str, *inputs: str) -> Recipe:
    return Recipe(rule, "x", {}, {}, {str(number): file for number, file in enumerate(inputs)}, {"output": path})


def test_what_shows_a_table_once_more_is_not_reached_beside_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    jobs = [job("train", MODEL), job("table", TABLE, MODEL), job("render", TYPESET, TABLE), job("page", PAGE, MODEL, TABLE)]
    tree = Tree(jobs)
    assert reach(tree, [MODEL]) == (TABLE,)
    assert reach(tree, [PAGE]) == (PAGE,)
