"""A scene as compiled programs: its loss, gradient, forward derivative and trajectory.

One set of programs serves all inputs and params of a scene. A scene with other settings is another scene, and has
another set. Each program is compiled when it is first requested. It is compiled again when it is requested after
something that the scene reads has changed: a method, a helper, a global. Code that needs the same physics from
beginning to end, such as a run of training, requests the programs that are `held`.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.dependencies.kinds import interchangeable
from rosesim.ad.dependencies.watch import Dependencies
from rosesim.ad.language.compiled import Program
from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.function import fn
from rosesim.ad.language.types import NULL
from rosesim.ad.language.values.structures import typeof
from rosesim.ad.support.budget import budget, memory_budget
from rosesim.ad.support.debugging import debugging
from rosesim.ad.transforms.batches import vmap
from rosesim.ad.transforms.derivatives import gradient_type, jvp, value_and_grad
from rosesim.ad.transforms.step_norms import StepNorms, step_norms
from rosesim.scenes.base import Scene
from rosesim.scenes.bounds import flat_bounds
from rosesim.scenes.errors import SceneError
from rosesim.scenes.tree import FlatView, leaves, map_leaves

P = TypeVar("P")
I = TypeVar("I")  # noqa: E741 -- the letter of inputs, beside P and S
S = TypeVar("S")
R = TypeVar("R")


class Trajectory(Generic[S]):
    """The steps + 1 states of a rollout as NumPy values: `trajectory[t]` is the state after t steps."""

    def __init__(self, stacked: S):
        self.stacked = stacked
        """One state in which every array has time as its first dimension."""
        first = next(iter(leaves(stacked).values()))
        self._length = len(first)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, t: int) -> S:
        if not -self._length <= t < self._length:
            raise IndexError(f"state {t} of a trajectory of {self._length} states")
        return map_leaves(lambda _, a: a[t] if a.ndim > 1 else a[t].item(), self.stacked)

    def __iter__(self) -> Iterator[S]:
        return (self[t] for t in range(self._length))


class _RequestedAnew(Generic[R]):
    """A property that is computed at each request, unless the object itself holds something under its name."""

    def __init__(self, request: Callable[[Any], R]):
        self.request, self.__doc__ = request, request.__doc__

    def __get__(self, one: Any, kind: type | None = None) -> R:
        return self.request(one)


class Compiled(Generic[P, I, S]):
    """The programs of one scene; see `compiled`. A program that was taken from it does not change any more. Another
    request returns the program of the scene as it is then."""

    def __init__(self, scene: Scene[P, I, S], *, debug: bool | None = None):
        self.scene = scene
        self._debug = debugging() if debug is None else debug
        self.budget = budget()  # for programs that are made later, wherever that happens
        self._is_held = False
        self._programs: dict[Any, Any] = {}
        self._shared = self._programs

        def loss(params: Any, inputs: Any):
            start = scene.initial(params, inputs)
            last = scan(lambda s, t: scene.step(s, t, params, inputs), start, scene.steps)
            return scene.loss(last, params, inputs)

        def states(params: Any, inputs: Any):
            def step(state: Any, t: Any) -> Any:
                after = scene.step(state, t, params, inputs)
                return after, after

            start = scene.initial(params, inputs)
            return start, scan(step, start, scene.steps)[1]

        self.loss = fn(loss)
        """The loss as a function of the language, of (params, inputs), for code that derives more from it."""
        self._states = fn(states)
        self._read_examples()

    def _read_examples(self) -> None:
        """Read the params and inputs to compile for."""
        read = Dependencies()
        for method in (self.scene.params, self.scene.inputs):
            read.note_function(method)
        self._examples = self.scene.params(np.random.default_rng(0)), self.scene.inputs()
        self._flat = FlatView.of(self._examples[0])
        self._read = read  # set last: another thread that finds it unchanged reads the other two

    @property
    def _like(self) -> tuple[P, I]:
        if not self._is_held and not self._read.unchanged():
            before = self.loss.types_of(self._examples)
            self._read_examples()
            if self.loss.types_of(self._examples) != before:
                self._programs.clear()
        return self._examples

    @property
    def flat(self) -> FlatView[P]:
        """Params as flat vectors."""
        _ = self._like
        return self._flat

    def held(self) -> Compiled[P, I, S]:
        """The same programs for the scene as it is now, whatever changes later: nothing is checked or recompiled."""
        _ = self._like
        one = copy.copy(self)
        one._is_held = True
        with memory_budget(self.budget):
            known = [*self._shared.items()]  # other threads may add to it
            one._programs = {k: p.renewed() if isinstance(p, Program) else p for k, p in known}
        self._shared.update(one._programs)
        return one

    def _program(self, key: Any, make: Callable[[], Any]) -> Any:
        """The program under that key, for the scene as it is now."""
        _ = self._like
        with memory_budget(self.budget):
            found = self._programs.get(key)
            if found is None:
                found = make()
            elif not self._is_held and isinstance(found, Program):
                found = found.renewed()
        self._programs[key] = self._shared[key] = found
        return found

    @property
    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """The least and the greatest params as flat vectors, or None where the scene bounds none of them."""
        return flat_bounds(self.scene.bounds(), self.flat)

    def check_bounds(self, params: P) -> None:
        """Raise SceneError where initial params are out of their bounds: no update could explain them."""
        if self.bounds is None:
            return
        x = self.flat.flatten(params)
        for name, s in self.flat.slices.items():
            low, high = (b[s] for b in self.bounds)
            if (outside := (x[s] < low) | (x[s] > high)).any():
                k = int(np.argmax(outside))
                raise SceneError(
                    f"{self.scene.name} begins with {name} = {x[s][k]:g}, outside its bounds "
                    f"({low[k]:g}, {high[k]:g}); expected params() to begin within what bounds() says"
                )

    @_RequestedAnew
    def value(self) -> Callable[[P, I], float]:
        """The loss of (params, inputs)."""
        return self._program("value", lambda: self.loss.compile(*self._like, debug=self._debug))

    @_RequestedAnew
    def value_and_grad(self) -> Any:
        """(params, inputs) to the loss and its gradient, a struct like params."""
        return self._program(
            "value and grad",
            lambda: value_and_grad(self.loss, wrt=0).compile(*self._like, debug=self._debug),
        )

    @_RequestedAnew
    def forward(self) -> Callable[[P, I, P], tuple[float, float]]:
        """(params, inputs, direction) to the loss and its derivative along the direction, by forward mode."""

        def make() -> Any:
            along = jvp(self.loss)

            def moved(params: Any, inputs: Any, direction: Any) -> Any:
                # A direction is a struct like params, but only real numbers have one.
                real = map_leaves(lambda _, v: None if gradient_type(typeof(v)) == NULL else v, direction)
                return along(params, inputs, real, None)

            return fn(moved).compile(*self._like, self._like[0], debug=self._debug)

        return self._program("forward", make)

    @_RequestedAnew
    def step_norms(self) -> Callable[[P, I], StepNorms]:
        """(params, inputs) to the norms of the loss's gradient by the state at the beginning of each step."""

        def make() -> Any:
            found = step_norms(self.loss)
            found(*self._like)  # compiled here, within the budget
            return found

        return self._program("step norms", make)

    def batch(self, n: int, *, gradient: bool, params: bool = True, inputs: bool = False) -> Any:
        """(params, inputs) to n losses, with gradients or without, as one program.

        Those of `params` and `inputs` that differ from run to run, at least one of them, are n of them stacked
        along a new first dimension. The other is given once and is the same for all.
        """

        def make() -> Any:
            one = value_and_grad(self.loss, wrt=0) if gradient else self.loss
            over = tuple(k for k, varies in enumerate((params, inputs)) if varies)
            like = [self._stacked(a, n) if k in over else a for k, a in enumerate(self._like)]
            return vmap(one, over=over).compile(*like, debug=self._debug)

        return self._program((n, gradient, params, inputs), make)

    @staticmethod
    def _stacked(struct: Any, n: int) -> Any:
        return map_leaves(lambda _, a: np.stack([np.asarray(a)] * n), struct)

    @_RequestedAnew
    def _trajectory(self) -> Any:
        return self._program("trajectory", lambda: self._states.compile(*self._like, debug=self._debug))

    def trajectory(self, params: P, inputs: I) -> Trajectory[S]:
        """All states, from the start to the last."""
        start, after = self._trajectory(params, inputs)
        return Trajectory(map_leaves(lambda _, a, b: np.concatenate([np.asarray(a)[None], b]), start, after))


def compiled(scene: Scene[P, I, S]) -> Compiled[P, I, S]:
    """The programs of a scene, made once for each combination of settings (the last 16 are remembered), and again
    when something that the scene reads has changed.

    Made within `with memory_budget(size):`, their gradients keep within that budget. They are debug programs where
    the environment requests that (`ROSESIM_DEBUG=1`).

    >>> from rosesim.scenes import configure, find_scene
    >>> scene, inputs = configure(find_scene("billiards"), ["steps=64", "layers=1"])
    >>> program = compiled(scene)
    >>> loss, gradient = program.value_and_grad(scene.params(np.random.default_rng(0)), inputs)
    >>> loss > 0, type(gradient) is type(scene.params(np.random.default_rng(0)))
    (True, True)
    """
    key = scene, budget(), debugging()
    with _lock:
        found = _made.pop(key, None)
        if found is None or not interchangeable(found.scene, scene):
            found = Compiled(scene)
        _made[key] = found  # the order is that of the last use
        while len(_made) > _MOST:
            _made.pop(next(iter(_made)))
    return found


_MOST = 16
_made: dict[Any, Compiled[Any, Any, Any]] = {}
_lock = threading.RLock()


def rollout(scene: Scene[P, I, S], params: P | None = None, inputs: I | None = None) -> Trajectory[S]:
    """The trajectory of a scene, with its default params (of seed 0) and inputs where none are given.

    >>> from rosesim.scenes import configure, find_scene
    >>> scene, inputs = configure(find_scene("billiards"), ["steps=64", "layers=1"])
    >>> trajectory = rollout(scene)
    >>> len(trajectory), bool((trajectory[0].position != trajectory[-1].position).any())
    (65, True)
    """
    p = scene.params(np.random.default_rng(0)) if params is None else params
    return compiled(scene).trajectory(p, scene.inputs() if inputs is None else inputs)
