"""What random programs have found, each as the smallest program that showed it (docs/trust.md)."""

from __future__ import annotations

from rosesim import Bool, Index, Real, cond, fn, vec


def test_a_row_that_a_branch_gave_is_read_in_a_block_and_again_after_it() -> None:
    # The row, put together after the branch, was taken for one of the first block that read it.
    @fn
    def f(x: Real, p: Bool) -> Real:
        m = cond(
            p, lambda: vec(2, lambda i: vec(2, lambda j: x + i + j)), lambda: vec(2, lambda i: vec(2, lambda j: x))
        )
        inside = cond(x > 0.0, lambda: m[1][0], lambda: m[1][1])
        return inside + m[1][Index[2].wrap(x)]

    assert f(1.0, True) == 2.0 + 3.0
