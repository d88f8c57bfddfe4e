"""The terse script does what ours does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from web.node import node

from rosesim.web.bundle import CODE, outside, script
from rosesim.web.terse import terse, tokens

PROGRAM = """
// a comment with a "quote" and a ` in it
const longest = { value: 3, other: "value of `longest` // no comment", nested: [1, 2, 3] };
/* another
   comment */
function summed(list, { start = 0, scale } = {}) {
  let total = start;
  for (const entry of list) total += entry / (scale ?? 1) / 1;
  return total;
}
class Counter {
  constructor(begun) { this.counted = begun; }
  get doubled() { return 2 * this.counted; }
  step(by = 1) { this.counted = this.counted + +by - -by; return this; }
}
const { value, nested } = longest, words = "a1b22c".split(/[0-9]+|[/]/);
const text = `${nested.map((entry) => `<${entry}${{ inner: entry }.inner}>`).join("")}|${longest.other}|$${value}`;
const found = longest?.value > 2 ? /b"\\//g.test('b"/') : .5;
const counter = new Counter(1).step().step(2);
console.log(JSON.stringify([summed(nested, { scale: 2 }), counter.doubled, words, text, found]));
"""


def test_a_terse_script_computes_the_same(tmp_path: Path) -> None:
    short = terse(PROGRAM, frozenset({"console", "log", "stringify"}))
    assert len(short) < 0.75 * len(PROGRAM)
    assert "comment with" not in short and "longest.other" not in short and "summed" not in short
    assert node(short, tmp_path) == node(PROGRAM, tmp_path)


def test_a_name_from_outside_stays() -> None:
    assert "total" in terse(PROGRAM, frozenset({"total"}))
    for name in ("programs", "textContent", "customSections", "deltas"):
        assert (name in terse(f"const kept = thing.{name};", outside())) == (name != "deltas")


def test_what_is_no_script_is_refused() -> None:
    with pytest.raises(ValueError, match="no JavaScript that we understand: `never"):
        list(tokens("const a = `never closed;"))


def test_our_script_stays_a_script_and_becomes_short(tmp_path: Path) -> None:
    short, whole = script(), script(CODE, True)
    in_space = script(tuple(name for name in CODE if name != "spheres.js"))
    in_plane = script(tuple(name for name in CODE if name not in ("space.js", "spheres.js")))
    # 155 are for paths above a view of space, which hides what lies below it; the page decides, whatever it draws.
    assert len(in_plane) < 37_650 < len(whole)
    # Half of it is the shader, a text, which has short names already; 300 are for places where it takes many spheres.
    assert len(in_space) - len(in_plane) < 12_600
    assert len(short) - len(in_space) < 5_200  # many spheres: lists, and what the shader does with them
    (tmp_path / "terse.js").write_text(short, encoding="utf-8")
    found: Any = node(
        """
        import { readFileSync } from "node:fs";
        import vm from "node:vm";
        new vm.Script(readFileSync("terse.js", "utf8"));
        console.log("true");
        """,
        tmp_path,
    )
    assert found is True


@pytest.mark.parametrize("kind", ["text", "lit"])
def test_a_page_has_the_primitives_of_its_picture_and_no_others(kind: str) -> None:
    from rosesim.web.bundle import bundle

    plain = bundle({"title": "t", "layers": {"draw": [{"kind": "circle"}]}}, b"", readable=True)
    more = bundle({"title": "t", "layers": {"draw": [{"kind": kind}]}}, b"", readable=True)
    assert ("steepness" in more) == (kind == "lit") and ("CAPITALS" in more) == (kind == "text")
    assert "steepness" not in plain and "CAPITALS" not in plain and "circles(" in plain
