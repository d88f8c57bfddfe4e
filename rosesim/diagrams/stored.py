"""Programs kept on disk so that a process that finds one neither traces nor compiles.

A compiled program is kept under a name that the caller gives, the edition of rosesim's own files, and this computer:
the code, and the facts that a runtime needs to call it. (`Fn.compile` keeps code under its text, for which it has to
trace first; a solver takes longer to trace than to run.)
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from rosesim.ad.language.function import Fn
from rosesim.ad.language.values.structures import of_example
from rosesim.ad.program.ir import REAL, BoolT, FloatT, Func, IntT, Opaque, Ty, Var
from rosesim.codegen import lowered, targets
from rosesim.codegen.artifact import Artifact, Failure, packed, unpacked
from rosesim.codegen.llvm import cache as kept
from rosesim.codegen.llvm import engine
from rosesim.codegen.planned import Options
from rosesim.codegen.runtime import in_process, linked

OPTIONS = Options("fast", "f64", False, True)


@cache
def edition() -> str:
    """What kept code depends on besides its name: rosesim's own files, and this computer."""
    root = Path(__file__).parents[1]
    files = sorted(line for room in ("ad", "codegen", "diagrams") for line in _files(str(root / room)))
    return "\n".join([*map(str, engine.depends_on(targets.host())), *files])


def _files(folder: str) -> Iterator[str]:
    """Name, size and time of each Python file below a folder. (`Path.rglob` takes three times as long.)"""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                stat = entry.stat()
                yield f"{entry.name} {stat.st_size} {stat.st_mtime_ns}"
            elif entry.name != "__pycache__" and entry.is_dir():
                yield from _files(entry.path)


def kept_code(name: str, make: Callable[[], bytes]) -> bytes:
    """The bytes of a name, from disk or made now."""
    store, key = kept.store(), kept.key_of(name, edition())
    code = None if store is None else store.load(key)
    if code is None:
        code = make()
        if store is not None:
            store.save(key, code)
    return code


def program(name: str, make: Callable[[], Fn[..., Any]], types: Sequence[Any]) -> Callable[..., tuple[Any, ...]]:
    """The call of a function that `make` gives, on these types: flat arguments, flat results.

    Its opaque functions must be calls by address (`codegen.runtime.linked`).
    """
    packed = kept_code(name, lambda: _packed(make(), types))
    header, _, code = packed.partition(b"\n")
    facts = json.loads(header)
    call = linked.dispatcher()
    artifact = Artifact(
        Func(facts["name"], tuple(Var(_ty(t), "x") for t in facts["params"]), _body(facts["results"], 0)),
        facts["entry"],
        code=unpacked(code),
        failures=[Failure(message, None) for message in facts["failures"]],
        workspace_bytes=facts["workspace"],
        stack_bytes=facts["stack"],
        opaques=[Func("kernel", (Var(REAL, "x"),), _body([], call))] * facts["opaques"],
        polls=facts["polls"],
    )
    return in_process.load(artifact, facts["names"], 1)


def _packed(f: Fn[..., Any], types: Sequence[Any]) -> bytes:
    traced = f.traced(f.signature().types_of(types, of=of_example))
    artifact = lowered(traced.func, OPTIONS, targets.host())
    apart = [k for k in ("direct", "groups", "data", "shares", "reports") if getattr(artifact, k)]
    if apart or not all(isinstance(g.body, Opaque) and g.body.machine for g in artifact.opaques):
        raise AssertionError(f"{f.name} cannot be kept: {', '.join(apart) or 'it calls Python'}")
    facts = {
        "name": f.name,
        "names": [p.name or "x" for p in traced.func.params],
        "params": [_plain(p.ty) for p in artifact.func.params],
        "results": [_plain(t) for t in artifact.func.results],
        "entry": artifact.entry,
        "failures": [failure.message for failure in artifact.failures],
        "workspace": artifact.workspace_bytes,
        "stack": artifact.stack_bytes,
        "opaques": len(artifact.opaques),
        "polls": artifact.polls,
    }
    return json.dumps(facts).encode() + b"\n" + packed(artifact.code)


def _body(results: Sequence[Any], machine: int) -> Opaque:
    return Opaque(_never, tuple(map(_ty, results)), machine=machine)


def _never(*_: Any) -> tuple[Any, ...]:
    raise NotImplementedError("this is machine code")


def _plain(t: Ty) -> list[Any]:
    match t.scalar:
        case IntT(lo, hi):
            scalar: list[Any] = ["int", lo, hi]
        case BoolT():
            scalar = ["bool"]
        case FloatT(width):
            scalar = ["float", width]
        case _:
            raise AssertionError(f"a kept program has a parameter or result of {t}")
    return [scalar, list(t.shape)]


def _ty(plain: Any) -> Ty:
    (kind, *more), shape = plain
    scalar = {"int": IntT, "bool": BoolT, "float": FloatT}[kind](*more)
    return Ty(scalar, tuple(shape))
