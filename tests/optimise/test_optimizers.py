"""The rules of the optimisers against their closed forms, schedules and clipping, and what they are named."""

import math

import numpy as np
import pytest

from rosesim.optimise.optimizers import norm
from rosesim.scenes import SceneError
from rosesim.train import RULES, Adam, Momentum, Optimizer, Schedule, make_optimizer, parse_schedule

X = np.array([1.0, -2.0, 0.5])
GRADIENTS = np.random.default_rng(0).normal(size=(6, 3))


def path(optimizer: Optimizer, gradients: np.ndarray = GRADIENTS) -> np.ndarray:
    """The points that given gradients lead to, one after the other."""
    x, state, points = X, optimizer.start(X), []
    for g in gradients:
        x, state = optimizer.step(x, g, state)
        points.append(x)
    return np.array(points)


def test_gradient_descent_sums_the_gradients():
    assert path(make_optimizer("gd", 0.1)) == pytest.approx(X - 0.1 * np.cumsum(GRADIENTS, axis=0), rel=1e-14)


def test_a_normalized_step_has_the_length_of_the_learning_rate():
    points = np.vstack([X, path(make_optimizer("normalized", 0.2))])
    steps = np.diff(points, axis=0)
    assert np.linalg.norm(steps, axis=1) == pytest.approx(np.full(6, 0.2), rel=1e-5)
    along = np.sum(steps * GRADIENTS, axis=1) / np.linalg.norm(GRADIENTS, axis=1)
    assert along == pytest.approx(np.full(6, -0.2), rel=1e-5)
    published = X - 0.2 / (np.linalg.norm(GRADIENTS[0]) + 1e-6) * GRADIENTS[0]
    assert points[1] == pytest.approx(published, rel=1e-15)
    assert path(make_optimizer("normalized", 0.2), np.zeros((1, 3)))[0].tolist() == X.tolist()


def test_momentum_weighs_past_gradients_geometrically():
    k = np.arange(6)
    weights = np.tril(0.9 ** (k[:, None] - k[None, :]).clip(0))
    wanted = X - 0.1 * np.cumsum(weights @ GRADIENTS, axis=0)
    assert path(make_optimizer("momentum", 0.1)) == pytest.approx(wanted, rel=1e-13)
    assert path(Optimizer(Momentum(decay=0.0), 0.1)) == pytest.approx(path(make_optimizer("gd", 0.1)), rel=1e-15)


def adam_by_its_sums(weight_decay: float) -> np.ndarray:
    """Kingma & Ba's moments written out as the weighted sums that they are (their equations 1 to 4)."""
    x, points = X, []
    for t in range(1, 7):
        past = np.arange(t)[::-1, None]
        mean = (0.1 * 0.9**past * GRADIENTS[:t]).sum(0) / (1 - 0.9**t)
        square = (0.001 * 0.999**past * GRADIENTS[:t] ** 2).sum(0) / (1 - 0.999**t)
        x = x - 0.1 * weight_decay * x - 0.1 * mean / (np.sqrt(square) + 1e-8)
        points.append(x)
    return np.array(points)


@pytest.mark.parametrize(("name", "decay"), [("adam", 0.0), ("adamw", 0.01)])
def test_adam_is_the_ratio_of_the_papers_weighted_sums(name: str, decay: float):
    assert path(make_optimizer(name, 0.1)) == pytest.approx(adam_by_its_sums(decay), rel=1e-12)


def test_adams_first_step_has_the_length_of_the_learning_rate_in_every_direction():
    assert path(make_optimizer("adam", 0.1))[0] == pytest.approx(X - 0.1 * np.sign(GRADIENTS[0]), rel=1e-6)


def test_adamw_without_gradients_shrinks_by_the_decay_alone():
    points = path(Optimizer(Adam(weight_decay=0.5), 0.1), np.zeros((6, 3)))
    assert points == pytest.approx(X * 0.95 ** np.arange(1, 7)[:, None], rel=1e-14)


@pytest.mark.parametrize("name", RULES)
def test_a_step_leaves_its_arguments_alone_and_is_repeatable(name: str):
    optimizer = make_optimizer(name, 0.1, schedule="cosine:10", clip=0.5)
    _, state = optimizer.step(X, GRADIENTS[0], optimizer.start(X))
    kept = {k: v.copy() for k, v in state.items()}
    first, _ = optimizer.step(X, GRADIENTS[1], state)
    again, _ = optimizer.step(X.copy(), GRADIENTS[1].copy(), kept)
    assert first.tobytes() == again.tobytes()
    assert all(np.array_equal(state[k], kept[k]) for k in state)
    assert X.tolist() == [1.0, -2.0, 0.5]


def test_clipping_keeps_the_direction_and_bounds_the_length():
    lengths = np.linalg.norm(GRADIENTS, axis=1, keepdims=True)
    bounded = GRADIENTS * np.minimum(1, 1.5 / lengths)
    assert (lengths > 1.5).any() and (lengths < 1.5).any()
    assert path(make_optimizer("gd", 0.1, clip=1.5)) == pytest.approx(X - 0.1 * np.cumsum(bounded, axis=0), rel=1e-14)


def test_norms_survive_where_squares_do_not():
    assert norm(np.array([3e300, 4e300])) == pytest.approx(5e300, rel=1e-15)
    assert norm(np.array([3e-300, 4e-300])) == pytest.approx(5e-300, rel=1e-15)
    assert norm(np.zeros(3)) == 0.0 and norm(np.zeros(0)) == 0.0
    assert math.isnan(norm(np.array([1.0, math.nan]))) and norm(np.array([1.0, -math.inf])) == math.inf


SCHEDULES = {
    "constant": lambda i: 1.0,
    "cosine:8": lambda i: 0.5 + 0.5 * math.cos(math.pi * min(i, 8) / 8),
    "cosine:8:0.2": lambda i: 0.2 + 0.8 * (0.5 + 0.5 * math.cos(math.pi * min(i, 8) / 8)),
    "linear:8": lambda i: max(0.0, 1 - i / 8),
    "exponential:8": lambda i: 10 ** (-2 * i / 8),
    "exponential:4:0.5": lambda i: 2 ** (-i / 4),
    "warmup:5+constant": lambda i: min(1.0, (i + 1) / 5),
    "warmup:5+linear:8:0.5": lambda i: min(1.0, (i + 1) / 5) * max(0.5, 1 - i / 16),
}


@pytest.mark.parametrize("text", SCHEDULES)
def test_a_schedule_is_its_closed_form_and_reads_back(text: str):
    schedule = parse_schedule(text)
    assert [schedule.factor(i) for i in range(20)] == pytest.approx(
        [SCHEDULES[text](i) for i in range(20)], rel=1e-12
    )
    assert str(schedule) == text and parse_schedule(str(schedule)) == schedule


def test_a_schedule_multiplies_the_learning_rate_of_any_rule():
    factors = np.array([SCHEDULES["cosine:8"](i) for i in range(6)])
    wanted = X - 0.1 * np.cumsum(factors[:, None] * GRADIENTS, axis=0)
    assert path(make_optimizer("gd", 0.1, schedule="cosine:8")) == pytest.approx(wanted, rel=1e-13)
    constant = np.diff(np.vstack([X, path(make_optimizer("adam", 0.1))]), axis=0)
    scheduled = np.diff(np.vstack([X, path(make_optimizer("adam", 0.1, schedule="cosine:8"))]), axis=0)
    assert scheduled == pytest.approx(factors[:, None] * constant, rel=1e-9)


def test_a_shape_without_a_number_takes_the_runs_iterations():
    assert parse_schedule("cosine", 50) == Schedule("cosine", over=50) == parse_schedule("cosine:50", 7)
    assert str(parse_schedule(" warmup:3 + exponential ", 50)) == "warmup:3+exponential:50"


@pytest.mark.parametrize(
    "text", ["", "sine", "cosine:", "cosine:0", "cosine:-3", "cosine:1.5", "cosine:3:x", "cosine:3:0:1", "constant:3",
             "warmup:3", "warmup+cosine:3", "warm:3+cosine:3", "cosine:3+warmup:3", "cosine:٣", "cosine:" + "9" * 99],
)  # fmt: skip
def test_another_schedule_is_refused_with_the_form(text: str):
    with pytest.raises(SceneError, match=r"a schedule is \[warmup:N\+\]NAME\[:N\[:END\]\]") as e:
        parse_schedule(text, 10)
    assert repr(text) in str(e.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("cosine:3:2", "END is from 0 to 1"),
        ("cosine:3:nan", "END is from 0 to 1"),
        ("exponential:3:0", "never reaches 0"),
    ],
)
def test_an_end_that_makes_no_sense_is_refused(text: str, says: str):
    with pytest.raises(SceneError, match=says):
        parse_schedule(text, 10)
    with pytest.raises(SceneError, match="needs its number of updates"):
        make_optimizer("gd", 0.1, schedule="cosine")


def test_foreign_names_have_no_step():
    with pytest.raises(
        SceneError, match="no optimizer with start and step is called 'lbfgs'; there are gd, normalized"
    ):
        make_optimizer("lbfgs", 0.1)
