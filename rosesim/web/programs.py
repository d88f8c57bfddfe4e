"""The programs of a scene's page: what its module holds besides the pictures' layers.

    start(params, inputs) -> state
    advance(state, t, n, params, inputs) -> state after n more steps, from step t on
    gradient(params, inputs) -> (loss, gradient)
    terms(params, inputs) -> the numbers that the loss is the sum of, where they have names
    optimise(params, gradient, memory, iteration, inputs) -> (params, memory)
    backdrop(params, inputs), draw(state, params, inputs), ghost(state, params, inputs): outputs of layers
    trail(state) -> points;  handles(params, inputs) -> a point each
    drag_K(x, y, params, inputs) -> (params, inputs), for the handle of that number

A layer that draws nothing, and a scene without handles or trail, have no program.
"""

from __future__ import annotations

from typing import Any

from rosesim.ad.language import types as T
from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.function import fn
from rosesim.ad.language.values.index import Index
from rosesim.ad.transforms.derivatives import value_and_grad
from rosesim.optimise.optimizers import Optimizer
from rosesim.scenes.base import AnyScene
from rosesim.scenes.compiled import compiled
from rosesim.scenes.errors import SceneError
from rosesim.scenes.picture import Picture, picture
from rosesim.web.rules import optimiser

Programs = dict[str, tuple[Any, ...]]
"""Functions of the language by name, each with the types of its arguments."""


def programs(scene: AnyScene, optimizer: Optimizer, iterations: int) -> Programs:
    """All programs of a scene's page. Raises SceneError where a method of the picture cannot be traced."""
    drawn = picture(scene)
    if drawn.refusals:
        method, why = next(iter(drawn.refusals.items()))
        raise SceneError(f"{method} of {scene.name} cannot be traced, and a page has no Python to run it: {why}")
    return physics(scene, optimizer, iterations) | pictures(drawn)


def physics(scene: AnyScene, optimizer: Optimizer, iterations: int) -> Programs:
    """The programs that compute states, the loss and steps of the optimiser."""
    whole = compiled(scene)
    given: T.Types = whole.loss.types_of(whole.examples)
    total = scene.steps

    def start(params: Any, inputs: Any) -> Any:
        return scene.initial(params, inputs)

    def advance(state: Any, t: Any, n: Any, params: Any, inputs: Any) -> Any:
        def step(s: Any, j: Any) -> Any:
            return scene.step(s, Index[total].clamp(t + j), params, inputs)

        return scan(step, state, total, upto=n)

    first = fn(start)
    state = first.traced(given).result
    both = value_and_grad(whole.loss, wrt=0)
    count = T.index(total + 1)
    made: Programs = {
        "start": (first, *given),
        "advance": (fn(advance), state, count, count, *given),
        "gradient": (both, *given),
    }
    if whole.term_names:
        made["terms"] = (whole.each_term, *given)
    result = both.traced(given).result
    assert isinstance(result, T.StructType)
    if result.types[1] != T.NULL:
        made["optimise"] = optimiser(optimizer, given[0], given[1], result.types[1], iterations)
    return made


def pictures(drawn: Picture) -> Programs:
    """The programs of the layers, of the trail, and of what a user drags."""
    shown = {name: layer for name, layer in drawn.layers.items() if layer.template}
    made: Programs = {name: (layer.function, *layer.types) for name, layer in shown.items()}
    trail = drawn.trail_layer
    if any(ty.size for ty in T.flatten(trail.function.traced(trail.types).result)):
        made["trail"] = (trail.function, *trail.types)
    if drawn.handle_names:
        made["handles"] = (drawn.handles_layer.function, *drawn.handles_layer.types)
    for k, layer in enumerate(drawn.drags.values()):
        made[f"drag_{k}"] = (layer.function, *layer.types)
    return made
