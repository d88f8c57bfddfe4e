"""What lets do besides giving their results: to which ref, and where in it."""

from collections.abc import Callable

from ir_kit import Body, at, block, func, real, reals, ref

from rosesim.ad.program.effects import acts, effects, hands_on, in_any_order
from rosesim.ad.program.ir import BOOL, Accum, Add, Atom, Block, Call, Guard, Loop, SubRef, Var, index_ty

N = 4
GRID = Var(ref(reals(N, N)), "grid")
ROW = Var(index_ty(N), "i")
COLUMN = Var(index_ty(N), "j")


def lets(write: Callable[[Body], object]) -> Block:
    def written(b: Body) -> list[Atom]:
        write(b)
        return []

    return block(written)


def places(write: Callable[[Body], object]) -> list[tuple[Var | None, tuple[Atom, ...]]]:
    return [(x.ref, x.place) for x in effects(lets(write).lets)]


def row(b: Body) -> Var:
    return b.let(SubRef(GRID, (ROW,)), ref(reals(N)))


def added(b: Body, r: Var) -> list[Atom]:
    b.let(Add(r, (at(0, N),), real(1.0)))
    return []


ADDS = func([ref(reals(N))], added)


def test_what_is_added_to_a_part_is_added_to_the_ref_at_both_places() -> None:
    assert places(lambda b: b.let(Add(row(b), (COLUMN,), real(1.0)))) == [(GRID, (ROW, COLUMN))]


def test_a_call_may_add_all_over_the_part_that_it_is_handed() -> None:
    assert places(lambda b: b.let(Call(ADDS, (row(b),)))) == [(GRID, (ROW,))]
    assert hands_on(lets(lambda b: b.let(Call(ADDS, (row(b),)))).lets)


def test_what_is_added_to_a_ref_of_the_lets_own_is_no_effect() -> None:
    own = Var(ref(reals()), "own")
    inside = lets(lambda b: b.let(Add(own, (), real(1.0))))
    assert not acts(lets(lambda b: b.let(Accum((real(0.0),), (own,), inside), reals())).lets)
    assert acts(inside.lets)


def loop(write: Callable[[Body], object]) -> Loop:
    return Loop(n=N, index=ROW, inits=(), carries=(), body=lets(write))


def test_iterations_that_add_to_their_own_rows_may_run_in_any_order() -> None:
    assert in_any_order(loop(lambda b: b.let(Call(ADDS, (row(b),)))))
    assert in_any_order(loop(lambda b: b.let(Add(GRID, (COLUMN, ROW), real(1.0)))))
    assert not in_any_order(loop(lambda b: b.let(Add(GRID, (COLUMN, COLUMN), real(1.0)))))
    assert not in_any_order(loop(lambda b: b.let(Guard(b.op("lt", real(0.0), real(1.0), ty=BOOL), "stop"))))
