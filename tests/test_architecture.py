"""Packages import downwards only, in the order that docs/architecture.md gives, and no module imports itself by a detour."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/architecture.md"
# (importing module, imported module) pairs that go against the order today. The set may only shrink.
EXCEPTIONS: frozenset[tuple[str, str]] = frozenset()


@cache
def modules() -> dict[str, Path]:
    """Dotted name → file of every module of larvseg; a package has the name of its folder."""
    found = {}
    for path in sorted((ROOT / "larvseg").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_of(module: str) -> Iterator[str]:
    """The modules of larvseg that `module` imports, inside functions too."""
    for node in ast.walk(ast.parse(modules()[module].read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute"
            names = [inner if (inner := f"{node.module}.{alias.name}") in modules() else node.module for alias in node.names]
        yield from (name for name in names if name in modules() and name != module)


@cache
def graph() -> dict[str, frozenset[str]]:
    return {module: frozenset(imports_of(module)) for module in modules()}


def package_of(module: str) -> str:
    """The part of larvseg that a module belongs to: a folder, or a module that lies directly in larvseg."""
    return module.split(".")[1] if "." in module else ""


def layers() -> dict[str, int]:
    """Package → its layer in the table of docs/architecture.md, from 1 (the floor) on."""
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, len(rows) + 1))
    listed = [(name, int(number)) for number, names in rows for name in re.findall(r"`(\w+)`", names)]
    assert len(listed) == len(dict(listed)), "a package stands in one layer"
    return dict(listed)


def against_the_order(imports: dict[str, frozenset[str]]) -> set[tuple[str, str]]:
    """The imports between packages that do not lead to a lower layer; `larvseg` itself, which only has the version, is free."""
    layer = layers()
    pairs = ((module, other) for module, others in imports.items() for other in others if package_of(module) and package_of(other))
    return {
        (module, other)
        for module, other in pairs
        if package_of(module) != package_of(other) and layer[package_of(module)] <= layer[package_of(other)]
    }


def test_the_page_lists_every_package():
    assert set(layers()) == {package_of(module) for module in modules()} - {""}


def test_packages_import_downwards_only():
    assert against_the_order(graph()) == EXCEPTIONS


def test_modules_import_in_no_circle():
    try:
        TopologicalSorter(graph()).prepare()
    except CycleError as error:
        raise AssertionError(" → ".join(reversed(error.args[1]))) from None


def test_an_import_upwards_is_found():
    upwards = {"larvseg.sources.own": frozenset({"larvseg.datasets.fetch", "larvseg.config"})}
    assert against_the_order(upwards) == {("larvseg.sources.own", "larvseg.datasets.fetch")}


def test_every_folder_has_a_line():
    page = PAGE.read_text(encoding="utf-8")
    folders = [path.name for path in (ROOT / "larvseg").iterdir() if (path / "__init__.py").is_file()]
    assert [name for name in folders if f"`{name}`" not in page] == []
