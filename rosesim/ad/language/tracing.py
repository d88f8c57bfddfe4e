"""How a Python function becomes a program: it is called with traced values, which record their operations."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from rosesim.ad.dependencies.watch import Dependencies
from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.language.arguments import build, flat_args
from rosesim.ad.language.custom import required_by_rules, rules_of
from rosesim.ad.language.signature import Names, Types, as_call, keywords_of
from rosesim.ad.language.values.refused import Value
from rosesim.ad.language.values.structures import fitted, typeof
from rosesim.ad.language.values.vector import of_atoms, to_atoms
from rosesim.ad.program.ir import Atom, Func, Opaque, TanT, Var
from rosesim.ad.support import recursion
from rosesim.ad.support.budget import budget, budget_here
from rosesim.ad.support.errors import RosesimError, TraceError, TypeMismatch
from rosesim.ad.support.locate import here, innermost

if TYPE_CHECKING:
    from rosesim.ad.language.function import Fn


_underway: ContextVar[dict[Any, None] | None] = ContextVar("rosesim_underway", default=None)
"""The functions under trace, each with its types. Nested traces share one dict, even across threads."""


@dataclass(frozen=True, slots=True)
class Traced:
    """A traced function: the program, its Python types, what it captured and what it read."""

    func: Func
    params: Types
    result: T.Type
    captured: tuple[Var, ...]
    dependencies: Dependencies


def trace_once(f: Fn[..., Any], types: Types, live: bool) -> Traced:
    """Trace a function for parameters of these types. Raises if the same trace is already under way."""
    nest = _underway.get()
    token = None
    if nest is None:
        nest = dict[Any, None]()
        token = _underway.set(nest)
    if (f, types) in nest:
        raise TraceError(
            f"{f.name} reaches itself with arguments of the same types; expected a recursion that ends "
            "while tracing: let Python values (not traced ones) decide it, or use scan or while_loop",
            here(),
        )
    nest[f, types] = None
    try:
        return recursion.nested(lambda: _trace(f, types, live))
    except RecursionError as e:
        raise TraceError(
            f"the recursion of Python functions in {f.name} does not end; expected one that ends while "
            "tracing: let Python values (not traced ones) decide it, or use scan or while_loop",
            innermost(e) or f.where,
        ) from None
    finally:
        nest.pop((f, types))
        if token is not None:
            _underway.reset(token)


def _trace(f: Fn[..., Any], types: Types, live: bool) -> Traced:
    dependencies = Dependencies(live=live)
    dependencies.read(("version", id(f)), lambda: f.version)
    dependencies.read(("memory budget", budget()), budget_here())
    for rule in f.custom.values():
        dependencies.note_function(rule.python, calls=True)
    inside = required_by_rules(f, len(types), keywords_of(types))
    if f.is_opaque and not inside:
        return _trace_opaque(f, types, dependencies)
    if len(_underway.get() or ()) > _TOO_DEEP:
        raise TraceError(
            f"calls of traced functions {_TOO_DEEP} deep were found, at {f.name}; expected a recursion "
            "that ends while tracing: let Python values (not traced ones) decide it, or use scan or while_loop",
            here(),
        )
    outer = trace.current()
    frame = trace.Frame(f.name, outer)
    frame.dependencies = dependencies
    keywords = keywords_of(types)
    names = f.signature().names(len(types), keywords)
    with trace.entered(frame):
        dependencies.note_function(f.python)
        args: list[Any] = []
        for t, name in zip(types, names, strict=True):
            leaves = zip(T.flatten(t), T.leaf_names(t, name), strict=True)
            args.append(of_atoms(t, [frame.param(ty, leaf) for ty, leaf in leaves]))
        value = _called(f, args, keywords)
        result = _result_type(f, value)
        atoms = [frame.resolve(a) for a in _result_atoms(f, value, result)]
        body = frame.builder.block(atoms)
    hidden = tuple(frame.captured)
    rules = None if inside else rules_of(f, f.custom, types, result, not hidden)
    func = Func(f.name, tuple(frame.params), body, f.where, rules)
    from rosesim.ad.passes.tidy import tidied_trace  # not needed until something is traced

    return Traced(tidied_trace(func), types, result, hidden, dependencies)


def _called(f: Fn[..., Any], row: Sequence[Any], keywords: Names) -> Any:
    try:
        left_out = required_by_rules(f, len(row), keywords)
        if left_out:
            args, kwargs = as_call(row, keywords)
            return f(*args, **kwargs, **f.signature().defaults(left_out))
        return f.signature().call(row, keywords)
    except (TypeError, ValueError) as e:
        if isinstance(e.__context__, RosesimError) and not isinstance(e, RosesimError):
            raise e.__context__ from None  # NumPy has replaced our error by its own
        if isinstance(e, ValueError) and not isinstance(e, RosesimError) and "values to unpack" in str(e):
            raise TypeMismatch(
                f"{e}; expected as many names as elements: a vector unpacks into its elements, also one of "
                "tuples (as vec and scan make), whose first parts are vec(n, lambda i: v[i][0])",
                innermost(e),
            ) from e
        if isinstance(e, RosesimError) or not _OF_TRACED.search(str(e)):
            raise
        # Python's message names the operation; we add the line.
        said = str(e).rstrip(".")
        raise TypeMismatch(
            f"{said}: a traced value has no such operation; expected an operation that it has", innermost(e)
        ) from e


def _result_atoms(f: Fn[..., Any], value: Any, result: T.Type) -> list[Atom]:
    try:
        return to_atoms(value, result)
    except TypeMismatch as e:
        hint = "; is a `return` missing?" if value is None else ""
        found = str(e).removeprefix(f"{e.where}: ")
        raise TypeMismatch(f"in the result of {f.name}: {found}{hint}", f.where) from None


def _result_type(f: Fn[..., Any], value: Any) -> T.Type:
    returns = f.signature().returns
    if returns is not None:
        return fitted(returns, value, f"the result of {f.name}")
    if isinstance(value, type) or callable(value) and not isinstance(value, Value):
        raise TypeMismatch(f"{f.name} gave {value!r}; expected numbers, vectors or structs of them", f.where)
    return typeof(value)


def _trace_opaque(f: Fn[..., Any], types: Types, dependencies: Dependencies) -> Traced:
    signature = f.signature()
    if T.is_open(signature.returns):
        raise TypeMismatch(
            f"the opaque function {f.name} has the result {signature.returns}; expected a length, because it "
            "cannot be traced to find out",
            f.where,
        )
    if signature.returns is None:
        raise TypeMismatch(
            f"the opaque function {f.name} has no annotation for its result; expected one, such as "
            f"def {f.name}(x: Real) -> Real, because it cannot be traced to find out",
            f.where,
        )
    result, keywords = cast("T.Type", signature.returns), keywords_of(types)
    python: Callable[..., Any] = f.python
    if any(isinstance(ty.scalar, TanT) for t in (*types, result) for ty in T.flatten(t)):
        raise TypeMismatch(
            f"the opaque function {f.name} takes or gives a tangent, and nothing shows that it is linear; "
            "expected Reals: scale tangents by what it gives of Reals",
            f.where,
        )

    def call(*flat: Any) -> tuple[Any, ...]:
        rest = iter(flat)
        args, kwargs = as_call([build(t, rest) for t in types], keywords)
        value = python(*args, **kwargs)
        return tuple(flat_args(value, result, f"the result of {f.name}"))

    params = tuple(
        Var(ty, leaf)
        for t, name in zip(types, signature.names(len(types), keywords), strict=True)
        for ty, leaf in zip(T.flatten(t), T.leaf_names(t, name), strict=True)
    )
    func = Func(
        f.name,
        params,
        Opaque(call, T.flatten(result), machine=getattr(python, "machine", 0)),
        f.where,
        rules_of(f, f.custom, types, result),
    )
    return Traced(func, types, result, (), dependencies)


_OF_TRACED = re.compile(r"'(Real|Bool|Tan|Index(\[\d+\])?|VecValue)'|setting an array element with a sequence\.$")
_TOO_DEEP = 20_000


def call_traced(func: Func, args: Sequence[Atom], result: T.Type) -> Any:
    """Write a call of a traced function. Gives its result as Python values."""
    f = trace.frame()
    b = trace.building()
    outs = b.call(func, [f.resolve(a) for a in args])
    f.own(outs)
    return of_atoms(result, outs)
