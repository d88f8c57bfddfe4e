"""Random numbers that are drawn while a function is traced. They are constants of its program, so this is warned of.

Code that can be reached need not run: a scene's `params` may draw, and a scene's step still reads the same object. So
what counts is that the state of a generator has changed between the beginning of a trace and its end. Python does not
say where: NumPy's functions call no hook. The line is where the code names what the generator draws with.
"""

from __future__ import annotations

import dis
import functools
import types
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from rosesim.ad.dependencies import kinds
from rosesim.ad.support.locate import Where
from rosesim.ad.support.typeguards import class_of, is_dict

_GENERATORS = {
    ("numpy.random.mtrand", "RandomState"),
    ("numpy.random._generator", "Generator"),
    ("random", "Random"),
}
"""By name, because importing them takes long; whoever has one has imported its class."""
_UNWATCHED = {"time", "datetime", "secrets", "uuid", "numpy.random"}
"""Modules of clocks and of generators without a seed, which have no state to compare."""
_NAMES = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF")
_ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")


def is_generator(v: object) -> bool:
    """Whether it draws random numbers, and has a state that can be read."""
    return _draws(class_of(v))


@functools.lru_cache(maxsize=4096)
def _draws(kind: type) -> bool:
    return any((kinds.module_of(c), c.__name__) in _GENERATORS for c in kind.__mro__)


def is_of_chance(what: str) -> bool:
    """Whether a function that depends on more than its arguments, by its dotted name, is a clock or draws numbers."""
    return any(what.startswith(f"{module}.") for module in _UNWATCHED)


def state(generator: Any) -> object:
    """What a generator's next number depends on, to be compared."""
    try:
        if hasattr(generator, "getstate"):
            return generator.getstate()
        if hasattr(generator, "get_state"):  # with the normal number that it keeps of each pair
            return _comparable(generator.get_state(legacy=False))
        return _comparable(generator.bit_generator.state)
    except (NotImplementedError, AttributeError):  # the system's generator has none
        return None


def _comparable(x: Any) -> object:
    if is_dict(x):
        return tuple((k, _comparable(v)) for k, v in x.items())
    return x.tobytes() if isinstance(x, np.ndarray) else x


def place(generator: object, functions: Sequence[types.FunctionType]) -> tuple[str, Where] | None:
    """What the code calls a draw from this generator, and its line: by a name that leads to it, else by any attribute
    that the generator draws with."""
    for names in (_led_to, _alike):
        for f in functions:
            for name, line in names(f, generator):
                return name, Where(f.__code__.co_filename, line)
    return None


def _led_to(f: types.FunctionType, generator: object) -> Iterator[tuple[str, int]]:
    cells = dict(zip(f.__code__.co_freevars, f.__closure__ or (), strict=True))
    for steps in _codes(f.__code__):
        for k, step in enumerate(steps):
            if step.opname not in _NAMES:
                continue
            cell = cells.get(step.argval)
            try:
                value = f.__globals__.get(step.argval) if cell is None else cell.cell_contents
            except ValueError:  # not yet assigned
                continue
            path, k = [step.argval], k + 1
            while isinstance(value, types.ModuleType) and k < len(steps) and steps[k].opname in _ATTRIBUTES:
                value, path, k = value.__dict__.get(steps[k].argval), [*path, steps[k].argval], k + 1
            if value is generator and k < len(steps) and steps[k].opname in _ATTRIBUTES:
                path.append(steps[k].argval)
            elif value is not generator and getattr(value, "__self__", None) is not generator:
                continue
            yield ".".join(path), _line(step)


def _alike(f: types.FunctionType, generator: object) -> Iterator[tuple[str, int]]:
    for steps in _codes(f.__code__):
        of_module = False
        for step in steps:
            if step.opname not in _ATTRIBUTES:
                of_module = step.opname in _NAMES and isinstance(f.__globals__.get(step.argval), types.ModuleType)
            elif not of_module and not step.argval.startswith("_") and hasattr(generator, step.argval):
                yield step.argval, _line(step)


def _codes(code: types.CodeType) -> Iterator[list[dis.Instruction]]:
    yield [i for i in dis.get_instructions(code) if i.opname not in ("CACHE", "PUSH_NULL", "PRECALL", "EXTENDED_ARG")]
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield from _codes(const)


def _line(step: dis.Instruction) -> int:
    return (step.positions.lineno if step.positions else None) or 1


_SHOWN: dict[Any, Any] = {}
"""What Python keeps for each module that warns, so that it shows a warning once for each line: these are of all."""


def warn(what: str, traced: str, where: Where | None) -> None:
    """Warn at the user's line."""
    message = (
        f"{what} was called while {traced} was traced, and what it gave is a constant of the program; expected the "
        "number as an argument, or, if it is to be random, a key: rosesim.random.normal(key)"
    )
    file, line = (where.file, where.line) if where is not None else ("<unknown>", 1)
    warnings.warn_explicit(message, UserWarning, file, line, registry=_SHOWN)
