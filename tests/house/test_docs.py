"""The documentation's examples run.

pytest itself runs what has prompts, in Markdown files and docstrings alike (see pyproject.toml). Here is
what it would not notice: examples that nothing runs, and public names without one.
"""

from __future__ import annotations

import doctest
import types
from pathlib import Path

import pytest
from doc_examples import PAGES, ROOT, blocks

import rosesim
from rosesim import Real, fn

ERRORS = [n for n in rosesim.__all__ if isinstance(getattr(rosesim, n), type) and n in rosesim._ERRORS]  # pyright: ignore[reportPrivateUsage] -- the groups of __all__
OTHERS = [n for n in rosesim.__all__ if n not in ERRORS]


def examples(text: str | None) -> list[doctest.Example]:
    return doctest.DocTestParser().get_examples(text or "")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_python_block_has_prompts_and_so_is_run(page: Path) -> None:
    unrun = [b for b in blocks(page) if not examples(b)]
    assert not unrun


def test_the_pages_are_among_what_pytest_collects(pytestconfig: pytest.Config) -> None:
    paths = [ROOT / p for p in pytestconfig.getini("testpaths")]
    assert all(any(page.is_relative_to(p) for p in paths) for page in PAGES)
    assert "--doctest-modules" in pytestconfig.getini("addopts")


@pytest.mark.parametrize("name", OTHERS)
def test_every_public_name_has_an_example_with_its_result(name: str) -> None:
    if name == "Null":
        return  # a constant; docs/language.md uses it
    of = getattr(rosesim, name)
    found = [*examples(of.__doc__), *(e for v in vars(of).values() for e in examples(getattr(v, "__doc__", "")))]
    assert any(e.want for e in found), f"rosesim.{name} has no example that shows a result"


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_says_when_it_is_raised_and_is_explained_in_the_tour(name: str) -> None:
    assert getattr(rosesim, name).__doc__
    assert f"`{name}`" in (ROOT / "docs" / "language.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", OTHERS)
def test_every_public_name_is_in_the_tour(name: str) -> None:
    text = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    assert (
        name in text.replace("(", " ").replace("`", " ").replace(",", " ").replace("[", " ").replace("@", " ").split()
    )


def test_examples_in_the_docstring_of_an_fn_are_found() -> None:
    module = types.ModuleType("somewhere")

    @fn
    def half(x: Real) -> Real:
        """Half of it.

        >>> 1 + 1
        2
        """
        return x / 2

    half.__module__ = "somewhere"
    module.half = half  # type: ignore[attr-defined]
    assert [t.name for t in doctest.DocTestFinder(exclude_empty=True).find(module)] == ["somewhere.half"]
