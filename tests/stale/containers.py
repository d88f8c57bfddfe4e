"""Numbers within containers of Python's and NumPy's."""

from __future__ import annotations

import argparse
import array
import collections
import types
from typing import Any

import numpy as np

from stale.kit import Config, Data, Frozen, OwnList, Plain, Point, Slots, by, case, line, to

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
