"""Fingerprints see logic and nothing else."""

import sys
import textwrap
from importlib import metadata

import pytest

from larvseg.lineage import fingerprint


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of two modules; returns a function that rewrites one and gives the fingerprint of the other."""
    folder = tmp_path / "larvseg"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "used.py").write_text("def used():\n    return 1\n")
    monkeypatch.setattr(fingerprint, "ROOT", tmp_path)
    monkeypatch.setattr(fingerprint, "CACHE", tmp_path / "sources.json")

    def of(main: str, used: str | None = None):
        (folder / "main.py").write_text(textwrap.dedent(main))
        if used is not None:
            (folder / "used.py").write_text(textwrap.dedent(used))
        for cached in (fingerprint._source, fingerprint._remembered, fingerprint.imports_of):
            cached.cache_clear()
        return fingerprint.fingerprint("larvseg.main")

    yield of
    for cached in (fingerprint._source, fingerprint._remembered, fingerprint.imports_of):
        cached.cache_clear()


PLAIN = """
from larvseg.used import used

def area(width, height):
    return width * height

class Shape:
    def scale(self, factor):
        return factor
"""


def test_strings_with_fields_have_the_same_hash_on_every_python_version(package):
    source = (
        "def greeting(name, n):\n    return (\n"
        '        f"{name}"  # a comment\n'
        '        + f\'{n:>{n + 2}} {{}} {n!r} {name[0]}\' + rf"""\n\\d {name}\n  {n  +  1}""" + f\'é {name}\'\n    )\n'
    )
    assert package(source)["larvseg.main"] == {"greeting": "ee4790edf5e8e89a"}


def test_comments_docstrings_and_layout_do_not_count(package):
    commented = '''
    """A module."""
    from larvseg.used import used  # why

    def area(width,
             height):
        """The area."""
        # a product
        return width  *  height


    class Shape:
        """A shape."""

        def scale(self, factor):
            return factor
    '''
    assert package(PLAIN) == package(commented)


def test_the_function_that_changed_is_named(package):
    before = package(PLAIN)["larvseg.main"]
    after = package(PLAIN.replace("width * height", "width + height"))["larvseg.main"]
    assert {name for name in before if before[name] != after[name]} == {"area"}
    after = package(PLAIN.replace("return factor", "return 2 * factor"))["larvseg.main"]
    assert {name for name in before if before[name] != after[name]} == {"Shape.scale"}


def test_an_imported_module_counts_even_inside_a_function(package):
    lazily = "def main():\n    from larvseg import used\n    return used.used()\n"
    before = package(lazily, "def used():\n    return 1\n")
    after = package(lazily, "def used():\n    return 2\n")
    assert set(before) >= {"larvseg.main", "larvseg.used"}
    assert before["larvseg.main"] == after["larvseg.main"] and before["larvseg.used"] != after["larvseg.used"]


def test_indentation_is_logic(package):
    inside = "def f(x):\n    if x:\n        x = 1\n        x = 2\n    return x\n"
    outside = "def f(x):\n    if x:\n        x = 1\n    x = 2\n    return x\n"
    assert package(inside) != package(outside)


def test_environment_names_what_the_closure_imports(package):
    package("import numpy\nimport json\n")
    assert [line.split("==")[0] for line in fingerprint.environment(["larvseg.main"])] == ["numpy"]


def test_environment_is_what_the_standard_library_says_of_everything_installed(package):
    brought = metadata.packages_distributions()
    importable = [name for name in brought if name.isidentifier() and name not in {"larvseg", *sys.stdlib_module_names}]
    package("".join(f"import {name}\n" for name in importable))
    distributions = {each for name in importable for each in brought[name]}
    expected = sorted({f"{each.lower()}=={metadata.version(each)}" for each in distributions})
    assert fingerprint.environment(["larvseg.main"]) == expected


def test_a_package_that_is_installed_twice_counts_as_the_one_that_is_imported(package, tmp_path, monkeypatch):
    package("import numpy\n")
    imported = fingerprint.environment(["larvseg.main"])
    older = tmp_path / "later on the path" / "numpy-0.1.dist-info"
    older.mkdir(parents=True)
    (older / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 0.1\n")
    (older / "RECORD").write_text("numpy/__init__.py,,\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(older.parent)])
    assert fingerprint.environment(["larvseg.main"]) == imported


def test_what_was_found_is_kept_and_what_is_damaged_is_found_again(package, monkeypatch):
    first = package(PLAIN)
    fingerprint.remember()
    kept = fingerprint.CACHE.read_text()
    with monkeypatch.context() as patched:
        patched.setattr(fingerprint.source, "read", None)  # is not asked again
        assert package(PLAIN) == first
    changed = package(PLAIN, "def used():\n    return 2\n")
    assert changed["larvseg.used"] != first["larvseg.used"] and changed["larvseg.main"] == first["larvseg.main"]
    hash = first["larvseg.main"]["area"]
    for damaged in (kept.replace(hash, "0" * 16), kept[:-30], "[]", "{}", "\xff"):
        fingerprint.CACHE.write_text(damaged, encoding="latin-1")
        assert package(PLAIN, "def used():\n    return 1\n") == first
