"""A compiled program as a Python callable: the cheapest conversion of arguments and results that its types allow."""

from __future__ import annotations

import ctypes
import struct
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from rosesim.ad.program.ir import BoolT, FloatT, IntT, Ty, storage
from rosesim.ad.support.errors import ArgumentError, NumericalError, ProgramError
from rosesim.ad.support.locate import here
from rosesim.ad.support.typeguards import is_array
from rosesim.codegen.artifact import INTERRUPTED, LINE, OPAQUE_RAISED, Artifact, Failure, aligned
from rosesim.codegen.runtime import conversion, interrupt, opaque, report, threads
from rosesim.codegen.runtime.workers import Team
from rosesim.codegen.slots import codes

Call = Callable[..., tuple[Any, ...]]
Number = Callable[..., float]
Converted = Callable[[Sequence[Any]], tuple[Any, ...]]


class CompiledFunc:
    """A program in machine code. A call gives the tuple of its flat results.

    Scalars are returned as float, bool or int, arrays as fresh NumPy arrays. Any number of threads may call it at
    once: a call releases the interpreter's lock and has a workspace of its own.

    Raises ArgumentError before anything runs if an argument does not fit, ProgramError if the program stops itself,
    and whatever an opaque function raises.
    """

    __slots__ = ("__weakref__", "_text", "call", "number", "seconds", "workspace_bytes")

    def __init__(self, call: Call, seconds: float, workspace_bytes: int, text: Callable[[], str]):
        self.call = call
        """Equivalent to calling this object, and a tenth of a microsecond cheaper."""
        self.number: Number | None = call.__dict__.get("number")
        """For a program of a few Reals with one Real as its result: the same, but it gives that number, no tuple."""
        self.seconds = seconds
        """The time that compiling took."""
        self.workspace_bytes = workspace_bytes
        """Memory that a call needs on each thread besides arguments and results. It is kept for later calls."""
        self._text = text

    @property
    def llvm(self) -> str:
        """The program as LLVM text, optimised if the program is. It is made anew each time."""
        return self._text()

    def __call__(self, *args: Any) -> tuple[Any, ...]:
        """Run on flat arguments."""
        return self.call(*args)


class _Workspaces:
    """Memory for running calls, kept for reuse. Appending to and popping from a deque is atomic."""

    def __init__(self, size: int):
        self.size = size
        self.free: deque[tuple[np.ndarray[Any, Any], int]] = deque()

    def take(self) -> tuple[np.ndarray[Any, Any], int]:
        """An unused workspace, and its address."""
        try:
            return self.free.pop()
        except IndexError:
            memory = np.empty(self.size + LINE, np.uint8)
            return memory, aligned(memory.ctypes.data)


def make_call(
    artifact: Artifact, names: Sequence[str], address: int, parallel: int, team: Team | None, held: Any
) -> Call:
    """The Python function that calls the program whose entry is at an address, on up to `parallel` threads.

    A program that shares loops within a run has a team of threads for that.
    `held` must stay alive as long as that function.
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
    # Only the converters find numbers that single precision cannot hold.
    single = any(isinstance(t.scalar, FloatT) and storage(t.scalar) == np.float32 for t in params)
    plain = () if single else (*(_python_type(t) for t in params),)
    integers = [(k, t.scalar.lo, t.scalar.hi) for k, t in enumerate(params) if isinstance(t.scalar, IntT)]
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
        """The same, if some scalars are integers with bounds."""
        if tuple(map(type, args)) != plain:
            args = convert(args)
        for k, lo, hi in integers:
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

        with team or nullcontext():
            status = threads.share(artifact.groups, run, parallel) if artifact.groups else threads.repeated(run)
        if status:
            fail(status)
        scalars = unpack(bytes(out)[: back.size])
        if not fresh:
            return scalars
        a, s = iter(fresh), iter(scalars)
        return tuple(next(a) if array else next(s) for array in result_is_array)

    polled = artifact.polls or team is not None  # the call may have to be repeated: see `threads.repeated`
    if artifact.workspace_bytes or arrays_out or any(is_array) or polled or not back.size:
        call: Call = general
    else:
        call = numbers_and_indices if integers else numbers
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
    """The address of an array's numbers. A buffer gives it in a quarter of the time, if it may be written."""
    try:
        return _address(_first_byte(a))
    except (TypeError, ValueError):  # read-only or empty
        return a.__array_interface__["data"][0]


_address = ctypes.addressof
_first_byte: Callable[[Any], ctypes.c_char] = ctypes.c_char.from_buffer


def _python_type(ty: Ty) -> type:
    match ty.scalar:
        case BoolT():
            return bool
        case IntT():
            return int
        case _:
            return float


def _converter(name: str, names: Sequence[str], params: Sequence[Ty]) -> Converted:
    """A function that converts all arguments of a call to numbers and arrays of the right types, or refuses them."""
    each = [(conversion.array if t.shape else conversion.scalar)(n, t) for n, t in zip(names, params, strict=True)]

    def convert(args: Sequence[Any]) -> tuple[Any, ...]:
        if len(args) != len(each):
            raise ArgumentError(f"{name} was given {len(args)} arguments, expected {len(each)}: {', '.join(names)}")
        return tuple([c(a) for c, a in zip(each, args, strict=True)])

    return convert


def finite_call(call: Call, name: str, names: Sequence[str], params: Sequence[Ty]) -> Call:
    """The call with a check: arguments must not contain a NaN or an infinity, results must not contain a NaN.

    The check of results backs up the guards of debug programs: sums in memory have no guard.
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
    """What is wrong with a value that is not finite, and at which place."""
    if not isinstance(value, np.ndarray):
        return f"is {value}"
    at = np.argwhere(~np.isfinite(value))[0].tolist()
    return f"holds {value[tuple(at)]} at {at}"


def _failing(failures: Sequence[Failure]) -> Callable[[int], None]:
    """A function that raises the error that a status other than 0 stands for."""

    def fail(status: int) -> None:
        if status == OPAQUE_RAISED:
            raise opaque.take()
        if status == INTERRUPTED:
            raise interrupt.take()
        failure = failures[status - 1]
        raise report.error(failure) if failure.values else ProgramError(failure.message, failure.where)

    return fail
