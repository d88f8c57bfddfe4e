"""From a differentiated program to what a backend gets: named passes in their order, then decisions about the whole.

`STAGES` is the order. Which of them run depends on how a program is compiled and for which machine.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field

from rosesim.ad.instrument.debug import guarded
from rosesim.ad.passes import tidy
from rosesim.ad.passes.copies import uncopied
from rosesim.ad.passes.elements import forwarded
from rosesim.ad.passes.index_values import computed
from rosesim.ad.passes.inline import inlined
from rosesim.ad.passes.share_functions import shared
from rosesim.ad.passes.unroll import unrolled
from rosesim.ad.program import program_pass
from rosesim.ad.program.ir import Call, Func, Loop, Opaque, Var, reachable
from rosesim.ad.program.program_pass import Pass, is_left_out
from rosesim.ad.support.errors import TypeMismatch
from rosesim.codegen.passes import whole_program
from rosesim.codegen.passes.branch_tails import absorbed
from rosesim.codegen.passes.buffers import Sharing, analyse
from rosesim.codegen.passes.carried_sums import carried
from rosesim.codegen.passes.defer import deferred
from rosesim.codegen.passes.forward_rows import forward_rows
from rosesim.codegen.passes.fuse import fused
from rosesim.codegen.passes.gather_sums import gathered
from rosesim.codegen.passes.lanes.batch import laned
from rosesim.codegen.passes.part_scatters import parted
from rosesim.codegen.passes.products import Product, Products
from rosesim.codegen.passes.scaled_carries import scaled
from rosesim.codegen.passes.share_loops import shared_loops
from rosesim.codegen.passes.single_adds import single
from rosesim.codegen.passes.single_precision import in_single_precision
from rosesim.codegen.passes.sink import sunk
from rosesim.codegen.passes.split import split
from rosesim.codegen.passes.split_vectors import apart
from rosesim.codegen.passes.spread import spread
from rosesim.codegen.passes.stage_scatters import staged
from rosesim.codegen.passes.straight_sums import summed
from rosesim.codegen.planned import Effort, Options, Planned
from rosesim.codegen.target import Target


@dataclass(frozen=True, slots=True)
class Compilation:
    """What passes may ask, and what they leave for the decisions."""

    options: Options
    target: Target
    pieces: set[Func] = field(default_factory=set[Func])
    """What was cut out of long functions, and must not be inlined again."""
    products: dict[Func, Product] = field(default_factory=dict[Func, Product])
    """The functions that a backend may write as kernels."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A pass, and the compilations that it is part of."""

    step: Pass[[Compilation]]
    when: str
    applies: Callable[[Compilation], bool]


@dataclass(frozen=True, slots=True)
class Decision:
    """Something that is decided of a whole program; the program itself stays as it is."""

    name: str
    purpose: str
    required: bool = False


def _split(func: Func, how: Compilation) -> Func:
    func, pieces = split(func)
    how.pieces.update(pieces)
    return func


def _with_products(func: Func, how: Compilation) -> Func:
    find = Products(how.options.math)
    func = find(func)
    how.products.update(find.found)
    return func


def _is_plain(how: Compilation) -> bool:
    """Whether nothing may be moved away from its line: not in debug programs."""
    return not how.options.debug


def _is_fast(how: Compilation) -> bool:
    """Whether sums may be reordered, too."""
    return _is_plain(how) and how.options.math == "fast"


STAGES = (
    Stage(
        Pass("share-functions", "makes one of many functions that differ in their constants", lambda f, _: shared(f)),
        "not debug",
        _is_plain,
    ),
    Stage(
        Pass("inline", "writes small functions, and those called once, into their callers", lambda f, _: inlined(f)),
        "always",
        lambda _: True,
    ),
    Stage(
        Pass("unroll-short", "writes out loops of a few short iterations", lambda f, _: unrolled(f)),
        "not debug",
        _is_plain,
    ),
    Stage(
        Pass("split-vectors", "stores the components of short vectors in arrays of their own", lambda f, _: apart(f)),
        "not debug",
        _is_plain,
    ),
    Stage(
        Pass("forward-elements", "reads the elements of small arrays from where they were put",
             lambda f, how: forwarded(f, how.options.math)),
        "not debug",
        _is_plain,
    ),
    Stage(
        Pass("share-copies", "takes an array in the place of a loop that copies it", lambda f, _: uncopied(f)),
        "not debug",
        _is_plain,
    ),
    Stage(
        Pass("index-values", "computes what follows from indices where it is read", lambda f, _: computed(f)),
        "not debug",
        _is_plain,
    ),
    Stage(
        Pass("single-precision", "gives every real 32 bits", lambda f, _: in_single_precision(f), required=True),
        "precision f32",
        lambda how: how.options.precision == "f32",
    ),
    Stage(
        Pass("guard-numbers", "stops at the first NaN or infinity", lambda f, _: guarded(f), required=True),
        "debug",
        lambda how: how.options.debug,
    ),
    Stage(
        Pass("sink-adds", "adds where a term arises, and on the side of a branch that has one",
             lambda f, how: sunk(f, how.options.math)),
        "not debug",
        _is_plain,
    ),
    Stage(
        Pass("single-adds", "adds one number in the place of a row of zeros that has it",
             lambda f, how: single(f, how.options.math)),
        "not debug",
        _is_plain,
    ),
    Stage(
        Pass("sum-straight", "makes a plain sum of an accumulator that only straight code adds to",
             lambda f, how: summed(f, how.options.math)),
        "not debug",
        _is_plain,
    ),
    Stage(
        Pass("find-products", "makes products of matrices calls of blocked kernels", _with_products),
        "not debug, vectors",
        lambda how: _is_plain(how) and how.target.vector_bytes > 8,
    ),
    Stage(
        Pass("share-products", "takes a product in the place of a loop that copies it", lambda f, _: uncopied(f)),
        "not debug",
        _is_plain,
    ),
    Stage(
        Pass("block-adds", "adds outer products once in several steps", lambda f, _: deferred(f)),
        "not debug",
        _is_plain,
    ),
    Stage(
        Pass("absorb-tails", "moves what follows a branch with an empty side into its sides",
             lambda f, _: absorbed(f)),
        "fast, not debug",
        _is_fast,
    ),
    Stage(
        Pass("forward-rows", "turns backward loops over rows forward", lambda f, _: forward_rows(f)),
        "fast, not debug",
        _is_fast,
    ),
    Stage(
        Pass("stage-scatters", "keeps long terms that go to neighbours, and gathers them", lambda f, _: staged(f)),
        "fast, not debug",
        _is_fast,
    ),
    Stage(
        Pass("gather-sums", "makes an output of what a loop adds once to each element", lambda f, _: gathered(f)),
        "fast, not debug",
        _is_fast,
    ),
    Stage(
        Pass("scale-carries", "carries an array as it is, and a factor, in the place of a multiple of it",
             lambda f, _: scaled(f)),
        "fast, not debug",
        _is_fast,
    ),
    Stage(
        Pass("carry-sums", "sums what a loop adds to one place in a register",
             lambda f, how: carried(f, how.products)),
        "fast, not debug",
        _is_fast,
    ),
    Stage(
        Pass("part-scatters", "adds at places that an array says in a loop of its own", lambda f, _: parted(f)),
        "fast, not debug",
        _is_fast,
    ),
    Stage(
        Pass("fuse-loops", "makes one loop of two over the same places", lambda f, _: fused(f)),
        "fast, not debug",
        _is_fast,
    ),
    Stage(
        Pass("spread-runs", "makes a batch of a heavy loop of independent iterations",
             lambda f, how: spread(f, how.target.lanes_of(how.options.precision))),
        "fast, not debug, vectors",
        lambda how: _is_plain(how) and how.options.math == "fast" and how.target.lanes > 1,
    ),
    Stage(
        Pass("vectorize-batches", "runs several runs of a batch in the lanes of vectors",
             lambda f, how: laned(f, how.target.lanes_of(how.options.precision), how.options.math)),
        "not debug, vectors",
        lambda how: _is_plain(how) and how.target.lanes > 1,
    ),
    Stage(
        Pass("split", "cuts long functions: a backend's time grows faster than a function's length", _split),
        "always",
        lambda _: True,
    ),
)  # fmt: skip
"""The passes of a program, in their order."""

DECISIONS = (
    Decision("poll-loops", "which loops look for an interrupt", required=True),
    Decision("inline-calls", "which calls of small functions the backend inlines"),
    Decision("straight-line-vectoriser", "whether LLVM's vectoriser of straight code is worth its time"),
    Decision("straight-code", "whether LLVM's passes are few, because a long program has hardly any loop"),
    Decision("unroll-loops", "which loops stay loops, because their function has too many to unroll"),
    Decision("share-memory", "which arrays lie in one buffer, so that updates happen in place", required=True),
    Decision("share-runs", "whether threads share the runs of a batch", required=True),
    Decision("share-loops", "which long loops threads share within one run"),
    Decision("spare-clearing", "which outputs of loops that end early nobody reads to the end"),
    Decision("independent-loops", "which loops' iterations LLVM is told to be independent"),
    Decision("part-borders", "which loops are written apart for the borders of their ranges"),
)
"""What is decided after them, in this order."""


def passes() -> list[tuple[str, Pass[...]]]:
    """Every pass in the order in which a gradient meets them, and where or when each runs."""
    found: list[tuple[str, Pass[...]]] = [(where, p) for where, steps in tidy.STEPS for p in steps]
    return found + [(stage.when, stage.step) for stage in STAGES]


def known_pass(name: str) -> str:
    """The name of a pass; raises ValueError where there is none of it, naming those that there are."""
    names = [p.name for _, p in passes()]
    if name not in names:
        raise ValueError(f"no pass is called {name!r}; expected one of {', '.join(names)}")
    return name


@contextmanager
def without(*names: str) -> Generator[None]:
    """Within this, programs are compiled without these passes or decisions, to see what they are worth.

    Raises ValueError where one of them is unknown, or one that no program can do without.

    >>> from rosesim import fn, Real
    >>> with without("sink-adds", "inline-calls"):
    ...     fn(lambda x: x * x).compile(Real)(3.0)
    9.0
    """
    for name in names:
        if name not in SPARED:
            raise ValueError(f"{name!r} cannot be left out; expected one of {', '.join(SPARED)}")
    with program_pass.without(names):
        yield


SPARED = tuple(p.name for p in (*(stage.step for stage in STAGES), *DECISIONS) if not p.required)
"""What can be left out: the results stay the same, up to rounding."""


def planned(func: Func, options: Options, target: Target) -> Planned:
    """A program after all passes, and what is decided of it.

    Raises TypeMismatch where it calls what the target cannot, and what passes raise.
    """
    _refuse(func, options, target)
    how = Compilation(options, target)
    for stage in STAGES:
        if stage.applies(how):
            func = stage.step(func, how)
    order = reachable(func)
    polled = whole_program.polled_loops(order) if target.poll else set[Loop]()
    fallible = whole_program.fallible(order, polled)
    calls, inlines_last = whole_program.inlined_calls(
        order, how.pieces | how.products.keys(), 0 if is_left_out("inline-calls") else whole_program.SMALL
    )
    overlapping = whole_program.overlapping_refs(order)
    sharing = _sharing(order)
    batch = None if func not in sharing or sharing[func].in_out else _batch(func, target)
    shares = target.shares and batch is None and _is_plain(how) and not is_left_out("share-loops")
    return Planned(
        func=func,
        options=options,
        order=order,
        sharing=sharing,
        inlined_calls=calls,
        inlines_last=inlines_last,
        polled=polled,
        fallible=fallible,
        overlapping=overlapping,
        batch=batch,
        shares=shares,
        shared=shared_loops(func, options.math, overlapping, how.products.keys()) if shares else {},
        effort=_effort(order, calls, options),
        rolled=set[Loop]() if is_left_out("unroll-loops") else whole_program.rolled_loops(order),
        independent=not is_left_out("independent-loops"),
        parted=not is_left_out("part-borders"),
        unread_rests=set[Var]() if is_left_out("spare-clearing") else whole_program.unread_rests(order),
        products=how.products,
    )


def _effort(order: Sequence[Func], inline: Set[Call], options: Options) -> Effort:
    if not options.optimise:
        return "none"
    if whole_program.straight_work(order, inline) > whole_program.STRAIGHT:
        return "once" if whole_program.is_straight(order) and not is_left_out("straight-code") else "loops"
    return "loops" if is_left_out("straight-line-vectoriser") else "all"


def _sharing(order: Sequence[Func]) -> dict[Func, Sharing]:
    sharing: dict[Func, Sharing] = {}
    in_out: dict[Func, Mapping[int, int]] = {}
    for f in order:
        if isinstance(f.body, Opaque):
            in_out[f] = {}
        else:
            sharing[f] = analyse(f, in_out)
            in_out[f] = sharing[f].in_out
    return sharing


def _batch(func: Func, target: Target) -> Loop | None:
    if target.grid:
        return whole_program.whole_batch(func)
    return whole_program.shared_batch(func) if target.shares else None


def _refuse(func: Func, options: Options, target: Target) -> None:
    if options.debug and not target.reports:
        raise ValueError(f"a debug program reports numbers, which {target.name} cannot take; expected debug=False")
    if target.opaque:
        return
    for f in reachable(func):
        if isinstance(f.body, Opaque):
            raise TypeMismatch(
                f"{f.name} is opaque: it calls Python, which {target.name} does not have; expected functions of the "
                f"language: write {f.name} in it, or fit its values by a formula",
                f.where,
            )
