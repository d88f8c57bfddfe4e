"""A scene that takes actions is an environment of Gymnasium: one, and many in lanes."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from examples.balance import Balance, Start, acting, descend, judged
from rosesim import ArgumentError, Bool, Index, Real, TypeMismatch, Vec, select
from rosesim.interop.gymnasium import SceneEnv, SceneVectorEnv
from rosesim.scenes import Canvas, Published, Scene, SceneError, configure, find_scene, value
from rosesim.testing import assert_scene


@dataclass(frozen=True)
class Nothing:
    learning_rate: Real = value(0.1)


@dataclass(frozen=True)
class Place:
    at: Index[4]


@dataclass(frozen=True)
class Corridor(Scene[Nothing, Nothing, Place]):
    """Four places in a row, two actions: left and right. The last is the exit, and worth a reward."""

    name: ClassVar[str] = "corridor"
    published: ClassVar[Published] = Published(optimizer="gd", iterations=1)
    actions: ClassVar[int] = 2
    steps: int = 6

    def inputs(self) -> Nothing:
        return Nothing()

    def params(self, rng: np.random.Generator) -> Nothing:
        return Nothing()

    def initial(self, params: Nothing, inputs: Nothing) -> Place:
        return Place(Index[4](1))

    def act(self, state: Place, action: Index[2], params: Nothing, inputs: Nothing) -> tuple[Place, Real, Bool]:
        after = Index[4].clamp(state.at + 2 * action - 1)
        return Place(after), select(after == 3, 1.0, -0.1), after == 3

    def observe(self, state: Place, params: Nothing, inputs: Nothing) -> Vec[Real, 4]:
        return select(np.arange(4.0) == Real(state.at), 1.0, 0.0)

    def step(self, state: Place, t: Index, params: Nothing, inputs: Nothing) -> Place:
        return state

    def loss(self, state: Place, params: Nothing, inputs: Nothing) -> Real:
        return Real(state.at) + 0.0 * params.learning_rate

    def draw(self, canvas: Canvas, state: Place, params: Nothing, inputs: Nothing) -> None:
        canvas.circle((0.2 + 0.2 * state.at, 0.5), 0.05, "target")


@pytest.mark.parametrize("scene", [Balance(), Corridor()], ids=["numbers", "choices"])
def test_the_checker_of_gymnasium_finds_nothing(scene: Any):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*(alternative render modes|Inf|-inf|infinity).*")
        check_env(SceneEnv(scene, render_mode="rgb_array"))


def test_an_episode_ends_as_the_scene_says_or_after_its_steps():
    env = SceneEnv(Corridor())
    seen, _ = env.reset(seed=0)
    assert seen.tolist() == [0.0, 1.0, 0.0, 0.0] and seen.dtype == np.float32
    steps = [env.step(a) for a in (0, 0, 1, 1, 1)]
    assert [s[0].argmax() for s in steps] == [0, 0, 1, 2, 3]
    assert [s[1] for s in steps] == [-0.1, -0.1, -0.1, -0.1, 1.0]
    assert [s[2:4] for s in steps] == [(False, False)] * 4 + [(True, False)]
    env.reset()
    assert [env.step(0)[2:4] for _ in range(6)] == [(False, False)] * 5 + [(False, True)]


def test_many_are_as_many_single_ones_with_their_seeds_and_begin_anew():
    """Gymnasium's own vector of single environments is the reference over several episodes."""
    scene = Balance(steps=30)
    ours = SceneVectorEnv(scene, 5)
    theirs = SyncVectorEnv([lambda: SceneEnv(scene)] * 5, autoreset_mode=AutoresetMode.NEXT_STEP)
    rng = np.random.default_rng(0)
    found, expected = ours.reset(seed=7)[0], theirs.reset(seed=7)[0]
    assert found == pytest.approx(expected, abs=1e-6)
    ends = cuts = 0
    for _ in range(100):
        actions = np.sign(rng.normal(0.5, 1.0, (5, 1))).astype(np.float32)
        a, b = ours.step(actions), theirs.step(actions)
        for x, y in zip(a[:4], b[:4], strict=True):
            assert np.asarray(x) == pytest.approx(np.asarray(y), abs=1e-6)
        ends, cuts = ends + a[2].sum(), cuts + a[3].sum()
    assert ends > 1 and cuts > 1  # of both kinds
    assert ours.observation_space.contains(a[0]) and ours.metadata["autoreset_mode"] == AutoresetMode.NEXT_STEP


def test_choices_in_lanes_are_the_corridor():
    envs = SceneVectorEnv(Corridor(), 3)
    envs.reset(seed=0)
    assert envs.step(np.array([1, 0, 1]))[1].tolist() == [-0.1] * 3
    _, rewards, ended, _, _ = envs.step(np.array([1, 0, 0]))
    assert rewards.tolist() == [1.0, -0.1, -0.1] and ended.tolist() == [True, False, False]
    seen, rewards, ended, _, _ = envs.step(np.array([1, 0, 0]))  # the first begins anew
    assert seen.argmax(axis=1).tolist() == [1, 0, 0] and rewards[0] == 0.0 and not ended.any()


def test_a_state_can_be_put_in_its_place():
    env = SceneEnv(Corridor())
    assert env.state is None
    env.reset(seed=0)
    env.state = Place(2)  # pyright: ignore[reportArgumentType] -- a number outside a trace
    _, reward, ended, _, _ = env.step(1)
    assert (env.state, reward, ended) == (Place(3), 1.0, True)


def test_a_picture_is_the_scenes_own():
    env = SceneEnv(Corridor(), render_mode="rgb_array")
    env.reset(seed=0)
    left: Any = env.render()
    env.step(1)
    right: Any = env.render()
    blue = [np.flatnonzero((p == (47, 111, 214)).all(axis=2).any(axis=0)).mean() / p.shape[1] for p in (left, right)]
    assert left.dtype == np.uint8 and blue == pytest.approx([0.4, 0.6], abs=0.01)
    envs = SceneVectorEnv(Corridor(), 2, render_mode="rgb_array")
    envs.reset(seed=0)
    assert np.array_equal(envs.render()[1], left)
    assert SceneEnv(Corridor()).render() is None


def test_the_same_scene_has_a_gradient_of_its_reward():
    found = assert_scene(Balance(steps=12, hidden=3), inputs=Start())
    assert set(found.verdicts.values()) == {"right"}


def test_the_gradient_of_the_reward_learns_to_balance():
    (*_, (net, _)) = descend(Balance(), 25)
    total, stands = judged(acting(net), Balance())
    assert stands == 1.0 and total > 190.0


def test_what_does_not_fit_is_refused_in_one_sentence():
    with pytest.raises(SceneError, match="has no actions and no act and no observe; expected a scene that takes"):
        SceneEnv(configure(find_scene("bounce"), [])[0])
    env = SceneEnv(Balance())
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step([0.0])
    env.reset(seed=0)
    for bad in ([1.5], [np.nan]):
        with pytest.raises(ArgumentError, match=r"was found in an action; expected numbers from \[-1\.\] to \[1\.\]"):
            env.step(bad)
    for bad in ([0.0, 0.0], 0.5):
        with pytest.raises(ArgumentError, match=r"the action .* was found; expected 1 numbers"):
            env.step(bad)
    with pytest.raises(ValueError, match="render_mode='human' was found; expected 'rgb_array'"):
        SceneEnv(Balance(), render_mode="human")

    @dataclass(frozen=True)
    class Blind(Balance):
        def observe(self, state: Any, params: Any, inputs: Any) -> Any:
            return state.x

    with pytest.raises(TypeMismatch, match="observe gave Real; expected a vector of Reals"):
        SceneEnv(Blind())
