"""Products of matrices become blocked kernels, whoever wrote them: with the bits of the plain nest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rosesim import (
    Fn,
    Real,
    Vec,
    accumulate,
    const,
    dot,
    fn,
    for_each,
    grad,
    scan,
    sum,
    tanh,
    transpose,
    value_and_grad,
    vec,
    vmap,
)
from rosesim.ad.program import interp
from rosesim.ad.program.check import check
from rosesim.ad.program.ir import Accum, Block, Call, Func, Let, Ty, Var, all_lets, reachable
from rosesim.ad.program.program_pass import Ran, watched
from rosesim.codegen import compile_func
from rosesim.codegen.passes import products
from rosesim.codegen.passes.products import Product
from rosesim.codegen.pipeline import without

RNG = np.random.default_rng(11)

SHAPES = [
    (16, 16, 16), (5, 33, 17), (3, 300, 7), (70, 5, 8), (130, 300, 20), (17, 600, 40), (150, 257, 50), (64, 3, 64),
]  # fmt: skip
"""Rows, depth, columns: below, at and above the sizes of tiles, panels and blocks."""


def alone(p: Product) -> Func:
    """a, b, c to c plus their product."""
    nest = products.written(p)
    a, b, c = (Var(Ty(x.ty.scalar, x.ty.shape), x.name) for x in nest.params)
    ref, out = Var(nest.params[2].ty, "c"), Var(c.ty)
    body = Block((Let((), Call(nest, (a, b, ref))),), ())
    return Func("f", (a, b, c), Block((Let((out,), Accum((c,), (ref,), body)),), (out,)))


def matrix(n: int, m: int) -> Any:
    return Vec[Vec[Real, m], n]


def kernels(run: Callable[[], object]) -> list[str]:
    """The products that a compilation finds."""
    ran: list[Ran] = []
    with watched(ran.append):
        run()
    after = [r.after for r in ran if r.name == "find-products"][-1]
    check(after)
    bodies = [f.body for f in reachable(after) if isinstance(f.body, Block)]
    calls = [let.expr for body in bodies for let in all_lets(body) if isinstance(let.expr, Call)]
    return sorted(c.func.name for c in calls if c.func.name.startswith("product_"))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_kernel_has_the_bits_of_its_nest(shape: tuple[int, int, int]):
    for number in (SHAPES.index(shape) % 8,):  # each of the eight forms, at last
        flags = [bool(number >> k & 1) for k in range(3)]
        p = Product(*shape, 64, *flags, reverse=number in (3, 4))
        func = alone(p)
        args = [RNG.normal(size=x.ty.shape) for x in func.params]
        nest = compile_func(func, math="strict")
        (got,) = nest(*args)
        with without("find-products"):
            np.testing.assert_array_equal([got], compile_func(func, math="strict")(*args))
        a, b = (x.T if t else x for x, t in zip(args[:2], flags[:2], strict=True))
        sign = -1 if p.negative else 1
        np.testing.assert_allclose(got, args[2] + sign * (a @ b), rtol=1e-12, atol=1e-11)
        np.testing.assert_allclose(compile_func(func)(*args), [got], rtol=1e-12, atol=1e-11)


def test_the_nest_of_a_product_is_what_the_interpreter_runs():
    func = alone(Product(5, 33, 17, 64, negative=True))
    args = [RNG.normal(size=x.ty.shape) for x in func.params]
    (expected,) = interp.run(func, args)
    np.testing.assert_array_equal(compile_func(func, math="strict")(*args), [expected])


def by_elements(a: Any, b: Any, n: int, k: int, m: int) -> Any:
    return vec(n, lambda i: vec(m, lambda j: sum(k, lambda q: a[i, q] * b[q, j])))


def by_additions(a: Any, b: Any, n: int, k: int, m: int) -> Any:
    def fill(c: Any) -> None:
        for_each(k, lambda q: for_each(n, lambda i: for_each(m, lambda j: c.at[i, j].add(a[i, q] * b[q, j]))))

    return accumulate(matrix(n, m), fill)


WAYS = {
    "@": lambda a, b, n, k, m: a @ b,
    "elements": by_elements,
    "additions": by_additions,
    "columns": lambda a, b, n, k, m: transpose(
        vec(m, lambda j: vec(n, lambda i: sum(k, lambda q: b[q, j] * a[i, q])))
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_write_a_product_is_found_and_so_are_its_transposes(way: str):
    n, k, m = 18, 20, 24
    a, b, w = RNG.normal(size=(n, k)), RNG.normal(size=(k, m)), RNG.normal(size=(n, m))

    def loss(a: Any, b: Any) -> Any:
        c = WAYS[way](a, b, n, k, m)
        return sum(n, lambda i: sum(m, lambda j: c[i, j] * const(w)[i, j]))

    f = Fn(loss)
    types = matrix(n, k), matrix(k, m)
    assert len(kernels(lambda: f.compile(*types))) == 1
    g = grad(f, wrt=(0, 1))
    assert len(kernels(lambda: g.compile(*types))) == 2
    found = g.compile(*types)(a, b)
    np.testing.assert_allclose(found[0], w @ b.T, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found[1], a.T @ w, rtol=1e-12, atol=1e-12)


def test_a_product_with_what_follows_is_found_in_each_step():
    n = 16

    @fn
    def f(a: Vec[Vec[Real, 16], 16], x: Vec[Vec[Real, 16], 16]) -> Vec[Vec[Real, 16], 16]:
        return scan(lambda x, t: vec(n, lambda i: vec(n, lambda j: 0.5 * (a @ x)[i, j] + x[i, j])), x, 3)

    a, x = RNG.normal(size=(2, n, n))
    assert kernels(lambda: f.compile()) == ["product_16x16x16"]
    expected = x
    for _ in range(3):
        expected = 0.5 * a @ expected + expected
    np.testing.assert_allclose(f(a, x), expected, rtol=1e-12)


def layers(states: int, n: int) -> Any:
    """The loss of a network of two layers, written for one state after the other."""

    @fn
    def f(w: Vec[Vec[Real, n], n], v: Vec[Vec[Real, n], n], x: Vec[Vec[Real, n], states]) -> Real:  # type: ignore[valid-type]
        def one(x: Any) -> Any:
            h = vec(n, lambda j: tanh(dot(w[j], x)))
            y = v @ h
            return dot(y, y)

        return sum(states, lambda b: one(x[b]))

    return f


def test_layers_of_one_state_after_the_other_are_products_of_all_and_so_are_their_gradients():
    states, n = 20, 12
    f = layers(states, n)
    w, v = RNG.normal(size=(2, n, n))
    x = RNG.normal(size=(states, n))
    assert kernels(lambda: f.compile()) == ["product_20x12x12"] * 2
    g = grad(f, wrt=(0, 1))
    assert kernels(lambda: g.compile()) == ["product_12x20x12"] * 2 + ["product_20x12x12"] * 3
    h = np.tanh(x @ w.T)
    by_y = 2 * h @ v.T
    by_w, by_v = g(w, v, x)
    np.testing.assert_allclose(by_v, by_y.T @ h, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(by_w, ((by_y @ v) * (1 - h**2)).T @ x, rtol=1e-12, atol=1e-12)


def test_cutting_a_loop_changes_no_strict_bit():
    states, n = 20, 12
    w, v = RNG.normal(size=(2, n, n))
    x = RNG.normal(size=(states, n))
    found = grad(layers(states, n), wrt=(0, 1)).compile(math="strict")(w, v, x)
    with without("find-products"):
        alone = grad(layers(states, n), wrt=(0, 1)).compile(math="strict")(w, v, x)
    for a, b in zip(found, alone, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("math", ["strict", "fast"])
def test_layers_whose_weights_lie_in_one_array_are_products_too(math: str):
    states, n = 20, 12

    @fn
    def f(w: Vec[Vec[Vec[Real, 12], 12], 3], x: Vec[Vec[Real, 12], 20]) -> Real:
        def run(s: Any) -> Any:
            y = x[s]
            for layer in range(3):
                y = vec(n, lambda i, y=y, layer=layer: tanh(dot(w[layer, i], y)))
            return dot(y, y)

        return sum(states, run)

    w, x = RNG.normal(size=(3, n, n)), RNG.normal(size=(states, n))
    g = value_and_grad(f)
    assert len(kernels(lambda: g.compile(math=math))) == 9  # forwards, by the weights, by what goes in
    value, slopes = g.compile(math=math)(w, x)
    with without("find-products"):
        expected, alone = g.compile(math=math)(w, x)
    rough = 1e-12 if math == "fast" else 0.0
    assert value == pytest.approx(expected, rel=rough)
    for a, b in zip(slopes, alone, strict=True):
        np.testing.assert_allclose(a, b, rtol=rough, atol=rough)


def test_a_loop_whose_iterations_wait_for_each_other_is_not_cut():
    n = 12

    @fn
    def f(w: Vec[Vec[Real, 12], 12], x: Vec[Real, 12]) -> Vec[Real, 12]:
        return scan(lambda x, t: vec(n, lambda j: tanh(dot(w[j], x))), x, 30)

    w, x = RNG.normal(size=(n, n)), RNG.normal(size=n)
    assert kernels(lambda: f.compile()) == []
    expected = x
    for _ in range(30):
        expected = np.tanh(w @ expected)
    np.testing.assert_allclose(f(w, x), expected, rtol=1e-9)


def test_what_only_looks_like_a_product_stays():
    n = 16

    @fn
    def part(a: Vec[Vec[Real, 20], 20], b: Vec[Vec[Real, 20], 20]) -> Vec[Vec[Real, 16], 16]:
        return vec(n, lambda i: vec(n, lambda j: sum(n, lambda k: a[i, k] * b[k, j])))  # of a part of each

    @fn
    def diagonal(a: Vec[Vec[Real, 16], 16], b: Vec[Vec[Real, 16], 16]) -> Vec[Vec[Real, 16], 16]:
        return vec(n, lambda i: vec(n, lambda j: sum(n, lambda k: a[k, k] * b[k, j])))

    @fn
    def of_three(a: Vec[Vec[Real, 16], 16], b: Vec[Vec[Real, 16], 16]) -> Vec[Vec[Real, 16], 16]:
        return vec(n, lambda i: vec(n, lambda j: sum(n, lambda k: a[i, k] * b[k, j] * a[i, j])))

    @fn
    def begun(a: Vec[Vec[Real, 16], 16], b: Vec[Vec[Real, 16], 16]) -> Vec[Vec[Real, 16], 16]:
        return vec(n, lambda i: vec(n, lambda j: scan(lambda s, k: s + a[i, k] * b[k, j], 1.0, n)))

    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(2, 20, 20))
    c, d = rng.normal(size=(2, n, n))
    assert [kernels(lambda f=f: f.compile()) for f in (part, diagonal, of_three, begun)] == [[]] * 4
    np.testing.assert_allclose(part(a, b), a[:n, :n] @ b[:n, :n], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(diagonal(c, d), np.tile(np.diag(c) @ d, (n, 1)), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(of_three(c, d), (c @ d) * c, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(begun(c, d), c @ d + 1, rtol=1e-11, atol=1e-12)


def test_the_runs_of_a_batch_keep_their_nests():
    n = 16

    @fn
    def f(a: Vec[Vec[Real, 16], 16]) -> Vec[Vec[Real, 16], 16]:
        return a @ a

    a = RNG.normal(size=(8, n, n))
    assert kernels(lambda: vmap(f).compile(a)) == []
    np.testing.assert_allclose(vmap(f)(a), a @ a, rtol=1e-12, atol=1e-12)


def test_single_precision_has_kernels_of_its_own():
    a, b = (RNG.normal(size=(n, m)) for n, m in ((37, 50), (50, 29)))
    f = Fn(lambda a, b: a @ b)
    types = matrix(37, 50), matrix(50, 29)
    assert kernels(lambda: f.compile(*types, precision="f32")) == ["product_37x50x29"]
    np.testing.assert_allclose(f.compile(*types, precision="f32")(a, b), a @ b, rtol=1e-5, atol=1e-4)
