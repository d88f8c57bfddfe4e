"""Flat arguments and results of a compiled program: they are taken as they lie, or refused by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ir_kit import Body, at, func, reals

from rosesim.ad.program.ir import (
    BOOL,
    REAL,
    BoolT,
    Call,
    Func,
    Get,
    IntT,
    Opaque,
    Ty,
    Var,
    index_ty,
)
from rosesim.ad.support.errors import ArgumentError
from rosesim.codegen import compile_func

pytestmark = pytest.mark.usefixtures("calls_stay_calls")


def test_arrays_come_in_as_they_lie() -> None:
    f = func([reals(4, 3)], lambda b, x: [x, b.let(Get(x, (at(1, 4), at(2, 3))), REAL)])
    compiled = compile_func(f, names=["state.x"])
    x = np.arange(24.0).reshape(8, 3)
    read_only = x[:4].copy()
    read_only.flags.writeable = False
    raw = np.zeros(4 * 3 * 8 + 1, np.uint8)
    unaligned = raw[1:].view(np.float64).reshape(4, 3)
    unaligned[:] = x[:4]
    for a in (x[:4], x[::2], x[3::-1], np.asfortranarray(x[:4]), read_only, unaligned, x[:4].tolist(),
              x[:4].astype(np.int32), x[:4].astype(np.float32), x[:4].astype(">f8"), x[2:6]):  # fmt: skip
        out, one = compiled(a)
        np.testing.assert_array_equal(out, np.asarray(a, float))
        assert out.dtype == np.float64 and out.flags.writeable and one == np.asarray(a)[1, 2]
        assert not np.shares_memory(out, a) and out is not compiled(a)[0]


@pytest.mark.parametrize(
    ("ty", "value", "message"),
    [
        (reals(3), np.zeros(4), r"argument state\.x: found an array of shape \(4,\) and dtype float64"),
        (reals(3), 1.0, r"expected an array of shape \(3,\) of real numbers"),
        (reals(3), np.zeros(3, complex), "dtype complex128"),
        (reals(3), ["a", "b", "c"], "expected an array"),
        (reals(2), [[1.0], [1.0, 2.0]], "not an array"),
        (REAL, np.zeros(1), "expected a real number"),
        (REAL, "1", "found str '1', expected a real number"),
        (REAL, 10**400, "too large"),
        (BOOL, 1, "found int 1, expected True or False"),
        (Ty(BoolT(), (2,)), np.array([0, 1]), r"booleans \(dtype bool\)"),
        (index_ty(3), 3, "found int 3, expected an integer from 0 to 2"),
        (index_ty(3), -1, "found int -1"),
        (index_ty(3), 1.0, "found float 1.0"),
        (index_ty(3), 10**30, "expected an integer from 0 to 2"),
        (Ty(IntT(0, 2), (2,)), np.array([0, 3]), "with values from 0 to 3, expected"),
        (Ty(IntT(0, 2), (2,)), [-1, 0], "with values from -1 to 0"),
        (Ty(IntT(0, 2), (2,)), np.zeros(2), "dtype float64"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(ty: Ty, value: Any, message: str) -> None:
    ran: list[int] = []
    g = Func("user", (), Opaque(lambda: (ran.append(1), (1.0,))[1], (REAL,)))
    compiled = compile_func(func([ty], lambda b, x: [b.let(Call(g, ()), REAL), x]), names=["state.x"])
    with pytest.raises(ArgumentError, match=message):
        compiled(value)
    assert not ran


def test_the_number_of_arguments_is_checked() -> None:
    compiled = compile_func(func([REAL, REAL], lambda b, x, y: b.op("add", x, y)))
    for args in ((), (1.0,), (1.0, 2.0, 3.0)):
        with pytest.raises(ArgumentError, match=f"was given {len(args)} arguments, expected 2: a, b"):
            compiled(*args)


def test_scalars_come_in_many_forms_and_out_as_python_numbers() -> None:
    f = func([REAL, index_ty(9), BOOL], lambda b, x, i, p: [p, i, x])
    compiled = compile_func(f)
    for args in ((2, np.uint8(3), np.True_), (np.float32(2), np.array(3), True), (2.0, 3, np.array(True))):
        out = compiled(*args)
        assert out == (True, 3, 2.0)
        assert [type(v) for v in out] == [bool, int, float]


def test_foreign_truths_are_read_as_truths() -> None:
    strange = np.array([0, 2, 255], np.uint8).view(bool)

    def write(b: Body, x: Var) -> Any:
        return [b.op("not", b.let(Get(x, (at(k, 3),)), BOOL), ty=BOOL) for k in range(3)]

    assert compile_func(func([Ty(BoolT(), (3,))], write))(strange) == (True, False, False)
