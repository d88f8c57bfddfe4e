"""What a scene's author and a library's user rely on: settings, inputs, flat params, rollouts, training."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pytest

from rosesim import Index, Real, Vec, dot, vec
from rosesim.scenes import Canvas, FlatView, Published, Scene, SceneError, compiled, configure, rollout, value
from rosesim.scenes.check import check_gradient
from rosesim.scenes.tree import leaves, map_leaves
from rosesim.train import TrainingStopped, train


@dataclass(frozen=True)
class Push:
    force: Vec[Real, 2] = value((1.0, 0.5))
    delay: Real = value(0.2)


@dataclass(frozen=True)
class World:
    goal: Vec[Real, 2] = value((1.0, 2.0))
    gravity: Real = value(-1.0)
    learning_rate: Real = value(0.05)


@dataclass(frozen=True)
class Body:
    x: Vec[Real, 2]
    v: Vec[Real, 2]
    age: Real


@dataclass(frozen=True)
class Pushed(Scene[Push, World, Body]):
    """A body pushed once, then falling; its end is a closed form."""

    name: ClassVar[str] = "pushed"
    published: ClassVar[Published] = Published("gd", 50)

    steps: int = 100
    h: float = 0.01
    kind: Literal["soft", "hard"] = "soft"
    spread: tuple[float, float] = (0.0, 0.0)
    loud: bool = False

    def inputs(self) -> World:
        return World()

    def params(self, rng: np.random.Generator) -> Push:
        return Push(force=np.array([1.0, 0.5]) + rng.normal(size=2) * np.array(self.spread))  # pyright: ignore[reportArgumentType] -- NumPy here, traced elsewhere

    def initial(self, params: Push, inputs: World) -> Body:
        return Body(x=vec(2, lambda i: 0.0 * params.force[i]), v=params.force * (1.0 + params.delay), age=Real(0.0))

    def step(self, state: Body, t: Index, params: Push, inputs: World) -> Body:
        v = vec(2, lambda i: state.v[i] + self.h * inputs.gravity * i)
        return Body(x=state.x + self.h * v, v=v, age=Real(t) + 1.0)

    def loss(self, state: Body, params: Push, inputs: World) -> Real:
        d = state.x - inputs.goal
        return dot(d, d)

    def draw(self, canvas: Canvas, state: Body, params: Push, inputs: World) -> None:
        canvas.circle(state.x, 0.1, "target")


SCENE = Pushed()
PUSH, WORLD = Push(), World()


def end(force: Any, delay: float, gravity: float) -> np.ndarray:
    n, h = SCENE.steps, SCENE.h
    return np.asarray(force) * (1 + delay) * n * h + np.array([0, gravity * h * h * n * (n + 1) / 2])


def test_a_rollout_is_the_closed_form_at_every_step():
    trajectory: Any = rollout(SCENE)  # NumPy where the annotations say what is traced
    assert len(trajectory) == SCENE.steps + 1
    assert trajectory[0].x.tolist() == [0, 0] and trajectory[0].age == 0
    assert [s.age for s in trajectory] == list(range(101))
    assert trajectory[-1].x == pytest.approx(end([1, 0.5], 0.2, -1.0), rel=1e-13)
    assert trajectory[-1].x.tolist() == trajectory[100].x.tolist()
    with pytest.raises(IndexError, match="state 101 of a trajectory of 101"):
        trajectory[101]


def test_the_gradient_is_the_closed_form_and_has_the_shape_of_params():
    loss, gradient = compiled(SCENE).value_and_grad(PUSH, WORLD)
    d = end([1, 0.5], 0.2, -1.0) - [1, 2]
    assert loss == pytest.approx(d @ d, rel=1e-13) == compiled(SCENE).value(PUSH, WORLD)
    assert isinstance(gradient, Push) and isinstance(gradient.delay, float)
    assert gradient.force == pytest.approx(2 * d * 1.2, rel=1e-12)
    assert gradient.delay == pytest.approx(2 * d @ [1, 0.5], rel=1e-12)
    value_, along = compiled(SCENE).forward(PUSH, WORLD, Push(np.array([1.0, 0.0]), 2.0))  # pyright: ignore[reportArgumentType] -- NumPy
    assert value_ == pytest.approx(loss, rel=1e-15)  # fast code may contract the two programs differently
    assert along == pytest.approx(gradient.force[0] + 2 * gradient.delay, rel=1e-12)


@pytest.mark.parametrize("n", [1, 5])
def test_a_batch_gives_each_runs_loss_and_gradient(n: int):
    forces = np.random.default_rng(1).normal(size=(n, 2))
    stacked = Push(forces, np.linspace(0, 1, n))  # pyright: ignore[reportArgumentType] -- NumPy
    losses, gradients = compiled(SCENE).batch(n, gradient=True)(stacked, WORLD)
    alone = [
        compiled(SCENE).value_and_grad(Push(f, d), WORLD) for f, d in zip(forces, np.linspace(0, 1, n), strict=True)
    ]
    assert losses == pytest.approx([loss for loss, _ in alone], rel=1e-12)
    assert gradients.force == pytest.approx(np.array([g.force for _, g in alone]), rel=1e-12)
    assert compiled(SCENE).batch(n, gradient=False)(stacked, WORLD) == pytest.approx(losses, rel=1e-12)


def test_programs_are_shared_by_equal_settings_alone():
    assert compiled(Pushed()) is compiled(SCENE)
    assert compiled(Pushed(steps=101)) is not compiled(SCENE)


def test_training_descends_a_quadratic_as_its_closed_form_says():
    run = train(SCENE, iterations=50)
    x, rate = np.array([1.0, 0.5, 0.2]), 0.05
    wanted = []
    for _ in range(51):
        d = end(x[:2], x[2], -1.0) - [1, 2]
        wanted.append(d @ d)
        x = x - rate * np.array([*(2 * d * (1 + x[2])), 2 * d @ x[:2]])
    assert run.losses == pytest.approx(wanted, rel=1e-9)
    assert run.best_loss == min(run.losses)
    assert [i for i, _ in run.attempts] == [0, 1, 2, 4, 8, 16, 32, 50]


def test_a_seed_chooses_where_training_begins():
    scene = Pushed(spread=(0.1, 0.1))
    first, again, other = (train(scene, iterations=1, seed=s).losses[0] for s in (1, 1, 2))
    assert first == again != other


def test_a_run_that_leaves_the_numbers_says_when():
    with pytest.raises(TrainingStopped, match=r"no longer finite at iteration \d+"):
        train(SCENE, inputs=World(learning_rate=1e200), iterations=50)  # pyright: ignore[reportArgumentType] -- NumPy


def test_configure_reaches_settings_and_inputs():
    scene, inputs = configure(
        Pushed, ["steps=7", "kind=hard", "spread=1,2.5", "loud=yes", "goal=3,4", "gravity=-9.8", "h=1e-3"]
    )
    assert scene == Pushed(steps=7, h=1e-3, kind="hard", spread=(1.0, 2.5), loud=True)
    assert inputs.goal.tolist() == [3, 4] and inputs.gravity == -9.8 and inputs.learning_rate == 0.05
    assert configure(Pushed, ["steps=7", "steps=9"])[0].steps == 9


@pytest.mark.parametrize(
    ("assignment", "says"),
    [
        ("spread=1", "spread takes 2 values with commas between; '1' was given"),
        ("spread=1,b", "spread takes a number; 'b' was given"),
        ("kind=firm", "kind is one of soft, hard; 'firm' was given"),
        ("h=inf", "h takes finite numbers; 'inf' was given"),
        ("force=1,2", "'force' of pushed is tuned, not set"),
        ("gravitty=1", "did you mean gravity?"),
        ("=3", "--set takes field=value"),
    ],
)
def test_configure_says_what_would_be_right(assignment: str, says: str):
    with pytest.raises(SceneError) as e:
        configure(Pushed, [assignment])
    assert says in str(e.value) and "\n" not in str(e.value)


def test_a_flat_view_goes_there_and_back():
    view = FlatView.of(PUSH)
    assert (view.size, view.slices) == (3, {"force": slice(0, 2), "delay": slice(2, 3)})
    vector = np.array([3.0, 4.0, 5.0])
    struct = view.unflatten(vector)
    assert isinstance(struct, Push) and view.flatten(struct).tolist() == vector.tolist()
    vector[0] = 9.0
    assert leaves(struct)["force"].tolist() == [3, 4]  # its own copy
    with pytest.raises(ValueError, match=r"shape \(2,\) was given; expected \(3,\)"):
        view.unflatten(np.zeros(2))
    with pytest.raises(ValueError, match="expected"):
        view.flatten(Push(force=np.zeros(3)))  # pyright: ignore[reportArgumentType] -- NumPy


def test_leaves_are_named_through_nested_structs():
    nested = {"a": (PUSH, None), "b": np.zeros((2, 2))}
    assert list(leaves(nested)) == ["a.0.force", "a.0.delay", "b"]
    doubled = map_leaves(lambda name, x: 2 * x if name.startswith("a") else x, nested)
    assert doubled["a"][0].delay == 0.4 and doubled["a"][1] is None and isinstance(doubled["a"][0], Push)


def test_the_check_uses_random_directions_where_there_are_many_params():
    found = check_gradient(SCENE)
    assert found.passed and set(found.verdicts) == {"force", "delay"}
    assert 0 <= found.max_rel_error_jvp_vjp < 1e-14 and found.max_rel_error_fd < 1e-8


def test_a_setting_that_makes_no_sense_is_refused_by_the_scene():
    with pytest.raises(ValueError, match="steps is the number of updates of the state, 1 or more; it was 0"):
        Pushed(steps=0)
