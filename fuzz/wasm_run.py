"""WebAssembly modules of ours in this process, run by wasmtime, for the fuzzer and the tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import wasmtime

from rosesim.ad.support.errors import ProgramError
from rosesim.codegen.wasm.module import WasmModule

_ENGINE = wasmtime.Engine()


def _fmod(x: float, y: float) -> float:
    """The remainder, as C's."""
    with np.errstate(all="ignore"):
        return float(np.fmod(x, y))


class Instance:
    """A module in memory: programs take and give flat numbers and arrays."""

    def __init__(self, module: WasmModule):
        self.description = module.description
        self._store = wasmtime.Store(_ENGINE)
        code = wasmtime.Module(_ENGINE, module.code)
        real = wasmtime.FuncType([wasmtime.ValType.f64()] * 2, [wasmtime.ValType.f64()])
        imports = [wasmtime.Func(self._store, real, _fmod) for _ in code.imports]
        instance = wasmtime.Instance(self._store, code, imports)
        self._exports = instance.exports(self._store)
        pointer = self._exports["memory"].data_ptr(self._store)  # pyright: ignore
        self.memory = np.ctypeslib.as_array(pointer, (module.memory_bytes,))

    def run(self, name: str, *args: Any) -> list[Any]:
        """The flat results of a program. Raises ProgramError with a guard's message."""
        program = self.description["programs"][name]
        places = [p for t in program["parameters"].values() for p in leaves(t)]
        for place, value in zip(places, args, strict=True):
            self.view(place)[...] = value
        status = self._exports[name](self._store)  # pyright: ignore[reportCallIssue]
        if status:
            raise ProgramError(self.description["failures"][status - 1])
        return [self.view(p).copy()[()] for p in leaves(program["result"])]

    def view(self, place: dict[str, Any]) -> Any:
        """The number or array at a place."""
        scalar = place["scalar"] if place["shape"] else "f64"
        dtype = np.dtype("?" if scalar == "bool" else f"{scalar[0]}{int(scalar[1:]) // 8}")
        size = int(np.prod(place["shape"], dtype=int)) * dtype.itemsize
        return self.memory[place["at"] : place["at"] + size].view(dtype).reshape(place["shape"])


def leaves(described: dict[str, Any]) -> list[dict[str, Any]]:
    """The places of a type, in order."""
    if "at" in described:
        return [described]
    parts = described.get("items") or described.get("fields", {}).values()
    return [leaf for part in parts for leaf in leaves(part)]
