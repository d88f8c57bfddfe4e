"""What Python and NumPy would do with a plain value is refused at the user's line, with what to write."""

# The mistakes are made on purpose, and an editor would see some of them.
# pyright: reportReturnType=false, reportCallIssue=false, reportArgumentType=false
# pyright: reportInvalidTypeForm=false, reportAttributeAccessIssue=false
from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from mistakes import marked, refuses

from rosesim import (
    Index,
    Real,
    TraceError,
    TypeMismatch,
    Vec,
    fn,
)

# ---------------------------------------------------------------------------- Python and NumPy as consumers


def test_float() -> None:
    @fn
    def f(x: Real) -> Any:
        return float(x)  # here

    refuses(TraceError, lambda: f(1.0), "float() or a function of `math` on a traced Real", "keep it a Real")


def test_int() -> None:
    @fn
    def f(x: Real) -> Any:
        return int(x)  # here

    refuses(TraceError, lambda: f(1.0), "int() on a traced Real", "write Index[n].clamp(x)")


def test_round() -> None:
    @fn
    def f(x: Real) -> Any:
        return round(x)  # pyright: ignore  # here

    refuses(TraceError, lambda: f(1.0), "round() on a traced Real", "write floor(x + 0.5)")


@pytest.mark.parametrize("function", [math.sin, math.sqrt, math.floor, math.isnan, math.exp])
def test_a_function_of_the_math_module(function: Any) -> None:
    @fn
    def f(x: Real) -> Any:
        return function(x)  # here

    refuses(TraceError, lambda: f(1.0), "a function of `math` on a traced Real", "use rosesim's functions")


def test_a_numpy_function_of_a_number() -> None:
    @fn
    def f(x: Real) -> Any:
        return np.sin(x)  # here

    refuses(TraceError, lambda: f(1.0), "NumPy's sin on a traced Real was found", "use rosesim.sin")


@pytest.mark.parametrize(
    ("function", "found"),
    [
        (np.sum, "Vec[Real, 3]"),
        (np.linalg.norm, "Vec[Real, 3]"),
        (np.max, "Vec[Real, 3]"),
        (lambda x: np.clip(x, 0, 1), "Vec[Real, 3]"),
        (lambda x: np.dot(x, x), "Vec[Real, 3]"),
        (lambda x: np.stack([x, x]), "Vec[Real, 3]"),
        (np.concatenate, "Real"),
    ],
)
def test_a_numpy_function_of_a_vector(function: Any, found: str) -> None:
    @fn
    def f(x: Vec[Real, 3]) -> Any:
        return function(x)

    with pytest.raises(TraceError) as e:
        f([1.0, 2.0, 3.0])
    assert "NumPy's " in str(e.value)
    assert f"on a traced {found} was found" in str(e.value)
    assert "use rosesim's functions" in str(e.value)
    assert (e.value.where or "").startswith(__file__)


@pytest.mark.parametrize("function", [np.array, np.asarray, lambda x: np.array([x, x]), np.float64])
def test_a_numpy_array_of_traced_values(function: Any) -> None:
    @fn
    def f(x: Real) -> Any:
        return function(x)  # the lambda above is a line of the user's, too

    with pytest.raises(TraceError, match="on a traced Real was found, whose value is known only when"):
        f(1.0)


def test_a_traced_value_written_into_a_numpy_array() -> None:
    @fn
    def f(x: Real) -> Any:
        a = np.zeros(3)
        a[0] = x  # here
        return a

    refuses(TraceError, lambda: f(1.0), "float() or a function of `math` on a traced Real was found")


def test_a_traced_vector_written_into_a_numpy_array() -> None:
    @fn
    def f(x: Vec[Real, 3]) -> Any:
        a = np.zeros(3)
        a[0] = x  # here
        return a

    refuses(TypeMismatch, lambda: f([1.0, 2.0, 3.0]), "setting an array element with a sequence: a traced value")


def test_an_error_of_the_users_own_arrays_is_left_alone() -> None:
    @fn
    def f(x: Real) -> Any:
        return x * np.array([[1.0], [1.0, 2.0]]).sum()

    with pytest.raises(ValueError, match="inhomogeneous") as e:
        f(1.0)
    assert not isinstance(e.value, TraceError)


def test_formatting_a_number() -> None:
    @fn
    def f(x: Real) -> Real:
        print(f"{x:.3f}")  # here
        return x

    refuses(TraceError, lambda: f(1.0), "formatting the number in a traced Real", "@opaque")


def test_printing_a_traced_value_shows_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    @fn
    def f(x: Vec[Real, 3]) -> Real:
        print(x, f"{x[0]}")
        return x[0]

    f([1.0, 2.0, 3.0])
    assert capsys.readouterr().out == "<traced Vec[Real, 3]> <traced Real>\n"


# ------------------------------------------------------------------------------------------------- mutation


def test_assigning_to_an_element() -> None:
    @fn
    def f(x: Vec[Real, 3]) -> Any:
        x[0] = 1.0  # here
        return x

    refuses(TraceError, lambda: f([1.0, 2.0, 3.0]), "assigning to an element", "write x = x.at[i].set(v)")


def test_increasing_an_element() -> None:
    @fn
    def f(x: Vec[Real, 3], i: Index[3]) -> Any:
        x[i] += 1.0  # here
        return x

    refuses(TraceError, lambda: f([1.0, 2.0, 3.0], 1), "assigning to an element", "write x = x.at[i].set(v)")


def test_deleting_an_element() -> None:
    @fn
    def f(x: Vec[Real, 3]) -> Any:
        del x[0]  # here
        return x

    refuses(TraceError, lambda: f([1.0, 2.0, 3.0]), "deleting an element", "x[1:]")


def test_appending() -> None:
    @fn
    def f(x: Vec[Real, 3]) -> Any:
        x.append(1.0)  # here
        return x

    with pytest.raises(AttributeError) as e:
        f([1.0, 2.0, 3.0])
    assert isinstance(e.value, TraceError)
    assert e.value.where == marked(test_appending.__code__)
    assert "the attribute 'append' of a traced Vec[Real, 3] was found" in str(e.value)
    assert "x.at[i].set(v)" in str(e.value)


def test_setting_an_attribute() -> None:
    @fn
    def f(x: Vec[Real, 3]) -> Any:
        x.name = 1.0  # here
        return x

    refuses(TraceError, lambda: f([1.0, 2.0, 3.0]), "setting the attribute 'name'", "build a new value")


def test_setting_an_element_to_something_else() -> None:
    @fn
    def f(x: Vec[Real, 3]) -> Any:
        return x.at[0].set([1.0, 2.0])  # here

    refuses(TypeMismatch, lambda: f([1.0, 2.0, 3.0]), "list was found where a Real was expected")


def test_a_function_of_numpy_that_is_written_in_python_is_not_the_users_line() -> None:
    @fn
    def f(x: Real) -> Any:
        return np.linalg.solve([[x, 0.0], [0.0, 1.0]], [1.0, 2.0])  # here

    refuses(TraceError, lambda: f(1.0), "a NumPy function on a traced Real", "use rosesim's functions")
