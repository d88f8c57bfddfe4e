"""Numbers that an operation reads without naming them: conversions, keys, comparisons, copies."""

from __future__ import annotations

import abc
import copy
import functools
import operator
import os
import types
import weakref
from typing import Any

import numpy as np

from stale.kit import Plain, case, line


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


@case
def texts_of_objects() -> Any:
    class Number:
        def __init__(self) -> None:
            self.hidden = 3.0

        def __repr__(self) -> str:
            return str(self.hidden)

        def __format__(self, how: str) -> str:
            return str(self.hidden)

    n = Number()
    return lambda x: line(x, (float(str(n)) + float(f"{n}")) / 2), lambda: setattr(n, "hidden", 9.0)


@case
def what_a_copy_calls() -> Any:
    k = [3.0]

    class Number:
        def __reduce__(self) -> Any:
            return float, (k[0],)

    n = Number()
    return lambda x: line(x, copy.copy(n)), lambda: k.__setitem__(0, 9.0)


@case
def what_making_a_class_calls() -> Any:
    k, m = [1.0], [2.0]

    class Stiff:
        def __set_name__(self, owner: type, name: str) -> None:
            self.k = k[0]

    class Base:
        def __init_subclass__(cls) -> None:
            cls.m = m[0]  # type: ignore[attr-defined]

        def __class_getitem__(cls, of: float) -> float:
            return of * m[0]

    def f(x: Any) -> Any:
        class Spring(Base):
            stiff = Stiff()

        made: Any = Spring
        return line(x, made.stiff.k + made.m + Base[1.0] - made.m)

    return f, lambda: (k.__setitem__(0, 3.0), m.__setitem__(0, 6.0))
