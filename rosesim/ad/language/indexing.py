"""Indexing by several axes: NumPy's basic indexing, for reading and for `x.at[...]`.

An index expression becomes a list of items, in order: one for each axis of the vector, and one for each `None`. What
is not basic indexing (masks, arrays of indices, slices with traced bounds) is refused here, never reinterpreted. A
traced integer is basic as well: it removes its axis where it stands, also between slices.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.language.control.loops import for_each, vec
from rosesim.ad.language.control.scan import scan
from rosesim.ad.language.values.boolean import Bool
from rosesim.ad.language.values.broadcast import shape_of
from rosesim.ad.language.values.chains import chained
from rosesim.ad.language.values.index import Index, checked_index
from rosesim.ad.language.values.refused import Value, kind
from rosesim.ad.language.values.structures import added, typeof
from rosesim.ad.language.values.vector import SHORT, VecValue, as_vec, lift, real_zero, to_atoms
from rosesim.ad.program.builder import integer
from rosesim.ad.program.ir import Atom, Lit
from rosesim.ad.support.errors import TraceError, TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.support.typeguards import class_of, is_array, is_boolean, is_list, is_slice, is_tuple

Item = Atom | range | None
"""An integer, which removes its axis; the places that a slice selects; or None, a new axis of length 1."""

MOST_UNROLLED = 16
"""The most selected elements that are written one by one: a 4 x 4 matrix has as many. More become loops."""


# ------------------------------------------------------------------------------- expressions


def parse(t: T.Type, index: Any) -> list[Item]:
    """The items of an index expression for a vector of type t. Trailing axes that are selected whole are left out."""
    parts: list[Any] = list(index) if is_tuple(index) else [index]
    axes = _axes(t)
    used = sum(1 for p in parts if p is not None and p is not Ellipsis)
    if used > len(axes):
        _refuse_depth(t, used, len(axes))
    if sum(1 for p in parts if p is Ellipsis) > 1:
        raise TraceError(f"{t} indexed by two `...` was found; expected one, which stands for all axes left", here())
    at = next((k for k, p in enumerate(parts) if p is Ellipsis), None)
    if at is not None:
        parts[at : at + 1] = [slice(None)] * (len(axes) - used)
    items: list[Item] = []
    rest = iter(axes)
    for p in parts:
        items.append(None if p is None else _item(next(rest), p))
    taken = len(axes) - len(list(rest))
    while items and items[-1] == range(axes[taken - 1].n):
        items.pop()
        taken -= 1
    return items


def _axes(t: T.Type) -> list[T.VecType]:
    """The axes of a vector of vectors, outermost first."""
    axes: list[T.VecType] = []
    while isinstance(t, T.VecType):
        axes.append(t)
        t = t.elem
    return axes


def _refuse_depth(t: T.Type, found: int, most: int) -> NoReturn:
    base = t
    while isinstance(base, T.VecType):
        base = base.elem
    hint = ""
    if isinstance(base, T.StructType):
        hint = f"; its elements are {base}, whose parts are taken from the element: x[i][0]"
        if base.kind is not tuple:
            hint = f"; its elements are {base}, whose fields are taken by name: x[i].{(*base.names, 'name')[0]}"
    raise TypeMismatch(f"{found} indices were found; {t} takes at most {most}{hint}", here())


def _item(axis: T.VecType, p: Any) -> Item:
    n = axis.n
    if isinstance(p, Index):
        return checked_index(p, n, str(axis))
    if is_slice(p):
        return _span(axis, p)
    if isinstance(p, VecValue) or is_list(p) or is_tuple(p) or (is_array(p) and p.shape):
        what = "a boolean mask" if _is_mask(p) else "several indices at once"
        raise TypeMismatch(
            f"{axis} indexed by {what} ({_name(p)}) was found; expected integers, slices, `...` and None: "
            "vec(m, lambda k: x[indices[k]]) gathers, select(p, a, b) chooses",
            here(),
        )
    if isinstance(p, Bool) or is_boolean(p) or (is_array(p) and p.dtype == bool):
        raise TypeMismatch(
            f"{axis} indexed by the boolean {_name(p)} was found; expected an integer: select(p, a, b) chooses "
            "by a boolean",
            here(),
        )
    if not isinstance(p, Value) and hasattr(p, "__index__"):
        k = _integer(p)
        if not -n <= k < n:
            allowed = f"expected {-n} .. {n - 1}" if n else "it has none"
            raise TraceError(f"element {k} of {axis} was asked for; {allowed}", here())
        return integer(k % n)
    makes = f": Index[{n}].clamp(x), .wrap(x) or .check(x) makes one" if n else ""
    raise TypeMismatch(
        f"{axis} indexed by {_name(p)} was found; expected an Index[{n}] or a Python integer{makes}", here()
    )


def _integer(p: Any) -> int:
    try:
        return operator.index(p)
    except TypeError:
        raise TypeMismatch(f"an index of {_name(p)} was found; expected an integer", here()) from None


def _is_mask(p: Any) -> bool:
    if isinstance(p, VecValue):
        return _axes(p.type)[-1].elem == T.BOOL
    if is_array(p):
        return p.dtype == bool
    return bool(p) and all(is_boolean(v) or isinstance(v, Bool) for v in p)


def _name(p: Any) -> str:
    return f"an array of {p.dtype}" if is_array(p) else str(p.type) if isinstance(p, VecValue) else kind(p)


def _span(axis: T.VecType, s: slice[Any, Any, Any]) -> range:
    bounds = (s.start, s.stop, s.step)
    if any(isinstance(v, Value) for v in bounds):
        raise TraceError(
            f"a slice of {axis} with traced bounds was found; expected Python integers: the "
            "length of a slice is part of its type (vec(m, lambda k: x[i + k]) moves a window)",
            here(),
        )
    for v in bounds:
        if v is not None and (is_boolean(v) or not hasattr(v, "__index__")):
            raise TypeMismatch(f"a slice of {axis} with the bound {kind(v)} was found; expected integers", here())
    start, stop, step = (None if v is None else _integer(v) for v in bounds)
    if step == 0:
        raise TypeMismatch(f"a slice of {axis} with step 0 was found; expected another step, such as 1 or -1", here())
    return range(axis.n)[start:stop:step]


def selected(t: T.Type, items: Sequence[Item]) -> T.Type:
    """The type of what the items select from a vector of type t."""
    if not items:
        return t
    first, rest = items[0], items[1:]
    if first is None:
        return T.VecType(1, selected(t, rest))
    assert isinstance(t, T.VecType)
    inner = selected(t.elem, rest)
    return T.VecType(len(first), inner) if isinstance(first, range) else inner


def _is_unrolled(items: Sequence[Item]) -> bool:
    spans = [len(i) for i in items if isinstance(i, range)]
    return all(n <= SHORT for n in spans) and math.prod(spans) <= MOST_UNROLLED


def _at(span: range, k: Any) -> Atom:
    """The k-th place that a slice selects, for a traced index k. Its bounds follow from those of k, so it fits."""
    place = k * span.step + span.start
    assert isinstance(place, Index)
    return place.atom


# ------------------------------------------------------------------------------- reading


def read(x: VecValue, index: Any) -> Any:
    """x[index]."""
    return _read(x, parse(x.type, index))


def _read(x: Any, items: Sequence[Item]) -> Any:
    if not items:
        return x
    first, rest = items[0], items[1:]
    t = selected(typeof(x), items)  # x may be a number: a new axis may follow the last one
    if first is None:
        assert isinstance(t, T.VecType)
        return VecValue(t, items=[_read(x, rest)])
    if not isinstance(first, range):
        return _read(x.element(first), rest)
    assert isinstance(t, T.VecType)
    if not first or x.is_listed or _is_unrolled(items):
        return VecValue(t, items=[_read(x.element(integer(k)), rest) for k in first])
    return chained(shape_of(t), (), (x,), lambda k: _read(x.element(_at(first, k)), rest))


# ------------------------------------------------------------------------------- writing


def merged(t: T.Type, places: Sequence[Any]) -> tuple[list[Item], Sequence[Any]]:
    """The items of `x.at[i][j]...`, and the indices that remain: they select from what a slice has selected."""
    items: list[Item] = []
    for k, index in enumerate(places):
        if any(isinstance(i, range) or i is None for i in items):
            return items, places[k:]
        items += parse(selected(t, items), index)
    return items, ()


def write(x: VecValue, places: Sequence[Any], v: Any, *, add: bool = False) -> VecValue:
    """x with v written to, or added to, what the indices select one after the other."""
    items, rest = merged(x.type, places)
    if rest:
        inner = _read(x, items)
        return _write(x, [], items, write(inner, rest, v, add=add), add=False)
    return _write(x, [], items, _given(v, x.type, items, lifted=not add), add)


def _given(v: Any, t: T.Type, items: Sequence[Item], *, lifted: bool) -> Any:
    """v as a traced value for what the items select. Raises if NumPy would not broadcast it."""
    into = selected(t, items)
    base = into
    while isinstance(base, T.VecType):
        base = base.elem
    if isinstance(base, T.StructType) and T.is_struct_class(class_of(v)):
        own = [ty.shape for ty in T.flatten(base)] == [ty.shape for ty in T.flatten(typeof(v))]
        return lift(v, base if own else into)  # one value for all, or a struct of vectors
    if isinstance(base, T.NullType) or (lifted and into == base):
        return lift(v, into)
    x = as_vec(v)
    have = [] if x is None else [a.n for a in _axes(x.type)]
    want = [a.n for a in _axes(into)]
    ends = zip(reversed(have), reversed(want), strict=False)
    if len(have) > len(want) or any(a not in (1, b) for a, b in ends):
        raise TypeMismatch(
            f"{kind(v) if x is None else x.type} was found; expected {into}, or what broadcasts to it",
            here(),
        )
    if not lifted:
        return v if x is None else x
    own = base
    for n in reversed(have):
        own = T.VecType(n, own)
    return lift(v, own)


def _part(v: Any, n: int, axes: int, k: Any) -> Any:
    """The k-th of n elements of a value that is broadcast over so many axes, as NumPy does."""
    if not isinstance(v, VecValue) or len(_axes(v.type)) < axes:
        return v
    return v[0] if len(v) == 1 and n != 1 else v[k]


def _spread(v: Any, t: T.Type) -> Any:
    """v broadcast over all of t, which has at least as many axes."""
    if not isinstance(t, T.VecType) or (isinstance(v, VecValue) and v.type == t):
        return v
    axes = len(_axes(t))
    if t.n <= SHORT:
        return VecValue(t, items=[lift(_spread(_part(v, t.n, axes, k), t.elem), t.elem) for k in range(t.n)])
    return vec(t.n, lambda k: lift(_spread(_part(v, t.n, axes, k), t.elem), t.elem))


def _write(x: VecValue, path: list[Atom], items: Sequence[Item], v: Any, add: bool) -> VecValue:
    if not items:
        return _put(x, path, v, add)
    first, rest = items[0], items[1:]
    below = x.type
    for _ in path:
        assert isinstance(below, T.VecType)
        below = below.elem
    axes = len(_axes(selected(below, items)))
    if first is None:
        return _write(x, path, rest, _part(v, 1, axes, 0), add)
    if not isinstance(first, range):
        return _write(x, [*path, first], rest, v, add)
    if x.is_listed or _is_unrolled(items):
        for k, place in enumerate(first):
            x = _write(x, [*path, integer(place)], rest, _part(v, len(first), axes, k), add)
        return x

    def one(y: Any, k: Any) -> Any:
        return _write(y, [*path, _at(first, k)], rest, _part(v, len(first), axes, k), add)

    return scan(one, x, len(first))


def _put(x: VecValue, path: list[Atom], v: Any, add: bool) -> VecValue:
    """x with v written to, or added to, the element at the path. In place if the old x is not used again."""
    if path and x.is_listed and isinstance(path[0], Lit):
        k = int(path[0].value)
        items = x.items()
        deeper = len(path) > 1
        items[k] = _put(items[k], path[1:], v, add) if deeper else _new(items[k], v, x.type.elem, add)
        return VecValue(x.type, items=items)
    old: Any = x
    elem: T.Type = x.type
    for place in path:
        assert isinstance(elem, T.VecType)
        old, elem = old.element(place) if add else None, elem.elem
    new = _new(old, v, elem, add)
    if not path:
        return new
    f = trace.frame()
    places = [f.resolve(a) for a in path]
    out = tuple(
        trace.emit(lambda b, a=a, n=n: b.put(a, places, n))
        for a, n in zip(map(f.resolve, x.leaves()), map(f.resolve, to_atoms(new, elem)), strict=True)
    )
    return VecValue(x.type, leaves=out)


def _new(old: Any, v: Any, t: T.Type, add: bool) -> Any:
    if not add:
        return lift(_spread(v, t), t)
    base = t
    while isinstance(base, T.VecType):
        base = base.elem
    if base == T.BOOL:
        raise TypeMismatch(f"add to elements of {t} was found; expected numbers: x.at[i].set(x[i] | p)", here())
    return lift(added(old, _spread(v, t)), t)


# ------------------------------------------------------------------------------- accumulating


def accumulated(t: T.Type, places: Sequence[Any], v: Any, emit: Callable[[list[Atom], list[Atom]], None]) -> None:
    """Add v to what the indices select of an accumulator of type t. `emit(path, atoms of the value)` adds one
    part."""
    items, rest = merged(t, places)
    if rest:
        v = write(real_zero(selected(t, items)), rest, v)
    _accumulate(t, [], items, _given(v, t, items, lifted=True), emit)


def _accumulate(
    t: T.Type, path: list[Atom], items: Sequence[Item], v: Any, emit: Callable[[list[Atom], list[Atom]], None]
) -> None:
    if not items:
        emit(path, to_atoms(_spread(v, t), t))
        return
    first, rest = items[0], items[1:]
    axes = len(_axes(selected(t, items)))
    if first is None:
        _accumulate(t, path, rest, _part(v, 1, axes, 0), emit)
        return
    assert isinstance(t, T.VecType)
    elem = t.elem
    if not isinstance(first, range):
        _accumulate(elem, [*path, first], rest, v, emit)
    elif _is_unrolled(items):
        for k, place in enumerate(first):
            _accumulate(elem, [*path, integer(place)], rest, _part(v, len(first), axes, k), emit)
    else:
        for_each(
            len(first),
            lambda k: _accumulate(elem, [*path, _at(first, k)], rest, _part(v, len(first), axes, k), emit),
        )
