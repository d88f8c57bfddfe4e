"""`@fn`: Python functions as functions of the language, traced once a signature."""

from __future__ import annotations

import functools
import inspect
import re
import sys
import types as pytypes
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, Generic, ParamSpec, TypeGuard, TypeVar, cast, overload

from rosesim.ad.dependencies.kinds import interchangeable
from rosesim.ad.dependencies.watch import World
from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.language.arguments import build, builder, flat_args, flattener, is_plain
from rosesim.ad.language.constants import is_same
from rosesim.ad.language.custom import asked_by_rules, rules_of
from rosesim.ad.language.parameters import plain
from rosesim.ad.language.signature import Names, Signature, Types, as_call, keywords_of
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.refused import Value
from rosesim.ad.language.values.structures import fitted, of_example, typeof
from rosesim.ad.language.values.vector import of_atoms, to_atoms
from rosesim.ad.program.ir import Atom, Func, Opaque, TanT, Var, Where
from rosesim.ad.support import recursion
from rosesim.ad.support.budget import budget, budget_here
from rosesim.ad.support.collector import uncollected
from rosesim.ad.support.debugging import debugging
from rosesim.ad.support.errors import ArgumentError, EscapedValue, RosesimError, TraceError, TypeMismatch
from rosesim.ad.support.locate import here, innermost
from rosesim.ad.support.typeguards import class_of

P = ParamSpec("P")
R = TypeVar("R")

_underway: ContextVar[dict[Any, None] | None] = ContextVar("rosesim_underway", default=None)
"""The functions under trace, each with its types; one dict for the whole nest, which may cross threads."""


@dataclass(frozen=True, slots=True)
class Traced:
    """A traced function: the program, its Python-side types, what it captured and what it read."""

    func: Func
    params: Types
    result: T.Type
    captured: tuple[Var, ...]
    world: World


def trace_once(f: Fn[..., Any], types: Types, live: bool) -> Traced:
    """Trace a function for parameters of these types; refused where it is under trace for them already."""
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
    world = World(live=live)
    world.read(("version", id(f)), lambda: f.version)
    world.read(("memory budget", budget()), budget_here())
    for rule in f.custom.values():
        world.note_function(rule.python, calls=True)
    inside = asked_by_rules(f, len(types), keywords_of(types))
    if f.is_opaque and not inside:
        return _trace_opaque(f, types, world)
    if len(_underway.get() or ()) > _TOO_DEEP:
        raise TraceError(
            f"calls of traced functions {_TOO_DEEP} deep were found, at {f.name}; expected a recursion "
            "that ends while tracing: let Python values (not traced ones) decide it, or use scan or while_loop",
            here(),
        )
    outer = trace.current()
    frame = trace.Frame(f.name, outer)
    frame.world = world
    keywords = keywords_of(types)
    names = f.signature().names(len(types), keywords)
    with trace.entered(frame):
        world.note_function(f.python)
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
    from rosesim.ad.passes.tidy import tidied_trace  # not needed before the first trace

    return Traced(tidied_trace(func), types, result, hidden, world)


def _called(f: Fn[..., Any], row: Sequence[Any], keywords: Names) -> Any:
    try:
        left_out = asked_by_rules(f, len(row), keywords)
        if left_out:
            args, kwargs = as_call(row, keywords)
            return f(*args, **kwargs, **f.signature().defaults(left_out))
        return f.signature().call(row, keywords)
    except (TypeError, ValueError) as e:
        if isinstance(e.__context__, RosesimError) and not isinstance(e, RosesimError):
            raise e.__context__ from None  # NumPy puts its own words in place of ours
        if isinstance(e, ValueError) and not isinstance(e, RosesimError) and "values to unpack" in str(e):
            raise TypeMismatch(
                f"{e}; expected as many names as elements: a vector unpacks into its elements, also one of "
                "tuples (as vec and scan make), whose first parts are vec(n, lambda i: v[i][0])",
                innermost(e),
            ) from e
        if isinstance(e, RosesimError) or not _OF_TRACED.search(str(e)):
            raise
        # Python's own words name the operation; ours add the line.
        said = str(e).rstrip(".")
        raise TypeMismatch(f"{said}: a traced value has no such operation; expected one it has", innermost(e)) from e


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


def _trace_opaque(f: Fn[..., Any], types: Types, world: World) -> Traced:
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
            f"the opaque function {f.name} takes or gives a tangent, and nobody can see that it is linear; "
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
    func = Func(f.name, params, Opaque(call, T.flatten(result)), f.where, rules_of(f, f.custom, types, result))
    return Traced(func, types, result, (), world)


_OF_TRACED = re.compile(r"'(Real|Bool|Tan|Index(\[\d+\])?|VecValue)'|setting an array element with a sequence\.$")
_TOO_DEEP = 20_000


def call_traced(func: Func, args: Sequence[Atom], result: T.Type) -> Any:
    """Write a call of a traced function and give its result as Python values."""
    f = trace.frame()
    b = trace.building()
    outs = b.call(func, [f.resolve(a) for a in args])
    f.own(outs)
    return of_atoms(result, outs)


class _Shown:
    """What `inspect.signature` and `functools.partial` see of an Fn; of the class Fn itself they see its own."""

    def __get__(self, f: Fn[..., Any] | None, kind: type) -> inspect.Signature:
        try:
            if f is not None:
                return inspect.Signature([*f.signature().parameters.values()])
        except RosesimError:
            pass  # told when it is called
        raise AttributeError("__signature__")


class Fn(Generic[P, R]):
    """A function of the language. Called with numbers and arrays it compiles at the first call and runs;
    called while another is traced it becomes a call in that program. Made by `fn` and `opaque`.

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
        """The derivatives that `defjvp` and `defvjp` gave it, by "jvp" and "vjp"."""
        self._signature = signature

    # ------------------------------------------------------------------------------ signature

    def signature(self) -> Signature:
        """Its parameters, read once."""
        if self._signature is None:
            self._signature = Signature(self.python, self.name, self.where, self._scope)
        return self._signature

    def take_signature(self, signature: Signature) -> None:
        """Take the parameters of another function, of which this one is a transform."""
        self._signature = signature.renamed(self.name, self.python)

    def seen_through(self) -> Callable[..., Any] | None:
        """The Python function, where it is all there is: no rule, no transform, not opaque."""
        return None if self.is_opaque or self.custom or not self.signature().fills else self.python

    def types_of(self, row: Sequence[Any], keywords: Names = ()) -> Types:
        """The parameter types for these arguments: those annotated, else those of the arguments."""
        return self.signature().types_of(row, keywords)

    # -------------------------------------------------------------------------------- tracing

    def traced(self, types: Types, *, live: bool = False) -> Traced:
        """The program for parameters of these types, traced again where what it read has changed.

        A `live` program may read arrays where they lie, and so do its callees; others have copies.
        """
        outer = trace.current()
        live = live if outer is None else outer.world.live
        known = self._cache.get((types, live))
        if known is not None and known.world.unchanged():
            return known
        made = trace_once(self, types, live)
        if known is not None and made.func.rules is None and known.func.rules is None:
            # Where nothing came of the change, what was made of the function is as good as before.
            if not made.captured and not known.captured and known.result == made.result:
                from rosesim.ad.program.alike import alike  # not needed before something has changed

                if alike(known.func, made.func):
                    made = replace(made, func=known.func)
        self._cache[types, live] = made
        if not made.world.reads_where_it_lies():
            self._cache[types, not live] = made
        return made

    # ------------------------------------------------------------------------------ custom rules

    def defjvp(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Give this function a forward derivative of its own: a function of the same arguments with every
        Real a `Dual` (fields `re`, a Real, and `du`, a Tan), giving the result likewise.

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
        """Give this function a reverse derivative of its own: a function of its arguments and then the
        cotangent of its result (every Real a Tan), giving the cotangent of each argument (None for one
        without a Real), as a tuple where there are several. It must be linear in the cotangent; forward
        mode comes by transposing it.

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
        scope = _caller_locals(2)
        self.custom[which] = Fn(python, scope)
        self.version += 1
        self._cache.clear()
        return rule

    # -------------------------------------------------------------------------------- calling

    def __call__(self, /, *args: Any, **kwargs: Any) -> R:
        """Run on numbers and arrays; while another function is traced, write a call of this one."""
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
        f.world.join(traced.world)
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
        elif not program.traced.world.unchanged():
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
        """The frozen compiled program for a call like this, with a value or a type for each argument: the cheapest
        call there is. It does not notice later changes of what it read. Without any it is for a call that leaves
        all defaults out, of parameters that are annotated.

        >>> from rosesim import fn, Real
        >>> @fn
        ... def cube(x: Real) -> Real:
        ...     return x * x * x
        >>> program = cube.compile()
        >>> program(2.0)
        8.0

        A debug program stops with a `NumericalError` at the first NaN or infinity, and says where it arose and
        of what numbers; `debug` is what the environment says (`ROSESIM_DEBUG=1`) where it is not given.

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
        """As a method: the object is known while tracing, like all that a closure holds."""
        how = class_of(self.python)
        if how is classmethod:
            owner = kind or type(owner)
        if owner is None or how is staticmethod or not hasattr(how, "__get__"):
            return self
        key: Any = (owner, self.version)
        try:
            known = self._bound.get(key)
            if known is not None and not (is_same(known[0], owner) or interchangeable(known[0], owner)):
                key = (id(owner), self.version)  # it equals the other one, and is not the same
        except TypeError:
            key = (id(owner), self.version)
        known = self._bound.get(key)
        if known is None:
            if len(self._bound) >= _MOST_BOUND:
                self._bound.pop(next(iter(self._bound)), None)
            known = self._bound[key] = owner, self._bind_to(owner)
        return known[1]

    def _bind_to(self, owner: Any) -> Fn[..., R]:
        """The method of an object, or of a class: with the rules of the function."""
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
        """Note of which function this is a transform: as a method, it is that of the method."""
        self._again = of, again

    def __repr__(self) -> str:
        return f"<rosesim function {self.name}>"


_MOST_BOUND = 256
"""Objects whose method stays traced and compiled; each is kept in memory by that. Then the oldest goes."""


class Program:
    """A compiled function, made by `Fn.compile`: call it with numbers and arrays. `seconds` is what compiling
    took.

    >>> from rosesim import fn, grad, Program, Real
    >>> @fn
    ... def cube(x: Real) -> Real:
    ...     return x * x * x
    >>> program: Program = grad(cube).compile()
    >>> program(2.0)
    12.0
    """

    def __init__(self, f: Fn[..., Any], types: Types, *, live: bool = False, **how: Any):
        with uncollected():
            self._make(f, types, live, how)

    def _make(self, f: Fn[..., Any], types: Types, live: bool, how: dict[str, Any]) -> None:
        if how.get("debug") is None:
            how["debug"] = debugging()
        self._made_from = f, types, live, how
        self.traced = f.traced(types, live=live)
        if self.traced.captured:
            raise EscapedValue(
                f"{f.name} uses traced values of a function whose tracing has ended; expected values that are "
                f"passed to it as arguments ({f.name} is defined at {f.where})",
                here(),
            )
        self._signature, self._keywords = f.signature(), keywords_of(types)
        names = self._signature.names(len(types), self._keywords)
        self._types = tuple(zip(types, names, strict=True))
        self._count = -1 if self._keywords else len(types)
        leaves = [leaf for t, n in self._types for leaf in T.leaf_names(t, n)]
        self.compiled = _backend()(self.traced.func, names=leaves, **how)
        self.seconds: float = self.compiled.seconds
        self.name = f.name
        self._run = self._caller(types)

    def renewed(self) -> Program:
        """The program as it would be compiled now: itself, where nothing it read has changed or nothing came of it.

        >>> from rosesim import fn, Program, Real
        >>> k = 3.0
        >>> @fn
        ... def spring(x: Real) -> Real:
        ...     return k * x
        >>> program: Program = spring.compile()
        >>> k = 9.0
        >>> program(2.0), program.renewed()(2.0)
        (6.0, 18.0)
        """
        if self.traced.world.unchanged():
            return self
        from rosesim.ad.program.alike import alike  # not needed before something has changed

        f, types, live, how = self._made_from
        traced = f.traced(types, live=live)
        if traced.result == self.traced.result and not traced.captured and alike(self.traced.func, traced.func):
            self.traced = traced
            return self
        return Program(f, types, live=live, **how)

    def _caller(self, types: Types) -> Callable[..., Any]:
        """The cheapest passage from arguments to the result that these types allow."""
        result, call = self.traced.result, self.compiled.call
        plain = all(not isinstance(t, T.StructType | T.NullType | T.VecType) for t in types)
        single = is_plain(result)  # a vector of structs of one number is one array as well, but a struct of it
        if plain and single and self.compiled.number is not None:
            return self.compiled.number
        parts, make = [flattener(t, n) for t, n in self._types], builder(result)

        def run(*args: Any) -> Any:
            if not plain:
                given: list[Any] = []
                for v, append in zip(args, parts, strict=True):
                    append(v, given)
                args = (*given,)
            flat = call(*args)
            return flat[0] if single else make(iter(flat))

        return run

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Run on numbers and arrays of the types that it was compiled for."""
        if kwargs or len(args) != self._count:
            args = self._bound(args, kwargs)
        return self._run(*args)

    def run(self, row: Sequence[Any]) -> Any:
        """The same, for arguments that were bound."""
        return self._run(*row)

    def _bound(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """The arguments in a row, where they are those that it was compiled for."""
        signature = self._signature
        names = ", ".join(name for _, name in self._types) or "nothing"
        if not kwargs and not self._keywords:
            raise ArgumentError(
                f"{self.name}: {len(args)} arguments were found; expected {self._count}, as it was compiled for "
                f"{names}: {signature}"
            )
        row, keywords = signature.bind(args, kwargs, ArgumentError)
        if len(row) != len(self._types) or keywords != self._keywords:
            found = ", ".join(signature.names(len(row), keywords)) or "nothing"
            raise ArgumentError(
                f"{self.name}: {found} was given; expected {names}, as it was compiled for these; compile takes an "
                f"example of each argument: {signature}"
            )
        return row


def _no_backend() -> Callable[..., Any]:
    raise RosesimError("no compiler is attached; import rosesim, not rosesim.ad alone")


_backend: Callable[[], Callable[..., Any]] = _no_backend


def set_backend(find: Callable[[], Callable[..., Any]]) -> None:
    """Attach the compiler: `find()`, called at the first compilation, gives `compile_func`."""
    global _backend
    _backend = find


def _caller_locals(depth: int) -> dict[str, Any]:
    return dict(sys._getframe(depth + 1).f_locals)  # pyright: ignore[reportPrivateUsage] -- local types in string annotations


def is_fn(f: object) -> TypeGuard[Fn[..., Any]]:
    """Whether it is a function of the language."""
    return isinstance(f, Fn)


def fn(python: Callable[P, R]) -> Fn[P, R]:
    """Make a Python function one of the language: traced once a signature, compiled, differentiable.

    Raises `TypeMismatch`, `TraceError` or `EscapedValue`, each with the user's line, where the function
    cannot be traced, and `ArgumentError` where it is called with something else than it takes.

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
    """Make a pure Python callable one of the language without tracing it: it is called while the program
    runs, with numbers and NumPy arrays, any number of times. Its parameters and result are annotated; a
    derivative is given by `defjvp` or `defvjp`, else it has none and asking for one is an error.

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
