"""The page's logic without a document, in Node: each number beside the one that Python has for it."""

from __future__ import annotations

import json
import math
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from web.node import WEB, node

from rosesim.view.axes import axis_numbers, log_numbers, tick_texts, whole_numbers
from rosesim.view.player import Player
from rosesim.web.bundle import CODE, bundle, script

SPECS = (
    "f", "e", "g", ".3f", ".0f", "+.2f", "8.3f", "08.3f", " .1f", ".2e", ".0e", "+.3e", "12.1e", ".3g", ".1g", ".0g",
    "+8.4g", "010.2f", "-.2f", ".1%", "+.0%",
)  # fmt: skip


def test_numbers_are_written_as_python_writes_them(tmp_path: Path) -> None:
    draw = random.Random(0)
    values = [
        0.0,
        -0.0,
        1.0,
        -1.5,
        0.5,
        2.5,
        0.125,
        2.675,
        1e-5,
        1e-4,
        99999.5,
        123456.0,
        1e15,
        1e16,
        1e21,
        1.5e22,
        1e-300,
    ]
    values += [math.inf, -math.inf, math.nan, 5e-324, 0.1, 1 / 3, 9.995, 12345.678]
    values += [draw.gauss(0, 1) * 10 ** draw.randint(-12, 12) for _ in range(300)]
    values += [draw.randint(-4000, 4000) / 2 ** draw.randint(0, 5) for _ in range(300)]  # among them many exact ties
    cases = [(v, s) for v in values for s in SPECS]
    expected = [format(v, s) for v, s in cases]
    whole = [(n, s) for n in (0, 7, -1234567) for s in ("d", "+d", "6d", "03d")]
    (tmp_path / "cases.json").write_text(json.dumps([[struct_safe(v), s] for v, s in cases + whole]))
    found = node(
        """
        import { format } from "WEB/page/formats.js";
        import { readFileSync } from "node:fs";
        const cases = JSON.parse(readFileSync("cases.json", "utf8"));
        console.log(JSON.stringify(cases.map(([v, s]) => format(Number(v), s))));
        """,
        tmp_path,
    )
    expected += [format(n, s) for n, s in whole]
    wrong = [(c, f, e) for c, f, e in zip(cases + whole, found, expected, strict=True) if f != e]
    assert not wrong, (len(wrong), wrong[:10])


def struct_safe(v: float) -> str:
    """A number as text that JavaScript reads to the same bits."""
    return {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(repr(v), repr(v))


def test_the_replay_is_that_of_the_viewer(tmp_path: Path) -> None:
    draw = random.Random(1)
    moves: list[tuple[str, float]] = []
    for _ in range(300):
        name = draw.choice(("advance", "advance", "advance", "toggle", "step", "scrub", "restart", "change_speed"))
        moves.append((name, draw.choice((0.016, 0.5, 0.9)) if name == "advance" else draw.randint(-3, 3)))
    player, expected = Player(states=31), []
    for name, by in moves:
        if name in ("toggle", "restart"):
            getattr(player, name)()
        elif name == "scrub":
            player.scrub(min(max((15 + by) / 30, 0), 1))
        else:
            getattr(player, name)(by)
        expected.append([player.index, player.playing, player.speed])
    found = node(
        f"""
        import {{ Player }} from "WEB/page/player.js";
        const player = new Player(30);
        console.log(JSON.stringify({json.dumps(moves)}.map(([name, by]) => {{
          player[name === "change_speed" ? "changeSpeed" : name](name === "scrub" ? 15 + by : by);
          return [player.index, player.playing, player.speed];
        }})));
        """,
        tmp_path,
    )
    assert found == expected


def test_the_axis_has_the_numbers_of_the_viewer(tmp_path: Path) -> None:
    ranges = [(0.0, 1.0), (-3.2, 8.9), (0.0453, 0.0453), (1e-9, 3e-9), (0.0, 0.0), (17.0, 1234.5), (1e4, 2.2e4)]
    positive = [(0.03, 0.9), (1e-9, 0.2), (5e-324, 1e308), (2.0, 1999.0), (1.0, 1e3), (3e5, 7e6)]
    whole = [(0, 200, 4), (0, 1, 4), (0, 511, 3), (7, 1234567, 5), (0, 1000, 10)]
    found = node(
        f"""
        import {{ axisNumbers, logNumbers, short, tickTexts, wholeNumbers }} from "WEB/page/curve.js";
        const values = [0, 0.0453761, 2.17e-5, -1234.5, 99999, NaN, 250].map((v) => short(v));
        const ranges = {json.dumps(ranges)}, positive = {json.dumps(positive)}, whole = {json.dumps(whole)};
        const linear = ranges.map(([a, b]) => axisNumbers(a, b)), powers = positive.map(([a, b]) => logNumbers(a, b));
        console.log(JSON.stringify([linear, values, powers, [...linear, ...powers].map(tickTexts),
          whole.map(([a, b, n]) => wholeNumbers(a, b, n))]));
        """,
        tmp_path,
    )
    for ticks, (low, high) in zip(found[0], ranges, strict=True):
        np.testing.assert_allclose(ticks, axis_numbers(low, high), rtol=1e-12)
    for ticks, (low, high) in zip(found[2], positive, strict=True):
        np.testing.assert_allclose(ticks, log_numbers(low, high), rtol=1e-12)
    every = [*(axis_numbers(*r) for r in ranges), *(log_numbers(*r) for r in positive)]
    assert found[3] == [tick_texts(ticks) for ticks in every]
    assert found[4] == [whole_numbers(*w) for w in whole]
    assert found[1] == ["0", "0.04538", "2.17e-5", "-1235", "1.00e5", "–", "250"]


def test_snapshots_lie_close_enough_for_a_frame_and_far_enough_for_memory(tmp_path: Path) -> None:
    found = node(
        """
        import { stride } from "WEB/page/reel.js";
        const cases = [[1024, 400, 0.001], [1024, 400, 1], [100, 1e6, 4], [10, 8, 0.001]];
        console.log(JSON.stringify(cases.map((c) => stride(...c))));
        """,
        tmp_path,
    )
    quick, slow, large, few = found
    assert 1024 / quick >= 110  # the trail's points
    assert slow <= 5  # milliseconds, at one each step
    assert 100 / large * 1e6 <= 50e6  # bytes
    assert few == 1


def test_states_between_snapshots_are_those_of_the_steps(tmp_path: Path) -> None:
    """A machine that counts: state t is t, and only asked-for steps are made."""
    found = node(
        """
        import { Reel, rollout, paths } from "WEB/page/reel.js";
        const state = new Float64Array(1);
        let steps = 0;
        const machine = {
          state, programs: { trail: true }, start: () => (state[0] = 0), trail: () => [state[0], -state[0]],
          advance: (t, n) => { if (state[0] !== t) throw Error("another state"); state[0] += n; steps += n; },
        };
        const attempt = rollout(machine, 1000, 8), reel = new Reel(machine, attempt), seen = [];
        steps = 0;
        for (const t of [0, 1, 2, 500, 501, 499, 1000, 999, 7, 8]) { reel.seek(t); seen.push(state[0]); }
        const [path] = paths(attempt, 500, [500, -500]);
        const kept = attempt.states.length / 8, whole = paths(attempt)[0].slice(-2);
        console.log(JSON.stringify({ seen, steps, kept, path: path.slice(-4), whole }));
        """,
        tmp_path,
    )
    assert found["seen"] == [0, 1, 2, 500, 501, 499, 1000, 999, 7, 8]
    assert found["steps"] == 1 + 1 + 4 + 1 + 3 + 0 + 7 + 7  # from the state shown, or from the one kept before
    assert found["kept"] == 126
    assert found["path"] == [496, -496, 500, -500]
    assert found["whole"] == [1000, -1000]


def test_the_joined_script_has_each_name_once() -> None:
    declared = re.compile(r"^(?:export )?(?:async )?(?:const|let|function|class) (\w+)", re.M)
    names = [name for file in CODE for name in declared.findall((WEB / "page" / file).read_text())]
    assert len(names) == len(set(names)) > 40, sorted(n for n in names if names.count(n) > 1)
    assert not re.search(r"^\s*(import|export)\b", script(CODE, True), re.M)


def test_each_import_stands_before_its_use() -> None:
    for k, name in enumerate(CODE):
        for wanted in re.findall(r'from "\./([\w.]+)"', (WEB / "page" / name).read_text()):
            assert wanted in CODE[:k], (name, wanted)


@pytest.mark.parametrize("text", ["</script><script>alert(1)</script>", "<!-- <script>", "{{code}} \u2028"])
def test_data_cannot_end_its_element(text: str) -> None:
    page = bundle({"title": text, "about": text}, b"", readable=True)
    data: Any = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert json.loads(data[1])["about"] == text
    assert page.count("<script") == 2
