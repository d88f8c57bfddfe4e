"""Gymnasium: a scene that takes actions (`rosesim.interop.control.Controlled`) as an environment, one or many.

An episode begins with the inputs that the scene's `sample` draws, else with the given ones, and ends when `act` says
so; it is cut off after `steps` steps. Observations and actions are in single precision, as agents expect them, the
physics is not.
"""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from rosesim.interop.control import Control, Leaves, stacked
from rosesim.scenes.base import AnyScene
from rosesim.scenes.canvas import Canvas
from rosesim.scenes.picture import picture
from rosesim.scenes.tree import map_leaves
from rosesim.view.movie import Frame
from rosesim.view.raster import Box, render
from rosesim.view.theme import colours

FPS = 30
"""Frames a second of a recording: a scene does not say how long a step takes."""


class SceneEnv(gymnasium.Env[NDArray[np.float32], Any]):
    """A scene that takes actions, as an environment. With `render_mode="rgb_array"`, `render` gives the scene's own
    picture of the present state.

    Raises SceneError for a scene that takes no actions, and ArgumentError for an action outside its range.

    >>> from examples.balance import Balance
    >>> env = SceneEnv(Balance())
    >>> observation, info = env.reset(seed=1)
    >>> env.observation_space.contains(observation), env.action_space
    (True, Box(-1.0, 1.0, (1,), float32))
    >>> observation, reward, terminated, truncated, info = env.step([0.5])
    >>> 0.9 < reward <= 1.0, terminated, truncated
    (True, False, False)
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": FPS}  # noqa: RUF012 -- as Gymnasium's own

    def __init__(self, scene: AnyScene, *, params: Any = None, inputs: Any = None, render_mode: str | None = None):
        self.control = Control(scene, params, inputs)
        self.render_mode = _mode(render_mode)
        self.action_space, self.observation_space = _spaces(self.control)
        self.inputs = self.control.inputs
        """The inputs of the present episode."""
        self._leaves: Leaves | None = None
        self._of_inputs: Leaves = ()
        self._elapsed = 0

    @property
    def state(self) -> Any:
        """The scene's state, in its own type; None before the first episode. Another one can be put in its place."""
        return None if self._leaves is None else self.control.state(self._leaves)

    @state.setter
    def state(self, state: Any) -> None:
        self._leaves = self.control.leaves_of_state(state)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin an episode; it is Gymnasium's `reset`, without options."""
        super().reset(seed=seed)
        self._elapsed = 0
        self.inputs = self.control.sampled(self.np_random)
        # Python's numbers: a call that has NumPy's converts each of them.
        leaves = self.control.leaves(self.inputs)
        self._of_inputs = [a.item() if isinstance(a, np.generic) else a for a in leaves]
        self._leaves, seen = self.control.begin(self._of_inputs)
        return np.asarray(seen, np.float32), {}

    def step(self, action: Any) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Act; it is Gymnasium's `step`."""
        if self._leaves is None:
            raise gymnasium.error.ResetNeeded("step was called before reset")
        self._leaves, seen, reward, ended = self.control.advance(self._leaves, action, self._of_inputs)
        self._elapsed += 1
        return np.asarray(seen, np.float32), reward, ended, self._elapsed >= self.control.scene.steps, {}

    def render(self) -> Any:
        """The picture of the present state, of shape (height, width, 3)."""
        if self.render_mode is None or self._leaves is None:
            return None
        return _picture(self.control, self.state, self.inputs)


class SceneVectorEnv(VectorEnv[NDArray[np.float32], Any, Any]):
    """Many runs of a scene that takes actions: a step of all of them is one call, in lanes and on threads.

    Run i with `seed=s` is `SceneEnv` with `seed=s + i`. A run that has ended begins anew with the next step
    (`AutoresetMode.NEXT_STEP`), and takes no action in that.

    >>> from examples.balance import Balance
    >>> envs = SceneVectorEnv(Balance(), 64)
    >>> observations, infos = envs.reset(seed=1)
    >>> observations, rewards, terminations, truncations, infos = envs.step(np.zeros((64, 1)))
    >>> observations.shape, rewards.shape, bool(terminations.any())
    ((64, 4), (64,), False)
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 -- as Gymnasium's own
        "render_modes": ["rgb_array"], "render_fps": FPS, "autoreset_mode": AutoresetMode.NEXT_STEP,
    }  # fmt: skip

    def __init__(
        self,
        scene: AnyScene,
        num_envs: int,
        *,
        params: Any = None,
        inputs: Any = None,
        render_mode: str | None = None,
    ):
        self.control = Control(scene, params, inputs)
        self.num_envs = num_envs
        self.render_mode = _mode(render_mode)
        self.single_action_space, self.single_observation_space = _spaces(self.control)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self._advance = self.control.batch(num_envs)
        self._generators: list[np.random.Generator] = []
        self._inputs = stacked(self.control.inputs, num_envs)
        self._columns = self.control.leaves(self._inputs)
        first, _ = self.control.begin(self.control.leaves(self.control.inputs))
        self.states: Any = stacked(self.control.state(first), num_envs)
        """The scene's states, stacked along a first axis."""
        self._no_action = np.zeros(self.action_space.shape or (), self.action_space.dtype)
        self._elapsed = np.zeros(num_envs, np.int64)
        self._fresh = np.ones(num_envs, np.bool_)

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin an episode in all runs; it is Gymnasium's `reset`, without options."""
        seeds = (
            [None if seed is None else seed + i for i in range(self.num_envs)] if not isinstance(seed, list) else seed
        )
        if seed is not None or not self._generators:
            self._generators = [seeding.np_random(s)[0] for s in seeds]
        self._fresh[:] = True
        observations, _, _, _, infos = self.step(self._no_action)
        return observations, infos

    def step(self, actions: Any) -> tuple[NDArray[np.float32], Any, Any, Any, dict[str, Any]]:
        """Act in all runs; it is Gymnasium's `step`."""
        if not self._generators:
            raise gymnasium.error.ResetNeeded("step was called before reset")
        fresh = self._fresh
        if self.control.samples and len(begin := np.flatnonzero(fresh)):
            drawn = [self.control.leaves(self.control.sampled(self._generators[i])) for i in begin]
            for column, values in zip(self._columns, zip(*drawn, strict=True), strict=True):
                column[begin] = values
        self.states, seen, rewards, ended = self._advance(fresh, self.states, actions, self._inputs)
        self._elapsed = np.where(fresh, 0, self._elapsed + 1)
        truncated = self._elapsed >= self.control.scene.steps
        self._fresh = ended | truncated
        return np.asarray(seen, np.float32), rewards, ended, truncated, {}

    def render(self) -> Any:
        """The pictures of all runs."""
        if self.render_mode is None:
            return None
        each = [map_leaves(lambda _, a, i=i: a[i], (self.states, self._inputs)) for i in range(self.num_envs)]
        return tuple(_picture(self.control, state, inputs) for state, inputs in each)


def _mode(render_mode: str | None) -> str | None:
    if render_mode not in (None, "rgb_array"):
        raise ValueError(f"render_mode={render_mode!r} was found; expected 'rgb_array', or None for no pictures")
    return render_mode


def _spaces(control: Control) -> tuple[spaces.Space[Any], spaces.Space[Any]]:
    """Those of actions and of observations."""
    seen = spaces.Box(-np.inf, np.inf, (control.observed,), np.float32)
    if isinstance(control.actions, int):
        return spaces.Discrete(control.actions), seen
    return spaces.Box(control.least, control.greatest, dtype=np.float32), seen


def _picture(control: Control, state: Any, inputs: Any) -> NDArray[np.uint8]:
    scene = control.scene
    canvas = Canvas(scene.extent)
    picture(scene).backdrop(canvas, control.params, inputs)
    picture(scene).draw(canvas, state, control.params, inputs)
    box = Frame.of(scene).scene
    size = box.width, box.height
    return render(size, [(canvas, Box(0, 0, *size))], colours(scene.colours))


__all__ = ["SceneEnv", "SceneVectorEnv"]
