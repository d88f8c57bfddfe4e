"""Norms of the gradient by the state at the beginning of each step, against closed forms."""

from typing import Any

import numpy as np
import pytest

from rosesim import Real, TypeMismatch, Vec, const, fn, memory_budget, opaque, scan, step_norms, while_loop
from rosesim import sum as total
from rosesim.scenes import compiled, configure, find_scene
from rosesim.scenes.tree import FlatView

A = np.array([[0.9, 1.0], [-0.3, 1.2]])
STEPS = 12


@fn
def linear(x: Vec[Real, 2]) -> Real:
    return scan(lambda s, t: const(A) @ s, x, STEPS)[0]


def powers(row: int) -> list[Any]:
    return [np.linalg.norm(np.linalg.matrix_power(A, STEPS - k)[row]) for k in range(STEPS)]


def test_of_a_linear_system_they_are_those_of_the_matrix_powers():
    found = step_norms(linear)(np.array([1.0, 2.0]))
    assert found.steps.tolist() == list(range(STEPS))
    np.testing.assert_allclose(found.norms, powers(0), rtol=1e-13)


def test_of_the_logistic_map_they_are_products_of_slopes():
    @fn
    def logistic(x: Real) -> Real:
        return scan(lambda c, t: 3.9 * c * (1.0 - c), x, 30)

    x = [0.3]
    for _ in range(30):
        x.append(3.9 * x[-1] * (1.0 - x[-1]))
    slopes = np.abs([3.9 * (1.0 - 2.0 * v) for v in x[:30]])
    expected = [np.prod(slopes[k:]) for k in range(30)]
    # It is chaotic, so rounding grows: by these very norms.
    np.testing.assert_allclose(step_norms(logistic)(0.3).norms, expected, rtol=1e-6)


def test_every_kth_step_is_a_part_of_all_steps():
    x = np.array([1.0, 2.0])
    found = step_norms(linear, every=5)(x)
    assert found.steps.tolist() == [0, 5, 10]
    np.testing.assert_allclose(found.norms, np.array(powers(0))[::5], rtol=1e-13)
    with memory_budget(8 * 2 * 4 * 8):  # room for the gradients of four steps
        bounded = step_norms(linear)(x)
    assert bounded.steps.tolist() == [0, 3, 6, 9]
    np.testing.assert_allclose(bounded.norms, np.array(powers(0))[::3], rtol=1e-13)


def test_the_rollout_is_found_inside_a_call_among_sums_and_the_state_may_be_a_struct():
    @fn
    def rollout(x: Real, v: Real):
        def step(s: Any, t: Any) -> Any:
            return s[0] + 0.1 * s[1], s[1] - 0.1 * total(3, lambda i: s[0] * (i + 1.0)), s[2] + 1

        return scan(step, (x, v, 0.0), 20)

    @fn
    def loss(x: Real, v: Real) -> Real:
        heavy = total(4, lambda i: x * i)
        end = rollout(x, v)
        return end[0] + 0.0 * heavy

    m = np.array([[1.0, 0.1, 0.0], [-0.6, 1.0, 0.0], [0.0, 0.0, 1.0]])
    expected = [np.linalg.norm(np.linalg.matrix_power(m, 20 - k)[0]) for k in range(20)]
    np.testing.assert_allclose(step_norms(loss)(1.0, 0.5).norms, expected, rtol=1e-12)


def test_steps_that_were_not_run_have_none():
    @fn
    def f(x: Real) -> Real:
        return while_loop(lambda c: c < 10.0, lambda c: 2.0 * c, x, limit=8)

    assert step_norms(f)(1.0).norms.tolist() == [16.0, 8.0, 4.0, 2.0, 0.0, 0.0, 0.0, 0.0]


def test_an_explosion_is_shown_as_far_as_numbers_go():
    @fn
    def f(x: Vec[Real, 2]) -> Real:
        return scan(lambda s, t: s * 1e60, x, 6)[1]

    found = step_norms(f)(np.array([0.0, 1e-300])).norms
    assert found[-5:].tolist() == pytest.approx([1e300, 1e240, 1e180, 1e120, 1e60])
    assert found[0] == np.inf


def test_what_has_no_rollout_is_refused():
    @opaque
    def unseen(x: float) -> Real:
        return x  # pyright: ignore[reportReturnType]

    with pytest.raises(TypeMismatch, match="no loop with a real state"):
        step_norms(fn(lambda x: unseen(x) * 2.0))(1.0)
    with pytest.raises(TypeMismatch, match="gives a Real"):
        step_norms(fn(lambda x: scan(lambda s, t: s, x, 3)))(np.zeros(2))
    with pytest.raises(ValueError, match="every"):
        step_norms(linear, every=0)


def test_a_scenes_norm_before_its_first_step_is_that_of_the_starts_gradient():
    scene, inputs = configure(find_scene("bounce"), ["steps=40"])
    params = scene.params(np.random.default_rng(0))
    found = compiled(scene).step_norms(params, inputs)
    assert found.steps.tolist() == list(range(40))

    def loss(state: Any, params: Any, inputs: Any) -> Any:
        last = scan(lambda s, t: scene.step(s, t, params, inputs), state, scene.steps)
        return scene.loss(last, params, inputs)

    start = fn(lambda params, inputs: scene.initial(params, inputs))(params, inputs)
    view, program = FlatView.of(start), fn(loss).compile(start, params, inputs)
    flat = view.flatten(start)
    ends = [[program(view.unflatten(flat + h * e), params, inputs) for h in (1e-6, -1e-6)] for e in np.eye(view.size)]
    assert found.norms[0] == pytest.approx(np.linalg.norm(np.diff(ends)) / 2e-6, rel=1e-6)
