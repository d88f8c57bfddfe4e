"""Params with truth values and whole numbers beside what is tuned: they stay what they are. And bounds."""

import dataclasses
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from rosesim import Bool, Index, Real, Vec, select
from rosesim.scenes import FlatView, Published, Scene, SceneError, compiled, configure, rollout, value
from rosesim.scenes.bench import bench
from rosesim.train import best_run, read_best, resume, resume_seeds, train, train_seeds, train_starts
from rosesim.train.folder import read_attempts
from rosesim.train.settings import read_settings
from rosesim.view import Beginning
from rosesim.view.live import Live

RATE = 0.05


@dataclass(frozen=True)
class Side:
    """A struct within the params."""

    mirrored: Bool = False  # pyright: ignore[reportAssignmentType] -- NumPy's side of it
    length: Real = value(2.0)


@dataclass(frozen=True)
class Drive:
    """What is tuned, between what is not."""

    on: Bool = True  # pyright: ignore[reportAssignmentType]
    push: Vec[Real, 2] = value((0.3, 0.1))
    gear: Index[4] = 2  # pyright: ignore[reportAssignmentType]
    whole: Real = 3  # pyright: ignore[reportAssignmentType] -- a whole number where a real one is meant
    flags: Vec[Bool, 2] = field(default_factory=lambda: np.array([True, False]))  # pyright: ignore[reportAssignmentType]
    teeth: Vec[Index[9], 2] = field(default_factory=lambda: np.array([8, 1]))  # pyright: ignore[reportAssignmentType]
    side: Side = field(default_factory=Side)


@dataclass(frozen=True)
class World:
    """What is given, some of it no real number."""

    learning_rate: Real = value(RATE)
    lit: Bool = True  # pyright: ignore[reportAssignmentType]
    lane: Index[3] = 1  # pyright: ignore[reportAssignmentType]


@dataclass(frozen=True)
class Driven(Scene[Drive, World, tuple[Any, ...]]):
    """A square valley, in numbers alone; its optimum is at 1 for each number that is tuned."""

    name: ClassVar[str] = "driven"
    published: ClassVar[Published] = Published(optimizer="gd", iterations=6)
    steps: int = 2

    def inputs(self) -> World:
        return World()

    def params(self, rng: np.random.Generator) -> Drive:
        # Each seed has another gear, which none of them tunes.
        return Drive(push=0.3 + 0.1 * rng.normal(size=2), gear=int(rng.integers(4)))  # pyright: ignore[reportArgumentType]

    def initial(self, params: Drive, inputs: World) -> tuple[Any, ...]:
        return params.push[0], params.push[1], params.whole + 0.0, params.side.length + 0.0

    def step(self, state: Any, t: Index, params: Drive, inputs: World) -> tuple[Any, ...]:
        return tuple(x + 0.0 for x in state)

    def loss(self, state: Any, params: Drive, inputs: World) -> Real:
        total = sum(((x - 1.0) ** 2 for x in state), Real(0.0))
        return select(params.on, total, 7.0 * total)

    def draw(self, canvas: Any, state: Any, params: Drive, inputs: World) -> None:
        canvas.circle((0.5, 0.5), 0.1, "target")

    def handles(self, params: Drive, inputs: World) -> dict[str, tuple[float, float]]:
        return {"switch": (0.5, 0.5)}

    def drag(self, handle: str, to: tuple[float, float], params: Drive, inputs: World) -> tuple[Drive, World]:
        return dataclasses.replace(params, gear=int(4 * to[0])), inputs  # pyright: ignore[reportArgumentType]


SCENE = Driven()


def start(seed: int) -> Drive:
    return SCENE.params(np.random.default_rng(seed))


def descended(x: float, updates: int) -> float:
    """Gradient descent on (x - 1) ** 2 multiplies the distance from 1 by 1 - 2 rate."""
    return 1.0 + (x - 1.0) * (1.0 - 2.0 * RATE) ** updates


def assert_kept(found: Drive, seed: int = 0) -> None:
    """What is no real number is that of the start, of the same type."""
    begun = start(seed)
    assert found.on is True and found.side.mirrored is False
    assert type(found.gear) is int and found.gear == begun.gear
    flags, teeth = np.asarray(found.flags), np.asarray(found.teeth)
    assert flags.dtype == np.bool_ and flags.tolist() == [True, False]
    assert teeth.dtype.kind == "i" and teeth.tolist() == [8, 1]


def assert_trained(found: Drive, updates: int, seed: int = 0, tolerance: float = 1e-12) -> None:
    begun = start(seed)
    assert_kept(found, seed)
    np.testing.assert_allclose(found.push, [descended(float(x), updates) for x in begun.push], rtol=tolerance)  # pyright: ignore[reportArgumentType]
    assert float(found.whole) == pytest.approx(descended(3.0, updates), rel=tolerance)
    assert float(found.side.length) == pytest.approx(descended(2.0, updates), rel=tolerance)


def test_the_vector_of_a_struct_has_its_real_numbers_alone():
    view = FlatView.of(start(0))
    assert list(view.shapes) == ["push", "whole", "side.length"]
    assert list(view.kept) == ["on", "gear", "flags", "teeth", "side.mirrored"]
    again = view.unflatten(view.flatten(start(0)))
    assert_kept(again)
    other = view.unflatten(np.zeros(view.size), start(3))
    assert other.gear == start(3).gear != start(0).gear


def test_a_gradient_has_the_same_vector():
    program = compiled(SCENE)
    loss, gradient = program.value_and_grad(start(0), World())
    x = program.flat.flatten(start(0))
    assert loss == pytest.approx(float(np.sum((x - 1.0) ** 2)), rel=1e-14)
    np.testing.assert_allclose(program.flat.flatten(gradient), 2.0 * (x - 1.0), rtol=1e-14)


@pytest.mark.parametrize("optimizer", ["gd", "momentum", "adam", "adamw", "lbfgs", "cmaes"])
def test_every_optimizer_leaves_what_is_no_real_number(optimizer: str, tmp_path: Path):
    if optimizer == "cmaes":
        pytest.importorskip("cmaes")
    run = train(SCENE, optimizer=optimizer, iterations=4, out=tmp_path / "run")
    for found in (run.params, run.best_params, *(p for _, p in run.attempts)):
        assert_kept(found)
    assert float(run.params.whole) != 3.0
    if optimizer == "gd":
        assert_trained(run.params, 4)


def test_forward_mode_takes_a_direction_like_params():
    x, direction = start(0), compiled(SCENE).flat.unflatten(np.array([1.0, 0.0, 2.0, 0.0]))
    along = compiled(SCENE).forward(x, World(), direction)
    assert along[1] == pytest.approx(2.0 * (float(x.push[0]) - 1.0) + 2.0 * 2.0 * (3.0 - 1.0), rel=1e-12)


def test_checkpoints_and_files_keep_it_in_its_type(tmp_path: Path):
    train(SCENE, iterations=3, seed=5, out=tmp_path / "run")
    more = resume(tmp_path / "run", scene=SCENE, iterations=6)
    assert_trained(more.params, 6, seed=5)
    best = read_best(tmp_path / "run", Driven)
    assert_trained(best.params, 6, seed=5)
    with np.load(tmp_path / "run" / "best.npz") as archive:
        assert archive["gear"].dtype == np.int64 and int(archive["gear"]) == start(5).gear
        assert archive["flags"].dtype == np.bool_


def test_attempts_read_back_have_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("rosesim.train.settings.recorded_scene", lambda name, place: Driven)
    train(SCENE, iterations=3, seed=5, out=tmp_path / "runs" / "run")
    for i, params in read_attempts(tmp_path / "runs" / "run", SCENE):
        assert_trained(params, i, seed=5)
    assert best_run("driven", tmp_path / "runs") == tmp_path / "runs" / "run"


def test_a_checkpoint_of_an_index_out_of_its_range_is_refused(tmp_path: Path):
    train(SCENE, iterations=2, out=tmp_path / "run")
    file = tmp_path / "run" / "last.npz"
    with np.load(file) as archive:
        arrays = dict(archive)
    np.savez(file, **{**arrays, "kept.gear": np.int64(4)})
    with pytest.raises(SceneError, match="gear is not from 0 to 3"):
        read_best(tmp_path / "run", Driven)


def test_seeds_and_starts_keep_each_their_own(tmp_path: Path):
    assert len({start(seed).gear for seed in range(3)}) > 1  # or this tests nothing
    for runs in (
        train_seeds(SCENE, 3, iterations=2, out=tmp_path / "seeds"),
        resume_seeds(tmp_path / "seeds", scene=SCENE, iterations=3),
        train_starts(SCENE, 3, iterations=2),
    ):
        for one in runs.seeds:
            assert one.run is not None, one.error
            assert_trained(one.run.params, one.run.iterations, one.seed, 1e-9)


def test_a_rollout_and_a_timing_take_it():
    last = rollout(SCENE)[-1]
    assert last[2] == 3.0
    assert bench(SCENE, batch=2)["batch"] == 2


def test_the_viewer_keeps_what_was_dragged():
    from rosesim.train import make_optimizer

    live = Live(SCENE, Beginning(start(0), World()), make_optimizer("gd", RATE))
    live.optimising = True
    live._turn([lambda: live._hold("switch", (0.8, 0.5))])
    live._turn([])
    assert live._course.params.gear == 3 and live._course.params.on is True
    assert live._course.iteration == 1 and live._course.params.whole == descended(3.0, 1)


def test_inputs_are_set_in_their_own_type(tmp_path: Path):
    scene, inputs = configure(Driven, ["lit=no", "lane=2", "learning_rate=0.01"])
    assert inputs.lit is False and type(inputs.lane) is int and inputs.lane == 2
    train(scene, inputs=inputs, iterations=1, out=tmp_path / "run")
    again = read_settings(tmp_path / "run", Driven).inputs
    assert again == inputs and again.lit is False and type(again.lane) is int
    assert json.dumps({"lit": again.lit, "lane": again.lane}) == '{"lit": false, "lane": 2}'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lit=0.5", "lit is true or false"),
        ("lane=1.5", "lane takes an integer"),
        ("lane=3", "lane is from 0 to 2"),
        ("lane=-1", "from 0 to 2"),
        ("lit=yes,no", "lit takes 1 values"),
    ],
)
def test_a_value_of_another_type_is_refused(text: str, words: str):
    with pytest.raises(SceneError, match=words):
        configure(Driven, [text])


def bounded(given: Any) -> Any:
    @dataclass(frozen=True)
    class Bounded(Driven):
        """The same, within bounds."""

        def bounds(self) -> Any:
            return given

    return Bounded()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"whole": (1.0, 0.0)}, "least value first"),
        ({"push": ((0.0, 2.0), (1.0, 1.0))}, "least value first"),
        ({"whole": (math.nan, 1.0)}, "expected numbers"),
        ({"whole": (0.0, float("nan"))}, "expected numbers"),
        ({"whole": (math.inf, math.inf)}, "no number is between"),
        ({"whole": 1.0}, "least and its greatest"),
        ({"whole": (0.0, 1.0, 2.0)}, "least and its greatest"),
        ({"whole": ("a", "b")}, "least and its greatest"),
        ({"whole": None}, "least and its greatest"),
        ({"push": ((0.0, 0.0, 0.0), 1.0)}, r"of shape \(2,\)"),
        ({"on": (0, 1)}, "not a real number"),
        ({"gear": (0, 2)}, "not a real number"),
        ({"side.mirrored": (0, 1)}, "not a real number"),
        ({"nothing": (0.0, 1.0)}, "the params are push, whole, side.length"),
        ([("whole", (0.0, 1.0))], "expected a dict"),
        ({"whole": (0.0, 1.0)}, "begins with whole = 3, outside its bounds"),
    ],
)
def test_bounds_that_make_no_sense_are_refused_before_anything_is_made(given: Any, words: str, tmp_path: Path):
    out = tmp_path / "run"
    for begin in (
        lambda: train(bounded(given), out=out),
        lambda: train_seeds(bounded(given), 2, out=out),
        lambda: train_starts(bounded(given), 2, out=out),
    ):
        with pytest.raises(SceneError, match=words):
            begin()
        assert not out.exists()


@pytest.mark.parametrize("optimizer", ["gd", "lbfgs"])
def test_bounds_hold_where_a_bool_stands_before_them(optimizer: str):
    scene = bounded({"whole": (2.5, math.inf), "side.length": (-math.inf, 5.0), "push": ((0.0, -1.0), (0.9, 1.0))})
    params = train(scene, optimizer=optimizer, iterations=40).params
    assert_kept(params)
    assert float(params.whole) == 2.5  # where the bound holds it; its optimum is 1
    assert float(params.side.length) == pytest.approx(1.0, abs=0.02)
    assert params.push[0] == pytest.approx(0.9, abs=0.02)


def test_one_value_may_be_both_bounds():
    params = train(bounded({"whole": (3.0, 3.0)}), iterations=5).params
    assert float(params.whole) == 3.0
