"""The reference: pages that name what is public, and docstrings as Sphinx reads them.

    python docs/site/site_reference.py        # writes docs/reference/*.md anew

A page holds names alone; signatures and texts come of the code when the site is built. A test compares the pages with
this file's, and this file's names with what is public.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "reference"


def _public(*groups: str) -> list[str]:
    import rosesim

    return [name for group in groups for name in getattr(rosesim, group)]


def _of(module: str) -> list[str]:
    from importlib import import_module

    return sorted(import_module(module).__all__)


PAGES: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "types": ("Types and functions", "What a program is written with.", "rosesim", ("_TYPES", "_FUNCTIONS")),
    "control": ("Loops, branches, vectors", "What repeats and decides.", "rosesim", ("_CONTROL", "_VECTORS")),
    "derivatives": ("Derivatives", "Functions of functions.", "rosesim", ("_DERIVATIVES",)),
    "mathematics": ("Mathematics", "Of numbers and vectors.", "rosesim", ("_MATHEMATICS", "_LINEAR_ALGEBRA")),
    "systems": ("Linear systems, roots, minima", "Solved, with the solution's derivative.", "rosesim",
                ("_SYSTEMS", "_IMPLICIT")),
    "errors": ("Errors", "What is raised.", "rosesim", ("_ERRORS",)),
    "plans": ("Control", "Controls that make a motion cheap.", "rosesim.control", ()),
    "integrate": ("Time", "Steps in time, and events.", "rosesim.integrate", ()),
    "random": ("Random numbers", "Numbers that come of keys.", "rosesim.random", ()),
    "rotations": ("Rotations", "Quaternions, matrices, rotation vectors.", "rosesim.rotations", ()),
    "scenes": ("Scenes", "What a simulation declares.", "rosesim.scenes", ()),
    "kit": ("The kit", "Parts that scenes share.", "rosesim.scenes.kit", ()),
    "train": ("Training", "Runs, and what is in their folders.", "rosesim.train", ()),
    "robots": ("Robots", "Models from files.", "rosesim.robots", ()),
    "diagrams": ("Diagrams", "Diagrams by Python calls.", "rosesim.diagrams", ()),
    "web": ("Web pages", "Scenes as pages, functions as modules.", "rosesim.web", ()),
}  # fmt: skip
"""By file: the heading, a sentence, the module, and its lists of names (all that are public if none)."""


def names(page: str) -> list[str]:
    """What stands on a page."""
    _, _, module, groups = PAGES[page]
    return _public(*groups) if groups else _of(module)


def text(page: str) -> str:
    """A page."""
    import importlib

    heading, sentence, module, _ = PAGES[page]
    loaded = importlib.import_module(module)
    lines = [f"# {heading}", "", f"{sentence} From `{module}`.", "", "```{eval-rst}", f".. currentmodule:: {module}"]
    for name in names(page):
        value = getattr(loaded, name)
        kind = "autoclass" if isinstance(value, type) else "autofunction" if callable(value) else "autodata"
        lines += ["", f".. {kind}:: {name}"]
        if kind == "autoclass" and not issubclass(value, BaseException):
            lines.append("   :members:")
    return "\n".join([*lines, "```", ""])


_CODE = re.compile(r"(``.*?``|`[^`]*`)", re.DOTALL)


def as_rst(app: Any, what: str, name: str, value: object, options: object, lines: list[str]) -> None:
    """A docstring of ours, which is plain text with code between backquotes, as reStructuredText."""
    if what == "data" and "\n".join(lines).strip() == inspect.cleandoc(type(value).__doc__ or "").strip():
        lines.clear()  # a constant without a text of its own has that of its type
    blocks = re.split(r"(\n\s*\n)", "\n".join(lines))
    for k, block in enumerate(blocks):
        if block.lstrip().startswith(">>>") or not block.strip():
            continue
        if block.startswith("    "):  # after a paragraph: code, as in Markdown
            if not any(b.strip() for b in blocks[:k]) or not blocks[k - 2].startswith((" ", ">>>")):
                blocks[k] = f"::\n\n{block}"
            continue
        parts = _CODE.split(block)
        parts[::2] = [re.sub(r"([*|\\])|(?<=\w)(_)(?=\W|$)", r"\\\g<0>", part) for part in parts[::2]]
        parts[1::2] = [f"``{part.strip('`')}``" for part in parts[1::2]]
        for i in range(2, len(parts), 2):
            if parts[i][:1].isalnum():  # `Tan`s
                parts[i] = f"\\ {parts[i]}"
        blocks[k] = "".join(parts)
    lines[:] = "".join(blocks).split("\n")


def main() -> None:
    """Write all pages."""
    FOLDER.mkdir(exist_ok=True)
    for page in PAGES:
        (FOLDER / f"{page}.md").write_text(text(page), encoding="utf-8")


if __name__ == "__main__":
    main()
