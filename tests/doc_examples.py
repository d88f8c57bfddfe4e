"""The examples of the documentation: the code blocks of the Markdown files and of the docstrings."""

from __future__ import annotations

import ast
import doctest
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "apps").glob("*/*.md"))]

_FENCE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[str]:
    """The Python code blocks of a page."""
    return _FENCE.findall(page.read_text(encoding="utf-8"))


def source(text: str) -> str:
    """The statements behind the prompts of a text."""
    return "".join(e.source for e in doctest.DocTestParser().get_examples(text))


def docstrings(module: Path) -> dict[str, str]:
    """The examples of every docstring of a module, by the dotted name of what it is of, as a file of their own.

    A doctest sees the names of its module; they are imported here.
    """
    dotted = ".".join(module.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    tree = ast.parse(module.read_text(encoding="utf-8"))
    visible = {n for node in tree.body for n in _bound(node)}
    found: dict[str, str] = {}

    def visit(node: ast.Module | ast.ClassDef | ast.FunctionDef, name: str) -> None:
        text = source(ast.get_docstring(node) or "")
        if text:
            used = {n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)}
            taken = sorted((used & visible) - {n for s in ast.parse(text).body for n in _bound(s)})
            found[name] = (f"from {dotted} import {', '.join(taken)}\n" if taken else "") + text
        for child in node.body:
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                visit(child, f"{name}.{child.name}")
            elif isinstance(child, ast.If):
                for inner in (*child.body, *child.orelse):
                    if isinstance(inner, ast.FunctionDef | ast.ClassDef):
                        visit(inner, f"{name}.{inner.name}")

    visit(tree, dotted)
    return found


def _bound(node: ast.stmt) -> list[str]:
    """The names that a statement binds where it stands."""
    match node:
        case ast.Import(names) | ast.ImportFrom(_, names):
            return [a.asname or a.name.partition(".")[0] for a in names]
        case ast.FunctionDef() | ast.ClassDef():
            return [node.name]
        case ast.AnnAssign(ast.Name(name)):
            return [name]
        case ast.Assign(targets):
            return [t.id for t in targets if isinstance(t, ast.Name)]
        case _:
            return []
