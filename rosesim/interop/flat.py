"""Functions of arrays alone, for frameworks that know no structs: f with its arguments and results taken apart.

A `Flat` takes the *leaves* of f's arguments, one number or array each, and gives a tuple of the leaves of its result.
Its derivatives and its batches are `Flat`s again, to any order. Each is made once and remembered, so that a framework
that asks for the same derivative at each call does not compile it at each call.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rosesim.ad.language import types as T
from rosesim.ad.language.compiled import Program
from rosesim.ad.language.function import Fn
from rosesim.ad.language.signature import Types, as_call, keywords_of
from rosesim.ad.language.values.structures import typeof
from rosesim.ad.language.values.vector import of_atoms, to_atoms
from rosesim.ad.program.ir import Ty
from rosesim.ad.transforms.batches import vmap
from rosesim.ad.transforms.derivatives import jvp, vjp
from rosesim.ad.transforms.tangents import is_real

Places = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a derivative is of, and along which leaves."""

    flat: Flat
    active: Places


class Flat:
    """A function of leaves that gives a tuple of leaves.

    >>> from rosesim import fn
    >>> @fn
    ... def f(p):
    ...     return {"product": p["x"] * p["y"]}
    >>> flat = taken_apart(f, f.types_of([{"x": 3.0, "y": 4.0}]))
    >>> flat(3.0, 4.0), flat.pulled((0, 1))(3.0, 4.0, 1.0), flat.pushed((0,))(3.0, 4.0, 1.0)
    ((12.0,), (4.0, 3.0), (4.0,))
    """

    def __init__(self, body: Callable[..., Any], params: Sequence[Ty], names: Sequence[str], label: str):
        self.params = tuple(params)
        self.names = _identifiers(names)
        self.label = label

        def leaves(*given: Any) -> Any:  # it keeps nothing: a trace that changes what it reads is made at each call
            value = body(*given)
            return tuple(of_atoms(T.of_flat(a.ty), [a]) for a in to_atoms(value, typeof(value)))

        types = [T.of_flat(ty) for ty in params]
        leaves.__name__ = label
        leaves.__annotations__ = dict(zip(self.names, types, strict=True))
        only = inspect.Parameter.POSITIONAL_ONLY
        parameters = [inspect.Parameter(n, only, annotation=t) for n, t in leaves.__annotations__.items()]
        leaves.__signature__ = inspect.Signature(parameters)  # pyright: ignore[reportFunctionMemberAccess] -- read by inspect
        self.fn: Fn[..., Any] = Fn(leaves)
        self.pushed_from: Pushed | None = None
        """Where it is the derivative of another one along tangents, which are its last parameters."""
        self._types = tuple(types)
        self._made: dict[Any, Any] = {}

    @property
    def results(self) -> tuple[Ty, ...]:
        """The types of the leaves of the result."""
        return T.flatten(self.fn.traced(self._types).result)

    @functools.cached_property
    def real(self) -> Places:
        """The places of the real numbers among the parameters, which have derivatives."""
        return tuple(k for k, ty in enumerate(self.params) if is_real(ty))

    def __call__(self, *leaves: Any) -> tuple[Any, ...]:
        """Run, as the function is now."""
        program: Program | None = self._made.get("program")
        program = Program(self.fn, self._types, live=True) if program is None else program.renewed()
        self._made["program"] = program
        return program.run(leaves)

    def with_pullback(self, wrt: Places, leaves: Sequence[Any]) -> tuple[tuple[Any, ...], Callable[..., Any]]:
        """The result, and the function from the cotangents of its real leaves to those of the leaves in `wrt`."""
        value, pullback = self._once(("vjp", wrt), lambda: vjp(self.fn, wrt=wrt))(*leaves)
        return value, lambda *cts: pullback(self._cotangent(cts))

    def pulled(self, wrt: Places) -> Flat:
        """The function of the leaves, then of a cotangent of each real leaf of the result, that gives the cotangents
        of the leaves in `wrt`."""

        def make() -> Flat:
            count = len(self.params)

            def body(*given: Any) -> Any:
                _, pullback = vjp(self.fn, wrt=wrt)(*given[:count])
                return pullback(self._cotangent(given[count:]))

            cotangents = [ty for ty in self.results if is_real(ty)]
            names = [*self.names, *(f"cotangent_{k}" for k in range(len(cotangents)))]
            return Flat(body, (*self.params, *cotangents), names, f"pullback of {self.label}")

        return self._once(("pulled", wrt), make)

    def _cotangent(self, given: Sequence[Any]) -> tuple[Any, ...]:
        """A cotangent for each leaf of the result; None for those that have none."""
        rest = iter(given)
        return tuple(next(rest) if is_real(ty) else None for ty in self.results)

    def pushed(self, active: Places) -> Flat:
        """The function of the leaves, then of a tangent of each leaf in `active`, that gives the tangents of the real
        leaves of the result."""

        def make() -> Flat:
            count = len(self.params)

            def body(*given: Any) -> Any:
                tangents: list[Any] = [None] * count
                for k, tangent in zip(active, given[count:], strict=True):
                    tangents[k] = tangent
                _, along = jvp(self.fn)(*given[:count], *tangents)
                return tuple(a for a, ty in zip(along, self.results, strict=True) if is_real(ty))

            names = [*self.names, *(f"d_{self.names[k]}" for k in active)]
            params = (*self.params, *(self.params[k] for k in active))
            made = Flat(body, params, names, f"derivative of {self.label}")
            made.pushed_from = Pushed(self, active)
            return made

        return self._once(("pushed", active), make)

    def batched(self, count: int, over: Places) -> Flat:
        """The function of `count` of each leaf in `over`, along a new first axis, that gives as many of each leaf of
        the result."""
        if not over:
            return self

        def make() -> Flat:
            params = [Ty(ty.scalar, (count, *ty.shape)) if k in over else ty for k, ty in enumerate(self.params)]
            return Flat(lambda *given: vmap(self.fn, over=over)(*given), params, self.names, f"{self.label}, batched")

        return self._once(("batched", count, over), make)

    def _once(self, key: Any, make: Callable[[], Any]) -> Any:
        if key not in self._made:
            self._made[key] = make()
            batches = [k for k in self._made if k[0] == "batched"]
            if len(batches) > _BATCHES:
                del self._made[batches[0]]
        return self._made[key]


_BATCHES = 16
"""Batches of so many sizes are remembered: more would hold memory for calls of the past."""


def taken_apart(f: Fn[..., Any], types: Types) -> Flat:
    """f for arguments of these types, as a function of their leaves."""
    keywords = keywords_of(types)
    names = f.signature().names(len(types), keywords)

    def body(*leaves: Any) -> Any:
        rest = iter(leaves)
        row = [of_atoms(t, [to_atoms(next(rest), T.of_flat(ty))[0] for ty in T.flatten(t)]) for t in types]
        args, kwargs = as_call(row, keywords)
        return f(*args, **kwargs)

    params = [ty for t in types for ty in T.flatten(t)]
    leaves = [leaf for t, n in zip(types, names, strict=True) for leaf in T.leaf_names(t, n)]
    return Flat(body, params, leaves, f.name)


def _identifiers(names: Sequence[str]) -> list[str]:
    """The names of leaves as names of parameters: params.x becomes params_x."""
    found: list[str] = []
    for name in names:
        plain = re.sub(r"\W+", "_", name).strip("_") or "x"
        found.append(f"{plain}_{len(found)}" if plain in found or not plain.isidentifier() else plain)
    return found


__all__ = ["Flat", "Places", "taken_apart"]
