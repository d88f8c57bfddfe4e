"""The program representation: what tracing builds, transformations rewrite and codegen compiles.

A program is a `Func`. Its body is a `Block`, a list of `Let`s in single-assignment form; nested
blocks (loop bodies, branches) see every variable of the blocks around them. All values are scalars
or dense C-order arrays of scalars: structs, tuples and vectors of structs exist only while tracing,
which turns each of their fields into an array (see `types.flatten`).

There are no pointers and no allocations. The one effect that a program can observe is `Add` into
a ref, and a ref lives exactly as long as the `Accum` that makes it.

The file is long on purpose: all nodes, and the traversals that derive from their fields, belong together.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import KW_ONLY, dataclass, field, fields
from operator import attrgetter
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Never,
    NoReturn,
    TypeVar,
    Union,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

import numpy as np

from rosesim.ad.support.locate import Where

C = TypeVar("C")


# Frozen for the type checker alone: creating an object of a dataclass that is frozen at run time takes four times
# as long, and a program of many functions has millions of these.


@dataclass_transform(eq_default=True, frozen_default=True)
def value(cls: type[C]) -> type[C]:
    """A record that compares by its fields."""
    return _shown(dataclass(slots=True, unsafe_hash=True, repr=False)(cls))


@dataclass_transform(eq_default=False, frozen_default=True, field_specifiers=(field,))
def node(cls: type[C]) -> type[C]:
    """A record that compares by identity."""
    return _shown(dataclass(slots=True, eq=False, repr=False)(cls))


def _shown(cls: type[C]) -> type[C]:
    """The class with a `repr` that all share: one of its own would be compiled whenever rosesim is imported."""
    cls.__repr__ = _repr
    return cls


def _repr(self: Any) -> str:
    shown = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if f.repr)
    return f"{type(self).__name__}({shown})"


# ---------------------------------------------------------------------------------------- types


# Codegen runs several iterations of a batch at once, one in each lane of a vector register. A scalar that
# differs between lanes has `lanes` values. Before codegen, every scalar has one lane.


@value
class FloatT:
    """A real number; `width` in bits."""

    width: int = 64
    lanes: int = 1


@value
class TanT:
    """A tangent or cotangent of a `FloatT`: only linear operations take one."""

    width: int = 64
    lanes: int = 1


@value
class BoolT:
    """True or false."""

    lanes: int = 1


@value
class IntT:
    """An integer with lo <= value <= hi; `Index[n]` is IntT(0, n - 1)."""

    lo: int
    hi: int
    lanes: int = 1


Scalar = FloatT | TanT | BoolT | IntT


@value
class Ty:
    """A scalar (`shape == ()`), a dense array, or (`ref`) a write-only accumulator of that shape."""

    scalar: Scalar
    shape: tuple[int, ...] = ()
    ref: bool = False

    @property
    def size(self) -> int:
        """How many scalars a value of this type holds."""
        n = 1
        for d in self.shape:
            n *= d
        return n

    def at(self, depth: int) -> Ty:
        """The type of an element after `depth` indices."""
        return Ty(self.scalar, self.shape[depth:], self.ref)


REAL, TAN, BOOL = Ty(FloatT()), Ty(TanT()), Ty(BoolT())


def index_ty(n: int) -> Ty:
    """The scalar type Index[n]."""
    return Ty(IntT(0, n - 1))


# ---------------------------------------------------------------------------------------- atoms


@node
class Var:
    """A variable, bound once: by a `Let`, as a parameter, or by an expression for its nested blocks."""

    ty: Ty
    name: str = ""


@value
class Lit:
    """A scalar constant: float for FloatT and TanT, bool for BoolT, int within bounds for IntT."""

    value: float | bool | int
    ty: Ty


Atom = Var | Lit

Binder = Annotated[Var, "bound for the nested blocks"]
"""The type of a field of an expression: a variable that it binds for its nested blocks."""


# ---------------------------------------------------------------------------------- expressions


# Traversals derive from the types of the fields below (see the end of the file). An Atom is an operand, a Binder is
# a variable bound for the nested blocks, a Block is a nested block. A field may also hold a tuple of one of these.


@node
class Op:
    """A scalar operator of the table in `ops`; binds one scalar."""

    name: str
    args: tuple[Atom, ...]


@node
class Get:
    """Element or sub-array x[idx]; 1 <= len(idx) <= rank. The type of each index lies within 0 .. dim - 1."""

    x: Atom
    idx: tuple[Atom, ...]


@node
class Put:
    """The array x with the element or sub-array at idx replaced by v."""

    x: Atom
    idx: tuple[Atom, ...]
    v: Atom


@node
class Stack:
    """An array of the items, all of one type; at least one item."""

    items: tuple[Atom, ...]


@node
class Fill:
    """An array whose elements all equal the scalar; its type is that of the bound variable."""

    value: Atom


INLINE_DATA = 64
"""Captured arrays of up to this many numbers are program text; larger ones are bound when the code is loaded."""


@node
class Data:
    """A captured constant array, C-contiguous, in the dtype of `storage`; an array of 32-bit reals may be in double.

    Large arrays are passed at run time. A `live` array belongs to the user and each run reads it in place: the
    program knows its shape and dtype, not its numbers.
    """

    array: np.ndarray[Any, Any]
    live: bool = False


@node
class Stop:
    """x itself, with derivative zero."""

    x: Atom


@node
class Loop:
    """The one loop: map, fold, scan and while.

    It runs `body` for i = 0, 1, ..., n - 1, or for i = n - 1, ..., 0 if `reverse`. With `upto`, an integer
    of at most n, the indices are those of 0 .. upto - 1. In the body `index` is i and `carries` hold the
    state; its results are the next carries, then one value for each output. If there is a `test` (one Bool
    result; it sees `carries` and `index`), it may end the loop before each iteration. A loop with `test`
    has neither `upto` nor `reverse`.

    Bound variables: the final carries, then each output stacked along a new first dimension of length n
    (zero or False where no iteration ran), then with `test` the count of iterations, IntT(0, n).
    """

    _: KW_ONLY
    n: int
    index: Binder
    inits: tuple[Atom, ...]
    carries: tuple[Binder, ...]
    body: Block
    upto: Atom | None = None
    reverse: bool = False
    test: Block | None = None
    batch: bool = False
    """Each iteration is a run of its own (`vmap`): codegen may run several at once."""
    lanes: int = 1
    """How many iterations codegen runs at once; the index and all that depends on it have that many lanes."""


@node
class Cond:
    """A branch: only the chosen block runs; both have results of the same types."""

    p: Atom
    then: Block
    orelse: Block


@node
class Accum:
    """Makes `refs` (type Ty(..., ref=True)), whose values start as `inits`, and runs `body`, which adds to them.

    An init is an array or scalar of its ref's type. Bound variables: the body's results, then each ref's
    final value. Adding to a Bool ref is `or`.
    """

    inits: tuple[Atom, ...]
    refs: tuple[Binder, ...]
    body: Block


@node
class Add:
    """ref[idx] += v (|= for Bool); idx may be empty or partial, v has the shape of ref[idx]. Binds nothing."""

    ref: Var
    idx: tuple[Atom, ...]
    v: Atom


@node
class SubRef:
    """A ref to the element or sub-array at idx, to be passed to a function."""

    ref: Var
    idx: tuple[Atom, ...]


@node
class Guard:
    """Ends the program with `message` if `bad` is true. Binds nothing.

    If there are `values`, all scalars, the message is a template that `str.format` fills with them. Only debug
    programs have such guards.
    """

    bad: Atom
    message: str
    values: tuple[Atom, ...] = ()


@node
class Call:
    """A call of a function; binds its results. A ref is passed as an argument of type Ty(..., ref=True)."""

    func: Func
    args: tuple[Atom, ...]


Expr = Op | Get | Put | Stack | Fill | Data | Stop | Loop | Cond | Accum | Add | SubRef | Guard | Call


@node
class Let:
    """outs = expr, written at `where`."""

    outs: tuple[Var, ...]
    expr: Expr
    where: Where | None = None


@node
class Block:
    """Lets in order, then results, which may be any variables in scope."""

    lets: tuple[Let, ...]
    results: tuple[Atom, ...]


@node
class Opaque:
    """A Python callable taking and returning flat tuples of floats, bools, ints and arrays."""

    call: Callable[..., tuple[Any, ...]]
    results: tuple[Ty, ...]
    linear: Linear | None = None
    """Set if the function takes and gives tangents: it is linear in them, whatever its body looks like."""
    machine: int = 0
    """The address of a C function of two rows of slots, which machine code calls instead of `call`; 0: none."""


@dataclass(slots=True)
class Linear:
    """What stands for a function that is declared linear in its tangents. The function itself never runs.

    `apply`: the same on reals. `transpose`: (primal parameters, a cotangent for each result) -> a cotangent for each
    tangent parameter, all as reals; it is made when reverse mode first needs it.
    """

    apply: Func
    transpose: Callable[[], Func]


@dataclass(slots=True)
class Rules:
    """The derivative rules that the user gave a function; each makes its Func when it is first needed.

    `jvp`: (primals, then a tangent for each Float primal) -> (results, then a tangent for each Float result).
    `vjp`: (primals, then a cotangent for each Float result) -> a cotangent for each Float primal.
    """

    jvp: Callable[[], Func] | None = None
    vjp: Callable[[], Func] | None = None


@node
class Func:
    """A closed function: the only free variables of its body are its parameters. Programs are acyclic.

    `memo` keeps what transformations have made of this function, so that each makes it only once.
    """

    name: str
    params: tuple[Var, ...]
    body: Block | Opaque
    where: Where | None = None
    rules: Rules | None = None
    memo: dict[Any, Any] = field(default_factory=dict)

    @property
    def results(self) -> tuple[Ty, ...]:
        """The types of the results."""
        if isinstance(self.body, Opaque):
            return self.body.results
        return tuple(r.ty for r in self.body.results)


# ------------------------------------------------------------------------------------ traversal


def unknown(e: Never) -> NoReturn:
    """The last case of a match that names every expression.

    A new kind of expression cannot pass such a match unnoticed: the type checker reports the match, and this raises.
    """
    raise TypeError(
        f"{type(e).__name__} was found; expected an expression that this pass names: say what it does here"
    )


class _PerClass(dict[type, Any]):
    """A table with an entry for each class of expressions, made at first use. Nothing is faster than subscription."""

    def __init__(self, make: Callable[[type], Any]) -> None:
        self._make = make

    def __missing__(self, cls: type) -> Any:
        if cls not in get_args(Expr):
            raise TypeError(f"{cls.__name__} was found in a program; expected a node of ir.Expr; add it there")
        self[cls] = self._make(cls)
        return self[cls]


@value
class Field:
    """A field that holds atoms, binders or blocks of an expression: one, a tuple (`many`), or one or None."""

    name: str
    role: Any
    many: bool = False
    optional: bool = False

    def held(self, e: Any) -> tuple[Any, ...]:
        """What the field of an expression holds, in order."""
        inside = getattr(e, self.name)
        return inside if self.many else () if inside is None else (inside,)

    def applied(self, function: Callable[[Any], Any], e: Any) -> Any:
        """The new content of the field: a function applied to each part that it holds."""
        inside = getattr(e, self.name)
        return tuple(map(function, inside)) if self.many else None if inside is None else function(inside)


def _field(cls: type, name: str, hint: Any) -> Field | None:
    """What a field holds, according to its type; None if it is no part of the program, such as a name or a count."""
    inner = get_args(hint)[0] if get_origin(hint) is tuple else hint
    held = set(get_args(inner)) if get_origin(inner) in (Union, UnionType) else {inner}
    optional = NoneType in held
    held.discard(NoneType)
    for role, types in ((Var, ({Var}, {Var, Lit})), (Binder, ({Binder},)), (Block, ({Block},))):
        if held in types and not (optional and inner is not hint):
            return Field(name, role, inner is not hint, optional)
    text = str(hint)
    if any(word in text for word in ("ir.Var", "ir.Lit", "ir.Block")):
        raise TypeError(
            f"the field {cls.__name__}.{name} is {text}; expected Atom, Binder, Block or a tuple of these"
        )
    return None


def _fields(cls: type) -> tuple[Field, ...]:
    hints = get_type_hints(cls, include_extras=True)
    found = (_field(cls, f.name, hints[f.name]) for f in fields(cls))
    return tuple(f for f in found if f is not None)


FIELDS = _PerClass(_fields)
"""The fields of a class of expressions that hold parts of the program."""


def _collector(role: Any) -> _PerClass:
    """For a class, a function that gives what its fields of this role hold, in order."""

    def made(cls: type) -> Callable[[Any], tuple[Any, ...]]:
        own = [f for f in FIELDS[cls] if f.role is role]
        get = [attrgetter(f.name) for f in own]
        match [(f.many, f.optional) for f in own]:  # no loop for the most frequent cases
            case []:
                return lambda e: ()
            case [(True, _)]:
                return get[0]
            case [(False, False)]:
                return lambda e: (get[0](e),)
            case [(False, False), (True, _)]:
                return lambda e: (get[0](e), *get[1](e))
            case _:
                return lambda e: tuple(itertools.chain.from_iterable(f.held(e) for f in own))

    return _PerClass(made)


def _maker(cls: type) -> Callable[..., Any]:
    """For a class, the function that `remade` calls."""
    own = [f for role in (Var, Binder, Block) for f in FIELDS[cls] if f.role is role]
    rest = [f.name for f in fields(cls) if f.name not in {f.name for f in own}]

    def make(e: Any, atom: Any, bind: Any, block: Any) -> Any:
        by = {Var: atom, Binder: bind, Block: block}
        parts = {f.name: f.applied(by[f.role], e) for f in own}
        return cls(**parts, **{name: getattr(e, name) for name in rest})

    return make


_REMADE = _PerClass(_maker)
_OPERANDS, _BINDERS, _BLOCKS = _collector(Var), _collector(Binder), _collector(Block)
_NESTS = _PerClass(lambda cls: any(f.role is Block for f in FIELDS[cls]))


def operands(e: Expr) -> tuple[Atom, ...]:
    """The atoms that an expression itself names, without those of its nested blocks."""
    if type(e) is Op:  # nearly all are
        return e.args
    return _OPERANDS[type(e)](e)


def blocks(e: Expr) -> tuple[Block, ...]:
    """The blocks nested directly in an expression."""
    return _BLOCKS[type(e)](e)


def binders(e: Expr) -> tuple[Var, ...]:
    """The variables that an expression binds for its nested blocks."""
    return _BINDERS[type(e)](e)


def remade(
    e: Expr, atom: Callable[[Atom], Atom], bind: Callable[[Var], Var], block: Callable[[Block], Block]
) -> Expr:
    """The expression with its parts replaced: first its operands, then its binders, then its blocks."""
    return _REMADE[type(e)](e, atom, bind, block)


def nests(e: Expr) -> bool:
    """Whether an expression has nested blocks. Most have none, so traversals ask this first."""
    return _NESTS[type(e)]


def all_lets(block: Block) -> Iterator[Let]:
    """Every let of a block and of the blocks nested in it."""
    stack = [block]
    while stack:
        b = stack.pop()
        for let in b.lets:
            yield let
            if _NESTS[type(let.expr)]:
                stack.extend(blocks(let.expr))


def all_blocks(block: Block) -> Iterator[Block]:
    """A block and the blocks nested in it."""
    yield block
    for let in all_lets(block):
        yield from blocks(let.expr)


def free_vars(block: Block) -> dict[Var, None]:
    """The variables that a block uses and does not bind, in order of first use."""
    free: dict[Var, None] = {}
    bound: set[Var] = set()
    # The blocks being visited, the innermost last, each with the variables that are bound when it ends. A stack
    # of our own, because blocks may be nested deeper than Python can recurse.
    stack: list[tuple[Block, Iterator[Let], tuple[Var, ...]]] = [(block, iter(block.lets), ())]
    while stack:
        b, rest, outs = stack[-1]
        for let in rest:
            for a in operands(let.expr):
                if isinstance(a, Var) and a not in bound:
                    free[a] = None
            if _NESTS[type(let.expr)]:
                bound.update(binders(let.expr))
                outs = let.outs  # bound when the last of its blocks ends, which is the first to go on the stack
                for nested in reversed(blocks(let.expr)):
                    stack.append((nested, iter(nested.lets), outs))
                    outs = ()
                break
            bound.update(let.outs)
        else:
            for a in b.results:
                if isinstance(a, Var) and a not in bound:
                    free[a] = None
            bound.update(outs)
            stack.pop()
    return free


def callees(func: Func) -> tuple[Func, ...]:
    """The distinct functions that a function calls directly, in order of first call."""
    if isinstance(func.body, Opaque):
        return ()
    if "callees" not in func.memo:
        called = (let.expr.func for let in all_lets(func.body) if isinstance(let.expr, Call))
        func.memo["callees"] = tuple(dict.fromkeys(called))
    return func.memo["callees"]


def kinds(func: Func) -> frozenset[type]:
    """The kinds of expressions in a function's body, so that a pass need not look for what is not there."""
    if isinstance(func.body, Opaque):
        return frozenset()
    if "kinds" not in func.memo:
        func.memo["kinds"] = frozenset({type(let.expr) for let in all_lets(func.body)})
    return func.memo["kinds"]


def reachable(func: Func) -> list[Func]:
    """All functions of a program, callees before callers, the function itself last."""
    order: dict[Func, None] = {}
    entered: set[Func] = set()
    stack: list[tuple[Func, bool]] = [(func, False)]
    while stack:
        f, done = stack.pop()
        if done:
            order[f] = None
        elif f not in entered:
            entered.add(f)
            stack.append((f, True))
            stack.extend((g, False) for g in callees(f))
    return list(order)


def storage(s: Scalar) -> np.dtype[Any]:
    """The dtype of arrays of a scalar; of IntT(0, n - 1), the smallest unsigned integer."""
    match s:
        case FloatT(width) | TanT(width):
            return np.dtype(f"f{width // 8}")
        case BoolT():
            return np.dtype(np.bool_)
        case IntT(lo, hi):
            return np.dtype(np.int64) if lo < 0 else np.min_scalar_type(max(hi, 0))


def nbytes(ty: Ty) -> int:
    """Bytes of a value as an array."""
    return ty.size * storage(ty.scalar).itemsize * ty.scalar.lanes
