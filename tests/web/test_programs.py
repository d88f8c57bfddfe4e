"""The programs of pages: in wasmtime they give the bits of machine code, in strict, for all scenes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rows import kept

from fuzz.wasm_run import Instance
from rosesim import Program
from rosesim.ad.language.arguments import builder, flat_args
from rosesim.optimise.rules import make_optimizer
from rosesim.scenes import configure, find_scene
from rosesim.scenes.tree import FlatView, leaves
from rosesim.web import wasm
from rosesim.web.programs import programs

SMALL = {
    "billiards": ["steps=600", "layers=2"],
    "bounce": ["steps=300"],
    "box_friction": ["steps=100"],
    "diffmpm": ["steps=8"],
    "diffmpm3d": ["n=20", "steps=2", "block=0.05"],
    "diffmpm_simple": ["steps=8"],
    "electric": ["steps=50", "path=fixed"],
    "fly_by": ["steps=10"],
    "growth": [],
    "identify": ["steps=8"],
    "mass_spring": ["steps=60"],
    "mass_spring_simple": ["steps=60"],
    "rigid_body": ["steps=40"],
    "robot": ["steps=8"],
    "smoke": ["steps=3"],
    "volume_renderer": ["n=16", "pixels=32", "samples=20"],
    "water_renderer": ["steps=8"],
    "wave": ["steps=8"],
    "whip": ["n=8", "steps=8"],
}
"""Settings with which each scene takes a second or two."""


Programs = dict[str, tuple[Any, ...]]


def module(name: str, settings: list[str], *wanted: str) -> tuple[Any, Any, Any, Instance, Programs]:
    """A scene with its params and inputs, some programs of its page, and their module in memory."""
    scene, inputs = configure(find_scene(name), settings)
    params = scene.params(np.random.default_rng(1))
    found = programs(scene, make_optimizer("adam", float(inputs.learning_rate)), 10)
    kept = {n: p for n, p in found.items() if n in wanted or not wanted}
    return scene, params, inputs, Instance(wasm(kept, math="strict", memory=2.0**31)), kept


def run(instance: Instance, kept: Programs, name: str, *args: Any) -> Any:
    """The result of a program, as Python has it."""
    f, *types = kept[name]
    given = [a for v, t in zip(args, types, strict=True) for a in flat_args(v, t, "x")]
    return builder(f.traced(tuple(types)).result)(iter(instance.run(name, *given)))


def here(kept: Programs, name: str, *args: Any) -> Any:
    """The result of the same program on this computer."""
    f, *types = kept[name]
    return Program(f, tuple(types), math="strict")(*args)


def same(a: Any, b: Any) -> None:
    mine, theirs = leaves(a), leaves(b)
    assert mine.keys() == theirs.keys()
    for name, v in mine.items():
        np.testing.assert_array_equal(v, theirs[name], err_msg=name)


# The others compile for longer, some for twenty seconds, and no part of a program stands in them alone.
QUICK = [
    "billiards", "bounce", "electric", "growth", "rigid_body", "volume_renderer", "wave",
]  # fmt: skip


@pytest.mark.parametrize("name", kept(SMALL, *QUICK))
def test_the_bits_of_a_page_are_those_of_this_computer(name: str) -> None:
    scene, params, inputs, there, kept = module(name, SMALL[name], "start", "advance", "gradient", "draw", "trail")
    state = run(there, kept, "start", params, inputs)
    same(state, here(kept, "start", params, inputs))
    after = run(there, kept, "advance", state, 0, scene.steps, params, inputs)
    same(after, here(kept, "advance", state, 0, scene.steps, params, inputs))
    same(run(there, kept, "gradient", params, inputs), here(kept, "gradient", params, inputs))
    same(run(there, kept, "draw", after, params, inputs), here(kept, "draw", after, params, inputs))
    if "trail" in kept:
        same(run(there, kept, "trail", after), here(kept, "trail", after))


def test_states_go_on_from_anywhere() -> None:
    scene, params, inputs, there, kept = module("billiards", SMALL["billiards"], "start", "advance")
    state = run(there, kept, "start", params, inputs)
    whole = run(there, kept, "advance", state, 0, scene.steps, params, inputs)
    at = 0
    for n in (1, 7, 0, 400, 192):
        state = run(there, kept, "advance", state, at, n, params, inputs)
        at += n
    assert at == scene.steps
    same(state, whole)


def test_iterations_of_a_page_are_those_of_training() -> None:
    _, params, inputs, there, kept = module("mass_spring", SMALL["mass_spring"], "gradient", "optimise")
    view, adam = FlatView.of(params), make_optimizer("adam", float(inputs.learning_rate))
    x, state = view.flatten(params), adam.start(view.flatten(params))
    zeros = view.unflatten(np.zeros(view.size))
    memory = {"first": zeros, "second": zeros}
    for i in range(3):
        _, gradient = here(kept, "gradient", view.unflatten(x), inputs)
        x, state = adam.step(x, view.flatten(gradient), state)
        _, gradient = run(there, kept, "gradient", params, inputs)
        params, memory = run(there, kept, "optimise", params, gradient, memory, i, inputs)
        np.testing.assert_array_equal(view.flatten(params), x)


def test_a_drag_moves_what_its_handle_names() -> None:
    _, params, inputs, there, kept = module("billiards", ["steps=10"], "handles", "drag_0", "drag_1")
    after, given = run(there, kept, "drag_0", 0.3, 0.4, params, inputs)
    assert given.goal.tolist() == [0.3, 0.4] and run(there, kept, "handles", after, given)[0].tolist() == [0.3, 0.4]
