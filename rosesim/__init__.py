"""rosesim: physics simulations in Python that can be tuned by gradients.

This file is the whole public surface. The command line is `rosesim`; scenes are in `rosesim.scenes`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rosesim.ad.language.arrays import (
    arange,
    concatenate,
    cumsum,
    flip,
    full,
    linspace,
    ones,
    roll,
    stack,
    where,
    zeros,
)
from rosesim.ad.language.compiled import Program, set_backend
from rosesim.ad.language.constants import const
from rosesim.ad.language.control.accumulate import accumulate
from rosesim.ad.language.control.branches import cond, select
from rosesim.ad.language.control.loops import for_each, vec
from rosesim.ad.language.control.scan import scan, while_loop
from rosesim.ad.language.custom import Dual, dual, primal, tangent
from rosesim.ad.language.function import Fn, fn, opaque
from rosesim.ad.language.linalg import (
    axis_angle,
    cross,
    diag,
    dot,
    identity,
    matmul,
    norm,
    outer,
    qmul,
    qrotate,
    trace,
    transpose,
)
from rosesim.ad.language.mathematics import (
    acos,
    asin,
    atan,
    atan2,
    ceil,
    clamp,
    clip,
    copysign,
    cos,
    cosh,
    erf,
    exp,
    expm1,
    floor,
    fmod,
    hypot,
    isfinite,
    isnan,
    log,
    log1p,
    maximum,
    minimum,
    pow,
    sign,
    sin,
    sinh,
    sqrt,
    tan,
    tanh,
    trunc,
)
from rosesim.ad.language.softmax import logsumexp, softmax
from rosesim.ad.language.sorting import argsort, sort
from rosesim.ad.language.totals import all, any, argmax, argmin, max, mean, min, prod, sum
from rosesim.ad.language.types import Null
from rosesim.ad.language.values.annotations import Struct, Vec
from rosesim.ad.language.values.boolean import Bool
from rosesim.ad.language.values.index import Index
from rosesim.ad.language.values.real import Real
from rosesim.ad.language.values.tangent import Tan
from rosesim.ad.program.folding import set_machine
from rosesim.ad.support.budget import memory_budget
from rosesim.ad.support.errors import (
    ArgumentError,
    EscapedValue,
    NumericalError,
    ProgramError,
    RosesimError,
    TooLarge,
    TraceError,
    TypeMismatch,
)
from rosesim.ad.transforms.batches import vmap
from rosesim.ad.transforms.derivatives import grad, jvp, stop_gradient, value_and_grad, vjp
from rosesim.ad.transforms.jacobians import hessian, hvp, jacobian
from rosesim.ad.transforms.linear import linear
from rosesim.ad.transforms.step_norms import StepNorms, step_norms
from rosesim.checks.grads import check_grads

if TYPE_CHECKING:
    from rosesim import control, diagrams, implicit, integrate, linalg, random, robots, rotations
    from rosesim.ad.transforms.sparse import SparseMatrix, sparse_hessian, sparse_jacobian
    from rosesim.numerics.implicit import fixed_point, linear_solve, minimize, root
    from rosesim.numerics.linalg import (
        cholesky,
        cholesky_solve,
        det,
        eigh,
        expm,
        funm,
        inv,
        lstsq,
        lu,
        lu_solve,
        qr,
        slogdet,
        solve,
        solve_banded,
        solve_block_tridiagonal,
        solve_triangular,
        svd,
    )

__version__ = "0.1.0"


def _compiler() -> Any:
    """The compiler; LLVM is loaded here, at the first compilation."""
    from rosesim.codegen import compile_func

    return compile_func


set_backend(_compiler)


def _mathematics(name: str) -> Any:
    from rosesim.codegen import mathematics  # as late as the compiler

    return mathematics(name)


set_machine(_mathematics)

_SYSTEMS = [
    "cholesky", "cholesky_solve", "det", "eigh", "expm", "funm", "inv", "lstsq", "lu", "lu_solve", "qr", "slogdet",
    "solve", "solve_banded", "solve_block_tridiagonal", "solve_triangular", "svd",
]  # fmt: skip
_SPARSE = ["SparseMatrix", "sparse_hessian", "sparse_jacobian"]
_IMPLICIT = ["fixed_point", "linear_solve", "minimize", "root"]
_LATER = {
    **{
        room: f"rosesim.{room}"
        for room in ("control", "diagrams", "implicit", "integrate", "linalg", "random", "robots", "rotations", "web")
    },
    **dict.fromkeys(_IMPLICIT, "rosesim.numerics.implicit"),
    **dict.fromkeys(_SYSTEMS, "rosesim.numerics.linalg"),
    **dict.fromkeys(_SPARSE, "rosesim.ad.transforms.sparse"),
    "show": "rosesim.web.notebook",
}
"""What is loaded at its first use, and where each name of it is: the library written in the language, sparse
derivatives, web pages. The library's rooms are no part of `from rosesim import *`, where `random` would hide
Python's own."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'rosesim' has no attribute {name!r}")
    module = import_module(_LATER[name])
    return module if module.__name__ == f"rosesim.{name}" else getattr(module, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})


_TYPES = ["Bool", "Dual", "Index", "Null", "Real", "StepNorms", "Struct", "Tan", "Vec"]
_FUNCTIONS = ["Fn", "Program", "const", "fn", "opaque"]
_CONTROL = ["accumulate", "cond", "for_each", "scan", "select", "vec", "while_loop"]
_VECTORS = [
    "all", "any", "arange", "argmax", "argmin", "argsort", "concatenate", "cumsum", "flip", "full", "linspace",
    "logsumexp", "max", "mean", "min", "ones", "prod", "roll", "softmax", "sort", "stack", "sum", "where", "zeros",
]  # fmt: skip
_DERIVATIVES = [
    "check_grads", "dual", "grad", "hessian", "hvp", "jacobian", "jvp", "linear", "memory_budget", "primal",
    "sparse_hessian", "sparse_jacobian", "step_norms", "stop_gradient", "tangent", "value_and_grad", "vjp", "vmap",
]  # fmt: skip
_MATHEMATICS = [
    "acos", "asin", "atan", "atan2", "ceil", "clamp", "clip", "copysign", "cos", "cosh", "erf", "exp", "expm1",
    "floor", "fmod", "hypot", "isfinite", "isnan", "log", "log1p", "maximum", "minimum", "pow", "sign", "sin",
    "sinh", "sqrt", "tan", "tanh", "trunc",
]  # fmt: skip
_LINEAR_ALGEBRA = [
    "axis_angle", "cross", "diag", "dot", "identity", "matmul", "norm", "outer", "qmul", "qrotate", "trace",
    "transpose",
]  # fmt: skip
_ERRORS = [
    "ArgumentError",
    "EscapedValue",
    "NumericalError",
    "ProgramError",
    "RosesimError",
    "TooLarge",
    "TraceError",
    "TypeMismatch",
]

__all__ = [  # pyright: ignore[reportUnsupportedDunderAll] -- grouped above
    *_TYPES, *_FUNCTIONS, *_CONTROL, *_VECTORS, *_DERIVATIVES, *_MATHEMATICS, *_LINEAR_ALGEBRA, *_SYSTEMS, *_IMPLICIT,
    *_ERRORS,
]  # fmt: skip
