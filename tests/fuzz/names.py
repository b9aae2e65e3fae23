"""Names that would be code if what shows them let them: of classes, models, runs, files. What is shown is parsed, not searched."""

from __future__ import annotations

import contextlib
import csv
import json
import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from larvseg.columns import can_be_shown
from larvseg.config import ClassList, TrainConfig, Vocabulary, parse
from larvseg.demo.regions import svg, table
from larvseg.export.hub_card import readme
from larvseg.pictures.areas import Areas
from larvseg.pictures.overlay import overlay
from larvseg.pictures.result import Segmentation
from larvseg.reporting.compare import Line, gains
from larvseg.reporting.page.cards import as_html
from larvseg.reporting.rendering import SPECIAL, as_latex, as_markdown, as_text
from larvseg.reporting.spreadsheet import as_csv
from larvseg.training.segmenter_card import card_text
from larvseg.vocabulary.names import read_csv, read_vocabulary
from tests.fuzz.kind import Kind
from tests.reporting.page.conftest import RUNS, grown
from tests.small_run import small_run

_PARTS = (
    '<script>alert(1)</script>', '<img src=x onerror=alert(1)>', '</script>', '<!--', '-->', '<!--<script>', ']]>', '</style>', '</td>',
    '</svg>', '"><b>', "'", '"', '&lt;b&gt;', '&#x3c;', '&', 'javascript:alert(1)', '![x](http://x.org/y.png)',
    '[x](javascript:alert(1))', '<http://x.org>', '`', '``` ', '**b**', '_i_', '~~s~~', '|', '| --- |', '# ', '- ', '1. ', '> ', '\\',
    '\\\\', '$x$', '$$', '%', '^', '~', '{', '}', '#', '{{ 7 * 7 }}', '{% raw %}', '\\input{/etc/passwd}', '\\write18{touch canary}',
    '\\end{tabular}', '\\\\[1em]', '*', '[1em]', '=1+1', "=cmd|' /C calc'!A0", '@SUM(1)', '+1', '-1', 'a,b', ';', '\u202egnp', '\u2066',
    '\x00', '\x1b[2J', '\x7f', '\n', '\r\n', '\n\n# x', '\u2028', '\t', '\u200d', 'é', 'é', '\U0001f469\u200d\U0001f680', '漢字',
    '\ud800', "x" * 300,
)  # fmt: skip
NAME = st.lists(st.sampled_from(_PARTS) | st.text(max_size=4), min_size=1, max_size=4).map(" ".join) | st.text(max_size=12)
_SHOWN = NAME.map(lambda name: "".join(letter if can_be_shown(letter) else " " for letter in name).strip()).filter(bool)
_names = st.lists(_SHOWN, min_size=3, max_size=3, unique_by=lambda name: " ".join(name.split()))
NAMES = _names | _names | _names | st.lists(NAME, min_size=3, max_size=3, unique=True)
_PLAIN = st.sampled_from(["larvseg-a150", "baseline", "WA150", "ViT-B/16", "EfficientNet-Lite0, frozen; a block", "CLIP ResNet 1-1-1-1 ×8"])
SOUND = ("first name", "second name", "third name")


class Elements(HTMLParser):
    """The elements of a page: tags with the names of their attributes, and where they lead to; and its text."""

    def __init__(self, html: str):
        super().__init__()
        self.found: list[tuple[str, ...]] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        leads = [value.partition(":")[0] for key, value in attrs if value and key in ("href", "src") and not value.startswith("#")]
        self.found.append((tag, *sorted(key for key, _ in attrs), *leads))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_comment(self, data: str) -> None:
        self.found.append(("comment",))

    handle_decl = unknown_decl = handle_pi = handle_comment


def same_elements(html: str, sound: str, shown: Iterable[str] = ()) -> None:
    """No element but those of the page with sound names; the names `shown` are its text."""
    own, expected = Elements(html), Elements(sound)
    assert own.found == expected.found, [each for each in own.found if each not in expected.found][:3] or "elements are missing"
    text = " ".join(" ".join(own.text).split())
    for name in shown:
        assert " ".join(name.split()) in text, f"{name!r} is not shown as it is"


def _rendered(markdown: str) -> str:
    """As GitHub and the Hub show it, which let HTML be HTML."""
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(markdown)


def classes(names: Sequence[str], folder: Path) -> tuple[str, ...]:
    """`names` as they come in: out of a class list, which refuses what cannot be shown."""
    with open(folder / "classes.csv", "w", encoding="utf-8", errors="surrogatepass", newline="") as file:
        csv.writer(file).writerows([("name",), *((name,) for name in names)])
    read_csv.cache_clear()
    found = read_vocabulary("Own", ClassList(file=str(folder / "classes.csv"))).names
    parse(Vocabulary, {"names": found, "index": {"Own": [0]}, "classes": {"Own": found[:1]}}, "classes.csv")
    return found


# ---- what shows them


def _found(names: Sequence[str]) -> Segmentation:
    labels = np.repeat(np.arange(3), 12 * 6).reshape(6, 36)
    return Segmentation(labels, tuple(names), np.full(labels.shape, 0.5, np.float32), np.zeros((6, 36, 3), np.uint8))


def _demo(names: Sequence[str]) -> str:
    return svg(_found(names)) + table(_found(names), 30)


def _layout(names: Sequence[str]) -> Any:
    lines = [Line(name, "novel", (10.0, 20.0), (1.0, 2.0)) for name in names]
    return gains("Gains", ["a", "b"], lines, [Line("all", "", (1.0, 2.0))], [f"most: {names[0]}"])


@cache
def _config() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        return json.loads((small_run(Path(folder, "run")) / "config.json").read_text())["train"]


def _run(names: Sequence[str]) -> TrainConfig:
    settings = {**_config(), "run": names[0], "benchmark": names[1]}
    settings["training_sets"] = [{**settings["training_sets"][0], "name": names[1]}]
    return parse(TrainConfig, settings | {"backbone": {**settings["backbone"], "title": names[2]}}, "classes.csv")


def _vocabulary(config: TrainConfig, names: Sequence[str]) -> dict[str, Any]:
    return {"names": list(names), "index": {config.benchmark: [0, 1, 2]}, "classes": {config.benchmark: list(names)}}


def _readme(config: TrainConfig, names: Sequence[str]) -> str:
    return _rendered(readme(config, _vocabulary(config, names), {config.benchmark: {"masks": 3}}, 9, None).partition("\n---\n")[2])


def _card(config: TrainConfig) -> str:
    return card_text(config, _vocabulary(config, SOUND), 9, {config.benchmark: {"masks": 3}})


def _latex_marks(text: str) -> list[int]:
    for escaped in sorted(SPECIAL.values(), key=len, reverse=True):
        text = text.replace(escaped, "")
    return [text.count(mark) for mark in "\\{}$&#_^~%\n"]


# ---- kinds


def _shown(read: Callable[[tuple[str, ...]], None]):
    def reads(names: list[str], folder: Path) -> None:
        read(classes(names, folder))

    return reads


def _in_demo(names: Sequence[str]) -> None:
    same_elements(_demo(names), _demo(SOUND))


def _in_markdown(names: Sequence[str]) -> None:
    same_elements(_rendered(as_markdown(_layout(names))), _rendered(as_markdown(_layout(SOUND))), names)


def _in_latex(names: Sequence[str]) -> None:
    assert _latex_marks(as_latex(_layout(names))) == _latex_marks(as_latex(_layout(SOUND)))


def _in_text(names: Sequence[str]) -> None:
    assert len(as_text(_layout(names)).split("\n")) >= len(as_text(_layout(SOUND)).split("\n"))
    rows = list(csv.reader(as_csv(_layout(names)).splitlines(keepends=True)))
    assert [row[0] for row in rows if row[0] in names][:3] and {len(row) for row in rows} == {len(rows[0])}


def _in_readme(names: Sequence[str]) -> None:
    config = _run(["run", "Own", "a network"])
    same_elements(_readme(config, names), _readme(config, SOUND), names)


def _in_cards(names: list[str], folder: Path) -> None:
    config, sound = _run(names), _run(["run", "Own", "a network"])
    for html in (as_html, _rendered):
        same_elements(html(_card(config)), html(_card(sound)))
    same_elements(_readme(config, SOUND), _readme(sound, SOUND))


def _in_picture(names: Sequence[str]) -> None:
    found, areas = _found(names), Areas(tuple(names))
    areas.add(found.labels, found.scores)
    assert overlay(found.picture, found.labels, areas.largest(), tuple(names), 3).size[0] > 0


def _page(names: Sequence[str], model: str) -> str:
    runs = {run: (model if run == "baseline-a150" else title, data) for run, (title, data) in RUNS.items()}
    return grown(list(names), runs).write().read_text(encoding="utf-8")


@cache
def _sound_page() -> str:
    place = Path(tempfile.tempdir, "sound")
    place.mkdir()
    with contextlib.chdir(place):
        return _page(SOUND, SOUND[1])


def _in_page(names: list[str], folder: Path) -> None:
    own = classes(names, folder)
    with contextlib.chdir(folder):
        page = _page(own, own[1])
    same_elements(page, _sound_page())
    assert all("<" not in script for script in re.findall(r"<script[^>]*application/json[^>]*>(.*?)</script>", page, re.DOTALL))


_WHERE = "classes.csv"
_VARIED = "HTML, Markdown, LaTeX, formulas, templates, control and bidi characters"
KINDS = (
    Kind("names in the demo", _VARIED, NAMES, _shown(_in_demo), _WHERE, share=0.7),
    Kind("names in Markdown", _VARIED, NAMES, _shown(_in_markdown), _WHERE, share=0.7),
    Kind("names in LaTeX", _VARIED, NAMES, _shown(_in_latex), _WHERE, share=0.7),
    Kind("names in text and CSV", _VARIED, NAMES, _shown(_in_text), _WHERE, share=0.7),
    Kind("names in pictures", _VARIED, NAMES, _shown(_in_picture), _WHERE, share=0.3),
    Kind("names in the card of the Hub", _VARIED, NAMES, _shown(_in_readme), _WHERE, share=0.7),
    Kind(
        "names in model cards",
        "the same: of runs, data sets, networks",
        st.lists(_PLAIN | _PLAIN | _SHOWN, min_size=3, max_size=3),
        _in_cards,
        _WHERE,
        share=0.5,
    ),
    Kind("names in the report", _VARIED, NAMES, _in_page, _WHERE, share=0.01),
)
