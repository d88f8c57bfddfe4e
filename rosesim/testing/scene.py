"""`assert_scene`: what can be asked of every scene, in one line of a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rosesim.checks.scale import Given
from rosesim.scenes.base import AnyScene
from rosesim.scenes.canvas import Canvas
from rosesim.scenes.check import GradientCheck, check_gradient
from rosesim.scenes.compiled import compiled
from rosesim.scenes.overrides import configure
from rosesim.scenes.picture import picture
from rosesim.scenes.registry import find_scene
from rosesim.train.finite import explain, first_state_not_finite

AssertScene = Callable[..., GradientCheck]
"""The type of `assert_scene`, for a test that takes it as a fixture."""


def assert_scene(
    scene: AnyScene | str,
    /,
    *overrides: str,
    inputs: Any = None,
    params: Any = None,
    seed: int = 0,
    scale: Given = None,
) -> GradientCheck:
    """Assert that a scene's rollout is finite, that its gradient is right, and that its first and last state can be
    drawn. The scene is an object, or a name of `rosesim list`, with overrides as `--set` takes them. Gives what
    `check_gradient` found, which also says what the other arguments mean.

    Raises AssertionError with the number that is not finite, or with a line for each verdict, as `rosesim check`
    prints it; and whatever the scene raises.

    >>> from rosesim.testing import assert_scene
    >>> assert_scene("mass_spring_simple", "steps=50").verdicts
    {'rest': 'right'}
    """
    __tracebackhide__ = True  # pytest then shows the line of the test, not this one
    if isinstance(scene, str):
        scene, configured = configure(find_scene(scene), list(overrides))
        inputs = configured if inputs is None else inputs
    elif overrides:
        raise TypeError(f"the overrides {', '.join(overrides)} were given with a scene that is made already; "
                        "expected them with a scene's name")  # fmt: skip
    inputs = scene.inputs() if inputs is None else inputs
    given = scene.params(np.random.default_rng(seed)) if params is None else params
    program = compiled(scene)
    trajectory = program.trajectory(given, inputs)
    if first_state_not_finite(trajectory) is not None:
        raise AssertionError(f"{scene.name}: {explain(program, given, inputs, 'loss')}")
    found = check_gradient(scene, inputs, seed, params=params, scale=scale)
    if not found.passed:
        raise AssertionError(str(found.report))
    for state in (trajectory[0], trajectory[-1]):
        picture(scene).draw(Canvas(scene.extent), state, given, inputs)
    return found


__all__ = ["AssertScene", "assert_scene"]
