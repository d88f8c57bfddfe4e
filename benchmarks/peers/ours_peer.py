"""Ours, as the peers are measured: the scenes of apps/ as they are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from given import BREAK, SHOT, Array, Run, shots, weights

import rosesim
from rosesim import value_and_grad
from rosesim.scenes import compiled, configure, find_scene

VERSION = rosesim.__version__


def points(task: str, **sizes: Any) -> list[Array]:
    """Where tools are compared; the first is the one that is timed."""
    return {"billiards": [SHOT, BREAK], "mass_spring": [weights()], "batch": [shots(sizes.get("shots", 1))]}[task]


def _scene(name: str, settings: list[str], **options: Any) -> Run:
    scene, inputs = configure(find_scene(name), settings)
    made = compiled(scene)
    like = scene.params(np.random.default_rng(0)), scene.inputs()
    both = value_and_grad(made.loss, wrt=0).compile(*like, **options)
    flat = made.flat

    def run(z: Array) -> tuple[float, Array]:
        loss, gradient = both(flat.unflatten(z), inputs)
        return loss, flat.flatten(gradient)

    return run


def billiards(steps: int, pairs: str = "guarded", **options: Any) -> Run:
    return _scene("billiards", [f"steps={steps}", f"pairs={pairs}"], **options)


def mass_spring(steps: int, **options: Any) -> Run:
    return _scene("mass_spring", ["robot=D", f"steps={steps}"], **options)


def batch(steps: int, shots: int) -> Run:
    """Many shots at once, by `vmap`."""
    scene, inputs = configure(find_scene("billiards"), [f"steps={steps}"])
    both = compiled(scene).batch(shots, gradient=True)
    like = scene.params(np.random.default_rng(0))

    def run(z: Array) -> tuple[Array, Array]:
        loss, gradient = both(replace(like, position=z[:, :2], velocity=z[:, 2:]), inputs)
        return loss, np.concatenate([gradient.position, gradient.velocity], axis=1)

    return run
