"""Scenes that take actions: what such a scene declares, and its programs, for one run and for many in lanes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NoReturn, Protocol

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.language import types as T
from rosesim.ad.language.arguments import build, flat_args, flattener
from rosesim.ad.language.arrays import stack
from rosesim.ad.language.compiled import Program
from rosesim.ad.language.control.branches import cond
from rosesim.ad.language.function import Fn
from rosesim.ad.language.values.structures import typeof
from rosesim.ad.language.values.vector import of_atoms, to_atoms
from rosesim.ad.support.errors import ArgumentError, TypeMismatch
from rosesim.ad.transforms.batches import vmap
from rosesim.scenes.base import AnyScene, Scene
from rosesim.scenes.errors import SceneError
from rosesim.scenes.ranges import Range
from rosesim.scenes.tree import map_leaves

Leaves = Sequence[Any]
"""The numbers and arrays of a struct, in order."""
FEW = 32
"""Numbers of an observation that are given one by one; more are given as an array."""


class Controlled(Protocol):
    """What a scene declares beside the members of `Scene`, so that an agent can act in it. The two methods are
    written in the language: they are traced, like `step`.

    Where the scene's own `step` and `cost` apply a policy by `act`, `train` finds its weights by the gradient of the
    same physics and the same reward (docs/interop.md).
    """

    actions: ClassVar[Sequence[Range] | int]
    """The range of each number of an action; or how many actions there are to choose from."""

    def act(self, state: Any, action: Any, params: Any, inputs: Any) -> tuple[Any, Any, Any]:
        """The state after an action, a `Vec` of as many Reals as there are ranges or an `Index`; the reward, a Real;
        and whether the episode has ended with it, a Bool."""
        ...

    def observe(self, state: Any, params: Any, inputs: Any) -> Any:
        """What the agent sees of a state: a vector of Reals."""
        ...


class Control:
    """The programs of a scene that takes actions. The params are constants of them.

    Raises SceneError where the scene declares no actions, and TypeMismatch where a method gives another type than
    `Controlled` says.
    """

    def __init__(self, scene: AnyScene, params: Any = None, inputs: Any = None):
        missing = [name for name in ("actions", "act", "observe") if not hasattr(scene, name)]
        if missing:
            raise SceneError(f"{type(scene).__name__} has no {' and no '.join(missing)}; expected a scene that takes "
                             "actions, as rosesim.interop.control.Controlled describes it")  # fmt: skip
        self.scene: Any = scene
        self.params = scene.params(np.random.default_rng(0)) if params is None else params
        self.inputs = scene.inputs() if inputs is None else inputs
        declared = self.scene.actions
        self.actions: tuple[Range, ...] | int = declared if isinstance(declared, int) else tuple(declared)
        self._action = (
            T.index(self.actions) if isinstance(self.actions, int) else T.VecType(len(self.actions), T.REAL)
        )
        self._inputs = typeof(self.inputs)
        self._leaves_of = flattener(self._inputs, "inputs")
        self.samples = type(scene).sample is not Scene.sample
        """Whether each episode draws its own inputs."""
        if not isinstance(self.actions, int):
            # In single precision, in which agents compute: 0.1 there is a little more than 0.1 here.
            self.least = np.array([r.least for r in self.actions], np.float32)
            self.greatest = np.array([r.greatest for r in self.actions], np.float32)
            self._ends = list(zip(self.least.tolist(), self.greatest.tolist(), strict=True))
        self._begun = Program(Fn(self._begin), (self._inputs,))
        begun = self._begun.traced.result
        assert isinstance(begun, T.StructType)  # a pair
        self._state, observation = begun.types
        if not (isinstance(observation, T.VecType) and observation.elem == T.REAL):
            raise TypeMismatch(f"{type(scene).__name__}.observe gave {observation}; expected a vector of Reals")
        self.observed: int = observation.n
        """How many numbers an observation has."""
        one = T.tuple_type(*[T.REAL] * len(self.actions)) if isinstance(self.actions, tuple) else self._action
        self._advanced = Program(Fn(self._advance), (self._state, one, self._inputs))
        self._size = len(T.flatten(self._state))
        self._batches: dict[int, Program] = {}

    def _constants(self) -> Any:
        """The params as values of the trace."""
        t = typeof(self.params)
        return of_atoms(t, to_atoms(self.params, t))

    def _begin(self, inputs: Any) -> Any:
        params = self._constants()
        state = self.scene.initial(params, inputs)
        return state, self.scene.observe(state, params, inputs)

    def _acted(self, state: Any, action: Any, inputs: Any) -> Any:
        """The state after an action, the reward and whether the episode has ended, in their types."""
        found = self.scene.act(state, action, self._constants(), inputs)
        expected = T.tuple_type(self._state, T.REAL, T.BOOL)
        return of_atoms(expected, to_atoms(found, expected))

    def _advance(self, state: Any, action: Any, inputs: Any) -> Any:
        """A step of one run. It takes and gives numbers, not short vectors: a call with numbers alone is the
        quickest."""
        given = action if isinstance(self.actions, int) else stack(list(action))
        after, reward, ended = self._acted(state, given, inputs)
        seen = self.scene.observe(after, self._constants(), inputs)
        if self.observed <= FEW:
            t = T.VecType(self.observed, T.REAL)
            seen = tuple(of_atoms(t, to_atoms(seen, t)))
        return after, seen, reward, ended

    # One run goes from step to step as its leaves: structs are made for who looks at them.

    def begin(self, inputs: Leaves) -> tuple[Leaves, Any]:
        """The first state and its observation, of the leaves of inputs."""
        *state, seen = self._begun.compiled.call(*inputs)
        return state, seen

    def advance(self, state: Leaves, action: Any, inputs: Leaves) -> tuple[Leaves, Any, float, bool]:
        """The state after an action, its observation, the reward, and whether the episode has ended."""
        made = self._advanced.compiled.call(*state, *self._numbers(action), *inputs)
        seen = made[self._size : -2] if self.observed <= FEW else made[self._size]
        return made[: self._size], seen, made[-2], made[-1]

    def state(self, leaves: Leaves) -> Any:
        """The state in the scene's own type."""
        return build(self._state, leaves)

    def _numbers(self, action: Any) -> Leaves:
        """The numbers of one action, within the ranges. Raises ArgumentError for one outside."""
        if isinstance(self.actions, int):
            return [int(action) if isinstance(action, np.integer) else action]  # the program refuses others
        given = action.tolist() if isinstance(action, np.ndarray) else action
        if not (isinstance(given, list | tuple) and len(given) == len(self._ends)):
            raise ArgumentError(f"the action {action!r} was found; expected {len(self._ends)} numbers")
        if not all(low <= a <= high for a, (low, high) in zip(given, self._ends, strict=True)):
            self._refuse(np.asarray(given, np.float64))
        return given

    def _checked(self, actions: Any) -> Any:
        """Actions of many runs, within the ranges."""
        if isinstance(self.actions, int):
            return actions
        given = np.asarray(actions, dtype=np.float64)
        if not ((given >= self.least) & (given <= self.greatest)).all():
            self._refuse(given)
        return given

    def _refuse(self, given: NDArray[np.float64]) -> NoReturn:
        outside = given[~((given >= self.least) & (given <= self.greatest))][0]
        raise ArgumentError(f"{outside:g} was found in an action; expected numbers from {self.least} to "
                            f"{self.greatest}")  # fmt: skip

    def sampled(self, rng: np.random.Generator) -> Any:
        """The inputs of a new episode."""
        found = self.scene.sample(self.inputs, rng) if self.samples else None
        return self.inputs if found is None else found

    def batch(self, count: int) -> Callable[..., Any]:
        """(fresh, states, actions, inputs) of so many runs, stacked, to states, observations, rewards and ends. A run
        that is fresh begins an episode instead: its action is not used, its reward is 0."""

        def one(fresh: Any, state: Any, action: Any, inputs: Any) -> Any:
            expected = T.tuple_type(self._state, T.REAL, T.BOOL)

            def begin() -> Any:
                found = self.scene.initial(self._constants(), inputs), 0.0, False
                return of_atoms(expected, to_atoms(found, expected))

            after, reward, ended = cond(fresh, begin, lambda: self._acted(state, action, inputs))
            return after, self.scene.observe(after, self._constants(), inputs), reward, ended

        if count not in self._batches:
            each = (T.BOOL, self._state, self._action, self._inputs)
            self._batches[count] = Program(vmap(Fn(one)), tuple(T.VecType(count, t) for t in each))
        program = self._batches[count]

        def advance(fresh: Any, states: Any, actions: Any, inputs: Any) -> Any:
            return program(fresh, states, self._checked(actions), inputs)

        return advance

    def leaves(self, inputs: Any) -> list[Any]:
        """The numbers and arrays of inputs, or of stacked ones, in order."""
        found: list[Any] = []
        self._leaves_of(inputs, found)
        return found

    def leaves_of_state(self, state: Any) -> list[Any]:
        """The same of a state."""
        return flat_args(state, self._state, "state")


def stacked(struct: Any, count: int) -> Any:
    """So many copies of a struct, along a new first axis."""
    return map_leaves(lambda _, a: np.stack([np.asarray(a)] * count), struct)


__all__ = ["Control", "Controlled", "stacked"]
