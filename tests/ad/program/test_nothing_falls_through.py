"""Whoever adds a kind of expression or an operator is told, by name, of every place that must know it."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast, get_args

import pytest
from ir_kit import ONE, block, func, real

from rosesim.ad.derive.forward import Activity, Forward, jvp_func
from rosesim.ad.derive.reverse.primal import primal_of
from rosesim.ad.derive.reverse.transpose import transpose
from rosesim.ad.instrument.cuts import lost
from rosesim.ad.instrument.debug import guarded
from rosesim.ad.instrument.decisions import decisions
from rosesim.ad.instrument.demand import Summary
from rosesim.ad.instrument.dependence import depends
from rosesim.ad.instrument.growth import growth
from rosesim.ad.instrument.record import recorded
from rosesim.ad.instrument.rounding import noisy
from rosesim.ad.passes.direction import forwards
from rosesim.ad.passes.simplify import nested_free, simplified
from rosesim.ad.program import ir
from rosesim.ad.program.check import check
from rosesim.ad.program.cost import func_work
from rosesim.ad.program.effects import acts, may_stop
from rosesim.ad.program.interp import run
from rosesim.ad.program.ir import REAL, TAN, Add, Atom, Binder, Block, Func, Let, Loop, Op, Var, index_ty
from rosesim.ad.program.ops import OPS, Operator
from rosesim.ad.program.rewrite import Copy, with_blocks
from rosesim.ad.program.show import show
from rosesim.codegen.llvm import lower_ops
from rosesim.codegen.llvm.code import Code
from rosesim.codegen.llvm.emit import Emitter
from rosesim.codegen.passes.buffers import analyse
from rosesim.codegen.passes.lanes.variance import Variance, asks_for_mask
from rosesim.codegen.passes.lanes.writer import LaneWriter
from rosesim.codegen.passes.split import split
from rosesim.codegen.passes.whole_program import fallible, overlapping_refs

ROOT = Path(__file__).parents[3] / "rosesim"


@ir.node
class Made:
    """A made-up construct: runs `body`, in which `state` is x, so many times."""

    times: int
    x: Atom
    state: Binder
    body: Block
    other: Block | None = None


@pytest.fixture(autouse=True)
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ir, "Expr", ir.Expr | Made)


S = Var(REAL, "s")


def made(x: Atom, y: Atom) -> Any:
    return Made(3, x, S, block(lambda b: b.op("mul", S, y)))


def program(*tys: ir.Ty) -> Func:
    """Of (x, y, and parameters of these types): what the construct makes of x and y, before anything else."""
    return func([REAL, REAL, *tys], lambda b, x, y, *rest: b.let(made(x, y), REAL))


def let() -> Let:
    f = program()
    assert isinstance(f.body, Block)
    return f.body.lets[0]


def linear() -> Func:
    """With a tangent, which the construct has nothing to do with."""
    return func([REAL, TAN], lambda b, x, t: [b.let(made(x, ONE), REAL), b.op("mul", real(2.0), t, ty=TAN)])


def backwards() -> Func:
    """In a loop that runs backwards and adds."""
    i = Var(index_ty(4))

    def write(b: Any, x: Atom, r: Var) -> list[Atom]:
        def step(c: Any) -> list[Atom]:
            c.let(Add(r, (), c.let(made(x, x), REAL)))
            return []

        b.let(Loop(n=4, index=i, inits=(), carries=(), body=block(step), reverse=True))
        return [x]

    return func([REAL, ir.Ty(REAL.scalar, (), True)], write)


def long() -> Func:
    return func([REAL], lambda b, x: [[b.op("neg", x) for _ in range(2_001)][-1], b.let(made(x, x), REAL)])


EVERY_LET = cast(Any, SimpleNamespace(columns=lambda let: ("a number",), enters=lambda f: True))

# Each place, and how it is asked about the construct.
REFUSING: dict[str, Callable[[], object]] = {
    "ad.check": lambda: check(program()),
    "ad.cost": lambda: func_work(program()),
    "ad.debug": lambda: guarded(program()),
    "ad.decisions": lambda: decisions(program()),
    "ad.depend": lambda: depends(program(), (True, False)),
    "ad.direction": lambda: forwards(backwards()),
    "ad.effects, effects": lambda: acts((let(),)),
    "ad.effects, may_stop": lambda: may_stop(program()),
    "ad.forward, Activity": lambda: jvp_func(program(), (True, False)),
    "ad.forward, Forward": lambda: Forward(cast(Activity, SimpleNamespace(on=set[Atom]()))).lets([let()]),
    "ad.growth": lambda: growth(program()),
    "ad.interp": lambda: run(program(), (1.0, 2.0)),
    "ad.lost": lambda: lost(program()),
    "ad.noisy": lambda: noisy(program()),
    "ad.record, rows": lambda: recorded(program(), EVERY_LET),
    "ad.show": lambda: show(program()),
    "ad.simplify": lambda: simplified(program()),
    "ad.transpose, reverse": lambda: transpose(linear()),
    "ad.transpose, primal": lambda: primal_of(linear()),
    "ad.wanted": lambda: Summary(program(), lambda f: pytest.fail("no call")),
    "codegen.alias": lambda: analyse(program(), {}),
    "codegen.emit": lambda: Emitter.let(cast(Emitter, SimpleNamespace(code=None)), let()),
    "codegen.lanes.writer": lambda: LaneWriter(cast(Any, None), 1, 4, set()).rewrite(let()),
    "codegen.plan, fallible": lambda: fallible([program()], set()),
    "codegen.plan, overlapping_refs": lambda: overlapping_refs([program()]),
    "codegen.split": lambda: split(long()),
    "codegen.variance, of": lambda: Variance().of(program(), (True, False)),
    "codegen.variance, asks_for_mask": lambda: asks_for_mask(program()),
}


@pytest.mark.parametrize("place", REFUSING)
def test_a_made_up_construct_is_refused_by_name(place: str) -> None:
    with pytest.raises(TypeError, match="Made was found; expected an expression that this pass"):
        REFUSING[place]()


def test_traversals_see_into_a_made_up_construct() -> None:
    x, y, z, inner = Var(REAL, "x"), Var(REAL, "y"), Var(REAL, "z"), Var(REAL)
    e = cast(Any, Made(3, x, S, Block((Let((inner,), Op("add", (S, y))),), (inner,)), Block((), (z,))))
    assert (ir.operands(e), ir.binders(e), ir.blocks(e)) == ((x,), (S,), (e.body, e.other))
    whole = Block((Let((Var(REAL),), e),), ())
    assert [*ir.free_vars(whole)] == [x, y, z] and len([*ir.all_lets(whole)]) == 2
    assert nested_free(e) == {x, y, z}
    new = cast(Any, Copy({x: ONE, y: z}).lets(whole.lets)[0].expr)
    assert type(new) is Made and new.x is ONE and new.times == 3
    assert new.state is not S and ir.operands(new.body.lets[0].expr) == (new.state, z)
    assert with_blocks(e, lambda b: b) is e
    emptied = cast(Any, with_blocks(e, lambda b: Block((), b.results)))
    assert emptied.body.lets == () and emptied.x is x


def test_what_is_no_expression_goes_through_no_traversal() -> None:
    @ir.node
    class Stranger:
        x: Atom

    for ask in (ir.operands, ir.blocks, ir.binders, ir.nests):
        with pytest.raises(TypeError, match=r"Stranger was found in a program; expected a node of ir\.Expr"):
            ask(cast(Any, Stranger(ONE)))


def test_a_field_that_hides_atoms_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    @ir.node
    class Hiding:
        by_name: dict[str, Atom]

    monkeypatch.setattr(ir, "Expr", ir.Expr | Hiding)
    with pytest.raises(TypeError, match=r"the field Hiding\.by_name"):
        ir.operands(cast(Any, Hiding({})))


# ------------------------------------------------------------------------------------- all matches

PARTIAL = {  # matches that do not name every expression, and why what they answer for the others holds
    "ad.builder.Builder.get": "what it cannot simplify is written as it is",
    "ad.cotangent.covers": "says what is sure to be set",
    "ad.cotangent.Outside.is_finite": "says what is sure, and of others nothing",
    "ad.debug._BlockWriter._inner": "given Loop, Cond and Accum alone, by its type",
    "ad.elements._Forward._read": "follows what it can; the others are read where they are",
    "ad.elements._Forward.lets": "takes reads and writes of elements; of the others Renaming enters the blocks",
    "ad.forward.Forward._simple": "given the simple ones alone, by its type",
    "ad.index_values._Compute.lets": "takes reads of masks; of the others Renaming enters the blocks",
    "ad.record._Recorder.lets": "copies the others by their fields; probes name all",
    "ad.rewrite.Copy._expr": "copies the others by their fields",
    "ad.same_number._Pairs._same_made": "says what is sure to be the same number",
    "ad.scatter_to_gather._Gathering._place": "what it cannot follow stays as it is",
    "ad.scatter_to_gather._Bounded.is_zero": "says what is sure to be zero",
    "ad.scatter_to_gather._Bounded.boolean": "says what is sure to be true or false",
    "ad.scatter_to_gather._Bounded.range": "gives the bounds of the type",
    "ad.share_functions._with_literals": "of the others the literals stay",
    "codegen.branch_tails._side": "given Op, Get and Add alone",
    "codegen.buffers._reads_own_element": "asks the others for their operands and free variables",
    "codegen.carried_sums._taken": "takes additions of the body and of its branches; those in others stay in them",
    "codegen.defer._sites.look": "looks for additions that may wait; the others stay",
    "codegen.gather_sums._is_simple": "says what is sure to be straight code",
    "codegen.gather_sums._place": "says what is sure to be a moved index",
    "codegen.loops._is_independent": "says what is sure to be independent",
    "codegen.products._Nest._factors": "says what is sure to be a product",
    "codegen.products._Nest.block": "looks for products in loops and accums; the others stay",
    "codegen.share_loops._reach": "says what is sure to be near; the others may be anywhere",
    "codegen.borders._decisions": "looks for what is decided by the index; all else is written as it is",
    "codegen.scaled_carries._element": "says what is sure to be an element of the carry",
    "codegen.scaled_carries._image": "says what is sure to be the carry times a factor",
    "codegen.single_adds._body": "notes what is sure to be zero but for one part",
    "codegen.single_adds._body.walk": "rewrites additions; the others by their blocks",
    "codegen.sink._few": "asks the others for their operands and free variables",
    "codegen.split_vectors._Split._let": "the others neither read nor write elements, or are made part by part",
    "codegen.split_vectors._Split._made": "refuses the others by name",
    "codegen.spread._in_steps": "estimates what pays; the others count as not step by step",
    "codegen.spread._step_by_step": "estimates what pays; the others count with all of their work",
    "codegen.spread._term": "says what is sure to be a term",
    "codegen.split._elements": "everything but Get counts as a use of the whole array",
    "codegen.straight_sums._Summed._summed": "looks for additions and branches; the others have none of the refs",
    "codegen.stage_scatters._Row._place": "says what is sure to be a moved index",
}


def partial_matches() -> Iterator[str]:
    """Each match on expressions that does not end by refusing what it does not name."""
    nodes = {c.__name__ for c in get_args(ir.Expr)}
    for layer in ("ad", "codegen"):
        for file in sorted((ROOT / layer).rglob("*.py")):
            stack: list[tuple[ast.AST, str]] = [(ast.parse(file.read_text(encoding="utf-8")), f"{layer}.{file.stem}")]
            while stack:
                tree, name = stack.pop()
                if isinstance(tree, ast.Match) and any(_classes(c.pattern) & nodes for c in tree.cases):
                    if not _refuses(tree.cases[-1]):
                        yield name
                for child in ast.iter_child_nodes(tree):
                    is_scope = isinstance(child, ast.FunctionDef | ast.ClassDef)
                    stack.append((child, f"{name}.{child.name}" if is_scope else name))


def _classes(pattern: ast.pattern) -> set[str]:
    return {ast.unparse(p.cls).split(".")[-1] for p in ast.walk(pattern) if isinstance(p, ast.MatchClass)}


def _refuses(last: ast.match_case) -> bool:
    ends = ast.unparse(last.body[-1])
    return ast.unparse(last.pattern) == "_" and ends.startswith(("raise ", "unknown(", "ir.unknown("))


def test_a_match_on_expressions_names_them_all_or_has_a_reason_not_to() -> None:
    assert sorted(set(partial_matches())) == sorted(PARTIAL)


# -------------------------------------------------------------------------------------- operators


def applied() -> Func:
    return func([REAL], lambda b, x: b.op("made_up", x))


UNKNOWN: dict[str, Callable[[], object]] = {
    "ad.check": lambda: check(applied()),
    "ad.cost": lambda: func_work(applied()),
    "ad.debug": lambda: guarded(applied()),
    "ad.forward": lambda: jvp_func(applied(), (True,)),
    "ad.interp": lambda: run(applied(), (1.0,)),
}


@pytest.mark.parametrize("place", UNKNOWN)
def test_an_operator_without_a_row_is_refused_by_name(place: str) -> None:
    with pytest.raises(Exception, match="made_up"):
        UNKNOWN[place]()


def lower() -> None:
    lower_ops.lower(Code(0), "", "made_up", ["%x"], [REAL], REAL)


def bounds() -> None:
    check(func([index_ty(3)], lambda b, i: b.op("made_up", i, ty=index_ty(3))))


def reverse() -> None:
    transpose(func([TAN], lambda b, t: b.op("made_up", t, ty=TAN)))


@pytest.mark.parametrize(
    ("kinds", "result", "place"),
    [("r", "r", lower), ("i", "i", bounds), ("r", "r", reverse)],
    ids=lambda v: getattr(v, "__name__", v),
)
def test_an_operator_with_a_row_alone_is_refused_by_name(
    kinds: str, result: str, place: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = Operator("made_up", kinds, result, lambda x: x, linear=("t",) if kinds == "r" else ())
    monkeypatch.setitem(OPS, "made_up", row)
    with pytest.raises(Exception, match="made_up"):
        place()
