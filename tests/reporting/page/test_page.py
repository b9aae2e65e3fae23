"""The page as a file: what stands in it, that it needs nothing else, and that it is always the same."""

import base64
import csv
import hashlib
import json
import re
import shlex
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from larvseg.audit.show import show
from larvseg.errors import LarvSegError
from larvseg.files import sealed, unsealed
from larvseg.pipeline import Dag, Project
from larvseg.pipeline.jobs.page import page
from larvseg.reporting.page.build import as_size
from tests.reporting.page.conftest import MANIFEST, TAR, ZIP

METRICS = "results/toy/evaluations/larvseg-a150/seed0/metrics.json"


class Parsed(HTMLParser):
    """Tags with their attributes, and the text of each script and style."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[int, str] = {}  # by the number of the tag before it
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        self.tags.append((f"/{tag}", {}))  # what follows is no longer its text

    def handle_data(self, text):
        number = len(self.tags) - 1
        self.texts[number] = self.texts.get(number, "") + text

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def inside(self, tag: str, **attributes: str) -> list[str]:
        """The texts of the tags with exactly these attributes."""
        return [self.texts[number] for number, found in enumerate(self.tags) if found == (tag, attributes)]

    @property
    def data(self) -> dict:
        """What the page's script knows."""
        (text,) = self.inside("script", type="application/json", id="graph")
        return json.loads(text)


@pytest.fixture
def parsed(toy_page) -> Parsed:
    return Parsed(toy_page.read_text())


def test_nothing_lies_outside_the_page(parsed):
    referred = [value for _, attributes in parsed.tags for name, value in attributes.items() if name in ("src", "href", "srcset", "poster")]
    assert referred and all(value.startswith(("#", "data:")) for value in referred)
    assert not any(tag in ("iframe", "object", "embed", "form[action]") for tag, _ in parsed.tags)
    styles = "".join(parsed.inside("style"))
    assert "url(" not in styles and "@import" not in styles


def test_the_policy_allows_the_scripts_and_the_style_of_the_page_and_no_other(parsed):
    (policy,) = (tag["content"] for tag in parsed.all("meta") if tag.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.split(maxsplit=1) for rule in policy.split("; "))
    for tag, rule, count in (("script", "script-src", 3), ("style", "style-src-elem", 1)):
        hashes = {base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in parsed.inside(tag)}
        assert set(rules.pop(rule).split()) == {f"'sha256-{each}'" for each in hashes} and len(hashes) == count
    nothing = dict.fromkeys(("default-src", "base-uri", "form-action"), "'none'")
    assert rules == nothing | {"img-src": "data:", "style-src-attr": "'unsafe-inline'"}  # the bars and dots of tables


def test_the_same_tree_gives_the_same_bytes(tree):
    assert tree.write("a.html").read_bytes() == tree.write("b.html").read_bytes()


def test_each_number_knows_where_it_stands(parsed, tree):
    numbers = parsed.data["numbers"]
    metrics = json.loads(Path(METRICS).read_text())
    novel = numbers["table3:1:novel"]
    assert novel["raw"] == metrics["novel"] and novel["text"] == f"{metrics['novel']:.1f}" and novel["kind"] == "novel"
    assert novel["sources"][0]["pointer"] == "/novel" and novel["sources"][0]["counted"] == metrics["novel"]
    assert numbers["table3:1:published_novel"]["text"] == "26.8"
    assert numbers["table2:0:classes"]["manifest"] == MANIFEST
    buttons = {attributes["data-cell"] for attributes in parsed.all("button") if "data-cell" in attributes}
    assert buttons == set(numbers) and len(buttons) == 18 + 5  # all, base, novel of three rows, ours and published; five counts


def test_the_command_of_a_number_prints_its_chain(parsed, tree):
    program, verb, what, table, *options = shlex.split(parsed.data["numbers"]["table3:1:novel"]["command"])
    assert [program, verb, what] == ["larvseg", "audit", "show"] and options[::2] == ["--where", "--column"]
    chain = show(Path(table), dict([options[1].split("=", 1)]), options[3])
    assert "LarvSeg" in chain and ZIP in chain


def test_the_graph_goes_down_to_archives_and_their_origin(parsed, tree):
    files, jobs = parsed.data["files"], parsed.data["jobs"]
    of = {file["path"]: file for file in files}
    assert of[ZIP]["origin"] == {"drawn": {"seed": 7}} and of[ZIP]["sha256"] == hashlib.sha256(Path(ZIP).read_bytes()).hexdigest()
    assert of[TAR]["origin"] == {"url": "https://images.test/n02084071.tar", "licence": "research only", "access": "open"}
    for job in jobs:
        assert all(jobs[files[number]["job"]]["level"] < job["level"] for number in job["inputs"])


def test_captions_cards_and_notes_stand_in_the_page(toy_page, parsed):
    text = toy_page.read_text()
    assert "Figure 2: &lt;maps&gt;" in text and "Of <em>figure2</em>, profile toy." in text
    figures = [image["alt"] for image in parsed.all("img")]
    assert figures == ["figure4", "A heat map.", "tail_a150", "gains_a150"]  # what images show, then the paper's own figures
    assert "<h4>Data</h4>" in text and "&lt;b&gt;image&lt;/b&gt; labels" in text
    assert "Few &amp; small." in text and r"\begin{tabular}" in text
    assert "Printed &lt;twice&gt;." in text
    assert "these are not the paper’s numbers" in text and "A toy." in text


def test_a_number_that_its_counts_do_not_give_is_refused(tree):
    metrics = Path(METRICS)
    metrics.write_text(metrics.read_text().replace(f'"novel": {json.loads(metrics.read_text())["novel"]}', '"novel": 99.0', 1))
    with pytest.raises(LarvSegError, match=f"{METRICS}: /novel is 99.0, the confusion counts give .*; run `larvseg audit verify`"):
        tree.write()


def test_a_file_without_a_record_is_refused(tree):
    Path(f"{ZIP}.lineage.json").unlink()
    with pytest.raises(LarvSegError, match="ADEChallengeData2016.zip: has no record"):
        tree.write()


def test_everything_below_is_an_input_of_the_page(tree):
    config, inputs = tree.contents()
    assert set(inputs.values()) == {path for recipe in tree.recipes for path in recipe.outputs.values()}
    assert [item.name for item in config.pictures] == ["figure4"] and config.pictures[0] not in config.figures
    assert "workflow/report/figure2.rst" in {item.caption for item in config.figures}
    assert [item.name for item in config.tables] == ["table2", "table3"]


def test_the_page_is_made_again_when_code_changes_that_changes_no_byte(tree):
    config, inputs = tree.contents()
    derive = next(number for number, recipe in enumerate(tree.recipes) if recipe.rule == "derive")
    tree.recipes[derive] = replace(tree.recipes[derive], code={"larvseg.derive": {"derive": "1"}})
    assert tree.contents()[1] == inputs and tree.contents()[0] != config


def test_what_nobody_wants_is_not_below(tree):
    tree.recipes = [recipe for recipe in tree.recipes if recipe.rule != "claims"]
    config, inputs = tree.contents()
    assert config.claims is None and "results/claims.csv" not in inputs.values()
    tree.wanted = {"table2"}
    assert set(tree.contents()[1].values()) == {ZIP, MANIFEST, "results/table2.csv"}
    assert "Table 2" in tree.write().read_text()


def test_the_style_and_the_captions_are_named_by_its_recipe():
    project = Project("smoke")
    report = page(project, Dag(project).recipes[:-1])
    assert {"workflow/report/figure2.rst", "larvseg/reporting/page/page.css"} <= set(report.reference)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("no title\n", "a caption begins with a title"),
        ("T\n=\n\n{{ snakemake.config['seed'] }}\n", "not a caption: .*seed"),
        ("T\n=\n\n*open\n", "not a caption: .*Inline emphasis"),
        ("T\n=\n\n.. image:: https://images.test/spy.png\n", "a caption has no images"),
        ("T\n=\n\n.. raw:: html\n\n   <b>bold</b>\n", 'not a caption: .*"raw" directive disabled'),
        ("T\n=\n\n`here <javascript:alert(1)>`_\n", "a link to 'javascript:alert\\(1\\)'; it begins with https:"),
    ],
)
def test_a_caption_that_cannot_be_read_is_one_line(tree, text, problem):
    Path("workflow/report/figure2.rst").write_text(text)
    with pytest.raises(LarvSegError, match=f"workflow/report/figure2.rst: {problem}") as error:
        tree.write()
    assert "\n" not in str(error.value)


def test_large_images_take_less_room_in_the_page(parsed):
    (small,) = (image for image in parsed.all("img") if image["alt"] == "A heat map.")
    content = base64.b64decode(small["src"].partition("base64,")[2])
    assert small["src"].startswith("data:image/webp") and (small["width"], small["height"]) == ("900", "500")
    assert len(content) < 450_000  # noise; as PNG it takes more


def test_sizes_are_said_as_people_say_them():
    assert [as_size(size) for size in (0, 999, 1000, 999_499, 999_500, 3_330_000, 5 * 10**12)] == [
        "0 bytes",
        "999 bytes",
        "1 kB",
        "999 kB",
        "1 MB",
        "3.33 MB",
        "5 TB",
    ]


def test_what_a_record_says_cannot_break_out_of_its_script(tree):
    evil = "</script><script>alert(1)</script>"
    for beside in Path("results/toy/runs/larvseg-a150/seed0").glob("*.lineage.json"):
        record = unsealed(beside.read_text())
        record["recipe"]["config"]["run"] = evil
        beside.write_text(sealed(record))
    text = tree.write().read_text()
    assert "<script>alert" not in text
    assert evil in [job["config"].get("run") for job in Parsed(text).data["jobs"]]


def test_pairs_of_runs_are_compared_class_by_class(tree):
    text = tree.write().read_text()
    section = text[text.index('<section id="gains"') : text.index('<section id="figures"')]
    rows = [re.findall(r"<t[hd][^>]*>([^<]*)<", row) for row in re.findall(r"<tr><th scope=.row.*?</tr>", section)]
    table = {row["class"]: row for row in csv.DictReader(Path("results/classes_a150.csv").read_text().splitlines())}
    assert [name for name, *_ in rows] == ["wall", "sky", "lamp"], "by gain"
    for name, kind, before, after, gain in rows:
        numbers = [float(table[name][run]) for run in ("baseline-a150", "larvseg-a150")]
        assert [before, after] == [f"{number:.1f}" for number in numbers] and kind == ("novel" if name == "lamp" else "base")
        assert float(gain.replace("−", "-")) == pytest.approx(numbers[1] - numbers[0], abs=0.051)
    assert "With masks: larvseg-a150 beside baseline-a150, A150" in section and "2 gain, 1 lose" in section
    assert '<a href="#gains">Gains</a>' in text and "results/classes_a150.csv" in section


def test_without_pairs_there_is_no_such_section(tree):
    tree.recipes = [recipe for recipe in tree.recipes if recipe.rule != "gains"]
    assert 'href="#gains"' not in tree.write().read_text()


def test_photographs_come_before_other_images(tree):
    path = "reports/figures/overlays.png"
    Image.new("RGB", (60, 120), "teal").save(path)
    tree.make("overlays", "overlays", {"figure": path}, {"table": "results/table3.csv"})
    images = [image["alt"] for image in Parsed(tree.write().read_text()).all("img")]
    assert images[:2] == ["overlays", "figure4"]
