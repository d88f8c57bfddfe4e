"""What a scene minimises: the cost of each step, added up, and the loss of the last state. Each is one number, or
several that have names.

The costs are outputs of the rollout's loop and no part of its state: nothing carries them from step to step, and what
asks how the loss depends on a state (`step_norms`) does not see them.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from rosesim.ad.language import types as T
from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.totals import sum as total_of
from rosesim.ad.language.values.structures import typeof
from rosesim.ad.language.values.vector import of_atoms, to_atoms
from rosesim.ad.support.errors import TypeMismatch
from rosesim.ad.support.locate import Where
from rosesim.scenes.errors import SceneError

if TYPE_CHECKING:
    from rosesim.scenes.base import AnyScene

Terms = dict[str, Any]
UNNAMED = ("loss",), ("cost",)
"""The terms of a scene that minimises one number, which is reported as the loss and not once more."""

_names: WeakKeyDictionary[Any, tuple[str, ...]] = WeakKeyDictionary()
"""The names of each scene's terms, as they were when its loss was traced last."""


def terms(
    scene: AnyScene,
    start: Any,
    params: Any,
    inputs: Any,
    upto: Any = None,
    at: Callable[[Any], Any] = lambda t: t,
) -> Terms:
    """What the scene minimises from a state on, by name. Where not all steps are taken, `upto` is their number, and
    `at` the step that each one is."""
    n = scene.steps
    if not scene.has_cost():
        with _at_the_step(scene):
            last = scan(lambda s, t: scene.step(s, at(t), params, inputs), start, n, upto=upto)
        return _named(scene, "loss", scene.loss(last, params, inputs), "loss")

    names: dict[str, None] = {}

    def step(s: Any, t: Any) -> Any:
        cost = _named(scene, "cost", scene.cost(s, at(t), params, inputs), "cost")
        names.update(dict.fromkeys(cost))
        return scene.step(s, at(t), params, inputs), tuple(cost.values())

    with _at_the_step(scene):
        last, costs = scan(step, start, n, upto=upto)
    found = {name: total_of(n, lambda t, k=k: costs[t][k]) for k, name in enumerate(names)}
    if scene.has_loss():
        for name, v in _named(scene, "loss", scene.loss(last, params, inputs), "final").items():
            found[name] = found[name] + v if name in found else v
    return found


def summed(scene: AnyScene, found: Terms) -> Any:
    """The sum of all terms. It takes note of their names."""
    _names[scene] = () if tuple(found) in UNNAMED else tuple(found)
    first, *others = found.values()
    for v in others:
        first = first + v
    return first


def names_of(scene: AnyScene) -> tuple[str, ...]:
    """The names of a scene's terms, once its loss has been traced; empty where it minimises one number."""
    return _names.get(scene, ())


def _named(scene: AnyScene, what: str, value: Any, plain: str) -> Terms:
    """One number under the name `plain`, or the numbers of a struct under their own names."""
    t = typeof(value)
    if isinstance(t, T.StructType) and t.kind is not tuple and t.names:
        leaves = T.leaf_names(t, "")
        if all(ty == T.flatten(T.REAL)[0] for ty in T.flatten(t)):
            atoms = to_atoms(value, t)
            return {n.lstrip("."): of_atoms(T.REAL, [a]) for n, a in zip(leaves, atoms, strict=True)}
    if t != T.REAL:
        raise SceneError(
            f"{what}() of {scene.name} gave {t}; expected a Real, or a dict or dataclass of named Reals",
            _line_of(getattr(type(scene), what)),
        )
    return {plain: of_atoms(t, to_atoms(value, t))}


def start_of(scene: AnyScene, params: Any, inputs: Any) -> Any:
    """The state that a scene begins with. One that is no state of its type is told apart from a wrong step."""
    start = scene.initial(params, inputs)
    try:
        to_atoms(start, typeof(start))
    except TypeMismatch as e:
        raise TypeMismatch(f"in initial() of {scene.name}: {e}", e.where or _line_of(type(scene).initial)) from e
    return start


@contextlib.contextmanager
def _at_the_step(scene: AnyScene) -> Generator[None]:
    """A step that returns another type than the state's is found by our loop: no line of the user's is under way."""
    try:
        yield
    except TypeMismatch as e:
        if e.where is not None:
            raise
        raise TypeMismatch(f"in step() of {scene.name}: {e}", _line_of(type(scene).step)) from e


def _line_of(method: Any) -> Where | None:
    """Where a method of the user's begins: what it returned has no line."""
    code = getattr(inspect.unwrap(method), "__code__", None)
    return None if code is None else Where(code.co_filename, code.co_firstlineno)


__all__ = ["Terms", "names_of", "start_of", "summed", "terms"]
