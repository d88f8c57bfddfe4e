"""No program runs as it was after something that it read has changed: every way to read that is in `stale`, then
object graphs at random; and what nothing happened to is not traced again, nor large arrays read."""

from __future__ import annotations

import collections
import functools
import math
import operator
import os
import random
import sys
import types
import wave  # noqa: F401 -- a case puts another module in its place
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
from stale import CASES, Data, Plain, Slots, line

from rosesim import Index, Real, const, fn, grad, hessian, jvp, step_norms, value_and_grad, vjp, vmap
from rosesim import scan as scan_
from rosesim.ad.language import tracing
from rosesim.ad.language.function import Fn
from rosesim.scenes import Published, Scene, compiled, rollout, value
from rosesim.train import train

pytestmark = pytest.mark.usefixtures("unoptimised")


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Modules and the environment are left as they were found."""
    modules, environment = dict(sys.modules), dict(os.environ)
    yield
    for name in [n for n in sys.modules if n.startswith("rosesim_test")]:
        del sys.modules[name]
    sys.modules["wave"] = modules["wave"]
    os.environ.clear()
    os.environ.update(environment)


@dataclass(frozen=True)
class Throw:
    v: Real = value(2.0)


@dataclass(frozen=True)
class World:
    learning_rate: Real = value(0.1)


def scene_of(f: Callable[[Any], Any]) -> Scene[Any, Any, Any]:
    """A scene whose state goes from v to f(v) in its one step; its loss is that state."""

    @dataclass(frozen=True)
    class OneStep(Scene[Throw, World, tuple]):  # type: ignore[type-arg]
        name: ClassVar[str] = "one step"
        published: ClassVar[Published] = Published(optimizer="gd", iterations=1)
        steps: int = 1

        def inputs(self) -> World:
            return World()

        def params(self, rng: np.random.Generator) -> Throw:
            return Throw()

        def initial(self, params: Any, inputs: Any) -> Any:
            return (params.v,)

        def step(self, state: Any, t: Any, params: Any, inputs: Any) -> Any:
            return (f(state[0]),)

        def loss(self, state: Any, params: Any, inputs: Any) -> Any:
            return state[0]

        def draw(self, canvas: Any, state: Any, params: Any, inputs: Any) -> None:
            pass

    return OneStep()


@pytest.mark.parametrize("name", CASES)
def test_what_was_read_has_changed(name: str) -> None:
    f, change = CASES[name]()
    of_f = fn(f)
    ways: dict[str, Callable[[], float]] = {
        "value": lambda: of_f(2.0),
        "gradient": functools.partial(grad(of_f), 2.0),
        "called by another": functools.partial(fn(lambda x: of_f(x) * 1.0), 2.0),
        "batch": lambda: float(batch([2.0])[0]),
    }
    batch = vmap(of_f)
    for _ in range(2):
        assert {way: call() for way, call in ways.items()} == dict.fromkeys(ways, 3.0)
    change()
    for _ in range(2):
        assert {way: call() for way, call in ways.items()} == dict.fromkeys(ways, 9.0)


@pytest.mark.parametrize("name", [*CASES][::5])
def test_what_a_scene_reads_has_changed(name: str) -> None:
    f, change = CASES[name]()
    scene = scene_of(f)
    assert compiled(scene).value(Throw(), World()) == 3.0
    assert rollout(scene)[-1][0] == 3.0
    change()
    assert compiled(scene).value(Throw(), World()) == 9.0
    assert rollout(scene)[-1][0] == 9.0


# ------------------------------------------------------------------------------ at random


class Holder:
    """A leaf by its own name, read by a method."""

    def __init__(self, inner: Any):
        self.inner = inner

    def __call__(self) -> Any:
        return self.inner


class Items(list[Any]):
    pass


WRAPS: list[tuple[Callable[[Any], Any], Callable[[Any], Any]]] = [
    (lambda v: [None, v], lambda c: c[1]),
    (lambda v: (v, 0), lambda c: c[0]),
    (lambda v: {"a": v}, lambda c: c["a"]),
    (lambda v: Items([v]), lambda c: c[0]),
    (lambda v: collections.deque([v, 1]), lambda c: c[0]),
    (lambda v: collections.OrderedDict(a=v), lambda c: c["a"]),
    (lambda v: collections.ChainMap({}, {"a": v}), lambda c: c["a"]),
    (Plain, lambda c: c.k),
    (Slots, lambda c: c.k),
    (Data, lambda c: c.k),
    (Holder, lambda c: c()),
    (lambda v: types.SimpleNamespace(deep=v), lambda c: c.deep),
    (lambda v: functools.partial(operator.itemgetter(0), [v]), lambda c: c()),
    (lambda v: lambda: v, lambda c: c()),
    (lambda v: types.MappingProxyType({"a": v}), lambda c: c["a"]),
    (lambda v: np.array([v, None], object), lambda c: c[0]),
]


@pytest.mark.parametrize("seed", range(40))
def test_a_leaf_of_a_graph_of_objects(seed: int) -> None:
    """A list of one number under up to twelve wrappers at random, with a cycle: the number changes."""
    rng = random.Random(seed)
    leaf: list[Any] = [3.0]
    leaf.append(leaf)
    graph, reads = leaf, []
    for _ in range(rng.randrange(1, 13)):
        wrap, read = rng.choice(WRAPS)
        graph = wrap(graph)
        reads.append(read)
    reads.reverse()

    @fn
    def f(x: Real) -> Real:
        at = graph
        for read in reads:
            at = read(at)
        return line(x, at[1][0])

    g = grad(f)
    assert (f(2.0), g(2.0)) == (3.0, 3.0)
    leaf[0] = 9.0
    assert (f(2.0), g(2.0)) == (9.0, 9.0)
    leaf[0] = math.nan
    assert math.isnan(f(2.0))


@pytest.mark.parametrize(("was", "now"), [(0.0, -0.0), (1, True), (1, 1.0), (np.float64(0.0), np.float64(-0.0))])
def test_equal_numbers_that_are_not_the_same(was: Any, now: Any) -> None:
    v = [was]

    @fn
    def f(x: Real) -> Real:
        return x * (1.0 if repr(v[0]) == repr(was) else 2.0)

    assert f(1.0) == 1.0
    v[0] = now
    assert f(1.0) == 2.0


def test_things_that_move_from_one_list_to_the_next() -> None:
    """Looks at both one after the other see the same things in the same order."""
    v, w = [1.5], [2.5]

    @fn
    def f(x: Real) -> Real:
        return x * (sum(v) - sum(w))

    assert f(1.0) == -1.0
    v.append(w.pop())
    assert f(1.0) == 4.0
    w.append(v.pop())
    assert f(1.0) == -1.0
    w.append(v.pop())
    assert f(1.0) == -4.0


def test_objects_that_equal_each_other_and_are_not_the_same() -> None:
    class Spring:
        def __init__(self, name: str, k: float):
            self.name, self.k = name, k

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Spring) and self.name == other.name

        def __hash__(self) -> int:
            return hash(self.name)

        @fn
        def force(self, x: Real) -> Real:
            return self.k * x

    assert (Spring("s", 3.0).force(1.0), Spring("s", 9.0).force(1.0)) == (3.0, 9.0)


# ------------------------------------------------------------------------ steady, and cheap


@pytest.fixture
def traces(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the functions traced since."""
    found: list[str] = []
    trace = tracing._trace

    def counted(f: Fn, *args: Any) -> Any:
        found.append(f.name)
        return trace(f, *args)

    monkeypatch.setattr(tracing, "_trace", counted)
    return found


class Spring:
    """With a record of its own that nothing traced reads."""

    def __init__(self, k: float):
        self.k = k
        self.seen: list[float] = []

    @property
    def twice(self) -> float:
        return 2.0 * self.k

    @fn
    def force(self, x: Real) -> Real:
        return self.k * x + self.twice


def test_steady_calls_trace_nothing(traces: list[str]) -> None:
    spring = Spring(3.0)
    table, count, calls = np.linspace(0.0, 1.0, 1000), [0], []

    @functools.lru_cache
    def coefficients(n: int) -> list[float]:
        return [1.0 / (k + 1) for k in range(n)]

    @fn
    def f(x: Real) -> Real:
        count[0] += 1
        calls.append(1)
        total = sum(c * x for c in coefficients(3)) + const(table)[Index[1000].clamp(x)]
        return scan_(lambda c, i: c + spring.force(c), total, 3)

    g, h = grad(f), value_and_grad(f)
    for _ in range(2):  # the second time what was cached by the first is looked at
        assert f(1.0) > 0 and g(1.0) > 0 and h(1.0) and spring.force(1.0) > 0
    before = len(traces)
    for k in range(20):
        assert f(float(k)) > 0 and g(float(k)) > 0 and h(float(k)) and spring.force(float(k)) > 0
        spring.seen.append(float(k))
    assert len(traces) == before


def test_what_comes_to_nothing_is_not_compiled_again(monkeypatch: pytest.MonkeyPatch, traces: list[str]) -> None:
    import rosesim.codegen.llvm.engine as engine

    loaded: list[Any] = []
    load = engine.load
    monkeypatch.setattr(engine, "load", lambda *a, **k: loaded.append(a) or load(*a, **k))
    v = {"k": [3.0], "unused": 1.0}
    numbers = iter(range(1000))

    @fn
    def f(x: Real) -> Real:
        next(numbers, None)  # cannot be looked at without being changed
        return v["k"][0] * x

    assert f(2.0) == 6.0
    for k in range(5):
        v["unused"] = float(k)
        assert f(2.0) == 6.0
    assert (len(traces), len(loaded)) == (6, 1)
    v["k"] = [9.0]
    assert f(2.0) == 18.0
    assert len(loaded) == 2


def test_a_training_run_looks_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from rosesim.ad.dependencies.watch import Dependencies as Read

    looks: list[int] = []
    unchanged = Read.unchanged
    monkeypatch.setattr(Read, "unchanged", lambda self: looks.append(1) or unchanged(self))
    scene = scene_of(lambda x: x * x)

    def count(iterations: int) -> int:
        looks.clear()
        train(scene, iterations=iterations)
        return len(looks)

    count(2)
    assert count(3) == count(50)


def test_the_derivatives_of_what_reads_an_array_where_it_lies(traces: list[str]) -> None:
    table = np.linspace(1.0, 2.0, 1000)

    @fn
    def f(x: Real) -> Real:
        t = const(table)
        return scan_(lambda c, i: c + t[i] * x * x, 0.0, 1000)

    calls: list[Callable[[], Any]] = [
        lambda: f(3.0) / 9.0,
        lambda: grad(f)(3.0) / 6.0,
        lambda: jvp(f)(3.0, 1.0)[1] / 6.0,
        lambda: vjp(f)(3.0)[1](1.0) / 6.0,
        lambda: hessian(f)(3.0) / 2.0,
        lambda: float(vmap(f)([3.0])[0]) / 9.0,
        lambda: step_norms(f)(3.0).norms[0],
    ]
    for _ in range(3):
        expected = [table.sum()] * 6 + [1.0]
        np.testing.assert_allclose([call() for call in calls], expected, rtol=1e-12)
        table *= 3.0
    program = f.compile()
    held = table.sum()
    table *= 0.0
    assert program(1.0) == pytest.approx(held, rel=1e-12)
    assert f(1.0) == 0.0


# ---------------------------------------------------------------------------------- notebooks


CELL = """
from __future__ import annotations
from dataclasses import dataclass
from typing import ClassVar
from rosesim import Real
from rosesim.scenes import Published, Scene, value

@dataclass(frozen=True)
class Throw:
    v: Real = value(START)

@dataclass(frozen=True)
class World:
    learning_rate: Real = value(0.1)

@dataclass(frozen=True)
class Fall(Scene[Throw, World, tuple]):
    name: ClassVar[str] = "fall"
    published: ClassVar[Published] = Published(optimizer="gd", iterations=1)
    steps: int = 1
    pull: ClassVar[float] = 1.0
    def inputs(self): return World()
    def params(self, rng): return Throw()
    def initial(self, p, i): return (p.v,)
    def step(self, s, t, p, i): return (s[0] - G * self.pull,)
    def loss(self, s, p, i): return s[0]
    def draw(self, canvas, s, p, i): pass
"""


def test_a_scene_in_a_notebook() -> None:
    module = types.ModuleType("rosesim_test_notebook")
    sys.modules[module.__name__] = module
    space = module.__dict__
    exec("G = 2.0", space)
    exec(CELL.replace("START", "5.0"), space)

    def seen() -> tuple[float, float, float, float]:
        scene = space["Fall"]()
        p, i = scene.params(np.random.default_rng(0)), scene.inputs()
        at = compiled(scene)
        losses, _ = at.batch(2, gradient=True)(space["Throw"](np.array([p.v, p.v])), i)
        return rollout(scene)[-1][0], train(scene).losses[0], at.value_and_grad(p, i)[0], float(losses[1])

    assert seen() == (3.0,) * 4
    held = compiled(space["Fall"]())
    exec("G = 3.0", space)
    assert seen() == (2.0,) * 4
    space["Fall"].pull = 2.0
    assert seen() == (-1.0,) * 4
    space["Fall"].step = lambda self, s, t, p, i: (s[0] * 10.0,)
    assert seen() == (50.0,) * 4
    assert held.value(space["Throw"](), space["World"]()) == 50.0
    exec(CELL.replace("START", "6.0"), space)  # the whole cell again
    assert seen() == (3.0,) * 4


def test_settings_that_equal_each_other_and_are_not_the_same() -> None:
    @dataclass(frozen=True)
    class Signed(type(scene_of(lambda x: x))):  # type: ignore[misc] # pyright: ignore[reportUntypedBaseClass] -- made there
        k: Any = 1.0

        def step(self, state: Any, t: Any, params: Any, inputs: Any) -> Any:
            return (state[0] * (1.0 if isinstance(self.k, bool) else 2.0),)

    made: Any = Signed
    assert [rollout(made(k=k))[-1][0] for k in (1.0, True, 1, True)] == [4.0, 2.0, 4.0, 2.0]
