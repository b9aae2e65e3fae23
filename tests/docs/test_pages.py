"""README.md, docs/*.md and the other pages: what they point to is there, and the commands they give are commands."""

import re
from functools import cache
from pathlib import Path

import pytest
import typer

from larvseg.cli import app
from larvseg.pipeline import Project
from larvseg.pipeline.dag import jobs_below

ROOT = Path(__file__).parents[2]
README, DOCS = ROOT / "README.md", sorted((ROOT / "docs").glob("*.md"))
FORMS = [ROOT / ".github/pull_request_template.md", *sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))]
PAGES = (README, *DOCS, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", ROOT / "config/README.md", *FORMS)
FOLDERS = ("larvseg/", "workflow/", "tests/", "docs/", "data/reference/", "profiles/")  # what version control holds
each_page = pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])


def prose(page: Path) -> str:
    """The page without its diffs, which speak of files that are not there yet."""
    return re.sub(r"^```diff\n.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


@cache
def anchors(page: Path) -> set[str]:
    """The anchors of its headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def test_the_readme_is_short():
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 150


def test_the_readme_links_every_page():
    linked = set(re.findall(r"\(docs/([\w-]+\.md)", README.read_text(encoding="utf-8")))
    assert linked == {page.name for page in DOCS}


@each_page
def test_links_and_anchors_are_there(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if target.startswith(("http://", "https://")):
            continue
        file, _, anchor = target.partition("#")
        path = (page.parent / file).resolve() if file else page
        assert path.is_relative_to(ROOT) and path.is_file(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(path), f"{page.name}: {target}"


@each_page
def test_files_of_the_project_are_there(page):
    named = [name for name in re.findall(r"`([\w./-]+)`", prose(page)) if name.startswith(FOLDERS)]
    assert [name for name in named if not (ROOT / name).exists()] == []


@each_page
def test_commands_are_commands(page):
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for call in calls(page):
        program, *words = call.split()
        if program == "make":
            assert words[0] in targets or "=" in words[0], f"{page.name}: {call}"
            continue
        command = typer.main.get_command(app)
        while words and hasattr(command, "commands"):
            name = words.pop(0)
            if name.startswith("<"):  # any command
                break
            if name.endswith("…"):  # several commands that begin so
                name = next((known for known in command.commands if known.startswith(name[:-1])), name)
            assert name in command.commands, f"{page.name}: {call}"
            command = command.commands[name]
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        assert {word for word in words if word.startswith("--")} <= known, f"{page.name}: {call}"


def calls(page: Path) -> list[str]:
    """Every `larvseg …` and `make …`, in code within a line or at the beginning of a line of code."""
    text = prose(page).replace("\\\n", " ")
    inline = re.findall(r"`((?:larvseg|make) [^`]+)`", re.sub(r"\s*\n", " ", re.sub(r"^(    |```).*$", "", text, flags=re.MULTILINE)))
    blocks = re.findall(r"^(?:    )?((?:larvseg|make) [^#\n]+)", text, re.MULTILINE)
    return [*inline, *(call for call in blocks if "`" not in call)]


@cache
def made(profile: str) -> frozenset[str]:
    return frozenset(path for job in jobs_below(Project(profile)) for path in job.outputs.values())


@each_page
def test_files_that_snakemake_is_asked_for_are_made(page):
    if page.name == "extending.md":
        return  # tests/docs/test_extending.py has what it adds
    asked = re.findall(r"snakemake [^`#\n]*", prose(page))
    for call in asked:
        files = {word for word in call.split() if word.startswith(("results/", "reports/"))}
        if files:
            assert files <= made(re.search(r"profile=(\w+)|$", call)[1] or "mini"), call
