"""Functions in C and C++: the numbers are those of this process, on their own without Python."""

from __future__ import annotations

import platform
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from rosesim import Bool, Index, Real, TraceError, Vec, fn, opaque, scan, value_and_grad, vec
from rosesim.interop import c

GCC, GXX = shutil.which("gcc"), shutil.which("g++")
compiled = pytest.mark.skipif(GCC is None, reason="gcc is not there")


@fn
def throw(velocity: Vec[Real, 2], drag: Real) -> Real:
    """How far from (1, 0) a ball is after 50 steps."""

    def step(s, t):
        x, v = s
        return x + 0.02 * v, (1.0 - 0.02 * drag) * v - vec(2, lambda i: 0.02 * 9.8 * i)

    x, _ = scan(step, (vec(2, lambda i: 0.0 * velocity[0]), velocity), 50)
    return (x[0] - 1.0) ** 2 + x[1] ** 2


@fn
def pick(
    a: Vec[Real, 4], k: Index[4], at: Vec[Index[4], 3], up: Bool
) -> tuple[Real, Bool, Index[4], Vec[Index[4], 3]]:
    from rosesim import select

    return select(up, a[k], -a[k]) + a[at[2]], up, k, at


@fn
def checked(x: Real) -> Real:
    return vec(3, lambda i: x)[Index[3].check(x)]


@fn
def large(x: Vec[Real, 20000]) -> Real:
    return scan(lambda s, i: (s * 0.5 + x[i], s), 0.0, 20000)[1] @ x


def ran(folder: Path, main: str, compiler: str | None, *more: str) -> list[str]:
    source = folder / ("main.c" if compiler == GCC else "main.cpp")
    source.write_text(main)
    program, objects = folder / "main", [str(o) for o in folder.glob("*.o")]
    command = [
        str(compiler),
        "-Wall",
        "-Wextra",
        "-Werror",
        "-O1",
        *more,
        str(source),
        *objects,
        "-lm",
        "-o",
        str(program),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return subprocess.run([str(program)], capture_output=True, text=True, check=True).stdout.split()


MAIN = """
#include <stdio.h>
#include "ball.h"
int main(void) {
  double v[2] = {2.0, 3.0}, value, slope[2], by_drag;
  if (ball_throw(v, 0.1, &value)) return 1;
  printf("%.17g\\n", value);
  if (ball_slope(v, 0.1, &value, slope, &by_drag)) return 1;
  printf("%.17g %.17g %.17g %.17g\\n", value, slope[0], slope[1], by_drag);
  return 0;
}
"""


@compiled
@pytest.mark.parametrize("compiler", [GCC, GXX], ids=["c", "c++"])
def test_value_and_gradient_are_those_of_python(compiler: str, tmp_path: Path) -> None:
    if compiler is None:
        pytest.skip("g++ is not there")
    c.write({"throw": throw, "slope": value_and_grad(throw)}, tmp_path / "ball", math="strict")
    found = [float(s) for s in ran(tmp_path, MAIN, compiler)]
    value, (by_velocity, by_drag) = value_and_grad(throw).compile(math="strict")(np.array([2.0, 3.0]), 0.1)
    assert found == [value, value, *by_velocity, by_drag]


@compiled
def test_integers_and_booleans_and_their_bounds(tmp_path: Path) -> None:
    c.write({"pick": pick, "checked": checked}, tmp_path / "t")
    main = """
#include <stdio.h>
#include "t.h"
int main(void) {
  double a[4] = {1, 2, 4, 8}, r = 0; bool up = true; int64_t k = 0; uint8_t at[3] = {0, 1, 3};
  uint8_t out[3], bad[3] = {0, 4, 0};
  int s = t_pick(a, 2, at, false, &r, &up, &k, out);
  printf("%d %g %d %d %d%d%d\\n", s, r, up, (int)k, out[0], out[1], out[2]);
  printf("%d %d %d\\n", t_pick(a, 4, at, true, &r, &up, &k, out), t_pick(a, -1, at, true, &r, &up, &k, out),
         t_pick(a, 0, bad, true, &r, &up, &k, out));
  printf("%d %d %s\\n", t_checked(2.0, &r), t_checked(3.5, &r), t_checked_message(t_checked(3.5, &r)));
  return 0;
}
"""
    said = ran(tmp_path, main, GCC)
    assert said[:5] == ["0", "4", "0", "2", "013"] and said[5:8] == ["-1", "-1", "-1"]
    assert said[8:10] == ["0", "1"] and "expected" in " ".join(said[10:])


@compiled
def test_a_shared_library_is_loaded_and_a_large_workspace_allocated(tmp_path: Path) -> None:
    import ctypes

    *_, library = c.write({"large": value_and_grad(large)}, tmp_path / "sum", shared=True)
    call = ctypes.CDLL(str(library)).sum_large_call
    x, value, slope = np.linspace(0.0, 1.0, 20000), ctypes.c_double(), np.zeros(20000)
    pointer = np.ctypeslib.ndpointer(np.float64)
    call.argtypes = [pointer, ctypes.c_void_p, pointer]
    assert call(x, ctypes.byref(value), slope) == 0
    expected, gradient = value_and_grad(large)(x)
    assert value.value == pytest.approx(expected, rel=1e-14)
    np.testing.assert_allclose(slope, gradient, rtol=1e-13)


@compiled
def test_a_result_may_not_lie_on_an_argument(tmp_path: Path) -> None:
    @fn
    def step(x: Vec[Real, 4]) -> tuple[Vec[Real, 4], Real]:
        return vec(4, lambda i: x[3 - i]), x[0]

    c.write({"step": step}, tmp_path / "s")
    main = """
#include <stdio.h>
#include "s.h"
int main(void) {
  double x[9] = {1, 2, 3, 4}, y = 0;
  int in_place = s_step(x, x, &y), shifted = s_step(x, x + 3, &y), on_result = s_step(x, x + 4, &x[5]);
  int apart = s_step(x, x + 4, &y);
  printf("%d %d %d %d %g %g\\n", in_place, shifted, on_result, apart, x[4], y);
  return 0;
}
"""
    assert ran(tmp_path, main, GCC) == ["-3", "-3", "-3", "0", "4", "1"]


@compiled
@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="these are processors of another kind")
@pytest.mark.parametrize("cpu", ["x86-64", "x86-64-v3"])
def test_code_for_an_older_processor_gives_the_same_bits(cpu: str, tmp_path: Path) -> None:
    c.write({"throw": throw, "slope": value_and_grad(throw)}, tmp_path / "ball", math="strict", cpu=cpu)
    assert float(ran(tmp_path, MAIN, GCC)[0]) == throw.compile(math="strict")(np.array([2.0, 3.0]), 0.1)


def test_names_are_written_so_that_c_can(tmp_path: Path) -> None:
    @fn
    def f(double: Real, x: tuple[Real, Real]) -> Real:
        return double * x[0] + x[1]

    header, _ = c.write({"f": f}, tmp_path / "names")
    assert "double double_," in header.read_text() and "double x_0,\n    double x_1," in header.read_text()
    with pytest.raises(ValueError, match=r"'2x' was found; expected a name that C can write"):
        c.write({"2x": throw}, tmp_path / "t")


def test_a_function_that_calls_python_is_refused_at_its_line(tmp_path: Path) -> None:
    @opaque
    def ask(x: float) -> float:
        return x

    with pytest.raises(TraceError, match=r"test_c.py:\d+: .*ask is opaque: it calls Python, which C does not have"):
        c.write({"f": (fn(lambda x: ask(x)), 1.0)}, tmp_path / "t")
