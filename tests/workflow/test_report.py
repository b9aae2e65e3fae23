"""The report of a finished tree: the page in Chromium, and Snakemake's own."""

import json
import zipfile

import pytest

from tests.browser import PHONE
from tests.workflow.clone import TABLE

PAGE = "reports/index.html"
CELL = "table3:6:novel"  # LarvSeg on A150 with C171, WA150


def record_of(clone, path: str) -> dict:
    return json.loads(clone.read(f"{path}.lineage.json"))


def archives_below(clone, path: str) -> dict[str, str]:
    """The archives that `path` stands on → their sha256, by the records alone."""
    seen, waiting, found = set(), [path], {}
    for path in waiting:
        if path not in seen:
            seen.add(path)
            record = record_of(clone, path)
            waiting += [item["path"] for item in record["inputs"] if item["role"] != "reference"]
            if record["recipe"]["rule"] == "fetch":
                found[path] = record["artifact"]["sha256"]
    return found


@pytest.fixture
def opened(browser, finished):
    """The page; nothing that a test does with it is an error, or asks the network for anything."""
    yield browser.open(finished.folder / PAGE)
    assert browser.errors == [] and browser.requests == []


def test_a_click_on_a_number_of_table_3_shows_the_checksums_of_its_archives(opened, finished):
    opened.click(f'[data-cell="{CELL}"]')
    opened.wait("return document.querySelector('#panel').open")
    opened.run("document.querySelectorAll('#panel details').forEach((node) => { node.open = true })")
    text = opened.one("#panel").text
    metrics = "results/smoke/evaluations/larvseg-a150/seed0/metrics.json"
    archives = archives_below(finished, metrics)
    assert "data/smoke/archives/ADEChallengeData2016.zip" in archives and len(archives) > 94  # the backbone has seen every synset
    assert all(path in text and sha256 in text for path, sha256 in archives.items())
    for file in ("confusion.arrow", "metrics.json"):
        path = metrics.replace("metrics.json", file)
        assert path in text and record_of(finished, path)["artifact"]["sha256"] in text
    command = opened.one("#panel pre").text
    assert command.startswith(f"larvseg audit show {TABLE} --where")
    assert "ADEChallengeData2016.zip" in finished.run("sh", "-c", command)


def test_every_number_that_was_measured_opens(opened):
    cells = opened.run("return [...document.querySelectorAll('[data-cell]')].map((node) => node.dataset.cell)")
    assert {cell.partition(":")[0] for cell in cells} == {f"table{number}" for number in range(1, 7)}
    for cell in cells:
        opened.run("location.hash = `cell=${arguments[0]}`", cell)
        title, about = "document.querySelector('#panel-title').textContent", "document.querySelector('#panel .row').textContent"
        column = cell.rpartition(":")[2]
        opened.wait(f"return document.querySelector('#panel').open && {about}.startsWith('{column} of') && {title}")


def test_it_sorts_and_turns_dark(opened):
    shown = "#table3 tbody td.novel:not(.theirs)"
    numbers = opened.texts(shown)
    opened.click("#table3 thead th.novel button")
    assert opened.texts(shown) == sorted(numbers, key=float, reverse=True)
    opened.click("#theme")
    assert opened.run("return document.documentElement.dataset.theme") == "dark"


def test_it_can_be_read_on_a_phone(browser, opened, finished):
    browser.open(finished.folder / PAGE, PHONE, fragment=f"#cell={CELL}")
    browser.run("document.querySelectorAll('details').forEach((node) => { node.open = true })")
    assert browser.run("return [document.documentElement.scrollWidth, document.querySelector('#panel').scrollWidth]") == [360, 360]


def test_it_is_light_enough_to_send(finished):
    assert len(finished.read(PAGE)) < 8_000_000


def test_snakemakes_own_report_has_every_table_and_figure_in_a_category(finished, tmp_path):
    before = finished.hashes()
    finished.run("snakemake", "--report", str(tmp_path / "report.zip"), "all")
    with zipfile.ZipFile(tmp_path / "report.zip") as archive:
        names = {name.rpartition("/")[2] for name in archive.namelist()}
        html = archive.read("report/report.html").decode()
    assert {f"table{number}.csv" for number in range(1, 7)} | {"claims.csv", "figure2.png", "figure4.png", "curves.csv"} <= names
    assert all(f'"{category}"' in html for category in ("Tables", "Figures", "Claims", "Curves", "Data"))
    assert "profile <strong>smoke</strong>" in html or "profile \\u003cstrong\\u003esmoke" in html
    assert finished.hashes() == before
