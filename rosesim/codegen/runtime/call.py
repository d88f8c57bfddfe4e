"""A compiled program as Python calls it: the cheapest passage in and out that its signature allows."""

from __future__ import annotations

import ctypes
import struct
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rosesim.ad.program.ir import BoolT, FloatT, IntT, Ty, storage
from rosesim.ad.support.errors import ArgumentError, NumericalError, ProgramError
from rosesim.ad.support.locate import here
from rosesim.ad.support.typeguards import is_array
from rosesim.codegen.artifact import INTERRUPTED, LINE, OPAQUE_RAISED, Artifact, Failure, aligned
from rosesim.codegen.runtime import conversion, interrupt, opaque, report, threads
from rosesim.codegen.slots import codes

Call = Callable[..., tuple[Any, ...]]
Number = Callable[..., float]
Converted = Callable[[Sequence[Any]], tuple[Any, ...]]


class CompiledFunc:
    """A program in machine code. Calling it gives the tuple of its flat results.

    Scalars come as float, bool or int, arrays as fresh NumPy arrays. It may be called from any number of
    threads at once: a call releases the interpreter's lock, and each has a workspace of its own.

    Raises ArgumentError before anything runs where an argument does not fit, ProgramError where the
    program stops itself, and whatever an opaque function of the user's raises.
    """

    __slots__ = ("__weakref__", "_text", "call", "number", "seconds", "workspace_bytes")

    def __init__(self, call: Call, seconds: float, workspace_bytes: int, text: Callable[[], str]):
        self.call = call
        """The same as calling this object, a tenth of a microsecond cheaper."""
        self.number: Number | None = call.__dict__.get("number")
        """The same, giving the one result itself, for a program of a few reals with a real as its result."""
        self.seconds = seconds
        """What compiling took."""
        self.workspace_bytes = workspace_bytes
        """Memory that a running call takes on each thread besides arguments and results; kept for the next."""
        self._text = text

    @property
    def llvm(self) -> str:
        """The program as LLVM text, optimised where that was asked for (made anew each time)."""
        return self._text()

    def __call__(self, *args: Any) -> tuple[Any, ...]:
        """Run on flat arguments."""
        return self.call(*args)


class _Workspaces:
    """Memory for calls under way, kept for reuse. Appending to and popping from a deque is atomic."""

    def __init__(self, size: int):
        self.size = size
        self.free: deque[tuple[np.ndarray[Any, Any], int]] = deque()

    def take(self) -> tuple[np.ndarray[Any, Any], int]:
        """A workspace that nobody uses, and the address at which it begins."""
        try:
            return self.free.pop()
        except IndexError:
            memory = np.empty(self.size + LINE, np.uint8)
            return memory, aligned(memory.ctypes.data)


def make_call(artifact: Artifact, names: Sequence[str], address: int, parallel: int, held: Any) -> Call:
    """The Python function that calls the program whose entry is at an address, on up to `parallel` threads.

    `held` is what must live as long.
    """
    func = artifact.func
    params = [p.ty for p in func.params]
    convert = _converter(func.name, names, params)
    if artifact.direct:
        return _direct(address, convert, len(params), held)
    results = func.results
    fail = _failing(artifact.failures)
    span = (ctypes.c_int64, ctypes.c_int64) if artifact.groups else ()
    entry = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_void_p, *span)(address)
    arrays_out = [t for t in results if t.shape]
    row = struct.Struct(codes([*params, *arrays_out], address="Q"))
    back = struct.Struct(codes([t for t in results if not t.shape], address="Q"))
    # what single precision cannot hold is found by the converters alone
    single = any(isinstance(t.scalar, FloatT) and storage(t.scalar) == np.float32 for t in params)
    plain = () if single else (*(_python_type(t) for t in params),)
    whole = [(k, t.scalar.lo, t.scalar.hi) for k, t in enumerate(params) if isinstance(t.scalar, IntT)]
    pack, unpack = row.pack, back.unpack
    Back = ctypes.c_char * max(back.size, 1)

    def numbers(*args: Any) -> tuple[Any, ...]:
        """Scalars in, scalars out, no workspace."""
        if tuple(map(type, args)) != plain:
            args = convert(args)
        out = Back()
        status = entry(pack(*args), out, None)
        if status:
            fail(status)
        return unpack(out)

    def numbers_and_indices(*args: Any) -> tuple[Any, ...]:
        """The same where some are whole numbers that have bounds."""
        if tuple(map(type, args)) != plain:
            args = convert(args)
        for k, lo, hi in whole:
            if not lo <= args[k] <= hi:
                convert(args)
        out = Back()
        status = entry(pack(*args), out, None)
        if status:
            fail(status)
        return unpack(out)

    workspaces = _Workspaces(artifact.workspace_bytes)
    shapes = [(t.shape, storage(t.scalar)) for t in arrays_out]
    is_array = [bool(t.shape) for t in params]
    result_is_array = [bool(t.shape) for t in results]

    def general(*args: Any) -> tuple[Any, ...]:
        """Anything."""
        values = convert(args)
        fresh = [np.empty(shape, dtype) for shape, dtype in shapes]
        slots = [_data(v) if a else v for v, a in zip(values, is_array, strict=True)]
        slots.extend(map(_data, fresh))
        out, given = Back(), pack(*slots)

        def run(*groups: int) -> int:
            work = workspaces.take()
            try:
                return entry(given, out, work[1], *groups)
            finally:
                workspaces.free.append(work)

        status = threads.share(artifact.groups, run, parallel) if artifact.groups else threads.again(run)
        if status:
            fail(status)
        scalars = unpack(bytes(out)[: back.size])
        if not fresh:
            return scalars
        a, s = iter(fresh), iter(scalars)
        return tuple(next(a) if array else next(s) for array in result_is_array)

    polled = artifact.polls  # may have to run again: see `threads.again`
    if artifact.workspace_bytes or arrays_out or any(is_array) or polled or not back.size:
        call: Call = general
    else:
        call = numbers_and_indices if whole else numbers
    # The machine code must outlive the function that calls it.
    call.__dict__["held"] = held
    return call


def _direct(address: int, convert: Converted, count: int, held: Any) -> Call:
    """The same for an entry that is a C function of doubles."""
    entry = ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_double] * count)(address)

    def number(*args: Any) -> float:
        for a in args:
            if type(a) is not float:
                return entry(*convert(args))
        if len(args) != count:
            convert(args)
        return entry(*args)

    def call(*args: Any) -> tuple[Any, ...]:
        return (number(*args),)

    call.__dict__["number"] = number
    # The machine code must outlive the functions that call it.
    number.__dict__["held"] = held
    return call


def _data(a: np.ndarray[Any, Any]) -> int:
    return a.__array_interface__["data"][0]


def _python_type(ty: Ty) -> type:
    match ty.scalar:
        case BoolT():
            return bool
        case IntT():
            return int
        case _:
            return float


def _converter(name: str, names: Sequence[str], params: Sequence[Ty]) -> Converted:
    """Turns all arguments of a call into numbers and arrays of the right types, or refuses them."""
    each = [(conversion.array if t.shape else conversion.scalar)(n, t) for n, t in zip(names, params, strict=True)]

    def convert(args: Sequence[Any]) -> tuple[Any, ...]:
        if len(args) != len(each):
            raise ArgumentError(f"{name} was given {len(args)} arguments, expected {len(each)}: {', '.join(names)}")
        return tuple([c(a) for c, a in zip(each, args, strict=True)])

    return convert


def finite_call(call: Call, name: str, names: Sequence[str], params: Sequence[Ty]) -> Call:
    """The call with its arguments and results looked at: no argument holds a NaN or an infinity, no result a NaN.

    The latter is a net under the guards of debug programs: sums in memory have none.
    """
    convert = _converter(name, names, params)

    def finite(*args: Any) -> tuple[Any, ...]:
        values = convert(args)
        for n, v, t in zip(names, values, params, strict=True):
            if isinstance(t.scalar, FloatT) and not np.isfinite(v).all():
                raise NumericalError(f"argument {n} of {name} {_holds(v)}", here())
        results = call(*values)
        for k, r in enumerate(results):
            if (isinstance(r, float) or is_array(r)) and np.isnan(r).any():
                which = f"result {k}" if len(results) > 1 else "the result"
                raise NumericalError(f"{which} of {name} {_holds(r)}, though no operation gave one", here())
        return results

    return finite


def _holds(value: float | np.ndarray[Any, Any]) -> str:
    """What is wrong with a value that is not finite, and where in it."""
    if not isinstance(value, np.ndarray):
        return f"is {value}"
    at = np.argwhere(~np.isfinite(value))[0].tolist()
    return f"holds {value[tuple(at)]} at {at}"


def _failing(failures: Sequence[Failure]) -> Callable[[int], None]:
    """Raises what a status other than 0 stands for."""

    def fail(status: int) -> None:
        if status == OPAQUE_RAISED:
            raise opaque.take()
        if status == INTERRUPTED:
            raise interrupt.take()
        failure = failures[status - 1]
        raise report.error(failure) if failure.values else ProgramError(failure.message, failure.where)

    return fail
