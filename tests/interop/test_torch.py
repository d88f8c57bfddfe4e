"""PyTorch differentiates our functions: its own gradcheck, to second order, in batches, in its dtypes."""

from __future__ import annotations

import io
import pickle
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from rosesim import ArgumentError, Index, Real, Vec, cond, exp, fn, grad, scan, sin, vmap

torch = pytest.importorskip("torch")
from torch.autograd import gradcheck, gradgradcheck  # noqa: E402 -- only where PyTorch is

from rosesim.interop import torch as bridge  # noqa: E402
from rosesim.interop.torch import torch_function  # noqa: E402


@dataclass(frozen=True)
class Params:
    x: Vec[Real, 3]
    scale: Real
    which: Index[3]


@fn
def orbit(p: Params, h: Real):
    """A loop with a branch, and a result of each kind."""

    def step(s: Any, i: Any) -> Any:
        a, b = s
        b = b - h * sin(a) * p.scale
        return cond(b > 5.0, lambda: (a, 0.5 * b), lambda: (a + h * b, b))

    a, b = scan(step, (p.x[p.which], p.x[0] * p.x[1]), 8)
    return {"ends": [a, b * exp(p.x[2])], "high": a > 0.0, "energy": 0.5 * b**2, "which": p.which}


def params(*, dtype: Any = None, grad: bool = True) -> Any:
    dtype = dtype or torch.float64
    x = torch.tensor([0.5, -1.2, 0.3], dtype=dtype, requires_grad=grad)
    return x, torch.tensor(1.5, dtype=dtype, requires_grad=grad), torch.tensor(0.1, dtype=dtype, requires_grad=grad)


of_tensors = torch_function(orbit)


def reals(x: Any, scale: Any, h: Any) -> Any:
    made = of_tensors(Params(x, scale, 1), h)
    return made["ends"], made["energy"]


def test_gradcheck_passes_in_reverse_and_forward_mode():
    assert gradcheck(reals, params(), check_forward_ad=True)


def test_gradgradcheck_passes():
    assert gradgradcheck(reals, params())


def test_the_third_derivative_is_the_closed_form():
    x = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    y = torch_function(fn(lambda x: sin(2.0 * x)))(x)
    for _ in range(3):
        (y,) = torch.autograd.grad(y, x, create_graph=True)
    assert y.item() == pytest.approx(-8.0 * np.cos(1.4), rel=1e-14)


def test_results_have_the_functions_structure_and_only_reals_are_differentiable():
    x, scale, h = params()
    made = of_tensors(Params(x, scale, torch.tensor(2)), h)
    assert made["high"].dtype == torch.bool and made["which"].dtype == torch.int64
    assert made["ends"].requires_grad and not made["high"].requires_grad and not made["which"].requires_grad
    assert made["which"].item() == 2


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_results_and_gradients_have_the_dtype_that_was_given(dtype: Any):
    x, scale, h = params(dtype=dtype)
    made = reals(x, scale, h)
    assert {a.dtype for a in made} == {dtype}
    made[1].backward()
    assert {a.grad.dtype for a in (x, scale, h)} == {dtype}
    as_double = grad(lambda p, h: orbit(p, h)["energy"], wrt=0)(
        Params(x.detach().double().numpy(), scale.item(), 1), h.item()
    )
    assert x.grad.double().numpy() == pytest.approx(as_double.x, rel=2 * torch.finfo(dtype).eps)


def test_a_tensor_of_float64_is_read_where_it_lies_and_results_are_handed_over():
    x = torch.arange(6, dtype=torch.float64).reshape(2, 3).T  # strided, too
    given = bridge._given(x)
    assert given.ctypes.data == x.data_ptr() and given.strides == (8, 24)
    made = np.zeros(4)
    assert bridge._taken(made, torch.float64).data_ptr() == made.ctypes.data


def test_gradients_arrive_where_they_are_wanted_and_nowhere_else():
    x, scale, h = params()
    reals(x, scale.detach(), h.detach())[1].backward()
    assert x.grad is not None and scale.grad is None and h.grad is None
    with torch.no_grad():
        assert not reals(x, scale, h)[1].requires_grad
    plain = torch_function(orbit)(Params(np.array([0.5, -1.2, 0.3]), 1.5, 1), 0.1)
    assert plain["energy"].dtype == torch.float64 and not plain["energy"].requires_grad


def test_a_backward_pass_runs_twice_if_it_is_kept():
    x, scale, h = params()
    y = reals(x, scale, h)[1]
    y.backward(retain_graph=True)
    first = x.grad.clone()
    y.backward()
    assert torch.equal(x.grad, 2.0 * first)
    with pytest.raises(RuntimeError, match="a second time"):
        y.backward()


def test_a_batch_of_ours_and_one_of_torch_are_the_runs_one_by_one():
    hs = torch.linspace(0.05, 0.2, 5, dtype=torch.float64)
    x, scale, _ = params()
    alone = torch.stack([reals(x, scale, h)[1] for h in hs])
    weights = torch.arange(1.0, 6.0, dtype=torch.float64)
    expected = torch.autograd.grad((alone * weights).sum(), (x, scale))
    ours = torch_function(vmap(orbit, over="h"))(Params(x, scale, 1), hs)["energy"]
    theirs = torch.func.vmap(lambda h: reals(x, scale, h)[1])(hs)
    for batch in (ours, theirs):
        torch.testing.assert_close(batch, alone)
        torch.testing.assert_close(torch.autograd.grad((batch * weights).sum(), (x, scale)), expected)


def test_a_batch_may_lie_along_another_axis():
    x, scale, h = params(grad=False)
    columns = torch.stack([x, 2.0 * x], dim=1)
    found = torch.func.vmap(lambda x: reals(x, scale, h)[1], in_dims=1)(columns)
    torch.testing.assert_close(found, torch.stack([reals(x, scale, h)[1], reals(2.0 * x, scale, h)[1]]))


def test_the_transforms_of_torch_func_compose():
    x, scale, h = params(grad=False)

    def energy(x: Any, h: Any) -> Any:
        return reals(x, scale, h)[1]

    hs = torch.linspace(0.05, 0.2, 3, dtype=torch.float64)
    one_by_one = [torch.func.grad(energy)(x, k) for k in hs]
    torch.testing.assert_close(
        torch.func.vmap(torch.func.grad(energy), in_dims=(None, 0))(x, hs), torch.stack(one_by_one)
    )
    by_rows, by_columns = torch.func.jacrev(torch.func.jacrev(energy))(x, h), torch.func.hessian(energy)(x, h)
    torch.testing.assert_close(by_rows, by_columns)
    torch.testing.assert_close(by_rows, by_rows.T)


def test_a_batch_is_one_program_that_is_remembered():
    x, scale, _ = params()
    hs = torch.linspace(0.05, 0.2, 5, dtype=torch.float64)
    run = torch.func.vmap(lambda h: reals(x, scale, h)[1])
    run(hs).sum().backward()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rosesim.ad.language.function.trace_once", lambda *a: pytest.fail("traced again"))
        run(hs + 0.01).sum().backward()


@dataclass(frozen=True)
class Ball:
    y: Vec[Real, 2]
    m: Real


def test_a_list_of_structs_is_a_vector_of_structs():
    @fn
    def weight(balls: Vec[Ball, 2]):
        return balls[0].m * balls[0].y[1] + balls[1].m * balls[1].y[1]

    y = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    torch_function(weight)([Ball(y, 3.0), Ball(2.0 * y, torch.tensor(1.0))]).backward()
    assert y.grad.tolist() == [0.0, 5.0]


def test_a_tensor_elsewhere_and_a_wrong_shape_are_refused_in_one_sentence():
    x, scale, h = params()
    with pytest.raises(ArgumentError, match="on the device meta was found; expected one on the CPU"):
        of_tensors(Params(x.to("meta"), scale, 1), h)
    words = (
        r"test_torch.py:\d+: orbit, argument p.x: an array of shape \(2,\) was found; expected one of shape \(3,\)"
    )
    with pytest.raises(ArgumentError, match=words):
        of_tensors(Params(x[:2], scale, 1), h)
    with pytest.raises(
        ArgumentError, match=r"shape \(7, 3\) was found; .* \(3,\); torch\.func\.vmap\(f\) takes a batch"
    ):
        of_tensors(Params(x.expand(7, 3), scale, 1), h)
    with pytest.raises(ArgumentError, match=r"p: a dict with n, scale, x was found; expected Params\(x: "):
        of_tensors({"n": 1, "scale": scale, "x": x}, h)
    with pytest.raises(ArgumentError, match=r"a tensor of torch\.complex128 was found; expected real numbers"):
        of_tensors(Params(x + 1j, scale, 1), h)


def test_it_is_pickled_as_what_it_was_made_of_and_saved_with_a_module() -> None:
    f = torch_function(orbit)
    again = pickle.loads(pickle.dumps(f))
    assert repr(again) == repr(f) == "torch_function(orbit)"
    x, scale, h = params(grad=False)
    args = Params(x, scale, 1), h
    assert again(*args)["energy"] == f(*args)["energy"]

    module = torch.nn.Linear(1, 1)
    module.f = f
    file = io.BytesIO()
    torch.save(module, file)
    file.seek(0)
    assert torch.load(file, weights_only=False).f(*args)["energy"] == f(*args)["energy"]
