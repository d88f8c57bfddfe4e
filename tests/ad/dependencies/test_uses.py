"""Which names in a function's code are read, and which are only handed over or counted."""

from __future__ import annotations

from typing import Any

import pytest

from rosesim.ad.dependencies.uses import Uses, uses


def of(body: str) -> Uses:
    """The uses in a function with that body, in a closure over `cell`."""
    space: dict[str, Any] = {}
    lines = "\n".join(f"        {line}" for line in body.splitlines())
    exec(
        f"def outer(cell):\n    def f(x, self):\n        global n\n{lines}\n        return cell\n    return f", space
    )
    return uses(space["outer"](1).__code__)


@pytest.mark.parametrize(
    "body",
    [
        "const(name)",
        "y = const(name)[x] + 1.0",
        "rosesim.const(name)",
        "len(name) + const(name)[0]",
        "name.shape[0]",
        'const(name["key"])',
        "return const(name)",
        "g = lambda: const(name)",
        "name.append(x)",
        "name.append(1.0)",
        "next(name)",
        "name[0] += 1",
        'name["k"] += 2.5',
    ],
)
def test_a_name_that_is_not_read(body: str) -> None:
    found = of(body)
    assert "name" in found.handed
    assert "name" not in found.globals


@pytest.mark.parametrize(
    "body",
    [
        "name",
        "y = name",
        "name[0]",
        "const(name, 1)",
        "const(name + 1)",
        "const(name[x])",
        "give(const, name)",
        "other(name)",
        "const(name).append(name)",
        "y = next(name)",
        "y = name.append(x)",
        "name.append(name)",
        "name.pop()",
        "name[x] += 1",
        "name[0] += x",
        "y = const(name); z = name",
        "const(name)\ng = lambda: name.max()",
        "name.strides",
        "const(*name)",
    ],
)
def test_a_name_that_is_read(body: str) -> None:
    found = of(body)
    assert "name" in found.globals
    assert "name" not in found.handed


def test_attributes() -> None:
    assert of("const(self.table)").handed_attributes == {"table"}
    assert of("const(self.a.table)").handed_attributes == {"table"}
    assert "a" in of("const(self.a.table)").attributes
    assert of("const(self.table); self.table[0]").handed_attributes == set()
    assert "table" not in of("self.table += 1").attributes
    assert "table" in of("self.table += x").attributes
    assert "table" in of("self.table = self.table + 1").attributes


def test_counts() -> None:
    assert of("n += 1").counted == {"n"}
    assert of("n += x").counted == set()
    assert of("n += 1\ny = n").counted == set()


def test_paths_and_words() -> None:
    found = of("np.random.normal(x)\ntime.time()\nmath")
    assert {("np", "random", "normal"), ("time", "time", "()"), ("math",)} <= found.paths
    assert {"a", "b"} <= of("getattr(self, 'a.b')").words
    assert ("os", 0) in of("import os as o").imports
