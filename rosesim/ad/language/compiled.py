"""Compiled functions, which are called with numbers and arrays; and how the compiler is attached."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from rosesim.ad.language import types as T
from rosesim.ad.language.arguments import builder, flattener, is_plain
from rosesim.ad.language.signature import Types, keywords_of
from rosesim.ad.support.collector import uncollected
from rosesim.ad.support.debugging import debugging
from rosesim.ad.support.errors import ArgumentError, EscapedValue, RosesimError
from rosesim.ad.support.locate import here

if TYPE_CHECKING:
    from rosesim.ad.language.function import Fn
    from rosesim.ad.language.tracing import Traced


class Program:
    """A compiled function, made by `Fn.compile`. Call it with numbers and arrays. `seconds` is the time that
    compiling took.

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

    def __repr__(self) -> str:
        given = ", ".join(f"{name}: {t}" for t, name in self._types)
        return f"<Program {self.name}({given}), compiled in {self.seconds:.2g} s>"

    def _make(self, f: Fn[..., Any], types: Types, live: bool, how: dict[str, Any]) -> None:
        if how.get("debug") is None:
            how["debug"] = debugging()
        self._made_from = f, types, live, how
        self.traced = f.traced(types, live=live)
        refuse_captured(f, self.traced)
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
        """The program as it would be compiled now. It is this one if nothing that it read changed its code.

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
        if self.traced.dependencies.unchanged():
            return self
        from rosesim.ad.program.alike import alike  # not needed until something has changed

        f, types, live, how = self._made_from
        traced = f.traced(types, live=live)
        if traced.result == self.traced.result and not traced.captured and alike(self.traced.func, traced.func):
            self.traced = traced
            return self
        return Program(f, types, live=live, **how)

    def __reduce__(self) -> Any:
        """Pickled, it is the function, its types and options: another process compiles it, or finds it on disk."""
        f, types, live, how = self._made_from
        return _compiled, (f, types, live, how)

    def __copy__(self) -> Program:
        return self

    def __deepcopy__(self, memo: Any) -> Program:
        return self  # frozen: a copy would compute the same

    def _caller(self, types: Types) -> Callable[..., Any]:
        """A function from arguments to the result: the cheapest that these types allow."""
        result, call = self.traced.result, self.compiled.call
        plain = all(not isinstance(t, T.StructType | T.NullType | T.VecType) for t in types)
        single = is_plain(result)  # one array. A vector of structs of one number is one too, but becomes a struct
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
        """Run on numbers and arrays. Their types must be those that it was compiled for."""
        if kwargs or len(args) != self._count:
            args = self._bound(args, kwargs)
        return self._run(*args)

    def run(self, row: Sequence[Any]) -> Any:
        """The same for arguments that are already bound."""
        return self._run(*row)

    def _bound(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """The arguments in a row. Raises if they are not those that it was compiled for."""
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


def _compiled(f: Fn[..., Any], types: Types, live: bool, how: dict[str, Any]) -> Program:
    return Program(f, types, live=live, **how)


def refuse_captured(f: Fn[..., Any], traced: Traced) -> None:
    """Raise EscapedValue if a function that is to be compiled uses values of another trace."""
    if traced.captured:
        raise EscapedValue(
            f"{f.name} uses traced values of a function whose tracing has ended; expected values that are "
            f"passed to it as arguments ({f.name} is defined at {f.where})",
            here(),
        )


def _no_backend() -> Callable[..., Any]:
    raise RosesimError("no compiler is attached; import rosesim, not rosesim.ad alone")


_backend: Callable[[], Callable[..., Any]] = _no_backend


def set_backend(find: Callable[[], Callable[..., Any]]) -> None:
    """Attach the compiler. `find()` is called at the first compilation and gives `compile_func`."""
    global _backend
    _backend = find
