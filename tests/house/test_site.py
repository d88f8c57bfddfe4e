"""The documentation's site: it builds without a warning, and its reference has all that is public."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import site_reference as reference

import rosesim

ROOT = Path(__file__).parents[2]
SITE = ROOT / "docs" / "site"


def build(out: Path, *how: str) -> None:
    done = subprocess.run([sys.executable, SITE / "build.py", out, *how], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site") / "html"
    build(out)
    return out


def test_no_page_has_a_dead_link_or_another_warning(tmp_path: Path) -> None:
    build(tmp_path / "html", "--check")


@pytest.mark.full
def test_it_opens_at_the_readme_and_can_be_searched(site: Path) -> None:
    assert "README.html" in (site / "index.html").read_text()
    assert "L-BFGS" in (site / "docs" / "diagrams.html").read_text()
    assert "docs/linear-algebra" in (site / "searchindex.js").read_text()
    assert (site / "gallery.html").stat().st_size == (ROOT / "docs" / "gallery.html").stat().st_size


@pytest.mark.full
def test_the_reference_has_signatures_and_texts(site: Path) -> None:
    text = (site / "docs" / "reference" / "control.html").read_text()
    assert 'id="rosesim.scan"' in text and "A branch: then() if p is true" in text


@pytest.mark.parametrize("page", reference.PAGES)
def test_pages_are_those_of_the_code(page: str) -> None:
    text = (reference.FOLDER / f"{page}.md").read_text(encoding="utf-8")
    assert text == reference.text(page), "run `python docs/site/site_reference.py`"


def test_all_that_is_public_is_there() -> None:
    there = {
        name
        for page, (_, _, module, _) in reference.PAGES.items()
        if module == "rosesim"
        for name in reference.names(page)
    }
    assert there >= set(rosesim.__all__)
