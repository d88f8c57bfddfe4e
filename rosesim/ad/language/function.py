"""`@fn`: Python functions as functions of the language. Each is traced once for each signature."""

from __future__ import annotations

import functools
import inspect
import sys
import types as pytypes
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Generic, ParamSpec, TypeGuard, TypeVar, overload

from rosesim.ad.dependencies import chance
from rosesim.ad.dependencies.kinds import interchangeable
from rosesim.ad.language import trace
from rosesim.ad.language.compiled import Program
from rosesim.ad.language.constants import is_same
from rosesim.ad.language.parameters import plain
from rosesim.ad.language.signature import Names, Signature, Types
from rosesim.ad.language.tracing import Traced, call_traced, trace_once
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.structures import of_example
from rosesim.ad.language.values.vector import to_atoms
from rosesim.ad.program.ir import Where
from rosesim.ad.support.errors import RosesimError, TypeMismatch
from rosesim.ad.support.locate import here
from rosesim.ad.support.typeguards import class_of

P = ParamSpec("P")
R = TypeVar("R")


class _Shown:
    """The signature of an Fn, for `inspect.signature` and `functools.partial`. The class Fn keeps its own."""

    def __get__(self, f: Fn[..., Any] | None, kind: type) -> inspect.Signature:
        try:
            if f is not None:
                return inspect.Signature([*f.signature().parameters.values()])
        except RosesimError:
            pass  # calling the function reports it
        raise AttributeError("__signature__")


class Fn(Generic[P, R]):
    """A function of the language, made by `fn` or `opaque`. A call with numbers and arrays runs it; the first such
    call compiles it. A call from a function under trace becomes a call in that program.

    >>> from rosesim import fn, Fn
    >>> @fn
    ... def square(x: float):
    ...     return x * x
    >>> isinstance(square, Fn), square(3.0)
    (True, 9.0)
    """

    __rose_function__ = True
    __signature__ = _Shown()

    def __init__(
        self,
        python: Callable[P, R],
        scope: dict[str, Any] | None = None,
        is_opaque: bool = False,
        signature: Signature | None = None,
    ):
        functools.update_wrapper(self, python, updated=())
        self.python = python
        written = plain(python)
        self.name: str = getattr(python, "__name__", getattr(written, "__name__", type(python).__name__))
        code = getattr(written, "__code__", None)
        self.where = Where(code.co_filename, code.co_firstlineno) if code is not None else here()
        self.is_opaque = is_opaque
        self.version = 0
        self._scope = scope
        self._cache: dict[tuple[Types, bool], Traced] = {}
        self._programs: dict[Types, Program] = {}
        self._bound: dict[Any, tuple[Any, Fn[..., Any]]] = {}
        self._again: tuple[Fn[..., Any], Callable[[Fn[..., Any]], Fn[..., Any]]] | None = None
        self.custom: dict[str, Fn[..., Any]] = {}
        """The derivatives given by `defjvp` and `defvjp`, by "jvp" and "vjp"."""
        self._signature = signature

    # ------------------------------------------------------------------------------ signature

    def signature(self) -> Signature:
        """Its parameters. They are read once."""
        if self._signature is None:
            self._signature = Signature(self.python, self.name, self.where, self._scope)
        return self._signature

    def take_signature(self, signature: Signature) -> None:
        """Take the parameters of the function that this one is a transform of."""
        self._signature = signature.renamed(self.name, self.python)

    def seen_through(self) -> Callable[..., Any] | None:
        """The Python function, if there is nothing besides it: no rule, no transform, not opaque."""
        return None if self.is_opaque or self.custom or not self.signature().fills else self.python

    def types_of(self, row: Sequence[Any], keywords: Names = ()) -> Types:
        """The parameter types for these arguments: as annotated, otherwise those of the arguments."""
        return self.signature().types_of(row, keywords)

    # -------------------------------------------------------------------------------- tracing

    def traced(self, types: Types, *, live: bool = False) -> Traced:
        """The program for parameters of these types. It is traced again if something that it read has changed.

        A `live` program and its callees may read arrays in place; other programs have copies.
        """
        outer = trace.current()
        live = live if outer is None else outer.dependencies.live
        known = self._cache.get((types, live))
        if known is not None and known.dependencies.unchanged():
            return known
        by_chance = known is not None and known.dependencies.may_differ_by_chance()
        made = trace_once(self, types, live)
        if known is None:
            made.dependencies.warn_of_draws(self.name, self.where)
        if known is not None and made.func.rules is None and known.func.rules is None:
            # If the new program is the same, everything derived from the old one stays valid.
            if not made.captured and not known.captured and known.result == made.result:
                from rosesim.ad.program.alike import alike  # not needed until something has changed

                if alike(known.func, made.func):
                    made = replace(made, func=known.func)
                elif by_chance:
                    chance.warn(made.dependencies.by_chance, self.name, self.where)
        self._cache[types, live] = made
        if not made.dependencies.reads_in_place():
            self._cache[types, not live] = made
        return made

    # ------------------------------------------------------------------------------ custom rules

    def defjvp(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Give this function a forward derivative of its own. The rule is a function of the same arguments, with each
        Real replaced by a `Dual` (fields `re`, a Real, and `du`, a Tan). Its result has the same form.

        >>> from rosesim import opaque, Dual, grad
        >>> import math
        >>> @opaque
        ... def sine(x: float) -> float:
        ...     return math.sin(x)
        >>> @sine.defjvp
        ... def _(x: Dual) -> Dual:
        ...     return Dual(sine(x.re), -2.0 * x.du)  # not its true derivative
        >>> grad(sine)(0.5)
        -2.0
        """
        return self._define("jvp", rule)

    def defvjp(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Give this function a reverse derivative of its own. The rule is a function of the arguments, followed by
        the cotangent of the result (each Real replaced by a Tan). It gives the cotangent of each argument, None for
        one without a Real, as a tuple if there are several. It must be linear in the cotangent. Forward mode
        transposes it.

        >>> from rosesim import fn, Real, Tan, grad, jvp
        >>> @fn
        ... def clipped(x: Real) -> Real:
        ...     return x * x
        >>> @clipped.defvjp
        ... def _(x: Real, ct: Tan) -> Tan:
        ...     return x * ct  # half of the true one
        >>> grad(clipped)(3.0), jvp(clipped)(3.0, 2.0)[1]
        (3.0, 6.0)
        """
        return self._define("vjp", rule)

    def _define(self, which: str, rule: Callable[..., Any]) -> Callable[..., Any]:
        python = rule.python if is_fn(rule) else rule
        made = Fn(python, _caller_locals(2))
        for other, before in self.custom.items():
            if other != which:
                raise TypeMismatch(
                    f"{self.name}.def{which} was given a rule, and {self.name} has one by def{other} "
                    f"({before.where}); expected one of them: the other mode is its transpose, "
                    "so a second rule would never be used",
                    made.where,
                )
        self.custom[which] = made
        self.version += 1
        self._cache.clear()
        return rule

    # -------------------------------------------------------------------------------- calling

    def __call__(self, /, *args: Any, **kwargs: Any) -> R:
        """Run on numbers and arrays. While another function is traced, write a call of this one."""
        if trace.current() is None:
            return self._run(args, kwargs)
        return self._apply(args, kwargs)

    def _apply(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Write a call into the function under trace."""
        signature = self.signature()
        row, keywords = signature.bind(args, kwargs)
        types = signature.types_of(row, keywords)
        traced = self.traced(types)
        f = trace.frame()
        f.dependencies.join(traced.dependencies)
        try:
            atoms = [a for v, t in zip(row, types, strict=True) for a in to_atoms(v, t)]
        except TypeMismatch as e:
            raise TypeMismatch(f"in a call of {self.name}: {str(e).removeprefix(f'{e.where}: ')}", e.where) from None
        return call_traced(traced.func, [*atoms, *traced.captured], traced.result)

    def _run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        signature = self.signature()
        row, keywords = signature.bind(args, kwargs)
        types = signature.types_of(row, keywords)
        program = self._programs.get(types)
        if program is None:
            program = self._programs[types] = Program(self, types, live=True)
        elif not program.traced.dependencies.unchanged():
            program = self._programs[types] = program.renewed()
        return program.run(row)

    def compile(
        self,
        /,
        *like: Any,
        math: str = "fast",
        precision: str = "f64",
        optimise: bool = True,
        threads: int | None = None,
        debug: bool | None = None,
        **named_like: Any,
    ) -> Program:
        """The frozen compiled program for a call like this one, with a value or a type for each argument. It is the
        cheapest way to call, and it does not notice later changes of what the function read. Without arguments, the
        parameters must be annotated, and all defaults are left out.

        >>> from rosesim import fn, Real
        >>> @fn
        ... def cube(x: Real) -> Real:
        ...     return x * x * x
        >>> program = cube.compile()
        >>> program(2.0)
        8.0

        A debug program stops with a `NumericalError` at the first NaN or infinity, and says where it arose and from
        which numbers. The default of `debug` comes from the environment (`ROSESIM_DEBUG=1`).

        >>> from rosesim import NumericalError
        >>> @fn
        ... def inverse(x: Real) -> Real:
        ...     return 1.0 / x
        >>> checked = inverse.compile(debug=True)
        >>> try:
        ...     checked(0.0)
        ... except NumericalError as e:
        ...     print(str(e).split(": ")[-1])
        1.0 / 0.0 gave inf
        """
        signature = self.signature()
        given = {"math": math != "fast", "precision": precision != "f64", "optimise": not optimise,
                 "threads": threads is not None, "debug": debug is not None}  # fmt: skip
        signature.refuse_options(len(like), "compile", given)
        if not like and not named_like:
            types = signature.required()
        else:
            types = signature.types_of(*signature.bind(like, named_like), of=of_example)
        return Program(self, types, math=math, precision=precision, optimise=optimise, threads=threads, debug=debug)

    def __get__(self, owner: Any, kind: type | None = None) -> Fn[..., R]:
        """As a method. The object is a constant of the trace, like everything that a closure holds."""
        how = class_of(self.python)
        if how is classmethod:
            owner = kind or type(owner)
        if owner is None or how is staticmethod or not hasattr(how, "__get__"):
            return self
        key: Any = (owner, self.version)
        try:
            known = self._bound.get(key)
            if known is not None and not (is_same(known[0], owner) or interchangeable(known[0], owner)):
                key = (id(owner), self.version)  # the new owner equals the old one, but differs for a trace
        except TypeError:
            key = (id(owner), self.version)
        known = self._bound.get(key)
        if known is None:
            if len(self._bound) >= _MOST_BOUND:
                self._bound.pop(next(iter(self._bound)), None)
            known = self._bound[key] = owner, self._bind_to(owner)
        return known[1]

    def _bind_to(self, owner: Any) -> Fn[..., R]:
        """The method of an object or of a class. It has the rules of the function."""
        if self._again is not None:
            of, transform = self._again
            return transform(of.__get__(owner))
        python: Any = self.python
        method: Any = pytypes.MethodType(getattr(python, "__func__", python), owner)
        made: Fn[..., R] = Fn(method, self._scope, self.is_opaque)
        for which, rule in self.custom.items():
            made.custom[which] = Fn(pytypes.MethodType(rule.python, owner), rule._scope)
        return made

    def transforms(self, of: Fn[..., Any], again: Callable[[Fn[..., Any]], Fn[..., Any]]) -> None:
        """Note that this is a transform of another function. As a method, it becomes the transform of the method."""
        self._again = of, again

    def __reduce__(self) -> Any:
        """What pickle makes it of in another process; docs/interop.md says what can be found again there."""
        from rosesim.ad.language.pickling import reduced  # it makes functions itself; few are pickled

        return reduced(self, self._again, self._scope)

    def __copy__(self) -> Fn[P, R]:
        return self

    def __deepcopy__(self, memo: Any) -> Fn[P, R]:
        return self  # as Python's own functions

    def __repr__(self) -> str:
        return f"<rosesim function {self.name}>"


_MOST_BOUND = 256
"""The most objects for which a method stays traced and compiled. This keeps them in memory; the oldest goes first."""


def _caller_locals(depth: int) -> dict[str, Any]:
    return dict(sys._getframe(depth + 1).f_locals)  # pyright: ignore[reportPrivateUsage] -- local types in string annotations


def is_fn(f: object) -> TypeGuard[Fn[..., Any]]:
    """Whether it is a function of the language."""
    return isinstance(f, Fn)


def fn(python: Callable[P, R]) -> Fn[P, R]:
    """Make a Python function one of the language. It is traced once for each signature, compiled, and differentiable.

    Raises `TypeMismatch`, `TraceError` or `EscapedValue`, each with the user's line, if the function cannot be
    traced, and `ArgumentError` if it is called with arguments that it does not take.

    >>> from rosesim import fn, Real
    >>> @fn
    ... def kinetic(m: Real, v: Real) -> Real:
    ...     return 0.5 * m * v**2
    >>> kinetic(2.0, 3.0)
    9.0
    """
    return Fn(python, _caller_locals(1))


@overload
def opaque(python: Callable[P, float]) -> Fn[P, Real]: ...
@overload
def opaque(python: Callable[P, R]) -> Fn[P, R]: ...
def opaque(python: Callable[..., Any]) -> Fn[..., Any]:
    """Make a pure Python callable a function of the language without tracing it. The running program calls it with
    numbers and NumPy arrays, any number of times. Its parameters and result must be annotated. Its derivative is
    given by `defjvp` or `defvjp`; without one, differentiating it is an error.

    >>> import math
    >>> from rosesim import fn, opaque, Real
    >>> @opaque
    ... def gamma(x: float) -> float:
    ...     return math.gamma(x)
    >>> @fn
    ... def f(x: Real) -> Real:
    ...     return gamma(x) + 1.0
    >>> f(5.0)
    25.0
    """
    return Fn(python, _caller_locals(1), is_opaque=True)
