"""The page's worker in Node, with the module and the data of a real page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from web.guarded import Ground, Walk, Walker
from web.node import node

from rosesim import Program, ProgramError, value_and_grad
from rosesim.optimise.rules import make_optimizer
from rosesim.scenes import configure, find_scene
from rosesim.scenes.compiled import compiled
from rosesim.scenes.tree import FlatView
from rosesim.web.page import page

WORKER = """
import { Machine, saved } from "WEB/page/machine.js";
import { Live } from "WEB/page/live.js";
import { readFileSync } from "node:fs";
const data = JSON.parse(readFileSync("data.json", "utf8")), machine = await Machine.open(data);
const said = [], live = new Live(machine, data, (m) => said.push(m), () => new Promise((go) => setImmediate(go)));
let serial = 0;
const command = (what, more) => live.command({ do: what, serial: ++serial, ...more });
const last = () => said.at(-1);
const doubles = (bytes) => [...new Float64Array(bytes.slice().buffer)];
"""


def told(text: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    assert found is not None
    return json.loads(found[1])


def run(folder: Path, data: Any, script: str) -> Any:
    (folder / "data.json").write_text(json.dumps(data), encoding="utf-8")
    return node(WORKER + script, folder)


@pytest.mark.parametrize("begun", [0, 50])
def test_the_worker_optimises_to_the_bits_of_training(begun: int, tmp_path: Path) -> None:
    """It does so wherever a run left off: an optimiser that remembers nothing is at its own beginning."""
    scene, inputs = configure(find_scene("mass_spring_simple"), ["steps=60"])
    params = scene.params(np.random.default_rng(0))
    text = page(scene, inputs, optimizer="adam", iterations=12, math="strict")
    found = run(
        tmp_path,
        told(text) | {"iteration": begun},
        """
        await command("open");
        await command("optimise", { on: true });
        const { attempt, done, going } = last(), curve = said.flatMap((m) => m.curve);
        const params = doubles(attempt.params), id = new Set(said.map((m) => m.course)).size;
        console.log(JSON.stringify({ params, curve, done, going, id }));
        """,
    )
    loss = compiled(scene).loss
    view, adam = FlatView.of(params), make_optimizer("adam", float(inputs.learning_rate))
    program = Program(value_and_grad(loss, wrt=0), loss.types_of((params, inputs)), math="strict")
    x, state = view.flatten(params), adam.start(view.flatten(params))
    losses: list[float] = []
    for i in range(13):
        value, gradient = program(view.unflatten(x), inputs)
        losses.append(float(value))
        if i < 12:
            x, state = adam.step(x, view.flatten(gradient), state)
    assert found["curve"] == [[i, v] for i, v in enumerate(losses, begun)]
    assert found["params"] == x.tolist()
    assert found["done"].startswith(f"Done: {begun + 12} iterations of adam")
    assert not found["going"] and found["id"] == 1


def test_the_worker_holds_what_is_dragged_and_goes_back(tmp_path: Path) -> None:
    scene, inputs = configure(find_scene("billiards"), ["steps=400", "layers=2"])
    found = run(
        tmp_path,
        told(page(scene, inputs, iterations=30)),
        """
        await command("open");
        const first = last().attempt.loss;
        command("hold", { handle: "goal", to: [0.5, 0.5] });
        await command("hold", { handle: "goal", to: [0.6, 0.4] });
        const held = { goal: doubles(last().attempt.inputs).slice(0, 2), n: said.length, start: last().startHeld };
        await command("hold", { handle: "cue", to: [0.2, 0.45] });
        const moved = last().startHeld;
        command("optimise", { on: true });
        await new Promise((go) => setTimeout(go, 30));
        await command("release");
        const tuned = last();
        const { iteration, params, inputs: given } = said.findLast((m) => m.ghosts?.length).ghosts[0];
        await command("visit", { iteration, params, inputs: given });
        const visited = last().attempt;
        await command("input", { name: "restitution", value: 0.5 });
        const slid = last();
        await command("reset");
        console.log(JSON.stringify({
          first, held, moved, tuned: tuned.attempt.iteration, cue: doubles(tuned.attempt.params).slice(0, 2),
          visited: visited.iteration, slid: slid.attempt.loss, back: last().attempt.loss, serial: last().serial,
          sent: serial,
        }));
        """,
    )
    assert found["held"] == {"goal": [0.6, 0.4], "n": 4, "start": False}
    assert found["moved"] is True
    assert found["tuned"] == 30 and found["visited"] == 0
    assert found["cue"] == [0.2, 0.45]  # held against the optimiser
    assert found["slid"] != found["first"] == found["back"]
    assert found["serial"] == found["sent"]


def test_a_failure_is_said_and_the_worker_goes_on(tmp_path: Path) -> None:
    scene, inputs = configure(find_scene("billiards"), ["steps=50", "layers=1"])
    found = run(
        tmp_path,
        told(page(scene, inputs)),
        """
        await command("open");
        await command("input", { name: "goal", value: NaN });
        const failed = last();
        await command("reset");
        const { failure = null, steep, note } = last();
        console.log(JSON.stringify([failed.failure, failure, steep === 0, note]));
        """,
    )
    failure, after, zero, note = found
    assert failure is not None and "not finite" in failure
    assert after is None
    assert zero == ("gradient is zero" in (note or ""))


def test_a_guard_that_fails_in_a_step_is_said_as_python_says_it(tmp_path: Path) -> None:
    """It fails while the optimiser runs, and where a user moves an input; a user who moves it back goes on."""
    found = run(
        tmp_path,
        told(page(Walker())),
        """
        await command("open");
        const begun = last().attempt.loss;
        await command("optimise", { on: true });
        const tuned = last();
        await command("reset");
        await command("input", { name: "start", value: 9 });
        const moved = last();
        await command("input", { name: "start", value: 1 });
        const { failure = "", attempt } = last();
        console.log(JSON.stringify([begun, tuned.failure, moved.failure, failure, attempt.loss]));
        """,
    )
    loss = compiled(Walker()).loss
    with pytest.raises(ProgramError) as raised:
        loss(Walk(), Ground(start=9.0))  # pyright: ignore[reportArgumentType] -- a number here, traced elsewhere
    begun, tuned, moved, after, again = found
    assert moved == tuned and moved in str(raised.value) and "an index outside of 0 .. 7 was computed" in moved
    assert after == "" and begun == again == pytest.approx(float(loss(Walk(), Ground())))


def test_what_is_moved_after_the_last_iteration_is_optimised_again(tmp_path: Path) -> None:
    """Unless it was stopped, or reset: then the page waits."""
    scene, inputs = configure(find_scene("bounce"), ["steps=60"])
    found = run(
        tmp_path,
        told(page(scene, inputs, iterations=4)),
        """
        await command("open");
        const seen = [], look = () => seen.push([last().attempt.iteration, last().going, last().done ?? ""]);
        await command("optimise", { on: true });
        look();
        await command("input", { name: "learning_rate", value: 0.01 });
        look();
        await command("hold", { handle: "start", to: [0.8, 0.6] });
        await command("release");
        look();
        await command("put", { inputs: { learning_rate: 0.02 } });
        look();
        await command("reset");
        await command("input", { name: "learning_rate", value: 0.01 });
        look();
        console.log(JSON.stringify(seen));
        """,
    )
    assert [(i, going, done[:21]) for i, going, done in found] == [(4, False, "Done: 4 iterations of")] * 4 + [
        (0, False, "")
    ]


MISFITS: list[tuple[Any, str]] = [
    ({"inputs": {"gaol": [1, 2]}}, "gaol was found; expected goal, restitution, learning_rate"),
    ({"inputs": 3}, "3 was found; expected goal, "),
    ({"inputs": {"goal": [0.5]}}, "goal: 1 numbers were found; expected 2"),
    ({"inputs": {"goal": 0.5}}, "goal: 1 numbers were found; expected 2"),
    ({"inputs": {"restitution": "10"}}, "restitution: 10 was found; expected numbers"),
    ({"inputs": {"restitution": "1000"}}, "restitution: 0 numbers were found; expected 1"),
    ({"inputs": {"restitution": None}}, "restitution: null was found; expected numbers"),
    ({"params": {"velocity": [0.1, 0.2, 0.3]}}, "velocity: 3 numbers were found; expected 2"),
    (
        {"params": {"velocity": [0.1, 0.2]}, "inputs": {"goal": ["a", "b"]}},
        "goal: a,b was found; expected numbers",
    ),
]


def test_an_order_that_does_not_fit_is_told_and_changes_nothing(tmp_path: Path) -> None:
    scene, inputs = configure(find_scene("billiards"), ["steps=20", "layers=1"])
    found = run(
        tmp_path,
        told(page(scene, inputs)),
        f"""
        await command("open");
        const now = () => [doubles(machine.point.params), doubles(machine.point.inputs)];
        const found = [];
        for (const order of {json.dumps([order for order, _ in MISFITS])}) {{
          const before = now();
          await command("put", order);
          found.push([before, last().failure, now()]);
        }}
        console.log(JSON.stringify(found));
        """,
    )
    for (order, words), (before, failure, after) in zip(MISFITS, found, strict=True):
        assert words in failure and after == before, order


def test_an_order_may_leave_fields_out(tmp_path: Path) -> None:
    scene, inputs = configure(find_scene("billiards"), ["steps=20", "layers=1"])
    found = run(
        tmp_path,
        told(page(scene, inputs)),
        """
        await command("open");
        await command("put", { inputs: { restitution: 0.25 } });
        console.log(JSON.stringify(doubles(machine.point.inputs)));
        """,
    )
    assert found[:3] == [*inputs.goal, 0.25]


def test_the_best_attempt_is_named_and_kept_where_the_last_is_worse(tmp_path: Path) -> None:
    """Adam with a step that is far too long climbs again and again."""
    scene, inputs = configure(find_scene("bounce"), ["learning_rate=0.05"])
    text = page(scene, inputs, optimizer="adam", iterations=30, math="strict")
    found = run(
        tmp_path,
        told(text),
        """
        await command("open");
        await command("optimise", { on: true });
        const { done, attempt } = last(), curve = said.flatMap((m) => m.curve);
        const ghosts = said.filter((m) => m.ghosts).at(-1).ghosts, now = doubles(attempt.params);
        const best = ghosts.find((g) => done.endsWith(`best ${g.iteration}`));
        await command("visit", best);
        const at = ghosts.map((g) => g.iteration), { loss: there, params } = last().attempt, after = doubles(params);
        console.log(JSON.stringify({ done, curve, now, best: [best.iteration, best.loss], at, there, after }));
        """,
    )
    losses = dict(found["curve"])
    least = min(losses, key=lambda i: losses[i])
    assert losses[30] > losses[least]
    assert found["done"] == f"Done: 30 iterations of adam, best {least}"
    assert found["best"] == [least, losses[least]] and found["there"] == losses[least]
    assert found["after"] != found["now"] and found["at"] == sorted(found["at"])
