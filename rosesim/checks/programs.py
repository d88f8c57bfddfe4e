"""The compiled programs of a check: the value with its decisions, the forward and the reverse derivative."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from rosesim.ad.derive.forward import jvp_func
from rosesim.ad.instrument.cuts import lost
from rosesim.ad.instrument.decisions import Flip, decisions, first_flip, tangent_decisions, tips
from rosesim.ad.instrument.growth import growth
from rosesim.ad.instrument.rounding import MADE, noisy
from rosesim.ad.language import types as T
from rosesim.ad.language.arguments import flat_args
from rosesim.ad.language.compiled import Program
from rosesim.ad.language.function import Fn, fn
from rosesim.ad.language.signature import Wrt, as_call
from rosesim.ad.passes.simplify import narrowed, simplified
from rosesim.ad.passes.stops import stops, unstopped
from rosesim.ad.program.cost import func_work
from rosesim.ad.program.ir import FloatT, Func, Let, Ty, Where, reachable
from rosesim.ad.program.rewrite import tangents_as_reals
from rosesim.ad.support.errors import NumericalError, ProgramError, TypeMismatch
from rosesim.ad.support.machine import cores
from rosesim.ad.transforms.derivatives import gradient_type, vjp
from rosesim.checks.causes import Cause
from rosesim.checks.flips import Place

Vector = NDArray[np.float64]
X = TypeVar("X")
Y = TypeVar("Y")


def _compile(func: Func, names: Sequence[str]) -> Any:
    from rosesim.codegen import compile_func  # LLVM is loaded at the first compilation

    return compile_func(func, names=names)


def _compile_debug(func: Func, names: Sequence[str]) -> Any:
    from rosesim.codegen import compile_func  # as above

    return compile_func(func, names=names, debug=True)


LONG = 1_000_000
"""Additions, about a millisecond. A longer run may go to another thread."""


class Run:
    """The result of one run: the real outputs as one vector, and the table of its decisions."""

    __slots__ = ("key", "table", "value")

    def __init__(self, value: Vector, table: NDArray[np.float64]):
        self.value = value
        self.table = table
        self.key = hash((table + 0.0).tobytes())  # -0.0 is 0.0

    @property
    def finite(self) -> bool:
        """Whether every output is a number."""
        return bool(np.isfinite(self.value).all())


def refuse_options(f: Callable[..., Any], by_position: int, word: str, given: Mapping[str, bool]) -> None:
    """Raise where an option of a check is given but may be meant for a parameter of f."""
    (f if isinstance(f, Fn) else fn(f)).signature().refuse_options(by_position, word, given)


class Programs:
    """A function at these arguments; x is the vector of the real numbers by which it is differentiated."""

    def __init__(
        self, f: Callable[..., Any], args: Sequence[Any], wrt: Wrt = None, kwargs: Mapping[str, Any] | None = None
    ):
        self.f: Fn[..., Any] = f if isinstance(f, Fn) else fn(f)
        signature = self.f.signature().renamed(f"check_grads({self.f.name})")
        row, self.keywords = signature.bind(tuple(args), kwargs or {})
        self.types = self.f.types_of(row, self.keywords)
        names = signature.names(len(row), self.keywords)
        self.known_causes: dict[tuple[bytes, float, bytes, tuple[Place, ...]], tuple[Cause, ...]] = {}
        """Causes that were found along lines through the point; `Ladder.causes` fills it."""
        self.positions = tuple(sorted(set(signature.chosen(wrt, len(row), self.keywords)[0])))
        self.names = names
        self.traced = self.f.traced(self.types)
        self.leaf_names = [n for t, name in zip(self.types, names, strict=True) for n in T.leaf_names(t, name)]
        tys: list[Ty] = []
        flat: list[Any] = []
        self.mask: list[bool] = []
        for k, (t, name, v) in enumerate(zip(self.types, names, row, strict=True)):
            leaves = T.flatten(t)
            tys += leaves
            flat += flat_args(v, t, name)
            self.mask += [k in self.positions and _is_real(ty) for ty in leaves]
        self._flat = flat
        self._shapes = [np.shape(v) for v, m in zip(flat, self.mask, strict=True) if m]
        self._places = [k for k, m in enumerate(self.mask) if m]
        self.inputs = _slices([(n, ty) for n, ty, on in zip(self.leaf_names, tys, self.mask, strict=True) if on])
        results = list(zip(T.leaf_names(self.traced.result, "value"), self.traced.func.results, strict=True))
        self.real_outputs = [_is_real(ty) for _, ty in results]
        self.outputs = _slices([r for r in results if _is_real(r[1])])
        self._numbers_only = all(ty.shape == () for _, ty in results if _is_real(ty))
        if not self.outputs:
            found = self.traced.result
            raise TypeMismatch(f"{self.f.name} gives {found}; expected a Real in it, to differentiate", self.f.where)
        if not self.inputs:
            raise TypeMismatch(f"the gradient of {self.f.name} was asked for, which takes no Real", self.f.where)
        on = zip(flat, self.mask, strict=True)
        self.x: Vector = np.concatenate([np.ravel(np.asarray(v, dtype=np.float64)) for v, m in on if m])

    # ------------------------------------------------------------------------------ running

    def arguments(self, x: Vector) -> list[Any]:
        """The flat arguments, with x in the place of the real ones."""
        flat = list(self._flat)
        for k, part in zip(self._places, self._parts(x), strict=True):
            flat[k] = part
        return flat

    def _parts(self, x: Vector) -> list[Any]:
        parts = zip(self.inputs.values(), self._shapes, strict=True)
        return [x[s].reshape(shape) if shape else float(x[s][0]) for s, shape in parts]

    def vector(self, flat: Sequence[Any]) -> Vector:
        """The real ones of flat outputs, as one vector."""
        chosen = [v for v, r in zip(flat, self.real_outputs, strict=True) if r]
        if self._numbers_only:  # as of most functions that are checked, half a million times in our tests
            return np.array(chosen, dtype=np.float64)
        return np.concatenate([np.ravel(np.asarray(v, dtype=np.float64)) for v in chosen])

    def run(self, x: Vector) -> Run:
        """The value at x and the decisions of the run."""
        *out, table = self._recorded.call(*self.arguments(x))
        return Run(self.vector(out), table)

    def arises(self, x: Vector) -> str | None:
        """The first operation that gives NaN or infinity in a run at x, with its line and operands."""
        try:
            _compile_debug(self.traced.func, self.leaf_names).call(*self.arguments(x))
        except NumericalError as e:
            return str(e)
        return None

    def run_beside(self, x: Vector) -> Run | None:
        """The same; None where the program stops or gives no number."""
        try:
            found = self.run(x)
        except MemoryError:
            raise
        except Exception:  # an opaque function may raise anything: beside the point that counts as no number
            return None
        return found if found.finite else None

    def run_each(self, points: Sequence[Vector]) -> list[Run | None]:
        """`run_beside` at each point, on all cores where a run is long."""
        return in_parallel(self, self.run_beside, points)

    def forward(self, x: Vector, direction: Vector) -> tuple[Vector, NDArray[np.float64]]:
        """The derivative of every output along a direction, and the norms of the tangent step by step."""
        *out, table = self._forward.call(*self.arguments(x), *self._parts(direction))
        return self._tangents(out, self._jvp[1]), table

    def forward_beside(self, x: Vector, direction: Vector) -> Vector | None:
        """The derivative of every output along a direction; None where the program stops."""
        return self._beside(lambda: self.forward(x, direction)[0])

    def reverse_beside(self, x: Vector, cotangent: Vector) -> Vector | None:
        """The gradient of cotangent . value; None where the program stops."""
        return self._beside(lambda: self.reverse(x, cotangent)[1])

    def unstopped_beside(self, x: Vector, direction: Vector) -> Vector | None:
        """The same as if there were no `stop_gradient`."""
        return self._beside(lambda: self.unstopped(x, direction))

    def _beside(self, made: Callable[[], Vector]) -> Vector | None:
        try:
            return made()
        except MemoryError:
            raise
        except Exception:  # as run_beside
            return None

    def _tangents(self, out: Sequence[Any], has: Sequence[bool]) -> Vector:
        """The tangents of the real outputs, which follow the outputs themselves; zero where an output has none."""
        tangents = iter(out[len(self.real_outputs) :])
        parts: list[Vector] = []
        reals = [h for h, r in zip(has, self.real_outputs, strict=True) if r]
        for h, s in zip(reals, self.outputs.values(), strict=True):
            size = s.stop - s.start
            parts.append(np.ravel(np.asarray(next(tangents), dtype=np.float64)) if h else np.zeros(size))
        return np.concatenate(parts)

    def unstopped(self, x: Vector, direction: Vector) -> Vector:
        """The derivative of every output along a direction, as if there were no `stop_gradient`."""
        made, has = self._unstopped
        args = [*self.arguments(x), *self._parts(direction)]
        return self._tangents(made.call(*args), has)

    def reverse(self, x: Vector, cotangent: Vector) -> tuple[Vector, Vector]:
        """The value and the gradient of cotangent . value."""
        cts = [cotangent[s] for s in self.outputs.values()]
        shapes = [ty.shape for ty, r in zip(self.traced.func.results, self.real_outputs, strict=True) if r]
        given = [c.reshape(shape) if shape else float(c[0]) for c, shape in zip(cts, shapes, strict=True)]
        out = self._reverse.call(*self.arguments(x), *given)
        count = len(self.real_outputs)
        gradient = [np.ravel(np.asarray(v, dtype=np.float64)) for v in out[count:]]
        return self.vector(out[:count]), np.concatenate(gradient)

    # ---------------------------------------------------------------------------- compiling

    @functools.cached_property
    def work(self) -> int:
        """The approximate number of additions of a run."""
        return func_work(self.traced.func)

    @functools.cached_property
    def has_rules(self) -> bool:
        """Whether it calls a function with a forward derivative of its own."""
        return any(f.rules is not None and f.rules.jvp is not None for f in reachable(self.traced.func))

    @functools.cached_property
    def recorded(self):
        """The program with its decisions."""
        return decisions(self.traced.func)

    @functools.cached_property
    def _recorded(self):
        return _compile(self.recorded.func, self.leaf_names)

    @functools.cached_property
    def _jvp(self):
        return jvp_func(self.traced.func, tuple(self.mask))

    @functools.cached_property
    def growth(self):
        """The forward derivative with the norms of its tangents."""
        return growth(self._jvp[0])

    @functools.cached_property
    def _forward(self):
        return _compile(self.growth.func, [*self.leaf_names, *("d" + n for n in self.inputs)])

    @functools.cached_property
    def _reverse(self):
        f, keywords, result = self.f, self.keywords, self.traced.result
        chosen = [self.names[p] for p in self.positions]

        def back(*values: Any) -> Any:
            args, kwargs = as_call(values[:-1], keywords)
            value, pullback = vjp(f, wrt=chosen)(*args, **kwargs)
            return value, pullback(values[-1])

        back.__name__ = f"vjp({f.name})"
        return Program(Fn(back), (*self.types, gradient_type(result))).compiled

    @functools.cached_property
    def stops(self) -> list[Let]:
        """Every `stop_gradient` of the program."""
        return stops(self.traced.func)

    @functools.cached_property
    def _unstopped(self):
        made, has = jvp_func(unstopped(self.traced.func), tuple(self.mask))
        return _compile(tangents_as_reals(made), [*self.leaf_names, *("d" + n for n in self.inputs)]), has

    # --------------------------------------------------------------- for a closer look

    @functools.cached_property
    def _noisy(self):
        """The forward derivative of the program with noise, and its decisions."""
        made, has = jvp_func(noisy(self.traced.func), (*self.mask, False, False))
        func = tangent_decisions(made, MADE).func
        names = [*self.leaf_names, "phase", "size", *("d" + n for n in self.inputs)]
        return _compile(func, names), has

    def disturbed(self, x: Vector, direction: Vector, phase: float, size: float) -> tuple[Vector, Vector, int] | None:
        """The value, the derivative along a direction and a hash of the decisions, with noise of this size at every
        operator (`ad.instrument.rounding`); None where the program then stops."""
        made, has = self._noisy
        args = [*self.arguments(x), phase, size, *self._parts(direction)]
        try:
            *out, table = made.call(*args)
        except ProgramError:
            return None
        return self.vector(out[: len(self.real_outputs)]), self._tangents(out, has), hash((table + 0.0).tobytes())

    @functools.cached_property
    def _tips(self):
        recorded = tips(self.traced.func)
        return recorded, _compile(recorded.func, self.leaf_names)

    def tip(self, x: Vector) -> Flip | None:
        """The operator that is at its singular point at the check's point but not at x, or the reverse."""
        recorded, made = self._tips
        here = made.call(*self.arguments(self.x))[-1]
        try:
            there = made.call(*self.arguments(x))[-1]
        except Exception:  # as run_beside
            return None
        return first_flip(recorded, here, there)

    # ------------------------------------------------------------------------ one output

    def alone(self, output: str) -> Func:
        """The program of one output, without what only the others need."""
        k = T.leaf_names(self.traced.result, "value").index(output)
        return simplified(narrowed(self.traced.func, (k,)), narrow=True)

    def lost(self, output: str, name: str, direction: Vector) -> list[tuple[str, Where | None]]:
        """Where the derivative along a direction ends between an input and an output: (word, line) of each place."""
        program = lost(self.alone(output))
        mask = tuple(n == name for n in self.leaf_names)
        made, out = jvp_func(program.func, mask)
        if not out[-1]:
            return []
        run = _compile(tangents_as_reals(made), [*self.leaf_names, "d" + name])
        part = self._parts(direction)[list(self.inputs).index(name)]
        table = np.asarray(run.call(*self.arguments(self.x), part)[-1])
        hit = (table != 0).any(axis=0)
        return [(c.what, c.where) for c, h in zip(program.columns, hit, strict=True) if h]


def in_parallel(programs: Programs, of: Callable[[X], Y], xs: Iterable[X]) -> list[Y]:
    """`of` each x, on all cores where a run of the programs is long."""
    if programs.work < LONG:
        return [of(x) for x in xs]
    with ThreadPoolExecutor(cores()) as pool:
        return list(pool.map(of, xs))


def _is_real(ty: Ty) -> bool:
    return isinstance(ty.scalar, FloatT)


def _slices(leaves: Sequence[tuple[str, Ty]]) -> dict[str, slice]:
    found: dict[str, slice] = {}
    at = 0
    for name, ty in leaves:
        found[name] = slice(at, at + ty.size)
        at += ty.size
    return found
