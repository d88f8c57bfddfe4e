"""A scene as compiled programs: its loss, gradient, forward derivative and trajectory.

One set of programs serves all inputs and params of a scene. A scene with other settings is another scene, and has
another set. Each program is compiled when it is first requested. It is compiled again when it is requested after
something that the scene reads has changed: a method, a helper, a global. Code that needs the same physics from
beginning to end, such as a run of training, requests the programs that are `held`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.dependencies.kinds import interchangeable
from rosesim.ad.dependencies.watch import Dependencies
from rosesim.ad.language import types as T
from rosesim.ad.language.compiled import Program
from rosesim.ad.language.function import fn
from rosesim.ad.language.values.structures import typeof
from rosesim.ad.program.ir import nbytes
from rosesim.ad.support.budget import budget, memory_budget
from rosesim.ad.support.debugging import debugging
from rosesim.ad.transforms.batches import vmap
from rosesim.ad.transforms.derivatives import gradient_type, jvp, value_and_grad
from rosesim.ad.transforms.step_norms import StepNorms, step_norms
from rosesim.scenes.base import Scene
from rosesim.scenes.bounds import flat_bounds
from rosesim.scenes.errors import SceneError
from rosesim.scenes.precision import precision
from rosesim.scenes.terms import names_of, start_of, summed, terms
from rosesim.scenes.trajectory import Observe, Trajectory, states, times_of
from rosesim.scenes.tree import FlatView, map_leaves

P = TypeVar("P")
I = TypeVar("I")  # noqa: E741 -- the letter of inputs, beside P and S
S = TypeVar("S")
R = TypeVar("R")


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
        self._how: dict[str, Any] = {"debug": self._debug, "precision": precision()}
        self.budget = budget()  # for programs that are made later, wherever that happens
        self._is_held = False
        self._programs: dict[Any, Any] = {}
        self._shared = self._programs

        def loss(params: Any, inputs: Any):
            _ = scene.initial, scene.step, scene.cost, scene.loss  # the names by which a trace knows what it may read
            return summed(scene, terms(scene, start_of(scene, params, inputs), params, inputs))

        def each_term(params: Any, inputs: Any):
            _ = scene.initial, scene.step, scene.cost, scene.loss  # the names by which a trace knows what it may read
            return terms(scene, start_of(scene, params, inputs), params, inputs)

        if not (scene.has_loss() or scene.has_cost()):
            raise SceneError(f"{type(scene).__name__} has neither a loss nor a cost; expected one, or both")
        self.each_term = fn(each_term)
        """What the loss is the sum of, by name, as a function of the language, of (params, inputs)."""
        self.loss = fn(loss)
        """The loss as a function of the language, of (params, inputs), for code that derives more from it."""
        self._read_examples()

    def __reduce__(self) -> Any:
        """Pickled, it is the scene: another process compiles its programs, or finds them on disk."""
        return (_held if self._is_held else compiled), (self.scene,)

    def __repr__(self) -> str:
        return f"<Compiled {type(self.scene).__name__}: its programs, made when first asked for>"

    def __copy__(self) -> Compiled[P, I, S]:
        return self

    def __deepcopy__(self, memo: Any) -> Compiled[P, I, S]:
        return self  # one set of programs serves all that use the scene

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
    def examples(self) -> tuple[P, I]:
        """The params and inputs that its programs are compiled for."""
        return self._like

    @property
    def flat(self) -> FlatView[P]:
        """Params as flat vectors."""
        _ = self._like
        return self._flat

    def held(self) -> Compiled[P, I, S]:
        """The same programs for the scene as it is now, whatever changes later: nothing is checked or recompiled."""
        _ = self._like
        one: Compiled[P, I, S] = object.__new__(type(self))
        one.__dict__.update(self.__dict__)
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
        return self._program("value", lambda: self.loss.compile(*self._like, **self._how))

    @property
    def term_names(self) -> tuple[str, ...]:
        """The names of what the loss is the sum of; empty where the scene gives it as one number."""
        with memory_budget(self.budget):
            self.loss.traced(self.loss.types_of(self._like))  # known already, unless this is the first program
        return names_of(self.scene)

    @_RequestedAnew
    def terms(self) -> Callable[[P, I], dict[str, float]]:
        """(params, inputs) to the numbers, by name, of which the loss is the sum."""
        return self._program("terms", lambda: self.each_term.compile(*self._like, **self._how))

    @_RequestedAnew
    def value_and_grad(self) -> Any:
        """(params, inputs) to the loss and its gradient, a struct like params."""
        return self._program(
            "value and grad",
            lambda: value_and_grad(self.loss, wrt=0).compile(*self._like, **self._how),
        )

    @_RequestedAnew
    def forward(self) -> Callable[[P, I, P], tuple[float, float]]:
        """(params, inputs, direction) to the loss and its derivative along the direction, by forward mode."""

        def make() -> Any:
            along = jvp(self.loss)

            def moved(params: Any, inputs: Any, direction: Any) -> Any:
                # A direction is a struct like params, but only real numbers have one.
                real = map_leaves(lambda _, v: None if gradient_type(typeof(v)) == T.NULL else v, direction)
                return along(params, inputs, real, None)

            return fn(moved).compile(*self._like, self._like[0], **self._how)

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
            return vmap(one, over=over).compile(*like, **self._how)

        return self._program((n, gradient, params, inputs), make)

    @staticmethod
    def _stacked(struct: Any, n: int) -> Any:
        return map_leaves(lambda _, a: np.stack([np.asarray(a)] * n), struct)

    def trajectory(
        self, params: P, inputs: I, *, every: int = 1, observe: Observe | None = None
    ) -> Trajectory[S] | Trajectory[Any]:
        """All states, from the start to the last; see `rollout` for `every` and `observe`."""
        scene, times = self.scene, times_of(self.scene.steps, every)

        def make() -> Any:
            def trajectory(params: Any, inputs: Any) -> Any:
                _ = scene.initial, scene.step, observe  # the names by which a trace knows what it may read
                return states(scene, every, observe, params, inputs)

            return fn(trajectory).compile(*self._like, **self._how)

        found = self._program(("trajectory", every, observe), make)(params, inputs)
        own = [k for k in [*self._programs] if isinstance(k, tuple) and k[0] == "trajectory" and k[2] is not None]
        for k in own[:-_OBSERVERS]:  # a new lambda at each call must not fill the memory
            self._programs.pop(k, None)
            self._shared.pop(k, None)
        return Trajectory(found, times)

    def every_within(self, size: int) -> int:
        """How many steps from one kept state to the next make a trajectory of at most `size` bytes."""

        def initial(params: Any, inputs: Any) -> Any:
            return self.scene.initial(params, inputs)

        one = fn(initial)
        state = one.traced(one.types_of(self._like)).result
        return max(1, -(-self.scene.steps * sum(map(nbytes, T.flatten(state))) // size))


def compiled(scene: Scene[P, I, S]) -> Compiled[P, I, S]:
    """The programs of a scene, made once for each combination of settings (the last 16 are remembered), and again
    when something that the scene reads has changed.

    Made within `with memory_budget(size):`, their gradients keep within that budget; within
    `with scene_precision("f32"):`, they compute in single precision. They are debug programs where
    the environment requests that (`ROSESIM_DEBUG=1`).

    >>> from rosesim.scenes import configure, find_scene
    >>> scene, inputs = configure(find_scene("billiards"), ["steps=64", "layers=1"])
    >>> program = compiled(scene)
    >>> loss, gradient = program.value_and_grad(scene.params(np.random.default_rng(0)), inputs)
    >>> loss > 0, type(gradient) is type(scene.params(np.random.default_rng(0)))
    (True, True)
    """
    key = scene, budget(), debugging(), precision()
    with _lock:
        found = _made.pop(key, None)
        if found is None or not interchangeable(found.scene, scene):
            found = Compiled(scene)
        _made[key] = found  # the order is that of the last use
        while len(_made) > _MOST:
            _made.pop(next(iter(_made)))
    return found


def _held(scene: Scene[P, I, S]) -> Compiled[P, I, S]:
    return compiled(scene).held()


_MOST = 16
_OBSERVERS = 8
"""Programs that are kept for functions given to `rollout`."""
_made: dict[Any, Compiled[Any, Any, Any]] = {}
_lock = threading.RLock()


def rollout(
    scene: Scene[P, I, S],
    params: P | None = None,
    inputs: I | None = None,
    *,
    every: int = 1,
    observe: Observe | None = None,
) -> Trajectory[Any]:
    """The trajectory of a scene, with its default params (of seed 0) and inputs where none are given.

    `every=k` keeps the states after 0, k, 2 k, ... steps and the last one, and memory holds no others. `observe`
    keeps what it returns instead of the states: it is traced, like the scene's own methods, and takes (state, t,
    params, inputs), t being the number of steps that were made. Each function and each `every` is a program of its
    own: give a function that lives on rather than a new lambda at each call.

    >>> from rosesim.scenes import configure, find_scene
    >>> scene, inputs = configure(find_scene("billiards"), ["steps=64", "layers=1"])
    >>> trajectory = rollout(scene)
    >>> len(trajectory), bool((trajectory[0].position != trajectory[-1].position).any())
    (65, True)
    >>> def cue(state, t, params, inputs):
    ...     return state.position[0]
    >>> seen = rollout(scene, every=30, observe=cue)
    >>> seen.times, seen.stacked.shape, bool((seen[1] == trajectory[30].position[0]).all())
    (array([ 0, 30, 60, 64]), (4, 2), True)
    """
    p = scene.params(np.random.default_rng(0)) if params is None else params
    given = scene.inputs() if inputs is None else inputs
    return compiled(scene).trajectory(p, given, every=every, observe=observe)
