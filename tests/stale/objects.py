"""Numbers that attributes, classes and protocols of objects lead to."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import enum
import functools
import operator
import types
from collections.abc import Iterator
from typing import Any

from stale.kit import Data, Plain, case, line


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
