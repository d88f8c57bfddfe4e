"""Functions of the language as a WebAssembly module, and as a package for web developers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from rosesim.ad.language.compiled import refuse_captured
from rosesim.ad.language.function import Fn
from rosesim.ad.language.signature import keywords_of
from rosesim.ad.language.values.structures import of_example
from rosesim.ad.support.budget import memory_budget
from rosesim.codegen.planned import Options
from rosesim.codegen.wasm.module import Root, WasmModule, module_of
from rosesim.web.client import write_client

MEMORY = 64 * 2**20
"""How much memory a module may have if nobody says, in bytes."""

Given = Fn[..., Any] | tuple[Any, ...]


def wasm(
    functions: Mapping[str, Given],
    *,
    math: Literal["fast", "strict"] = "fast",
    precision: Literal["f64", "f32"] = "f64",
    memory: float = MEMORY,
) -> WasmModule:
    """A WebAssembly module with these functions, by the names under which JavaScript finds them.

    A function is given alone if its parameters are annotated, or in a tuple with a value or type for each argument.
    `math="strict"` gives the bits that machine code gives. The module's memory is at most `memory` bytes; gradients
    recompute rather than store more than half of that.

    Raises TooLarge where that does not suffice, and TypeMismatch where a function calls Python (`@opaque`).

    >>> from rosesim import Real, fn, value_and_grad
    >>> from rosesim.web import wasm
    >>> @fn
    ... def loss(x: Real, y: Real) -> Real:
    ...     return (x - 1) ** 2 + (y * x) ** 2
    >>> module = wasm({"value_and_grad": value_and_grad(loss)})
    >>> module.code[:4], list(module.description["programs"]["value_and_grad"]["parameters"])
    (b'\\x00asm', ['x', 'y'])
    """
    with memory_budget(int(memory) // 2):
        roots = {name: _root(given) for name, given in functions.items()}
        return module_of(roots, Options(math=math, precision=precision), memory=memory)


def _root(given: Given) -> Root:
    f, *like = given if isinstance(given, tuple) else (given,)
    signature = f.signature()
    types = signature.types_of(*signature.bind(tuple(like), {}), of=of_example) if like else signature.required()
    traced = f.traced(types)
    refuse_captured(f, traced)
    names = signature.names(len(types), keywords_of(types))
    return Root(traced.func, list(zip(names, types, strict=True)), traced.result)


def save(module: WasmModule, path: Path | str) -> None:
    """Write the module to a file, and the client beside it: `rosesim.js`, whose `load` reads the module, and its
    types. Raises SceneError where something else has one of these names.

    >>> from tempfile import TemporaryDirectory
    >>> from rosesim import Real, fn
    >>> @fn
    ... def square(x: Real) -> Real:
    ...     return x * x
    >>> with TemporaryDirectory() as folder:
    ...     save(wasm({"square": square}), f"{folder}/square.wasm")
    ...     sorted(p.name for p in Path(folder).iterdir())
    ['rosesim.d.ts', 'rosesim.js', 'square.wasm']
    """
    path = Path(path)
    write_client(path.parent)
    path.write_bytes(module.code)
