"""The page in a browser: what opens, sorts and turns dark, on a desk and on a phone."""

import hashlib
import json
from pathlib import Path

import pytest

from tests.browser import DESKTOP, PHONE
from tests.reporting.page.conftest import TAR, ZIP

pytestmark = pytest.mark.usefixtures("quiet")


def sha256(toy_page: Path, path: str) -> str:
    return hashlib.sha256((toy_page.parents[1] / path).read_bytes()).hexdigest()


def test_a_click_on_a_number_opens_its_lineage_down_to_the_archives(browser, toy_page):
    browser.open(toy_page).click('[data-cell="table3:1:novel"]')
    browser.wait("return document.querySelector('#panel').open")
    text = browser.one("#panel").text
    for path in (ZIP, "results/toy/evaluations/larvseg-a150/seed0/confusion.arrow", "results/toy/runs/larvseg-a150/seed0/config.json"):
        assert path in text and sha256(toy_page, path) in text
    assert "baseline-a150" not in text  # another row
    assert "counted again from the confusion counts" in text and "drawn here, seed 7" in text
    assert "https://images.test/n02084071.tar, research only" in text and sha256(toy_page, TAR) in text
    assert "larvseg audit show results/table3.csv --where run=larvseg-a150 --column novel" in text
    steps = [title.split()[0] for title in browser.texts("#panel .chain h3")]
    assert steps == ["Table", "Evaluation", "Training", "Backbone", "Manifest", "Manifest", "Archives", "Archives"]


def test_escape_closes_the_panel_and_the_number_has_the_focus_again(browser, toy_page):
    browser.open(toy_page).click('[data-cell="table3:0:base"]')
    browser.wait("return document.querySelector('#panel').open")
    assert browser.run("return location.hash") == "#cell=table3:0:base"
    assert browser.run("return document.querySelector('#panel').contains(document.activeElement)")
    browser.escape()
    browser.wait("return !document.querySelector('#panel').open && location.hash === ''")  # the dialog tells of its end a moment later
    assert browser.run("return document.activeElement.dataset.cell") == "table3:0:base"


def test_an_address_leads_to_a_number_a_file_or_a_claim(browser, toy_page):
    browser.open(toy_page, fragment="#cell=table3:1:published_novel")
    text = browser.one("#panel").text
    assert "26.8" in text and "data/reference/published/table3.csv" in text and "As the paper prints it" in text
    browser.open(toy_page, fragment="#file=reports/figures/figure2.png")
    assert browser.texts("#panel-title") == ["reports/figures/figure2.png"] and ZIP in browser.one("#panel").text
    browser.open(toy_page, fragment="#claim=0")
    assert browser.texts("#panel-title") == ["LarvSeg above Baseline"]
    assert "results/toy/runs/baseline-a150/seed0/model.safetensors" in browser.one("#panel").text


@pytest.mark.parametrize(
    "nothing", ["#cell=table3:9:novel", "#cell=constructor", "#file=%", "#claim=length", "#class=A150/%", "#toString=1", "#figures"]
)
def test_an_address_that_leads_nowhere_opens_nothing_and_is_no_error(browser, toy_page, nothing):
    browser.open(toy_page, fragment=nothing)
    assert not browser.run("return document.querySelector('#panel').open")


def test_the_chain_can_be_walked_and_the_way_back_is_there(browser, toy_page):
    browser.open(toy_page).click('[data-cell="table2:0:classes"]')
    browser.wait("return document.querySelector('#panel').open")
    browser.click(f'#panel a[href$="{ZIP.rpartition("/")[2]}"]')
    browser.wait(f"return document.querySelector('#panel-title').textContent === '{ZIP}'")
    browser.driver.back()
    browser.wait("return document.querySelector('#panel-title').textContent === 'A150'")


def test_headings_sort_numbers_as_numbers_and_then_give_the_first_order_back(browser, toy_page):
    browser.open(toy_page)
    published = browser.texts("#table3 tbody td.theirs.novel")
    assert published == ["20.8", "26.8", "9.1"]
    orders = {}
    for _ in range(3):
        browser.click("#table3 thead th.novel:nth-last-child(2) button")
        state = browser.one("#table3 thead th.novel:nth-last-child(2)").get_attribute("aria-sort")
        orders[state] = browser.texts("#table3 tbody td.theirs.novel")
    assert orders == {"descending": ["26.8", "20.8", "9.1"], "ascending": ["9.1", "20.8", "26.8"], None: published}
    browser.run("document.querySelector('#table3 thead tr:last-child th button').focus()")
    browser.press("\n")  # by keyboard
    assert browser.one("#table3 thead tr:last-child th").get_attribute("aria-sort") == "ascending"


def test_empty_cells_come_last_in_both_orders(browser, toy_page):
    browser.open(toy_page)
    for _ in range(2):
        browser.click("#claims thead th:nth-child(3) button")
        assert browser.texts("#claims tbody tr td:nth-child(3)")[-1] == "–"


def test_claims_sort_by_verdict(browser, toy_page):
    browser.open(toy_page)
    for order in (["holds", "not measured"], ["not measured", "holds"]):
        browser.click("#claims thead th:last-child button")
        assert browser.texts("#claims tbody td:last-child > .verdict") == order


def test_thousands_and_millions_sort_as_numbers(browser, toy_page):
    browser.open(toy_page)
    browser.click("#table2 thead tr:last-child th:nth-child(7) button")
    assert browser.one("#table2 thead tr:last-child th:nth-child(7)").text.lower().startswith("images")
    assert browser.texts("#table2 tbody td:nth-child(7)") == ["14M", "20K+2K"]


@pytest.mark.parametrize("dark", [False, True])
def test_the_theme_is_that_of_the_system_until_it_is_chosen(browser, toy_page, dark):
    def ground() -> int:
        """0 black … 255 white."""
        return browser.run("return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[1]")

    browser.open(toy_page, dark=dark)
    assert (ground() < 60) is dark
    browser.click("#theme")
    assert (ground() < 60) is not dark
    assert browser.one("#theme").get_attribute("aria-pressed") == str(not dark).lower()
    browser.driver.refresh()
    assert (ground() < 60) is not dark  # it is kept


@pytest.mark.parametrize("dark", [False, True])
def test_words_can_be_read_in_both_themes(browser, toy_page, dark):
    """Contrast of at least 4.5 : 1 (WCAG AA), of text on the ground that it stands on."""
    browser.open(toy_page, dark=dark, fragment="#cell=table3:1:novel")
    found = browser.run(CONTRAST)
    assert len(found) > 100
    assert [item for item in found if item[0] < 4.5] == []


CONTRAST = """
const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
const rgba = (colour) => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
};
const light = (colour) => {
  const [r, g, b] = rgba(colour).map((part) => part / 255).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = (node) => {
  for (; node; node = node.parentElement) {
    const colour = getComputedStyle(node).backgroundColor;
    if (rgba(colour)[3] === 255) return colour;
  }
  return "white";
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const found = [];
for (let text = walker.nextNode(); text; text = walker.nextNode()) {
  const node = text.parentElement;
  if (!text.data.trim() || !node.checkVisibility() || node.closest("script, style, noscript, svg")) continue;
  const [one, other] = [light(getComputedStyle(node).color), light(ground(node))].sort((a, b) => b - a);
  found.push([(one + 0.05) / (other + 0.05), text.data.trim().slice(0, 40), node.className]);
}
return found;
"""


@pytest.mark.parametrize("fragment", ["", "#cell=table3:1:novel", "#file=reports/figures/figure2.png"])
def test_nothing_is_wider_than_a_phone(browser, toy_page, fragment):
    browser.open(toy_page, PHONE, fragment=fragment)
    browser.run("document.querySelectorAll('details').forEach((node) => { node.open = true })")
    assert browser.run("return [innerWidth, document.documentElement.scrollWidth]") == [360, 360]
    assert browser.run("return document.querySelector('#panel').scrollWidth <= 360")
    assert browser.run("return document.querySelector('#table3 .scroll').scrollWidth") > 360  # tables scroll in their own box


def test_training_curves_are_drawn_of_the_runs_that_are_chosen(browser, toy_page):
    browser.open(toy_page)
    what = ["loss", "of attended patches (loss_aux)"]
    assert browser.texts("#plot label") == [*what, "baseline-a150", "larvseg-a150", "denseclip-a150"]
    assert len(browser.texts("#plot path.line")) == 2  # what the paper compares
    browser.click("#plot fieldset:last-of-type label:nth-of-type(1)")
    assert len(browser.texts("#plot path.line")) == 1
    browser.click("#plot fieldset:first-of-type label:nth-of-type(2)")
    assert browser.shown("#plot fieldset:last-of-type label") == ["larvseg-a150"]  # the one that has it
    assert "loss_aux of larvseg-a150.seed0 by step" == browser.one("#plot svg[role=img]").get_attribute("aria-label")


def test_a_file_is_found_by_its_path_or_its_hash(browser, toy_page):
    browser.open(toy_page)
    for words in ("imagenet/n02084071", sha256(toy_page, ZIP)[:12], "ADEChallenge"):
        browser.one("#find").clear()
        browser.one("#find").send_keys(words)
        assert browser.texts("#found a") == ([] if "n02084071" in words else [ZIP])
    browser.click("#found a")
    browser.wait(f"return document.querySelector('#panel-title').textContent === '{ZIP}'")


def test_a_figure_is_seen_at_its_full_size(browser, toy_page):
    browser.open(toy_page).click("#figure2 .image")
    assert browser.run("const image = document.querySelector('#large img'); return [image.naturalWidth, image.width, image.alt]") == [
        900,
        900,
        "A heat map.",
    ]
    browser.escape()
    browser.wait("return !document.querySelector('#large').open")


def test_without_a_script_everything_that_is_printed_is_there(browser, toy_page):
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.driver.get(toy_page.as_uri())
        text = browser.one("body").text
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    data = json.loads((toy_page.parents[1] / "results/toy/evaluations/larvseg-a150/seed0/metrics.json").read_text())
    assert f"{data['novel']:.1f}" in text and "26.8" in text and "LarvSeg above Baseline" in text
    assert DESKTOP[0] == browser.open(toy_page).run("return innerWidth")
