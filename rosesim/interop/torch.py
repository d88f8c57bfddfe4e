"""PyTorch: a function of the language as one of tensors, with gradients of any order.

A contiguous or strided tensor of float64 on the CPU is read where it lies, and results are handed over as they are.
Copied are tensors of other dtypes, which are computed in double precision and given back in their own dtype, and
vectors of structs that are given as lists.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from rosesim.ad.language.arguments import build
from rosesim.ad.program.ir import BoolT
from rosesim.ad.support.errors import ArgumentError
from rosesim.ad.support.locate import here
from rosesim.ad.support.typeguards import is_list
from rosesim.ad.transforms.derivatives import as_fn
from rosesim.ad.transforms.tangents import is_real
from rosesim.interop.bridged import Bridged
from rosesim.interop.flat import Flat, Places
from rosesim.interop.leaves import TakenApart, array_like


def torch_function(f: Callable[..., Any]) -> Callable[..., Any]:
    """f as a function of tensors that autograd differentiates. Tensors stand wherever f takes numbers and arrays, in
    structs too; the result has f's structure, with tensors. Its reals have the dtype of the floating tensors that
    were given (the larger, if they differ; float64 if there are none), its integers are int64.

    It is differentiable to any order, in reverse and in forward mode; `torch.func.vmap` runs a batch in lanes, as our
    `vmap` does. Raises ArgumentError for a tensor on another device than the CPU, and what a call of f raises.

    >>> import torch
    >>> from rosesim import fn, Real, Vec
    >>> from rosesim.interop.torch import torch_function
    >>> @fn
    ... def energy(x: Vec[Real, 2], stiffness: Real) -> Real:
    ...     return 0.5 * stiffness * (x @ x)
    >>> x = torch.tensor([3.0, 4.0], requires_grad=True)
    >>> value = torch_function(energy)(x, 2.0)
    >>> value.backward()
    >>> value.item(), x.grad
    (25.0, tensor([6., 8.]))
    """
    g = as_fn(f)
    apart = TakenApart(g, _stand_in, "torch.func.vmap")

    bridged = Bridged(torch_function, f, g.python)

    @bridged.calls
    def of_tensors(*args: Any, **kwargs: Any) -> Any:
        flat, leaves, result = apart.call(args, kwargs)
        leaves = [_joined(leaf) for leaf in leaves]
        found = [leaf.dtype for k, leaf in enumerate(leaves) if k in flat.real and _is_floating(leaf)]
        dtype = functools.reduce(torch.promote_types, found) if found else torch.float64
        made = _call(flat, [_dtype_of(ty, dtype) for ty in flat.results], leaves)
        return build(result, made)

    return of_tensors


def _stand_in(v: Any) -> Any:
    if not isinstance(v, torch.Tensor):
        return v
    if v.device.type != "cpu":
        raise ArgumentError(f"a tensor on the device {v.device} was found; expected one on the CPU, where rosesim "
                            "runs: write x.cpu()", here())  # fmt: skip
    if v.dtype.is_complex:
        raise ArgumentError(f"a tensor of {v.dtype} was found; expected real numbers: write x.real, x.imag", here())
    return array_like(v.shape, "f" if v.dtype.is_floating_point else "b" if v.dtype == torch.bool else "i")


def _joined(leaf: Any) -> Any:
    """A leaf of a vector of structs, which was given as a list, as one tensor or array."""
    if not is_list(leaf):
        return leaf
    parts = [_joined(x) for x in leaf]
    if any(isinstance(x, torch.Tensor) for x in parts):
        return torch.stack([torch.as_tensor(x) for x in parts])
    return np.asarray(parts)


def _is_floating(leaf: Any) -> bool:
    return isinstance(leaf, torch.Tensor) and leaf.dtype.is_floating_point


def _dtype_of(ty: Any, real: torch.dtype) -> torch.dtype:
    if is_real(ty):
        return real
    return torch.bool if isinstance(ty.scalar, BoolT) else torch.int64


def _given(leaf: Any) -> Any:
    """A leaf as our programs take it. A tensor of float64 is not copied."""
    if not isinstance(leaf, torch.Tensor):
        return leaf
    leaf = leaf.detach()
    if leaf.dtype.is_floating_point and leaf.dtype != torch.float64:
        leaf = leaf.double()
    return leaf.resolve_neg().numpy() if leaf.dim() else leaf.item()


def _taken(value: Any, dtype: torch.dtype) -> torch.Tensor:
    """A result as a tensor, which takes over the array."""
    if not isinstance(value, np.ndarray):
        return torch.tensor(value, dtype=dtype)
    if value.dtype.kind == "u":  # PyTorch knows little of unsigned integers
        value = value.astype(np.int64)
    return torch.from_numpy(value).to(dtype)


class _Run:
    """One call of a function of leaves: what its forward pass keeps for its backward pass."""

    def __init__(self, flat: Flat, dtypes: Sequence[torch.dtype], wrt: Places):
        self.flat, self.dtypes, self.wrt = flat, dtypes, wrt
        self.real = [dtype.is_floating_point for dtype in dtypes]
        """Which results are real, and so differentiable."""
        self.pullback: Callable[..., Any] | None = None

    def __call__(self, leaves: Sequence[Any]) -> tuple[torch.Tensor, ...]:
        given = [_given(leaf) for leaf in leaves]
        if self.wrt:
            made, self.pullback = self.flat.with_pullback(self.wrt, given)
        else:
            made = self.flat(*given)
        return tuple(_taken(v, dtype) for v, dtype in zip(made, self.dtypes, strict=True))


def _call(flat: Flat, dtypes: Sequence[torch.dtype], leaves: Sequence[Any]) -> tuple[torch.Tensor, ...]:
    recorded = torch.is_grad_enabled()
    wrt = tuple(k for k in flat.real if recorded and _is_floating(leaves[k]) and leaves[k].requires_grad)
    return _Applied.apply(_Run(flat, dtypes, wrt), *leaves)  # pyright: ignore[reportReturnType] -- it has no type


class _Applied(torch.autograd.Function):
    @staticmethod
    def forward(run: _Run, *leaves: Any) -> tuple[torch.Tensor, ...]:
        return run(leaves)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[torch.Tensor, ...]) -> None:
        run, *leaves = inputs
        ctx.run = run
        ctx.others = [None if isinstance(leaf, torch.Tensor) else leaf for leaf in leaves]
        tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
        ctx.is_tensor = [isinstance(leaf, torch.Tensor) for leaf in leaves]
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)
        ctx.mark_non_differentiable(*(o for o, on in zip(output, run.real, strict=True) if not on))

    @staticmethod
    def backward(ctx: Any, *cotangents: torch.Tensor) -> tuple[Any, ...]:
        run: _Run = ctx.run
        leaves = _saved(ctx)
        wrt = tuple(k for k in run.flat.real if ctx.needs_input_grad[k + 1])
        cts = [c for c, on in zip(cotangents, run.real, strict=True) if on]
        dtypes = [leaves[k].dtype for k in wrt]
        if run.pullback is not None and wrt == run.wrt and not torch.is_grad_enabled():
            parts = run.pullback(*map(_given, cts))
            made = tuple(_taken(v, dtype) for v, dtype in zip(parts, dtypes, strict=True))
        else:  # the gradient is differentiated itself, or under a transform of torch.func
            made = _call(run.flat.pulled(wrt), dtypes, [*leaves, *cts])
        found = dict(zip(wrt, made, strict=True))
        return (None, *(found.get(k) for k in range(len(leaves))))

    @staticmethod
    def jvp(ctx: Any, _run: None, *tangents: torch.Tensor | None) -> tuple[Any, ...]:
        run: _Run = ctx.run
        leaves = _saved(ctx)
        active = tuple(k for k in run.flat.real if tangents[k] is not None)
        dtypes = [d for d, on in zip(run.dtypes, run.real, strict=True) if on]
        made = iter(_call(run.flat.pushed(active), dtypes, [*leaves, *(tangents[k] for k in active)]))
        return tuple(next(made) if on else None for on in run.real)

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], run: _Run, *leaves: Any) -> tuple[Any, Any]:
        dims = in_dims[1:]
        over = tuple(k for k, d in enumerate(dims) if d is not None)
        moved = [leaf if d is None else leaf.movedim(d, 0) for leaf, d in zip(leaves, dims, strict=True)]
        made = _call(run.flat.batched(info.batch_size, over), run.dtypes, moved)
        return made, (0,) * len(made)


def _saved(ctx: Any) -> list[Any]:
    """The leaves of the call."""
    tensors = iter(ctx.saved_tensors)
    return [next(tensors) if is_tensor else v for is_tensor, v in zip(ctx.is_tensor, ctx.others, strict=True)]


__all__ = ["torch_function"]
