"""Numbers that cannot be looked at beforehand: whoever reads them is traced each time."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from stale.kit import case, line


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
