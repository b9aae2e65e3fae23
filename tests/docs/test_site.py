"""The site of `make docs`: it builds without a warning, has every page, and needs no other host to be read."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOT_PAGES = {"README.md": "index", "CONTRIBUTING.md": "contributing", "CHANGELOG.md": "changelog"}
PARTS = ("mkdocs.yml", "docs", "larvseg", *ROOT_PAGES)  # what it is built of
MISSING = "no MkDocs: pip install -c constraints.txt -e '.[docs]'"


def build(project: Path, site: Path) -> subprocess.CompletedProcess:
    if not all(map(find_spec, ("mkdocs", "material", "mkdocstrings"))):
        (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)], cwd=project, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT, folder)
    assert done.returncode == 0, done.stderr
    return folder


class Page(HTMLParser):
    """`asked`: what a browser fetches to show the page. `linked`: where one can go from it."""

    def __init__(self, file: Path):
        super().__init__()
        self.asked, self.linked = [], []
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name in ("src", "srcset", "data") or (name == "href" and tag == "link"):
                self.asked.append(value)
            elif name == "href":
                self.linked.append(value)


def pages(site: Path) -> Iterator[Page]:
    return map(Page, sorted(site.rglob("*.html")))


def test_one_can_go_from_the_start_to_every_page(site):
    expected = {*ROOT_PAGES.values(), *(page.stem for page in (ROOT / "docs").glob("*.md"))}
    navigation = re.findall(r'<a href="([^"]+)" class="md-nav__link', (site / "api.html").read_text(encoding="utf-8"))
    left_out = expected - {Path(link).stem for link in navigation}
    assert not left_out, f"add {', '.join(sorted(left_out))} to nav in mkdocs.yml"


def test_no_page_asks_another_host(site):
    asked = [address for page in pages(site) for address in page.asked]
    assert "site.css" in asked  # what it looks for is there
    assert [address for address in asked if re.match(r"(\w+:)?//", address)] == []
    sheets = "".join(sheet.read_text(encoding="utf-8") for sheet in site.rglob("*.css"))
    assert re.findall(r"(?:url\(|@import)\s*[\"']?(?:\w+:)?//[^)]*", sheets) == []


def test_the_start_is_the_readme(site):
    start = (site / "index.html").read_text(encoding="utf-8")
    for heading in re.findall(r"^## (.+)$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE):
        assert f">{heading}<a" in start
    assert {"results.html", "extending.html#an-ablation", "contributing.html"} <= set(Page(site / "index.html").linked)
    assert "figure1.png" in Page(site / "index.html").asked


def test_the_interface_has_signatures_and_docstrings(site):
    page = (site / "api.html").read_text(encoding="utf-8")
    directives = re.findall(r"^::: (\S+)$", (ROOT / "docs/api.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert {name for name in (*directives, "larvseg.loading.LoadedRun.segment") if f'id="{name}"' not in page} == set()
    assert "there is no such run, or its files are damaged or not what they should be." in page


@pytest.mark.parametrize("link", ["nowhere.md", "results.md#nowhere", "../Makefile"])
def test_a_link_that_leads_nowhere_is_an_error(link, tmp_path):
    for part in PARTS:
        (shutil.copytree if (ROOT / part).is_dir() else shutil.copy)(ROOT / part, tmp_path / part)
    with (tmp_path / "docs/methods.md").open("a", encoding="utf-8") as page:
        page.write(f"\n[A link]({link}).\n")
    done = build(tmp_path, tmp_path / "site")
    assert done.returncode == 1 and link.removeprefix("../") in done.stderr


def test_the_search_finds_a_page_that_was_opened_as_a_file(site, browser):
    browser.open(site / "index.html").wait("return document.querySelector('[data-md-component=search-query]')")
    browser.run("document.querySelector('[data-md-component=search-query]').focus()")
    browser.press("scancel")
    browser.wait("return document.querySelector('.md-search-result__link')")
    found = browser.run("return [...document.querySelectorAll('.md-search-result__link')].map((link) => link.href)")
    assert "operations.html" in found[0]
    assert browser.errors == [] and [request for request in browser.requests if not request.startswith("file:")] == []
