"""Numbers that functions hold: closures, defaults, caches, tables."""

from __future__ import annotations

import contextvars
import functools
import threading
import weakref
from typing import Any

from stale.kit import Plain, case, line


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
