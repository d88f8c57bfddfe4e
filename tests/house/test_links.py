"""The documentation's links lead somewhere, and the files that it names exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from doc_examples import PAGES, ROOT

ALL = [
    *PAGES,
    ROOT / "CONTRIBUTING.md",
    ROOT / "benchmarks" / "README.md",
    *sorted((ROOT / "docs" / "decisions").glob("*.md")),
]
FOR_CONTRIBUTORS = [ROOT / "CONTRIBUTING.md", ROOT / "docs" / "architecture.md"]
"""Records of decisions are left out: they keep the names of their time."""

LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`[^`\n]*`")
FILE = re.compile(r"`([\w./]+\.(?:py|md|toml|yaml))`")
BELOW = ("", "rosesim", "rosesim/ad", "rosesim/codegen")
"""Where a file's name may begin; one without a folder may be anywhere below."""


def shown(page: Path) -> str:
    return str(page.relative_to(ROOT))


def links(page: Path) -> list[str]:
    """Where a page's links lead, within the repository."""
    prose = INLINE.sub("", FENCED.sub("", page.read_text(encoding="utf-8")))
    return [link for link in LINK.findall(prose) if "://" not in link]


def anchors(page: Path) -> set[str]:
    """The names by which GitHub links to a page's headings."""
    found: set[str] = set()
    for heading in HEADING.findall(FENCED.sub("", page.read_text(encoding="utf-8"))):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        found.add(re.sub(r"[^\w\- ]", "", words).strip().replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", ALL, ids=shown)
def test_every_link_of_a_page_leads_to_a_file_and_a_heading_that_exist(page: Path):
    for link in links(page):
        path, _, anchor = link.partition("#")
        to = (page.parent / path).resolve() if path else page
        assert to.exists(), f"{link}: there is no such file"
        assert not anchor or anchor in anchors(to), f"{link}: there is no such heading"


@pytest.mark.parametrize("page", FOR_CONTRIBUTORS, ids=shown)
def test_every_file_that_contributors_are_sent_to_exists(page: Path):
    missing: list[str] = []
    for name in FILE.findall(page.read_text(encoding="utf-8")):
        if "NAME" in name:
            continue
        beside = any((ROOT / folder / name).is_file() for folder in BELOW)
        if not beside and ("/" in name or not any((ROOT / "rosesim").rglob(name))):
            missing.append(name)
    assert not missing
