"""Fingerprints of the code behind a command: one hash for each function of its import closure.

A hash covers the token stream without comments, docstrings and layout, so only logic counts, and it is the same on every Python version.
"""

from __future__ import annotations

import ast
import hashlib
import io
import sys
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

PACKAGE = "larvseg"
ROOT = Path(__file__).parents[2]
# Bookkeeping around the stages, which never reaches the bytes of an artifact: what `config` resolves to stands in the recipe itself.
PLUMBING = tuple(f"{PACKAGE}.{name}" for name in ("lineage", "audit", "pipeline", "cli", "config", "errors"))

LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER}
STRUCTURE = {tokenize.INDENT: "<indent>", tokenize.DEDENT: "<dedent>", tokenize.NEWLINE: "<newline>"}


def fingerprint(*modules: str) -> dict[str, dict[str, str]]:
    """{module: {qualified name: hash}} for `modules` and everything of this package that they import, however indirectly."""
    return {name: dict(functions_of(name)) for name in sorted(set().union(*map(closure, modules)))}


def closure(module: str) -> set[str]:
    """The modules of this package that importing and calling `module` can reach, without the lineage bookkeeping."""
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in seen or name.startswith(PLUMBING):
            continue
        seen.add(name)
        waiting.extend(imports_of(name))
    return seen


def environment(modules: Iterable[str]) -> list[str]:
    """name==version of each installed distribution that the source of one of `modules` names, sorted."""
    names = {name.split(".")[0] for module in modules for name in _imported_names(module)}
    names -= {PACKAGE, *sys.stdlib_module_names}
    found = {distribution for name in names for distribution in _distributions().get(name, ())}
    return sorted(f"{name.lower()}=={metadata.version(name)}" for name in found)


@cache
def _distributions() -> Mapping[str, list[str]]:
    """{importable name: the installed distributions that bring it}: what every one of them lists, read once."""
    return metadata.packages_distributions()


@cache
def imports_of(module: str) -> frozenset[str]:
    """The modules of this package that the source of `module` imports, inside functions too."""
    ours = {name for name in _imported_names(module) if name.split(".")[0] == PACKAGE and _path(name) is not None}
    # importing a.b.c runs the packages a and a.b, too
    return frozenset(ours | {name.rpartition(".")[0] for name in ours if name.count(".") > 1})


def _imported_names(module: str) -> set[str]:
    found = set()
    package = module if _path(module).name == "__init__.py" else module.rpartition(".")[0]
    for node in _statements(_tree(module)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, base]) if base else ".".join(parents)
            found.add(base)
            found.update(f"{base}.{alias.name}" for alias in node.names)
    return found


@cache
def functions_of(module: str) -> tuple[tuple[str, str], ...]:
    """(qualified name, hash) of each function and class of `module`; "<module>" is what stands outside them."""
    source = _source(module)
    owners, docstrings = _owners_and_docstrings(_tree(module), source.count("\n") + 2)
    digests: dict[str, hashlib._Hash] = {}
    owner, after_docstring = "<module>", False
    for token in _tokens(source):
        if token.type in LAYOUT or (after_docstring and token.type == tokenize.NEWLINE):
            continue
        after_docstring = token.start in docstrings
        if after_docstring:
            continue
        if token.type not in (tokenize.INDENT, tokenize.DEDENT):  # these stand on the next line but belong to the block before
            owner = owners[token.start[0]]
        text = STRUCTURE.get(token.type, token.string)
        digests.setdefault(owner, hashlib.sha256()).update(text.encode() + b"\0")
    return tuple(sorted((name, digest.hexdigest()[:16]) for name, digest in digests.items()))


def _tokens(source: str) -> Iterator[tokenize.TokenInfo]:
    """The tokens of `source`; a string with fields is one, as it was before Python 3.12."""
    lines, depth, start = source.splitlines(keepends=True), 0, (0, 0)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        kind = tokenize.tok_name[token.type]
        if kind in ("FSTRING_START", "TSTRING_START"):
            start, depth = start if depth else token.start, depth + 1
        elif kind in ("FSTRING_END", "TSTRING_END"):
            depth -= 1
            if not depth:
                (first, left), (last, right) = start, token.end
                text = "".join(lines[first - 1 : last - 1])[left:] + lines[last - 1][left if first == last else 0 : right]
                yield tokenize.TokenInfo(tokenize.STRING, text, start, token.end, token.line)
        elif not depth:
            yield token


def _owners_and_docstrings(tree: ast.Module, lines: int) -> tuple[list[str], set[tuple[int, int]]]:
    """The qualified name that owns each line (1-based), and where the docstrings start."""
    owners = ["<module>"] * (lines + 1)
    docstrings = set()

    def visit(node: ast.AST, prefix: str) -> None:
        body = getattr(node, "body", [])
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and body:
            first = body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
                docstrings.add((first.lineno, first.col_offset))
        for child in _children(node):
            name = prefix
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                name = f"{prefix}.{child.name}" if prefix else child.name
                start = min([child.lineno, *(decorator.lineno for decorator in child.decorator_list)])
                owners[start : child.end_lineno + 1] = [name] * (child.end_lineno + 1 - start)
            visit(child, name)

    visit(tree, "")
    return owners, docstrings


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """The statements inside `node`, however deep."""
    for child in _children(node):
        yield child
        yield from _statements(child)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """What stands in the blocks of the statement `node`. Expressions hold no statements, and are most of a tree."""
    for block in ("body", "handlers", "orelse", "finalbody", "cases"):
        yield from getattr(node, block, ())


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(_source(module))


@cache
def _source(module: str) -> str:
    return _path(module).read_text(encoding="utf-8")


def _path(module: str) -> Path | None:
    """The source file of `module`; None where there is none (the name is that of a function, say)."""
    stem = ROOT.joinpath(*module.split("."))
    for path in (stem.with_suffix(".py"), stem / "__init__.py"):
        if path.is_file():
            return path
    return None
