"""For all tests: compiled programs and temporary files are kept in a folder of this run alone, not in the user's
cache; and examples that need a package which is not there are skipped."""

import atexit
import doctest
import gc
import os
import re
import shutil
import tempfile
from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol

# At import, before xdist starts its workers, which inherit it. What tests and examples write into folders of
# `tempfile` goes with the run, too; pytest keeps its own folders of the last three runs, for a look at failures.
if "ROSESIM_CACHE_DIR" not in os.environ:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
    FOLDER = tempfile.mkdtemp(prefix="rosesim-tests-")
    atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
    os.environ["TMPDIR"] = tempfile.tempdir = FOLDER
    os.environ["ROSESIM_CACHE_DIR"] = os.path.join(FOLDER, "cache")
CACHE = os.environ["ROSESIM_CACHE_DIR"]

# Where it is set, each process that a test starts would compile all of our modules, for a third of a second.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Programs are millions of small objects that stay: looking at them all again and again finds nothing.
gc.set_threshold(200_000, 20, 50)

OPTIONAL = ("torch", "jax", "stable_baselines3")
"""Packages that people have and the tests do not need."""
collect_ignore = [f"rosesim/interop/{name}.py" for name in OPTIONAL if find_spec(name) is None]
"""Modules that cannot be imported then, not even to look for examples."""


ROUNDED = {"robots.md"}
"""Pages whose examples end a search at the last digits, which LLVM's optimiser changes."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Examples of documentation are about meanings, in short runs; those of a section (of a page, or all of a
    docstring) that imports a package which is not installed are skipped."""
    found = getattr(item, "dtest", None)
    if not isinstance(found, doctest.DocTest):
        return
    if item.path.name not in ROUNDED:
        item.fixturenames.append("unoptimised")  # pyright: ignore[reportAttributeAccessIssue] -- of every doctest
    headings = [i for i, line in enumerate((found.docstring or "").splitlines()) if line.startswith("## ")]
    sections: dict[int, list[doctest.Example]] = {}
    for example in found.examples:
        sections.setdefault(sum(i < example.lineno for i in headings), []).append(example)
    for examples in sections.values():
        text = "".join(e.source for e in examples)
        if any(re.search(rf"(import|from) {name}\b", text) and find_spec(name) is None for name in OPTIONAL):
            for example in examples:
                example.options[doctest.SKIP] = True


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Where no examples are, none are looked for, which is a third of collecting (and each worker collects all).

    A package can show what another file defines as its own (`rosesim` does so with its errors).
    """
    found = yield
    if file_path.suffix != ".py" or file_path.name == "__init__.py" or ">>>" in file_path.read_text(encoding="utf-8"):
        return found
    return [c for c in found if type(c) is pytest.Module]


def pytest_collection_finish() -> None:
    """What is there by now stays. Searched for garbage with the rest, it makes each search take half a second."""
    gc.collect()
    gc.freeze()


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Of a test that passes, a worker reports the call alone: each message costs as much as a small test."""
    asked = item.config.option
    if not hasattr(item.config, "workerinput") or asked.durations is not None or asked.xmlpath or asked.verbose > 0:
        return None  # pytest's own way, with the reports of setup and teardown
    reports = runtestprotocol(item, log=False, nextitem=nextitem)
    for report in reports:
        if report.when == "call" or not all(r.passed for r in reports):
            item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


@pytest.fixture
def unoptimised(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Machine code comes after all of our passes, but LLVM does not optimise it, which takes half of compiling.

    For tests of what programs mean, with short runs; `optimised` marks those of such a file whose runs are long or
    whose subject is the machine code. `-m ""` and `-m full` run them all with what users get.
    """
    if request.config.getoption("markexpr") == "not full" and not request.node.get_closest_marker("optimised"):
        from rosesim import Fn
        from rosesim.codegen import compile_func

        for f in (compile_func, Fn.compile):
            monkeypatch.setitem(f.__kwdefaults__ or {}, "optimise", False)


@pytest.hookimpl(trylast=True)  # after fixtures have put back what they changed
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """A test that leaves the cache switched off, or elsewhere, makes all that follow compile everything anew."""
    assert os.environ.get("ROSESIM_CACHE_DIR") == CACHE, f"{item.nodeid} leaves ROSESIM_CACHE_DIR changed"
