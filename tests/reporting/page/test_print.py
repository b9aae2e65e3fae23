"""The page on paper."""

import base64
import re

import pytest

pytestmark = pytest.mark.usefixtures("quiet")
PAPER = (703, 1000)  # an A4 sheet between its margins, in pixels


@pytest.fixture
def printed(browser, toy_page):
    """The page as it is laid out for paper."""
    browser.open(toy_page, PAPER, dark=True)
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    return browser


def test_nothing_is_printed_that_paper_cannot_do(printed):
    for selector in (".sections", "#class-search", "#panel", "#files", ".lineage", "summary + p a", "#plot fieldset"):
        assert [text for text in printed.shown(selector) if text and selector != ".lineage"] == [], selector
    assert printed.shown(".lineage") == ["LarvSeg above Baseline", "LarvSeg below itself"]  # claims are links, and are printed
    assert printed.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_tables_are_as_wide_as_the_paper_at_most(printed):
    boxes = "[...document.querySelectorAll('.scroll')].filter((box) => box.getClientRects().length)"
    wide = printed.run(f"return {boxes}.filter((box) => box.scrollWidth > box.clientWidth + 1).map((box) => box.closest('[id]').id)")
    assert wide == [] and len(printed.shown("#table3 tbody tr")) == 3


def test_each_figure_stands_on_a_page_of_its_own(printed):
    answer = printed.driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True, "paperWidth": 8.27, "paperHeight": 11.69})
    pages = len(re.findall(rb"/Type\s*/Page\b(?!s)", base64.b64decode(answer["data"])))
    figures = len(printed.shown("figure .image"))
    assert figures == 4 and pages >= figures + 3  # the first stands below the head; beside them tables, claims and curves
    styles = "[...document.querySelectorAll('figure:not(.overview)')].map((figure) => getComputedStyle(figure))"
    assert set(printed.run(f"return {styles}.map((style) => style.breakInside)")) == {"avoid"}
    assert printed.run(f"return {styles}.map((style) => style.breakBefore)") == [
        "auto",
        "auto",
        "page",
        "page",
    ]  # the first has its heading above
    heights = printed.run("return [...document.querySelectorAll('figure img')].map((image) => image.height)")
    assert max(heights) <= 195 / 25.4 * 96 + 1
