"""JAX: a function of the language as a primitive of JAX, with all that a primitive may have.

JAX allows one rule on a function of Python, `custom_jvp` or `custom_vjp`; a primitive has both a derivative and a
transpose, so forward and reverse mode, to any order, and what composes them. Under `jit` the program is called back
from the compiled code (`jax.pure_callback`); without, it is called at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from rosesim.ad.language.arguments import build
from rosesim.ad.program.ir import BoolT
from rosesim.ad.support.typeguards import is_list
from rosesim.ad.transforms.derivatives import as_fn
from rosesim.ad.transforms.tangents import is_real
from rosesim.interop.bridged import Bridged
from rosesim.interop.flat import Flat, Places
from rosesim.interop.leaves import TakenApart, array_like

Dtypes = tuple[np.dtype[Any], ...]


def jax_function(f: Callable[..., Any]) -> Callable[..., Any]:
    """f as a function of JAX's arrays, under `jit`, `vmap`, `grad`, `jacobian` and whatever is made of them. Arrays
    stand wherever f takes numbers and arrays, in structs too; the result has f's structure.

    f is computed in double precision. Its reals are given back in the dtype of the floating arrays that were given,
    so in single precision unless `jax_enable_x64` is set. A `vmap` is one call of a batch, in lanes. Raises what a
    call of f raises; under `jit` an error of a running program comes as JAX's.

    >>> import jax
    >>> from rosesim import fn, Real, Vec
    >>> from rosesim.interop.jax import jax_function
    >>> @fn
    ... def energy(x: Vec[Real, 2], stiffness: Real) -> Real:
    ...     return 0.5 * stiffness * (x @ x)
    >>> slope = jax.jit(jax.grad(jax_function(energy)))
    >>> slope(jax.numpy.array([3.0, 4.0]), 2.0)
    Array([6., 8.], dtype=float32)
    """
    g = as_fn(f)
    apart = TakenApart(g, _stand_in, "jax.vmap")

    bridged = Bridged(jax_function, f, g.python)

    @bridged.calls
    def of_arrays(*args: Any, **kwargs: Any) -> Any:
        flat, leaves, result = apart.call(args, kwargs)
        leaves = [_joined(leaf) for leaf in leaves]
        floats = [x.dtype for k, x in enumerate(leaves) if k in flat.real and jnp.issubdtype(x.dtype, jnp.floating)]
        real = jnp.result_type(*floats) if floats else jnp.result_type(float)
        made = _run.bind(*leaves, flat=flat, dtypes=tuple(_dtype_of(ty, real) for ty in flat.results), linear=())
        return build(result, made)

    return of_arrays


def _stand_in(v: Any) -> Any:
    if not isinstance(v, jax.Array):
        return v
    is_floating = jnp.issubdtype(v.dtype, jnp.floating)
    return array_like(v.shape, "f" if is_floating else np.dtype(v.dtype).kind)


def _joined(leaf: Any) -> jax.Array:
    return jnp.stack([_joined(x) for x in leaf]) if is_list(leaf) else jnp.asarray(leaf)


def _dtype_of(ty: Any, real: Any) -> np.dtype[Any]:
    """The dtype of a result, of those that JAX has enabled."""
    kind = real if is_real(ty) else bool if isinstance(ty.scalar, BoolT) else jnp.result_type(int)
    return np.dtype(kind)


_run = Primitive("rosesim")
"""Its parameters: the function of leaves, the dtypes of the results, and the arguments in which it is linear."""
_run.multiple_results = True


def _called(flat: Flat, dtypes: Dtypes, leaves: Sequence[Any]) -> tuple[np.ndarray[Any, Any], ...]:
    given = [_given(x, is_real(ty)) for x, ty in zip(leaves, flat.params, strict=True)]
    return tuple(np.asarray(v, dtype) for v, dtype in zip(flat(*given), dtypes, strict=True))


def _given(x: Any, real: bool) -> Any:
    """An array as our programs take it: one of float64 is not copied."""
    a = np.asarray(x, np.float64) if real else np.asarray(x)
    return a if a.shape else a.item()


@_run.def_impl
def _impl(*leaves: Any, flat: Flat, dtypes: Dtypes, linear: Places) -> list[Any]:
    return [jnp.asarray(a) for a in _called(flat, dtypes, leaves)]


@_run.def_abstract_eval
def _abstract(*leaves: Any, flat: Flat, dtypes: Dtypes, linear: Places) -> list[Any]:
    return [jax.core.ShapedArray(ty.shape, d) for ty, d in zip(flat.results, dtypes, strict=True)]


def _called_back(*leaves: Any, flat: Flat, dtypes: Dtypes, linear: Places) -> Any:
    shapes = tuple(jax.ShapeDtypeStruct(ty.shape, d) for ty, d in zip(flat.results, dtypes, strict=True))
    return jax.pure_callback(lambda *given: _called(flat, dtypes, given), shapes, *leaves)


mlir.register_lowering(_run, mlir.lower_fun(_called_back, multiple_results=True))


def _jvp(primals: Sequence[Any], tangents: Sequence[Any], *, flat: Flat, dtypes: Dtypes, linear: Places) -> Any:
    out = _run.bind(*primals, flat=flat, dtypes=dtypes, linear=linear)
    active = tuple(k for k in flat.real if not isinstance(tangents[k], ad.Zero))
    zeros = [ad.Zero(jax.typeof(o).to_tangent_aval()) for o in out]
    if not active:
        return out, zeros
    real = [is_real(ty) for ty in flat.results]
    along = iter(_run.bind(
        *primals, *(tangents[k] for k in active),
        flat=flat.pushed(active),
        dtypes=tuple(d for d, on in zip(dtypes, real, strict=True) if on),
        linear=tuple(range(len(primals), len(primals) + len(active))),
    ))  # fmt: skip
    return out, [next(along) if on else z for on, z in zip(real, zeros, strict=True)]


def _transpose(cotangents: Sequence[Any], *args: Any, flat: Flat, dtypes: Dtypes, linear: Places) -> list[Any]:
    """The cotangents of the arguments that the caller has no values of, in which the function is linear."""
    wrt = tuple(k for k, x in enumerate(args) if ad.is_undefined_primal(x))
    found: list[Any] = [None] * len(args)
    if all(isinstance(c, ad.Zero) for c in cotangents):
        return [ad.Zero(x.aval) if k in wrt else None for k, x in enumerate(args)]
    cts = [ad.instantiate_zeros(c) for c in cotangents]
    avals = [args[k].aval for k in wrt]
    # Linear in these arguments, the function has the same derivative at any values of them, such as zero. Where it is
    # the derivative of another one along them, that one's pullback needs no values at all.
    origin = flat.pushed_from
    if origin is not None and wrt == tuple(range(len(origin.flat.params), len(args))):
        pulled, point = origin.flat.pulled(origin.active), list(args[: len(origin.flat.params)])
    else:
        pulled = flat.pulled(wrt)
        point = [jnp.zeros(x.aval.shape, x.aval.dtype) if k in wrt else x for k, x in enumerate(args)]
    made = _run.bind(
        *point, *cts,
        flat=pulled,
        dtypes=tuple(np.dtype(a.dtype) for a in avals),
        linear=tuple(range(len(point), len(point) + len(cts))),
    )  # fmt: skip
    for k, ct in zip(wrt, made, strict=True):
        found[k] = ct
    return found


def _batch(args: Sequence[Any], dims: Sequence[Any], *, flat: Flat, dtypes: Dtypes, linear: Places) -> Any:
    over = tuple(k for k, d in enumerate(dims) if d is not None)
    count = args[over[0]].shape[dims[over[0]]]
    moved = [x if d is None else jnp.moveaxis(x, d, 0) for x, d in zip(args, dims, strict=True)]
    out = _run.bind(*moved, flat=flat.batched(count, over), dtypes=dtypes, linear=linear)
    return out, [0] * len(out)


ad.primitive_jvps[_run] = _jvp
ad.primitive_transposes[_run] = _transpose
batching.primitive_batchers[_run] = _batch

__all__ = ["jax_function"]
