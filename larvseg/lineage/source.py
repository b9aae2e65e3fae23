"""What one source file holds: the names that it imports, and a hash of each of its functions and classes.

A hash covers the token stream without comments, docstrings and layout, so only logic counts, and it is the same on every Python version.
"""

from __future__ import annotations

import ast
import hashlib
import io
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER}
STRING_STARTS, STRING_ENDS = (
    {getattr(tokenize, name) for name in (f"FSTRING_{end}", f"TSTRING_{end}") if hasattr(tokenize, name)} for end in ("START", "END")
)
STRUCTURE = {tokenize.INDENT: "<indent>", tokenize.DEDENT: "<dedent>", tokenize.NEWLINE: "<newline>"}


class Source(NamedTuple):
    """What a source file holds."""

    imports: list[str]  # sorted; where `from a import b` stands both a and a.b, since b may be a module
    functions: dict[str, str]  # qualified name → hash of each function and class; "<module>" is what stands outside them


def read(source: str, package: str) -> Source:
    """What the text `source` of a module of `package` holds."""
    tree = ast.parse(source)
    return Source(sorted(_imports(tree, package)), _functions(tree, source))


def _imports(tree: ast.Module, package: str) -> set[str]:
    found = set()
    for node in _statements(tree):
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


def _functions(tree: ast.Module, source: str) -> dict[str, str]:
    owners, docstrings = _owners_and_docstrings(tree, source.count("\n") + 2)
    texts: dict[str, list[str]] = defaultdict(list)
    owner, after_docstring = "<module>", False
    for token in _tokens(source):
        if token.type in LAYOUT or (after_docstring and token.type == tokenize.NEWLINE):
            continue
        after_docstring = token.start in docstrings
        if after_docstring:
            continue
        if token.type not in (tokenize.INDENT, tokenize.DEDENT):  # these stand on the next line but belong to the block before
            owner = owners[token.start[0]]
        texts[owner].append(STRUCTURE.get(token.type, token.string))
    return {name: hashlib.sha256("\0".join([*own, ""]).encode()).hexdigest()[:16] for name, own in sorted(texts.items())}


def _tokens(source: str) -> Iterator[tokenize.TokenInfo]:
    """The tokens of `source`; a string with fields is one, as it was before Python 3.12."""
    lines, depth, start = source.splitlines(keepends=True), 0, (0, 0)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in STRING_STARTS:
            start, depth = start if depth else token.start, depth + 1
        elif token.type in STRING_ENDS:
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
