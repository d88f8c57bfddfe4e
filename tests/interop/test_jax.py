"""JAX runs and differentiates our functions: under jit and vmap, in both modes, in both precisions."""

from __future__ import annotations

import pickle
from typing import Any, NamedTuple

import numpy as np
import pytest

from rosesim import ArgumentError, Index, Real, Vec, cond, exp, fn, grad, hessian, jacobian, scan, sin

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402 -- only where JAX is
from jax.test_util import check_grads  # noqa: E402

from rosesim.interop.jax import jax_function  # noqa: E402


class Params(NamedTuple):
    """JAX takes named tuples apart; a dataclass has to be registered there."""

    x: Vec[Real, 3]
    scale: Real
    which: Index[3]


@fn
def orbit(p: Params, h: Real):
    """A loop with a branch, and a result of each kind."""

    def step(s: Any, i: Any) -> Any:
        a, b = s
        b = b - h * sin(a) * p.scale
        return cond(b > 5.0, lambda: (a, 0.5 * b), lambda: (a + h * b, b))

    a, b = scan(step, (p.x[p.which], p.x[0] * p.x[1]), 8)
    return {"ends": [a, b * exp(p.x[2])], "high": a > 0.0, "energy": 0.5 * b**2, "which": p.which}


of_arrays = jax_function(orbit)
X, SCALE, H = np.array([0.5, -1.2, 0.3]), 1.5, 0.1


def ends(x: Any, scale: Any, h: Any) -> Any:
    return of_arrays(Params(x, scale, 1), h)["ends"]


def energy(x: Any, scale: Any, h: Any) -> Any:
    return of_arrays(Params(x, scale, 1), h)["energy"]


@pytest.fixture
def x64():
    with jax.enable_x64(True):
        yield


@pytest.mark.usefixtures("x64")
def test_results_are_ours_under_jit_and_without():
    expected = orbit(Params(X, SCALE, 1), H)
    for f in (of_arrays, jax.jit(of_arrays)):
        made = f(Params(X, SCALE, 1), H)
        assert np.array_equal(made["ends"], expected["ends"]) and made["energy"] == expected["energy"]
        assert (made["high"].dtype, made["which"].dtype, int(made["which"])) == (np.bool_, np.int64, 1)


@pytest.mark.usefixtures("x64")
def test_both_modes_agree_with_differences_to_second_order():
    # JAX takes differences at a single step; the next test compares with our own derivatives, far closer.
    check_grads(ends, (X, SCALE, H), order=2, modes=("fwd", "rev"), rtol=1e-4)


@pytest.mark.usefixtures("x64")
def test_gradients_jacobians_and_hessians_are_ours():
    ours = Params(X, SCALE, 1)
    slope = grad(lambda p, h: orbit(p, h)["energy"], wrt=0)(ours, H)
    assert jax.jit(jax.grad(energy))(X, SCALE, H) == pytest.approx(slope.x, rel=1e-12)
    rows = jacobian(lambda x: orbit(Params(x, SCALE, 1), H)["ends"])(X)
    assert jax.jacrev(ends)(X, SCALE, H) == pytest.approx(rows, rel=1e-12)
    assert jax.jit(jax.jacfwd(ends))(X, SCALE, H) == pytest.approx(rows, rel=1e-12)
    second = hessian(lambda x: orbit(Params(x, SCALE, 1), H)["energy"])(X)
    assert jax.hessian(energy)(X, SCALE, H) == pytest.approx(second, rel=1e-12)
    assert jax.jacrev(jax.grad(energy))(X, SCALE, H) == pytest.approx(second, rel=1e-12)


@pytest.mark.usefixtures("x64")
def test_a_batch_is_the_runs_one_by_one_and_one_call():
    hs = jnp.linspace(0.05, 0.2, 5)
    slope = jax.grad(energy)
    alone = np.stack([slope(X, SCALE, h) for h in hs])
    many = jax.jit(jax.vmap(slope, in_axes=(None, None, 0)))
    assert many(X, SCALE, hs) == pytest.approx(alone, rel=1e-12)
    mean = jax.grad(lambda x: jax.vmap(energy, in_axes=(None, None, 0))(x, SCALE, hs).mean())
    assert mean(X) == pytest.approx(alone.mean(axis=0), rel=1e-12)
    columns = jax.vmap(lambda x, h: ends(x, SCALE, h), in_axes=(1, 0), out_axes=1)(jnp.stack([X] * 5, axis=1), hs)
    assert columns == pytest.approx(np.stack([ends(X, SCALE, h) for h in hs], axis=1), rel=1e-12)


@pytest.mark.usefixtures("x64")
def test_a_batch_is_one_program_that_is_remembered():
    hs = jnp.linspace(0.05, 0.2, 5)
    many = jax.jit(jax.vmap(jax.grad(energy), in_axes=(None, None, 0)))
    many(X, SCALE, hs)
    calls: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rosesim.ad.language.function.trace_once", lambda *a: pytest.fail("traced again"))
        patch.setattr("rosesim.interop.jax._given", lambda x, real: calls.append(x) or np.asarray(x)[()])
        np.asarray(many(X, SCALE, hs + 0.01))
    assert len(calls) == 6  # x, scale, which, h and two cotangents, once for all five runs


def test_single_precision_comes_back_where_it_was_given():
    made = ends(jnp.asarray(X, jnp.float32), SCALE, H)
    assert made.dtype == jnp.float32
    assert made == pytest.approx(orbit(Params(X, SCALE, 1), H)["ends"], rel=1e-6)
    slope = jax.jit(jax.grad(energy))(jnp.asarray(X, jnp.float32), SCALE, H)
    assert slope.dtype == jnp.float32
    assert slope == pytest.approx(grad(lambda p: orbit(p, H)["energy"])(Params(X, SCALE, 1)).x, rel=1e-5)


@pytest.mark.usefixtures("x64")
def test_a_loop_of_jax_around_it_is_differentiated():
    @jax.jit
    def twice(x: Any) -> Any:
        return jax.lax.fori_loop(0, 2, lambda i, y: jax_function(half)(y) + x, x)

    @fn
    def half(x: Real) -> Real:
        return 0.5 * x * x

    # y1 = x^2 / 2 + x, y2 = y1^2 / 2 + x
    x = 0.3
    assert jax.jacfwd(twice)(x) == pytest.approx((x**2 / 2 + x) * (x + 1) + 1, rel=1e-14)


@pytest.mark.usefixtures("x64")
def test_a_linear_function_of_jax_is_transposed():
    push = lambda dx: jax.jvp(lambda x: ends(x, SCALE, H), (X,), (dx,))[1]
    rows = np.asarray(jax.jacrev(ends)(X, SCALE, H))
    (back,) = jax.linear_transpose(push, X)(jnp.array([1.0, 2.0]))
    assert back == pytest.approx(rows[0] + 2.0 * rows[1], rel=1e-12)
    _, pull = jax.vjp(lambda x: ends(x, SCALE, H), X)
    (forth,) = jax.linear_transpose(lambda ct: pull(ct)[0], jnp.zeros(2))(jnp.array([1.0, 0.0, 2.0]))
    assert forth == pytest.approx(rows @ [1.0, 0.0, 2.0], rel=1e-12)


def test_a_wrong_shape_is_refused_at_the_users_line():
    words = r"test_jax.py:\d+: orbit, argument p.x: an array of shape \(2,\) was found; expected one of shape \(3,\)"
    with pytest.raises(ArgumentError, match=words):
        jax.jit(energy)(X[:2], SCALE, H)
    with pytest.raises(ArgumentError, match=r"\(2, 3\) was found; .* \(3,\); jax\.vmap\(f\) takes a batch of them"):
        energy(jnp.stack([X, X]), SCALE, H)


def test_it_is_pickled_as_what_it_was_made_of() -> None:
    again = pickle.loads(pickle.dumps(jax_function(orbit)))
    p = Params(np.array([0.1, 0.2, 0.3]), 1.0, 1)  # pyright: ignore[reportArgumentType] -- numbers outside a trace
    assert repr(again) == "jax_function(orbit)"
    assert jax.jit(again)(p, 0.1)["energy"] == jax.jit(jax_function(orbit))(p, 0.1)["energy"]
