"""Names that would be code if the page let them: of classes, runs, files, data sets, in captions, cards and notes."""

import json
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image
from selenium.webdriver.common.keys import Keys

from tests.reporting.page.conftest import CARD, grown

pytestmark = pytest.mark.usefixtures("quiet")
RUN = "document.documentElement.dataset.run=1"
CLASSES = [
    "wall",
    f'"><img src=x onerror="{RUN}">',
    f"</script><script>{RUN}</script>",
    f"<svg onload={RUN}>' onfocus='{RUN}",
    "{{ 7 * 7 }} / & %2F #class=",
]
MODEL = f"<iframe src='https://spy.test'></iframe><style>@import 'https://spy.test/{RUN}'</style>"
FILE = f"reports/figures/tail_'\"><img src=y onerror={RUN}>&lt;.png"


@pytest.fixture(scope="module")
def hostile_page(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("hostile"))
        tree = grown(CLASSES, {"baseline-a150": (MODEL, "C171"), "larvseg-a150": (f"javascript:{RUN}", "<b>WA150</b>")})
        Image.new("L", (90, 50)).save(FILE)
        tree.make("tail", f"<script>{RUN}</script>", {"figure": FILE}, {"table": "results/table3.csv"}, {"run": CLASSES[1]})
        card = Path("results/toy/runs/larvseg-a150/seed0/card.md")
        card.write_text(CARD.format(run="larvseg") + f"\n<script>{RUN}</script> ![spy](https://spy.test/x.png) [go](javascript:{RUN})\n")
        caption = Path("workflow/report/figure2.rst")
        caption.write_text(caption.read_text() + f"\n<script>{RUN}</script> and ``<img src=z onerror={RUN}>``\n")
        path = tree.write().absolute()
    return path


def untouched(browser) -> bool:
    """Nothing has run, and the page has no element that a name brought."""
    foreign = "img:not([src^='data:']), iframe, object, embed, body style, svg[onload], a[href^='javascript'], [onerror], [onfocus]"
    return browser.run(f"return !document.documentElement.dataset.run && !document.querySelector({json.dumps(foreign)})")


def test_names_are_text_wherever_they_stand(browser, hostile_page):
    browser.open(hostile_page)
    assert untouched(browser) and MODEL in browser.one("#table3").text
    browser.run("document.querySelectorAll('details').forEach((node) => { node.open = true })")
    browser.wait("return document.querySelector('table.classes')")
    assert browser.texts("table.classes tbody th") == CLASSES and untouched(browser)
    assert "spy" in browser.one("#models").text


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_with_any_name_is_found_and_its_lineage_opens(browser, hostile_page, name):
    browser.open(hostile_page)
    browser.one("#class-search").send_keys(name)
    assert name in browser.texts("#class-list li > b") and untouched(browser)
    browser.press(Keys.ENTER)
    browser.wait("return document.querySelector('tr.looked-up')")
    assert browser.texts("tr.looked-up th") == [name]
    browser.click("tr.looked-up td.n a")
    browser.wait("return document.querySelector('#panel').open")
    assert browser.one("#panel-title").text.startswith(name.split("  ")[0]) and untouched(browser)


def test_a_file_with_any_name_has_its_lineage(browser, hostile_page):
    browser.open(hostile_page, fragment=f"#file={quote(FILE)}")
    assert browser.texts("#panel-title") == [FILE] and untouched(browser)
    browser.escape()
    browser.one("#find").send_keys("<img")
    assert FILE in browser.texts("#found a") and untouched(browser)


def test_an_address_is_text_as_well(browser, hostile_page):
    browser.open(hostile_page, fragment=f"#class=A150/{quote(CLASSES[1], safe='')}/{quote(MODEL, safe='')}")
    assert untouched(browser)


def test_what_is_smuggled_in_does_not_run(browser, hostile_page, tmp_path):
    """The policy is the second line: were there such an element, it would do nothing."""
    smuggled = f'<script>{RUN}</script><img src="https://spy.test/x.png" onerror="{RUN}"><style>body {{ opacity: 0 }}</style></body>'
    page = tmp_path / "smuggled.html"
    page.write_text(hostile_page.read_text().replace("</body>", smuggled))
    browser.open(page)
    assert browser.run("return [document.documentElement.dataset.run ?? null, getComputedStyle(document.body).opacity]") == [None, "1"]
    assert len(browser.errors) >= 3 and browser.requests == []  # each was refused
