"""The documentation as a site: `python docs/site/build.py OUT`.

The pages are those of the repository as they are: README.md is the first, then docs/, the scenes' READMEs, and the
reference that `site_reference.py` makes of the docstrings. So nothing is said twice, and each page reads well
without the site. What a site lacks is put right here: a link to a folder goes to its README, and the sidebar has a
table of contents.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from pygments.lexers.special import TextLexer

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT)]

import site_reference as reference  # noqa: E402 # pyright: ignore[reportMissingImports] -- beside this file

import rosesim  # noqa: E402

project = "rosesim"
author = "the rosesim authors"
project_copyright = author
version = release = rosesim.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
root_doc = "README"
include_patterns = [
    "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/*.md", "docs/decisions/*.md", "docs/reference/*.md",
    "apps/*/README.md", "benchmarks/*.md", "fuzz/*.md",
]  # fmt: skip
# Where no page is; Sphinx would walk through all of it.
exclude_patterns = ["**/__pycache__", ".*", "build", "dist", "rosesim", "tests", "docs/site", "docs/figures", "runs"]
html_theme = "furo"
html_title = f"rosesim {release}"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_extra_path = [str(ROOT / "docs" / "gallery.html")]
html_copy_source = False
html_show_sphinx = False
myst_heading_anchors = 4
myst_enable_extensions = ["html_image"]
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
default_role = "literal"  # docstrings are Markdown: what stands between single backquotes is code
nitpicky = False

CONTENTS = [
    ("First steps", ["docs/tutorial", "docs/how-to", "docs/gallery", "docs/scenes", "docs/training", "docs/viewer",
                     "docs/limits"]),
    (
        "The language",
        ["docs/language", "docs/from-numpy", "docs/linear-algebra", "docs/implicit", "docs/time", "docs/rotations",
         "docs/chance", "docs/control"],
    ),
    ("Gradients", ["docs/gradients", "docs/lessons", "docs/debugging", "docs/trust"]),
    ("Robots and diagrams", ["docs/robots", "docs/diagrams", "docs/diagrams-python", "docs/diagrams-language",
                             "docs/diagrams-library"]),
    ("Elsewhere", ["docs/interop", "docs/web", "docs/scaling"]),
    ("How good it is", ["docs/performance", "docs/diagrams-measured", "benchmarks/README", "benchmarks/results",
                        "docs/newcomers"]),
    ("Reference", [f"docs/reference/{name}" for name in reference.PAGES]),
    ("Scenes", sorted(f"apps/{p.parent.name}/README" for p in (ROOT / "apps").glob("*/README.md"))),
    ("The project", ["CHANGELOG", "CONTRIBUTING", "docs/architecture", "docs/decisions/README", "docs/threat-model"]),
]  # fmt: skip
"""What stands in the sidebar."""

_LINK = re.compile(r"(?<!!)\[([^\[\]]*)\]\(([^)#\s]+)(#[^)\s]*)?\)")
_BEGINS_A_SENTENCE = re.compile(r"^```(style|substance|domain)\b", re.MULTILINE)


def _target(page: Path, name: str, link: re.Match[str]) -> str:
    """A link of a page, as the site needs it."""
    text, path, anchor = link[1], link[2], link[3] or ""
    if re.match(r"[a-z]+:", path):
        return link[0]
    there = (page.parent / path).resolve()
    if there == ROOT / "docs" / "gallery.html":
        return f'<a href="{"../" * name.count("/")}gallery.html">{text}</a>'
    if there == ROOT:
        return f"[{text}](/README.md)"
    if there.is_dir():
        for inside in (
            there / "README.md",
            there / f"{there.name}.svg",
            there / "normal-matrices/normal-matrices.svg",
        ):
            if inside.exists():
                return f"[{text}](/{inside.relative_to(ROOT)})"
        return text
    return f"[{text}](/{there.relative_to(ROOT)}{anchor})" if there.is_relative_to(ROOT) else link[0]


def _read(app: Any, name: str, source: list[str]) -> None:
    page = ROOT / f"{name}.md"
    parts = re.split(r"(^```.*?^```$|`[^`\n]+`)", source[0], flags=re.MULTILINE | re.DOTALL)
    parts[::2] = [_LINK.sub(lambda link: _target(page, name, link), part) for part in parts[::2]]
    source[0] = "".join(parts)
    if name == root_doc:
        for caption, pages in CONTENTS:
            there = [p for p in pages if (ROOT / f"{p}.md").exists()]
            source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n" + "\n".join(there) + "\n```\n"
    if name == "docs/decisions/README":
        records = sorted(p.stem for p in page.parent.glob("[0-9]*.md"))
        source[0] += "\n```{toctree}\n:hidden:\n\n" + "\n".join(records) + "\n```\n"


def _finished(app: Any, failed: object) -> None:
    """The site opens at its folder, too."""
    first = '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=README.html">'
    Path(app.outdir, "index.html").write_text(f"{first}<title>rosesim</title>\n", encoding="utf-8")


def setup(app: Any) -> None:
    """Called by Sphinx."""
    for name in ("style", "substance", "domain"):  # Penrose's languages
        app.add_lexer(name, TextLexer)
    app.connect("source-read", _read)
    app.connect("autodoc-process-docstring", reference.as_rst)
    app.connect("build-finished", _finished)
