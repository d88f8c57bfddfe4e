"""Ways to read a number k while tracing, each with a way to change it: f(x) = k x - k, k from 3 to 9.

Each case is a function without arguments that gives f and what to call for k to become 9.
"""

from __future__ import annotations

import abc
import argparse
import array
import collections
import contextlib
import contextvars
import copy
import dataclasses
import enum
import functools
import importlib
import itertools
import operator
import os
import sys
import threading
import types
import weakref
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

Case = Callable[[], tuple[Callable[[Any], Any], Callable[[], Any]]]
CASES: dict[str, Case] = {}


def case(make: Case) -> Case:
    """Add a case, under its name."""
    CASES[make.__name__] = make
    return make


def line(x: Any, k: Any) -> Any:
    """k x - k."""
    return k * x - k


def by(name: str, made: Callable[[], Any], read: Callable[[Any], Any], change: Callable[[Any], Any]) -> None:
    """Add the case of one object, read by an expression."""

    def make() -> Any:
        holder = made()
        return lambda x: line(x, read(holder)), lambda: change(holder)

    CASES[name] = make


class Plain:
    def __init__(self, k: Any):
        self.k = k


class Slots:
    __slots__ = ("k",)

    def __init__(self, k: Any):
        self.k = k


class Config(dict):  # type: ignore[type-arg] # as attribute dicts of many packages are
    __getattr__ = dict.__getitem__


class OwnList(list):  # type: ignore[type-arg]
    pass


class Point(NamedTuple):
    inner: Any


@dataclasses.dataclass
class Data:
    k: float


@dataclasses.dataclass(frozen=True)
class Frozen:
    inner: Any


def to(name: str) -> Callable[[Any], None]:
    """Sets an attribute to 9."""
    return lambda v: setattr(v, name, 9.0)


# ------------------------------------------------------------------------------------- containers

by("an argparse namespace", lambda: argparse.Namespace(k=3.0), lambda v: v.k, to("k"))
by("a simple namespace", lambda: types.SimpleNamespace(k=3.0), lambda v: v.k, to("k"))
by("a dict", lambda: {"k": 3.0}, lambda v: v["k"], lambda v: v.update(k=9.0))
by("a dict subclass with attributes", lambda: Config(k=3.0), lambda v: v.k, lambda v: v.update(k=9.0))
by("a defaultdict", lambda: collections.defaultdict(lambda: 3.0), lambda v: v["k"], lambda v: v.update(k=9.0))
by("an ordered dict", lambda: collections.OrderedDict(a=3.0, b=9.0), lambda v: next(iter(v.values())),
   lambda v: v.move_to_end("a"))  # fmt: skip
by("a counter", lambda: collections.Counter(k=3), lambda v: float(v["k"]), lambda v: v.update(k=6))
by(
    "a chain of maps",
    lambda: collections.ChainMap({}, {"k": 3.0}),
    lambda v: v["k"],
    lambda v: v.maps[1].update(k=9.0),
)
by("a user dict", lambda: collections.UserDict(k=3.0), lambda v: v["k"], lambda v: v.update(k=9.0))
by("a user list", lambda: collections.UserList([3.0]), lambda v: v[0], lambda v: v.__setitem__(0, 9.0))
by("a list subclass", lambda: OwnList([3.0]), lambda v: v[0], lambda v: v.__setitem__(0, 9.0))
by("the length of a list", lambda: [0] * 3, lambda v: float(len(v[:])), lambda v: v.extend([0] * 6))
by("a long list", lambda: [0.0] * 499 + [3.0], lambda v: v[-1], lambda v: v.__setitem__(-1, 9.0))
by(
    "dicts five deep",
    lambda: {1: {2: {3: {4: {5: 3.0}}}}},
    lambda v: v[1][2][3][4][5],
    lambda v: v[1][2][3][4].update({5: 9.0}),
)
by("a set", lambda: {3.0}, lambda v: sum(v), lambda v: v.add(6.0))
by("a deque", lambda: collections.deque([3.0]), lambda v: v[0], lambda v: v.appendleft(9.0))
by(
    "a named tuple's list",
    lambda: Point([3.0]),
    lambda v: v.inner[0],
    lambda v: v.inner.append(9.0) or v.inner.reverse(),
)
by("a frozen dataclass's list", lambda: Frozen([3.0]), lambda v: v.inner[0], lambda v: v.inner.__setitem__(0, 9.0))
by("a dataclass", lambda: Data(3.0), lambda v: v.k, to("k"))
by("slots", lambda: Slots(3.0), lambda v: v.k, to("k"))
by(
    "an array of objects",
    lambda: np.array([3.0, Plain(3.0)], object),
    lambda v: v[1].k,
    lambda v: setattr(v[1], "k", 9.0),
)
by(
    "an element of an array of objects",
    lambda: np.array([3.0, None], object),
    lambda v: v[0],
    lambda v: v.__setitem__(0, 9.0),
)
by("an array without dimensions", lambda: np.array(3.0), lambda v: float(v), lambda v: v.__setitem__((), 9.0))
by("a large array that is read", lambda: np.full(1000, 3.0), lambda v: float(v.max()), lambda v: v.fill(9.0))
by("whole numbers", lambda: np.full(1000, 3), lambda v: float(v[999]), lambda v: v.__setitem__(999, 9))
by(
    "a view of an array",
    lambda: np.full((9, 9), 3.0)[::2, 1:],
    lambda v: float(v[1, 1]),
    lambda v: v.__setitem__((1, 1), 9.0),
)
by("a bytearray", lambda: bytearray([3]), lambda v: float(v[0]), lambda v: v.__setitem__(0, 9))
by("an array.array", lambda: array.array("d", [3.0]), lambda v: v[0], lambda v: v.__setitem__(0, 9.0))
by("a memoryview", lambda: memoryview(bytearray([3])), lambda v: float(v[0]), lambda v: v.__setitem__(0, 9))


@case
def a_record_of_an_array() -> Any:
    a = np.array([(3.0, 1)], [("k", float), ("n", int)])
    record = a[0]
    return lambda x: line(x, float(record["k"])), lambda: a["k"].__setitem__(0, 9.0)


@case
def a_read_only_array_through_its_base() -> Any:
    base = np.full(200, 3.0)
    shown = base[:]
    shown.flags.writeable = False
    return lambda x: line(x, float(shown[7])), lambda: base.fill(9.0)


@case
def an_array_thawed_and_frozen_again() -> Any:
    a = np.full(200, 3.0)
    a.flags.writeable = False

    def change() -> None:
        a.flags.writeable = True
        a.fill(9.0)
        a.flags.writeable = False

    return lambda x: line(x, float(a[7])), change


@case
def a_list_that_holds_itself() -> Any:
    v: list[Any] = [3.0]
    v.append(v)
    return lambda x: line(x, v[1][1][1][0]), lambda: v.__setitem__(0, 9.0)


@case
def views_of_a_dict() -> Any:
    d = {"k": 3.0}
    values, items = d.values(), d.items()
    return lambda x: line(x, (sum(values) + sum(v for _, v in items)) / 2), lambda: d.update(k=9.0)


@case
def a_mapping_proxy() -> Any:
    d = {"k": 3.0}
    shown = types.MappingProxyType(d)
    return lambda x: line(x, shown["k"]), lambda: d.update(k=9.0)


# ---------------------------------------------------------------------------------------- objects


@case
def an_object_that_is_called() -> Any:
    class Policy:
        k = 3.0

        def __call__(self, x: Any) -> Any:
            return line(x, self.k)

    p = Policy()
    return p, lambda: setattr(p, "k", 9.0)


@case
def an_operator() -> Any:
    class Scale:
        def __init__(self) -> None:
            self.hidden = 3.0

        def __matmul__(self, x: Any) -> Any:
            return line(x, self.hidden)

    s = Scale()
    return lambda x: s @ x, lambda: setattr(s, "hidden", 9.0)


@case
def a_context_manager() -> Any:
    class Stiff:
        hidden = 3.0

        def __enter__(self) -> float:
            return self.hidden

        def __exit__(self, *_: object) -> None:
            pass

    s = Stiff()

    def f(x: Any) -> Any:
        with s as k:
            return line(x, k)

    return f, lambda: setattr(Stiff, "hidden", 9.0)


@case
def a_context_manager_from_a_generator() -> Any:
    ns = Plain(3.0)

    @contextlib.contextmanager
    def stiff() -> Iterator[float]:
        yield ns.k

    def f(x: Any) -> Any:
        with stiff() as k:
            return line(x, k)

    return f, lambda: setattr(ns, "k", 9.0)


@case
def an_iterator_of_its_own() -> Any:
    class Springs:
        def __init__(self) -> None:
            self.hidden = [1.0, 2.0]

        def __iter__(self) -> Iterator[float]:
            yield from self.hidden

    s = Springs()
    return lambda x: line(x, sum(s)), lambda: s.hidden.append(6.0)


@case
def subscripts() -> Any:
    class Table:
        def __init__(self) -> None:
            self.rows = {"a": 3.0}

        def __getitem__(self, key: str) -> float:
            return self.rows[key]

    t = Table()
    return lambda x: line(x, t["a"]), lambda: t.rows.update(a=9.0)


@case
def a_property() -> Any:
    class Spring:
        def __init__(self) -> None:
            self.half = 1.5

        @property
        def k(self) -> float:
            return 2.0 * self.half

    s = Spring()
    return lambda x: line(x, s.k), lambda: setattr(s, "half", 4.5)


@case
def a_cached_property() -> Any:
    class Spring:
        def __init__(self) -> None:
            self.half = 1.5

        @functools.cached_property
        def k(self) -> float:
            return 2.0 * self.half

    s = Spring()
    return lambda x: line(x, s.k), lambda: s.__dict__.update(k=9.0)


@case
def a_descriptor() -> Any:
    class Doubled:
        def __get__(self, owner: Any, kind: Any = None) -> float:
            return 2.0 * owner.half

    class Spring:
        k = Doubled()
        half = 1.5

    s = Spring()
    return lambda x: line(x, s.k), lambda: setattr(s, "half", 4.5)


@case
def a_descriptor_with_a_state() -> Any:
    class Same:
        def __init__(self) -> None:
            self.always = 3.0

        def __get__(self, owner: Any, kind: Any = None) -> float:
            return self.always

    class Spring:
        k = Same()

    s = Spring()
    return lambda x: line(x, s.k), lambda: setattr(Spring.__dict__["k"], "always", 9.0)


@case
def delegation() -> Any:
    class Proxy:
        def __init__(self, inner: Any):
            self._inner = inner

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

    inner = Plain(3.0)
    p = Proxy(Proxy(inner))
    return lambda x: line(x, p.k), lambda: setattr(inner, "k", 9.0)


@case
def delegation_hidden_by_an_attribute() -> Any:
    class Proxy:
        def __getattr__(self, name: str) -> float:
            return 3.0

    p = Proxy()
    return lambda x: line(x, p.k), lambda: setattr(p, "k", 9.0)


@case
def an_attribute_that_hides_the_class() -> Any:
    class Spring:
        k = 3.0

    s = Spring()
    return lambda x: line(x, s.k), lambda: setattr(s, "k", 9.0)


@case
def an_inherited_attribute() -> Any:
    class Base:
        k = 3.0

    class Spring(Base):
        pass

    s = Spring()
    return lambda x: line(x, s.k), lambda: setattr(Base, "k", 9.0)


@case
def an_inherited_attribute_hidden_by_a_class_between() -> Any:
    class Base:
        k = 3.0

    class Between(Base):
        pass

    class Spring(Between):
        pass

    s = Spring()
    return lambda x: line(x, s.k), lambda: setattr(Between, "k", 9.0)


@case
def another_base() -> Any:
    class A:
        k = 3.0

    class B:
        k = 9.0

    class Spring(A):
        pass

    return lambda x: line(x, Spring().k), lambda: setattr(Spring, "__bases__", (B,))


@case
def another_class() -> Any:
    class A:
        k = 3.0

    class B:
        k = 9.0

    s = A()
    return lambda x: line(x, s.k), lambda: setattr(s, "__class__", B)


@case
def another_dict() -> Any:
    s = Plain(3.0)
    return lambda x: line(x, s.k), lambda: setattr(s, "__dict__", {"k": 9.0})


@case
def a_monkeypatched_method() -> Any:
    class Spring:
        def k(self) -> float:
            return 3.0

    s = Spring()
    return lambda x: line(x, s.k()), lambda: setattr(Spring, "k", lambda self: 9.0)


@case
def a_method_on_the_object() -> Any:
    class Spring:
        def k(self) -> float:
            return 3.0

    s = Spring()
    return lambda x: line(x, s.k()), lambda: setattr(s, "k", lambda: 9.0)


@case
def super_methods() -> Any:
    class Base:
        k = 3.0

        def force(self, x: Any) -> Any:
            return line(x, self.k)

    class Spring(Base):
        def force(self, x: Any) -> Any:
            return super().force(x)

    return Spring().force, lambda: setattr(Base, "force", lambda self, x: line(x, 9.0))


@case
def a_metaclass() -> Any:
    class Meta(type):
        hidden = 3.0

        @property
        def k(cls) -> float:
            return cls.hidden

    class Spring(metaclass=Meta):
        pass

    return lambda x: line(x, Spring.k), lambda: setattr(Meta, "hidden", 9.0)


@case
def a_class_method_and_a_static_one() -> Any:
    class Spring:
        half = 1.5

        @classmethod
        def once(cls) -> float:
            return cls.half

        @staticmethod
        def twice() -> float:
            return 2.0 * Spring.half

    def change() -> None:
        Spring.half = 4.5

    return lambda x: line(x, (Spring.once() * 2 + Spring().twice()) / 2), change


@case
def an_enum() -> Any:
    class Stiff(enum.Enum):
        SOFT = types.SimpleNamespace(k=3.0)

    return lambda x: line(x, Stiff.SOFT.value.k), lambda: setattr(Stiff.SOFT.value, "k", 9.0)


@case
def an_attribute_of_an_enum_member() -> Any:
    class Stiff(enum.Enum):
        SOFT = 1

        def __init__(self, _: int):
            self.k = 3.0

    return lambda x: line(x, Stiff["SOFT"].k), lambda: setattr(Stiff.SOFT, "k", 9.0)


@case
def getattr_with_a_name_made_up() -> Any:
    s = Plain(3.0)
    return lambda x: line(x, getattr(s, chr(107))), lambda: setattr(s, "k", 9.0)


@case
def getattr_under_another_name() -> Any:
    s, ask = Plain(3.0), getattr
    return lambda x: line(x, ask(s, "".join(["k"]))), lambda: setattr(s, "k", 9.0)


@case
def reduce_getattr() -> Any:
    s = Plain(Plain(3.0))
    path = ["k", "k"]
    return lambda x: line(x, functools.reduce(getattr, path, s)), lambda: setattr(s.k, "k", 9.0)


@case
def vars_of_an_object() -> Any:
    s = Plain(3.0)
    return lambda x: line(x, vars(s)["k"]), lambda: setattr(s, "k", 9.0)


@case
def an_attrgetter() -> Any:
    s = Plain(Plain(3.0))
    get = operator.attrgetter("k.k")
    return lambda x: line(x, get(s)), lambda: setattr(s.k, "k", 9.0)


@case
def an_itemgetter_over_a_map() -> Any:
    v = [{"k": 1.0}, {"k": 2.0}]
    get = operator.itemgetter("k")
    return lambda x: line(x, sum(map(get, v))), lambda: v.append({"k": 6.0})


@case
def a_methodcaller() -> Any:
    class Spring:
        def stiff(self) -> float:
            return 3.0

    s = Spring()
    ask = operator.methodcaller("stiff")
    return lambda x: line(x, ask(s)), lambda: setattr(Spring, "stiff", lambda self: 9.0)


@case
def a_match_statement() -> Any:
    d = Data(3.0)

    def f(x: Any) -> Any:
        match d:
            case Data(k=k):
                return line(x, k)

    return f, lambda: setattr(d, "k", 9.0)


@case
def a_format_string() -> Any:
    s, template = Plain(3.0), "{0.k}"
    return lambda x: line(x, float(template.format(s))), lambda: setattr(s, "k", 9.0)


@case
def dataclasses_astuple() -> Any:
    d = Data(3.0)
    return lambda x: line(x, dataclasses.astuple(d)[0]), lambda: setattr(d, "k", 9.0)


@case
def a_copy() -> Any:
    d = Plain([3.0])
    return lambda x: line(x, copy.deepcopy(d).k[0]), lambda: d.k.insert(0, 9.0)


@case
def a_struct_handed_over_whole() -> Any:
    d = (Data(3.0), {"a": Data(3.0)})

    def f(x: Any) -> Any:
        from rosesim import cond

        one, other = cond(x > -1e9, lambda: d, lambda: d)
        return line(x, (one.k + other["a"].k) / 2)

    def change() -> None:
        d[0].k = d[1]["a"].k = 9.0

    return f, change


# ---------------------------------------------------------------------------------------- functions


@case
def a_partial() -> Any:
    v = [3.0]
    g = functools.partial(lambda held, x: line(x, held[0]), v)
    return lambda x: g(x), lambda: v.__setitem__(0, 9.0)


@case
def a_partial_by_name() -> Any:
    g = functools.partial(lambda x, k: line(x, k), k=3.0)
    return lambda x: g(x), lambda: g.keywords.update(k=9.0)


@case
def a_table_of_functions() -> Any:
    k = 3.0

    def soft(x: Any) -> Any:
        return line(x, k)

    table = {"soft": [soft]}

    def change() -> None:
        nonlocal k
        k = 9.0

    return lambda x: table["soft"][0](x), change


@case
def closures_within_closures() -> Any:
    k = 3.0

    def outer() -> Any:
        def middle() -> Any:
            return lambda x: line(x, k)

        return middle()

    def change() -> None:
        nonlocal k
        k = 9.0

    return outer(), change


@case
def a_default_argument_mutated() -> Any:
    def g(x: Any, v: Any = [3.0]) -> Any:  # noqa: B006 -- the point
        return line(x, v[0])

    return lambda x: g(x), lambda: g.__defaults__[0].__setitem__(0, 9.0)  # type: ignore[index]


@case
def a_keyword_default_mutated() -> Any:
    def g(x: Any, *, k: float = 3.0) -> Any:
        return line(x, k)

    held: Any = g.__kwdefaults__
    return lambda x: g(x), lambda: held.update(k=9.0)


@case
def another_code() -> Any:
    def g(x: Any) -> Any:
        return line(x, 3.0)

    def h(x: Any) -> Any:
        return line(x, 9.0)

    return lambda x: g(x), lambda: setattr(g, "__code__", h.__code__)


@case
def an_attribute_of_a_function() -> Any:
    def g(x: Any) -> Any:
        return line(x, g.k)  # type: ignore[attr-defined]

    g.k = 3.0  # type: ignore[attr-defined]
    return lambda x: g(x), lambda: setattr(g, "k", 9.0)


@case
def a_decorated_function() -> Any:
    def scaled(g: Any) -> Any:
        @functools.wraps(g)
        def wrapper(x: Any) -> Any:
            return g(x)

        return wrapper

    s = Plain(3.0)

    @scaled
    def g(x: Any) -> Any:
        return line(x, s.k)

    return lambda x: g(x), lambda: setattr(s, "k", 9.0)


@case
def a_single_dispatch() -> Any:
    @functools.singledispatch
    def stiff(x: Any) -> float:
        return 3.0

    return lambda x: line(x, stiff("text")), lambda: stiff.register(str, lambda x: 9.0)


@case
def a_cached_helper() -> Any:
    s = Plain(3.0)

    @functools.cache
    def stiff() -> float:
        return s.k

    def change() -> None:
        s.k = 9.0
        stiff.cache_clear()

    return lambda x: line(x, stiff()), change


@case
def a_cached_helper_cleared_and_filled_again() -> Any:
    s = Plain(3.0)

    @functools.lru_cache(maxsize=4)
    def stiff() -> float:
        return s.k

    def change() -> None:
        s.k = 9.0
        stiff.cache_clear()
        stiff()

    return lambda x: line(x, stiff()), change


@case
def what_a_cached_helper_gave() -> Any:
    @functools.lru_cache(maxsize=4)
    def stiff() -> list[float]:
        return [3.0]

    return lambda x: line(x, stiff()[0]), lambda: stiff().__setitem__(0, 9.0)


@case
def a_recursion_of_helpers() -> Any:
    v = {"k": 3.0}

    def even(n: int) -> float:
        return v["k"] if n == 0 else odd(n - 1)

    def odd(n: int) -> float:
        return even(n - 1)

    return lambda x: line(x, even(4)), lambda: v.update(k=9.0)


@case
def a_weak_reference() -> Any:
    s = Plain(3.0)
    r = weakref.ref(s)
    return lambda x: line(x, r().k), lambda: setattr(s, "k", 9.0)  # type: ignore[union-attr]


@case
def a_weak_dict() -> Any:
    s, t = Plain(3.0), Plain(9.0)
    d = weakref.WeakValueDictionary({"s": s, "t": t})
    return lambda x: line(x, d["s"].k), lambda: d.__setitem__("s", t) or s.k


@case
def a_context_variable() -> Any:
    var = contextvars.ContextVar("var", default=3.0)
    return lambda x: line(x, var.get()), lambda: var.set(9.0)


@case
def a_thread_local() -> Any:
    local = threading.local()
    local.k = 3.0
    return lambda x: line(x, local.k), lambda: setattr(local, "k", 9.0)


@case
def an_exception_held() -> Any:
    e = ValueError(3.0)
    return lambda x: line(x, e.args[0]), lambda: setattr(e, "args", (9.0,))


# ---------------------------------------------------------------------------- globals and modules


def written(text: str, **names: Any) -> dict[str, Any]:
    """The globals of a module with that text."""
    space: dict[str, Any] = {"__name__": "written", "line": line, **names}
    exec(text, space)
    return space


@case
def a_global_deleted() -> Any:
    text = "def f(x):\n    try:\n        return line(x, k)\n    except NameError:\n        return line(x, 9.0)\n"
    space = written(text, k=3.0)
    return space["f"], lambda: space.pop("k")


@case
def a_global_defined() -> Any:
    space = written(
        "def f(x):\n    try:\n        return line(x, k)\n    except NameError:\n        return line(x, 3.0)\n"
    )
    return space["f"], lambda: space.update(k=9.0)


@case
def a_builtin_hidden() -> Any:
    space = written("def f(x):\n    return line(x, max(1.0, 3.0))\n")
    return space["f"], lambda: space.update(max=lambda *_: 9.0)


@case
def a_builtin_added() -> Any:
    import builtins

    builtins.rosesim_test_k = 3.0  # type: ignore[attr-defined]
    space = written("def f(x):\n    return line(x, rosesim_test_k)\n")
    return space["f"], lambda: setattr(builtins, "rosesim_test_k", 9.0)


@case
def globals_by_name() -> Any:
    space = written("k = 3.0\ndef f(x):\n    return line(x, globals()['k'])\n")
    return space["f"], lambda: space.update(k=9.0)


@case
def eval_of_text() -> Any:
    space = written("k = 3.0\ndef f(x):\n    return line(x, eval('k * 1'))\n")
    return space["f"], lambda: space.update(k=9.0)


@case
def a_module() -> Any:
    m = types.ModuleType("physics")
    m.k = 3.0  # type: ignore[attr-defined]
    return lambda x: line(x, m.k), lambda: setattr(m, "k", 9.0)


@case
def a_function_of_a_module() -> Any:
    m = types.ModuleType("physics")
    exec("k = 3.0\ndef stiff():\n    return k\n", m.__dict__)
    return lambda x: line(x, m.stiff()), lambda: setattr(m, "k", 9.0)


@case
def getattr_of_a_module() -> Any:
    m = types.ModuleType("physics")
    m.k = 3.0  # type: ignore[attr-defined]
    return lambda x: line(x, getattr(m, "".join("k"))), lambda: setattr(m, "k", 9.0)


@case
def a_module_imported_inside() -> Any:
    m = types.ModuleType("rosesim_test_physics")
    m.k = 3.0  # type: ignore[attr-defined]
    sys.modules[m.__name__] = m
    space = written("def f(x):\n    import rosesim_test_physics as p\n    return line(x, p.k)\n")
    return space["f"], lambda: setattr(m, "k", 9.0)


@case
def a_name_imported_inside() -> Any:
    m = types.ModuleType("rosesim_test_physics2")
    m.k = 3.0  # type: ignore[attr-defined]
    sys.modules[m.__name__] = m
    space = written("def f(x):\n    from rosesim_test_physics2 import k\n    return line(x, k)\n")
    return space["f"], lambda: setattr(m, "k", 9.0)


@case
def a_module_by_import_module() -> Any:
    m = types.ModuleType("rosesim_test_physics3")
    m.k = 3.0  # type: ignore[attr-defined]
    sys.modules[m.__name__] = m
    return lambda x: line(x, importlib.import_module("rosesim_test_physics3").k), lambda: setattr(m, "k", 9.0)


@case
def a_module_by_sys_modules() -> Any:
    m = types.ModuleType("rosesim_test_physics4")
    m.k = 3.0  # type: ignore[attr-defined]
    sys.modules[m.__name__] = m
    return lambda x: line(x, sys.modules["rosesim_test_physics4"].k), lambda: setattr(m, "k", 9.0)


@case
def the_environment() -> Any:
    os.environ["ROSESIM_TEST_K"] = "3"
    return lambda x: line(x, float(os.environ["ROSESIM_TEST_K"])), lambda: os.environ.update(ROSESIM_TEST_K="9")


@case
def getenv() -> Any:
    os.environ["ROSESIM_TEST_K2"] = "3"
    return lambda x: line(x, float(os.getenv("ROSESIM_TEST_K2", "0"))), lambda: os.environ.update(ROSESIM_TEST_K2="9")


@case
def an_attribute_that_a_module_got() -> Any:
    m = types.ModuleType("physics")

    def f(x: Any) -> Any:
        try:
            return line(x, m.k)
        except AttributeError:
            return line(x, 3.0)

    return f, lambda: setattr(m, "k", 9.0)


@case
def an_attribute_that_an_imported_module_got() -> Any:
    m = types.ModuleType("rosesim_test_physics5")
    sys.modules[m.__name__] = m
    space = written(
        """
def f(x):
    import rosesim_test_physics5 as p
    try:
        return line(x, p.k)
    except AttributeError:
        return line(x, 3.0)
"""
    )
    return space["f"], lambda: setattr(m, "k", 9.0)


@case
def a_module_that_makes_attributes() -> Any:
    m = types.ModuleType("physics")
    exec("hidden = 3.0\ndef __getattr__(name):\n    return hidden\n", m.__dict__)
    return lambda x: line(x, m.k), lambda: setattr(m, "hidden", 9.0)


@case
def a_module_named_like_one_of_the_standard_librarys() -> Any:
    m = types.ModuleType("wave")
    m.__file__ = os.path.abspath("wave.py")
    exec("k = 3.0\ndef stiff():\n    return k\n", m.__dict__)
    sys.modules["wave"] = m
    return lambda x: line(x, m.stiff()), lambda: setattr(m, "k", 9.0)


@case
def builtins_of_its_own() -> Any:
    own = {"rosesim_test_k": 3.0}
    space = written("def f(x):\n    return line(x, rosesim_test_k)\n", __builtins__=own)
    return space["f"], lambda: own.update(rosesim_test_k=9.0)


@case
def a_class_registered_later() -> Any:
    class Stiff(abc.ABC):  # noqa: B024 -- the point is who is one
        pass

    s = Plain(0.0)
    return lambda x: line(x, 9.0 if isinstance(s, Stiff) else 3.0), lambda: Stiff.register(Plain)


@case
def conversions() -> Any:
    class Number:
        def __init__(self) -> None:
            self.hidden = 3

        def __float__(self) -> float:
            return float(self.hidden)

        def __index__(self) -> int:
            return self.hidden

        def __len__(self) -> int:
            return self.hidden

        def __bool__(self) -> bool:
            return self.hidden == 3

        def __array__(self, *_: Any, **__: Any) -> Any:
            return np.array(float(self.hidden))

    n = Number()

    def f(x: Any) -> Any:
        k = 3.0 if n else 9.0
        return line(x, (k + float(n) + len(n) + len([0] * operator.index(n)) + float(np.asarray(n))) / 5)

    return f, lambda: setattr(n, "hidden", 9)


@case
def keys_that_are_missing() -> Any:
    class Table(dict):  # type: ignore[type-arg]
        def __init__(self) -> None:
            super().__init__()
            self.otherwise = 3.0

        def __missing__(self, key: str) -> float:
            return self.otherwise

    t = Table()
    return lambda x: line(x, t["k"]), lambda: setattr(t, "otherwise", 9.0)


@case
def equality_and_membership() -> Any:
    class Never:
        def __init__(self) -> None:
            self.is_one = False

        def __eq__(self, other: object) -> bool:
            return self.is_one

        def __hash__(self) -> int:
            return 0

    n = Never()
    return lambda x: line(x, 9.0 if 1 in [n] else 3.0), lambda: setattr(n, "is_one", True)


@case
def a_bound_method_kept() -> Any:
    v = [3.0]
    get = v.__getitem__
    size = v.__len__
    return lambda x: line(x, get(0) * size()), lambda: v.__setitem__(0, 9.0)


@case
def a_partial_method() -> Any:
    class Spring:
        def times(self, a: float) -> float:
            return a * self.hidden

        hidden = 1.0
        k = functools.partialmethod(times, 3.0)

    return lambda x: line(x, Spring().k()), lambda: setattr(Spring, "hidden", 3.0)


@case
def numpys_vectorize() -> Any:
    s = Plain(3.0)
    v = np.vectorize(lambda y: y * s.k)
    return lambda x: line(x, float(v(1.0))), lambda: setattr(s, "k", 9.0)


@case
def a_masked_array() -> Any:
    m = np.ma.masked_array([3.0, 9.0], mask=[False, True])
    return lambda x: line(x, float(m.max())), lambda: setattr(m, "mask", [False, False])


@case
def a_proxy() -> Any:
    s = Plain(3.0)
    p = weakref.proxy(s)
    return lambda x: line(x, p.k + 0 * s.k), lambda: setattr(s, "k", 9.0)


@case
def a_ctypes_number() -> Any:
    import ctypes

    n = ctypes.c_double(3.0)
    return lambda x: line(x, n.value), lambda: setattr(n, "value", 9.0)


@case
def the_class_of_an_object_by_type() -> Any:
    class Spring:
        k = 3.0

    s = Spring()
    return lambda x: line(x, type(s).k), lambda: setattr(Spring, "k", 9.0)


@case
def a_class_made_while_tracing() -> Any:
    k = [3.0]

    def f(x: Any) -> Any:
        class Spring:
            stiff = k[0]

            def force(self) -> Any:
                return line(x, self.stiff)

        return Spring().force()

    return f, lambda: k.__setitem__(0, 9.0)


@case
def comprehensions() -> Any:
    v = [[1.0], [2.0]]
    return lambda x: line(x, sum(z for y in v for z in y)), lambda: v[0].append(6.0)


@case
def unpacking() -> Any:
    v, d = [1.0], {"b": 2.0}

    def k(*a: float, **b: float) -> float:
        return sum(a) + sum(b.values())

    return lambda x: line(x, k(*v, **d)), lambda: (v.append(3.0), d.update(c=3.0))


@case
def a_module_under_another_name_that_got_an_attribute() -> Any:
    m = types.ModuleType("physics")

    def f(x: Any) -> Any:
        alias = m
        try:
            return line(x, alias.k)
        except AttributeError:
            return line(x, 3.0)

    return f, lambda: setattr(m, "k", 9.0)


@case
def an_attribute_put_into_an_installed_module() -> Any:
    np.rosesim_test_k = 3.0  # type: ignore[attr-defined]

    def f(x: Any) -> Any:
        import numpy as alias

        return line(x, alias.rosesim_test_k)  # type: ignore[attr-defined]

    return f, lambda: setattr(np, "rosesim_test_k", 9.0)


@case
def the_environment_by_an_import_inside() -> Any:
    os.environ["ROSESIM_TEST_K3"] = "3"

    def f(x: Any) -> Any:
        import os as alias

        return line(x, float(alias.environ["ROSESIM_TEST_K3"]))

    return f, lambda: os.environ.update(ROSESIM_TEST_K3="9")


@case
def an_object_that_answers_for_its_class() -> Any:
    class Store:
        def __init__(self) -> None:
            object.__setattr__(self, "store", {"k": 3.0})

        def __getattribute__(self, name: str) -> Any:
            return object.__getattribute__(self, "store")[name]  # `__class__` raises KeyError

    s = Store()
    held = object.__getattribute__(s, "store")
    return lambda x: line(x, s.k), lambda: held.update(k=9.0)


@case
def objects_that_equal_everything() -> Any:
    class Yes(Plain):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = object.__hash__

    v = [Yes(3.0)]
    return lambda x: line(x, v[0].k), lambda: v.__setitem__(0, Yes(9.0))


# --------------------------------------------------------------- what cannot be looked at: traced each time


@case
def a_generator() -> Any:
    v = iter([3.0])

    def numbers() -> Iterator[float]:
        while True:
            yield from v_now

    v_now = [3.0]
    g = numbers()
    del v

    def change() -> None:
        v_now[:] = [9.0]

    return lambda x: line(x, next(g)), change


@case
def an_iterator_consumed() -> Any:
    it = iter([3.0] + [9.0] * 99)
    seen: list[float] = []

    def f(x: Any) -> Any:
        if not seen or ready:
            seen.append(next(it))
        return line(x, seen[-1])

    ready: list[int] = []
    return f, lambda: ready.append(1)


@case
def a_file() -> Any:
    import tempfile

    name = tempfile.mkstemp(suffix=".txt")[1]

    def write(k: int) -> None:
        with open(name, "w") as out:
            out.write(str(k))

    def f(x: Any) -> Any:
        with open(name) as given:
            return line(x, float(given.read()))

    write(3)
    return f, lambda: write(9)


@case
def a_file_of_numpys() -> Any:
    import tempfile

    name = tempfile.mkstemp(suffix=".npy")[1]
    np.save(name, 3.0)
    return lambda x: line(x, float(np.load(name))), lambda: np.save(name, 9.0)


@case
def a_path() -> Any:
    import pathlib
    import tempfile

    path = pathlib.Path(tempfile.mkstemp(suffix=".txt")[1])
    path.write_text("3")
    return lambda x: line(x, float(path.read_text())), lambda: path.write_text("9")


@case
def a_product_consumed() -> Any:
    v = [3.0]
    pairs = itertools.cycle(v)

    def change() -> None:
        nonlocal pairs
        pairs = itertools.cycle([9.0])

    return lambda x: line(x, next(pairs)), change


@case
def a_clock() -> Any:
    import time

    v = [3.0]
    return lambda x: line(x, v[0] + 0.0 * time.time()), lambda: v.__setitem__(0, 9.0)


@case
def the_subclasses_of_a_class() -> Any:
    class Base:
        pass

    class Spring(Base):
        k = 3.0

    base: Any = Base
    return lambda x: line(x, sum(c.k for c in base.__subclasses__())), lambda: setattr(Spring, "k", 9.0)
