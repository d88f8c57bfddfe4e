"""Graphs of scalars written with loops, beside the interpreter of scalars and the tests' own reverse pass."""

import math
from collections.abc import Callable, Sequence
from random import Random

import diagrams_kit as kit
import numpy as np
import pytest

from rosesim import Real, Vec, fn, value_and_grad
from rosesim.ad.program import interp
from rosesim.ad.program.ir import Block, Func, all_lets, reachable
from rosesim.codegen.runtime import linked
from rosesim.diagrams import cones, kernels, rolled, scalars
from rosesim.diagrams.scalars import Number, Scalar, evaluated, postorder
from rosesim.diagrams.templates import Template


def inputs(n: int) -> list[Scalar]:
    return [Scalar("input", index=k) for k in range(n)]


def program(root: Scalar, leaves: int, absorb: bool = True) -> Func:
    """Value and gradient of a graph, with all the loops that there can be."""
    found = cones.grouped(root, postorder(root), absorb)

    @fn
    def term(x: Vec[Real, leaves]) -> Real:
        return rolled.term(found, x)

    both = value_and_grad(term)
    return both.traced(both.signature().required()).func


def interpreted(root: Scalar, x: Sequence[float], absorb: bool = True) -> tuple[float, list[float]]:
    value, slopes = interp.run(program(root, len(x), absorb), [np.array(x)])
    assert isinstance(value, float) and isinstance(slopes, np.ndarray)
    return value, slopes.tolist()


def agrees(root: Scalar, x: Sequence[float], absorb: bool = True) -> None:
    """Values to 1e-12 and slopes to 1e-11, both relative to the largest of them."""
    value, slopes = interpreted(root, x, absorb)
    (expected,), gradient = kit.gradient([root], [1.0], x)
    assert value == pytest.approx(expected, rel=1e-12, abs=1e-12)
    scale = max(1.0, *map(abs, gradient))
    assert slopes == pytest.approx(gradient, abs=1e-11 * scale)


# ------------------------------------------------------------------------------- random graphs


def form(draw: Random, depth: int, slots: int) -> Callable[..., Number]:
    """A random expression of so many numbers, which stays small."""
    s = scalars
    if depth == 0:
        k, constant = draw.randrange(slots), draw.choice([0.5, 2.0, -1.0, 1.0])
        return (lambda *a: a[k]) if draw.random() < 0.8 else lambda *a: constant
    f, g = form(draw, depth - 1, slots), form(draw, depth - 1, slots)
    rules: list[Callable[..., Number]] = [
        lambda *a: s.add(f(*a), g(*a)),
        lambda *a: s.sub(f(*a), g(*a)),
        lambda *a: s.mul(s.sin(f(*a)), g(*a)),
        lambda *a: s.div(f(*a), s.add(2.0, s.mul(g(*a), g(*a)))),
        lambda *a: s.sqrt(s.add(1.0, s.absolute(f(*a)))),
        lambda *a: s.maximum(f(*a), g(*a)),
        lambda *a: s.minimum(f(*a), g(*a)),
        lambda *a: s.choose(s.less(f(*a), g(*a)), g(*a), s.cos(f(*a))),
        lambda *a: s.choose(s.both(s.less(f(*a), 1.0), s.at_most(0.0, g(*a))), f(*a), 0.25),
    ]
    return draw.choice(rules)


CHAINS: list[Callable[[Number, Number], Number]] = [scalars.add, scalars.maximum, scalars.minimum]


def random_graph(seed: int) -> tuple[Scalar, list[float]]:
    """Layers of the same expression of other numbers, and of chains of one length."""
    draw = Random(seed)
    pool: list[Number] = list(inputs(draw.randint(12, 30)))
    x = [draw.choice([-1.0, 0.0, 0.5, 0.5, 1.0, 1.75]) for _ in pool]  # equal ones: ties
    ends: list[Number] = []
    for _ in range(draw.randint(3, 6)):
        write, spread, count = form(draw, draw.randint(1, 3), 3), draw.random() < 0.5, draw.randint(2, 25)
        first = draw.randrange(len(pool))
        for k in range(count):
            picked = [pool[(first + 2 * k + j) % len(pool)] if spread else draw.choice(pool) for j in range(3)]
            picked[2] = draw.choice([0.25, 3.0]) if draw.random() < 0.2 else picked[2]
            ends.append(write(*picked))
        chain, length = draw.choice(CHAINS), draw.randint(6, 12)
        for _ in range(draw.choice([1, 1, 5])):
            made = draw.choice(pool)
            for _ in range(length):
                made = chain(made, draw.choice([*pool, *ends[-count:]]))
            ends.append(made)
        pool += ends[-count:]
    root = scalars.total(scalars.sin(e) for e in ends)
    assert isinstance(root, Scalar)
    return root, x


@pytest.mark.parametrize("seed", range(6))
def test_loops_compute_what_the_nodes_compute(seed: int):
    root, x = random_graph(seed)
    agrees(root, x, absorb=seed % 2 == 0)


# ------------------------------------------------------------------------------- what is found


def perimeter(n: int) -> Scalar:
    """Of a closed path of n points."""
    x = inputs(2 * n)
    sides = [(x[2 * k] - x[2 * k - 2], x[2 * k + 1] - x[2 * k - 1]) for k in range(n)]
    root = scalars.total(scalars.sqrt(a * a + b * b) for a, b in sides)
    assert isinstance(root, Scalar)
    return root


def lets(func: Func) -> int:
    return sum(len(list(all_lets(f.body))) for f in reachable(func) if isinstance(f.body, Block))


def test_a_path_of_more_points_has_no_longer_program():
    assert lets(program(perimeter(40), 80)) == lets(program(perimeter(80), 160))


def test_a_small_graph_is_written_node_by_node_and_a_large_one_with_loops():
    assert cones.groups(perimeter(3)) is None
    found = cones.groups(perimeter(40))
    assert found is not None
    assert [len(g.cones) for g in found] == [40, 1]


def test_a_sum_whose_parts_are_read_is_no_chain():
    x = inputs(8)
    first = scalars.total(x[:4])
    both = scalars.total([first, *x[4:]])
    assert isinstance(both, Scalar) and isinstance(first, Scalar)
    assert [g.is_chain for g in cones.grouped(both, postorder(both), True)] == [True]
    root = both * first
    assert isinstance(root, Scalar)
    assert not any(g.is_chain for g in cones.grouped(root, postorder(root), True))
    agrees(root, [float(k) for k in range(8)])


def test_constants_in_which_cones_differ_are_inputs_but_for_those_that_fold():
    x = inputs(9)
    root = scalars.total(scalars.sin(x[k] * (2.0 + k % 2) + 1.0) for k in range(9))
    assert isinstance(root, Scalar)
    sines, _ = cones.grouped(root, postorder(root), True)
    assert [step.operands for step in sines.steps] == [(0, 1), (~0, "1.0"), (~1,)]
    assert sines.cones[3].inputs == (x[3], 3.0)
    agrees(root, [0.1 * k for k in range(9)])


# ------------------------------------------------------------------------------- ties


@pytest.mark.parametrize(("chain", "x"), [
    (scalars.maximum, [1.0, 3.0, 2.0, 3.0, 3.0, 0.0, 2.0]),
    (scalars.minimum, [1.0, 0.0, 2.0, 3.0, 0.0, 0.0, 2.0]),
])  # fmt: skip
def test_the_last_of_equal_extremes_has_the_slope(chain: Callable[[Number, Number], Number], x: list[float]):
    root: Number = 5.0 if chain is scalars.minimum else -5.0
    for a in inputs(7):
        root = chain(root, a)
    assert isinstance(root, Scalar)
    place = max(k for k, v in enumerate(x) if v == evaluated([root], x)[0])
    assert interpreted(root, x) == (x[place], [float(k == place) for k in range(7)])


def test_nan_in_a_chain_is_forgotten_as_in_its_nodes():
    root: Number = inputs(7)[0]
    for a in inputs(7)[1:]:
        root = scalars.maximum(root, a)
    assert isinstance(root, Scalar)
    for nan_at in range(7):
        x = [math.nan if k == nan_at else float(9 - k) for k in range(7)]
        value, _ = interpreted(root, x)
        assert value == pytest.approx(evaluated([root], x)[0], nan_ok=True)


# ------------------------------------------------------------------------------- machine code


def test_a_kernel_with_loops_and_long_tables_is_called_by_address():
    draw, n = Random(7), 120
    x = inputs(n)
    lengths = [scalars.sqrt(a * a + 2.0 * b) for a, b in zip(x, draw.sample(x, n), strict=True)]
    root: Number = scalars.total(lengths)
    high = lengths[0]
    for a in draw.sample(lengths, n):
        high = scalars.maximum(high, a)
    root = root * high
    assert isinstance(root, Scalar)
    assert cones.groups(root) is not None
    rows = [[draw.uniform(0.5, 2.0) for _ in range(n)] for _ in range(kernels.LANES)]
    values, slopes = kit.run(Template("lengths", "test looped lengths", root, n), rows)
    for lane, row in enumerate(rows):
        (value,), gradient = kit.gradient([root], [1.0], row)
        assert values[lane] == pytest.approx(value, rel=1e-12)
        assert slopes[lane] == pytest.approx(gradient, rel=1e-11, abs=1e-11 * value)


def test_a_workspace_may_be_larger_than_the_stack_has_room_for():
    n = 2000
    x = inputs(n)
    roots = [scalars.sqrt(a * b) for a, b in zip(x, [*x[1:], x[0]], strict=True)]
    root = scalars.total(scalars.sqrt(a * b) for a, b in zip(roots, [*roots[7:], *roots[:7]], strict=True))
    assert isinstance(root, Scalar)
    made = Template("roots", "test looped roots", root, n)
    assert kernels.kernels([made])[0].program.record[1] > linked.STACK_BYTES
    rows = [[1.0 + (k + lane) % 5 for k in range(n)] for lane in range(kernels.LANES)]
    values, slopes = kit.run(made, rows)
    for lane, row in enumerate(rows):
        (value,), gradient = kit.gradient([root], [1.0], row)
        assert values[lane] == pytest.approx(value, rel=1e-12)
        assert slopes[lane] == pytest.approx(gradient, rel=1e-11)
