"""The search over classes, and where it leads: in a browser, by keyboard, with a pointer and on a phone."""

import time

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser import PHONE
from tests.reporting.page.conftest import NAMES, grown

pytestmark = pytest.mark.usefixtures("quiet")
OPTIONS = "#class-list [role=option] > b"
MANY = 847  # classes of A847


@pytest.fixture(scope="module")
def large_page(tmp_path_factory):
    """A page with as many classes as A847 has."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("large"))
        path = grown([*NAMES, *(f"thing {number}" for number in range(MANY - len(NAMES)))]).write().absolute()
    return path


def search(browser, text: str) -> list[str]:
    """The classes that are listed after typing `text`."""
    box = browser.one("#class-search")
    box.clear()
    box.send_keys(text)
    return browser.shown(OPTIONS)


def active(browser) -> str | None:
    """The class that the arrow keys have come to, as a screen reader is told."""
    return browser.run(
        "const box = document.querySelector('#class-search'), node = document.getElementById(box.getAttribute('aria-activedescendant'));"
        "return node && node.getAttribute('aria-selected') === 'true' ? node.querySelector('b').textContent : null"
    )


def test_classes_are_found_by_a_part_of_their_name_and_by_their_kind(browser, toy_page):
    browser.open(toy_page)
    assert search(browser, "LAM") == ["lamp"] and search(browser, "a") == ["wall", "sky", "lamp"]  # the benchmark is A150
    assert search(browser, "novel") == ["lamp"] and search(browser, "base") == ["wall", "sky"]
    assert search(browser, "base sk") == ["sky"]
    assert search(browser, "zebra") == [] and browser.texts("#class-told") == ["no such class"]
    assert search(browser, " ") == []


def test_a_class_is_listed_with_what_the_compared_runs_reach_and_the_gain(browser, toy_page):
    browser.open(toy_page)
    search(browser, "lamp")
    without, run = (float(text) for text in browser.texts("#class-list .measures b"))
    (line,) = browser.texts("#class-list .measures")
    assert line.startswith(f"Baseline {without:.1f} → LarvSeg {run:.1f} ")
    gain = float(line.rpartition(" ")[2].replace("−", "-"))
    assert gain == pytest.approx(run - without, abs=0.11) and gain != 0


def test_arrow_keys_choose_enter_leads_to_the_class_and_escape_closes(browser, toy_page):
    browser.open(toy_page)
    browser.press("/")  # wherever the focus is
    assert browser.run("return document.activeElement.id") == "class-search"
    search(browser, "a150")
    box = browser.one("#class-search")
    assert box.accessible_name and box.get_attribute("aria-expanded") == "true" and active(browser) is None
    steps = []
    for key in (Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_UP):
        browser.press(key)
        steps.append(active(browser))
    assert steps == ["wall", "sky", "lamp", "wall", "lamp"]
    browser.escape()
    assert browser.shown(OPTIONS) == [] and box.get_attribute("aria-expanded") == "false" and box.get_attribute("value") == "a150"
    browser.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ENTER)
    browser.wait("return location.hash === '#class=A150/sky'")
    assert browser.run("return document.activeElement.cells[0].textContent") == "sky"
    assert browser.run("return document.activeElement.getBoundingClientRect().top") > 0
    assert browser.shown(OPTIONS) == []


def test_enter_alone_takes_the_best_match_and_a_second_search_leads_on(browser, toy_page):
    browser.open(toy_page)
    for name in ("lamp", "sky", "sky"):
        search(browser, name)
        browser.press(Keys.ENTER)
        browser.wait(f"return document.activeElement.cells?.[0].textContent === '{name}'")
        assert browser.texts("tr.looked-up th") == [name]


def test_a_click_leads_to_the_class_and_from_there_to_where_it_is_seen(browser, toy_page):
    browser.open(toy_page)
    search(browser, "wall")
    browser.click(OPTIONS)
    browser.wait("return document.querySelector('tr.looked-up th')?.textContent === 'wall'")
    browser.click("tr.looked-up .seen a")
    browser.wait("return location.hash === '#figure4'")
    assert browser.run("return Math.abs(document.querySelector('#figure4').getBoundingClientRect().top) < innerHeight")
    assert browser.texts("table.classes tbody tr:nth-child(3) .seen") == [""]  # no image of the figure shows a lamp


def test_the_number_of_a_class_opens_its_lineage(browser, toy_page):
    browser.open(toy_page, fragment="#class=A150/lamp")
    browser.click("tr.looked-up td.n a[href$='/larvseg-a150']")
    browser.wait("return document.querySelector('#panel').open")
    text = browser.one("#panel").text
    assert "/classes/2/iou" in text and "counted again from the confusion counts" in text and "results/classes_a150.csv" in text
    assert "results/toy/runs/larvseg-a150/seed0/model.safetensors" in text and "baseline-a150" not in text
    browser.escape()
    browser.wait("return !document.querySelector('#panel').open && location.hash === ''")
    assert browser.run("return document.activeElement.getAttribute('href')") == "#class=A150/lamp/larvseg-a150"


def test_the_table_of_classes_sorts_by_gain(browser, toy_page):
    browser.open(toy_page, fragment="#class=A150/lamp")
    browser.click("table.classes thead th:nth-child(3) button")
    gains = [float(text.replace("−", "-")) for text in browser.texts("table.classes tbody td:nth-child(3)")]
    assert gains == sorted(gains, reverse=True) and len(set(gains)) == 3


def test_on_a_phone_what_is_found_stays_on_the_screen(browser, toy_page):
    browser.open(toy_page, PHONE)
    search(browser, "a")
    left, right = browser.run("const box = document.querySelector('#class-list').getBoundingClientRect(); return [box.left, box.right]")
    assert 0 <= left < right <= PHONE[0] and browser.run("return document.documentElement.scrollWidth") == PHONE[0]


def test_hundreds_of_classes_are_found(browser, large_page):
    browser.open(large_page)
    assert len(search(browser, "a150")) == MANY and search(browser, "thing 843") == ["thing 843"]
    browser.press(Keys.ENTER)
    browser.wait("return document.activeElement.cells?.[0].textContent === 'thing 843'")


def test_hundreds_of_classes_are_listed_while_one_types(browser, large_page, rested):
    browser.open(large_page)
    took = []
    for _ in range(3):
        start = time.perf_counter()
        found = browser.run(
            "const box = document.querySelector('#class-search'); box.value = 'a'; box.dispatchEvent(new Event('input'));"
            "document.querySelector('#class-list').getBoundingClientRect(); return document.querySelectorAll('#class-list li').length"
        )
        took.append(time.perf_counter() - start)
    assert found == MANY and min(took) < 1
