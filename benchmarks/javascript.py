"""Our programs as plain JavaScript: the second backend of Rose's paper, here only to be measured.

    python benchmarks/javascript.py SCENE [--set NAME=VALUE ...] > gradient.mjs

`written` gives an ES module whose `run(...)` takes and gives flat numbers and arrays, after the passes for a target
without lanes. All memory is one Float64Array: a number takes eight bytes whatever its type, and an address counts
elements. Arrays share memory as `codegen.passes.buffers` says, so that nothing is copied that machine code would not
copy. Guards throw. It refuses `erf`, operations on bits, and captured arrays that a user may change.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from typing import Any

import numpy as np
from javascript_function import Function

from rosesim import value_and_grad
from rosesim.ad.program.ir import Func
from rosesim.codegen import pipeline, targets
from rosesim.codegen.planned import Options, Planned
from rosesim.scenes import compiled, configure, find_scene

HELPERS = """\
const copysign = (x, y) => ((y < 0 || Object.is(y, -0)) ? -Math.abs(x) : Math.abs(x));
const pow = (x, y) => (x === 1 ? 1 : x === -1 && Math.abs(y) === Infinity ? 1 : x ** y);
const modulo = (i, n) => { const r = i % n; return r < 0 ? r + n : r; };
const wrapped = (x, n) => (Number.isFinite(x) ? modulo(Math.floor(x), n) : 0);
const clamped = (x, n) => (x > 0 ? (x >= n ? n - 1 : Math.floor(x)) : 0);
"""


def written(func: Func, math: Any = "fast") -> str:
    """The ES module of a program of the language."""
    target = replace(targets.wasm32(), name="javascript", lanes=1, vector_bytes=0, triple="javascript")
    return Module(pipeline.planned(func, Options(math=math), target)).text()


class Module:
    """All functions, and the memory that they share."""

    def __init__(self, planned: Planned):
        self.planned = planned
        self.names: dict[Func, str] = {}
        self.frames: dict[Func, int] = {}
        self.fixed = 0
        """Elements of memory with a fixed place: captured arrays, arguments and results."""
        self.data: dict[int, str] = {}
        self.filled: list[str] = []

    def text(self) -> str:
        """The whole module, as source text."""
        functions = [Function(self, f, f"f{k}").text() for k, f in enumerate(self.planned.order)]
        main = self.planned.func
        params, body, outs = [], [], []
        for k, p in enumerate(main.params):
            params.append(f"a{k}")
            if p.ty.shape:
                at = self.room(p.ty.size)
                body.append(f"F.set(a{k}, {at});")
                params_k = str(at)
            else:
                params_k = f"a{k}"
            outs.append(params_k)
        # An argument that the program overwrites is its own copy already.
        inside = {r: int(outs[k]) for k, r in self.planned.sharing[main].in_out.items()}
        places = {k: inside.get(k, -1) for k, t in enumerate(main.results) if t.shape}
        places = {k: self.room(main.results[k].size) if at < 0 else at for k, at in places.items()}
        args = [*outs, *(str(at) for k, at in places.items() if k not in inside), str(self.fixed)]
        body.append(f"const first = {self.names[main]}({', '.join(args)});")
        scalars = iter(["first", *(f"R{k}" for k in range(1, 64))])
        given = [
            f"F.subarray({places[k]}, {places[k] + t.size})" if t.shape else next(scalars)
            for k, t in enumerate(main.results)
        ]
        size = self.fixed + self.frames[main]
        most = max(len([t for t in f.results if not t.shape]) for f in self.planned.order)
        more = f"let {', '.join(f'R{k}' for k in range(1, most))};" if most > 1 else ""
        lines = [f"const F = new Float64Array({size});", *self.filled, more, HELPERS, *functions]
        lines.append(
            f"export function run({', '.join(params)}) {{\n{chr(10).join(body)}\nreturn [{', '.join(given)}];\n}}"
        )
        return "\n".join(lines)

    def room(self, size: int) -> int:
        """Where so many elements with a fixed place begin."""
        self.fixed += size
        return self.fixed - size

    def constant(self, array: np.ndarray) -> str:
        """Where a captured array lies."""
        if id(array) not in self.data:
            at = self.room(array.size)
            self.data[id(array)] = str(at)
            numbers = json.dumps(np.asarray(array, np.float64).ravel().tolist(), separators=(",", ":"))
            self.filled.append(f"F.set({numbers}, {at});")
        return self.data[id(array)]


def gradient(scene: Any, params: Any, inputs: Any) -> Func:
    """The program of a scene's loss and gradient."""
    both = value_and_grad(compiled(scene).loss, wrt=0)
    return both.traced(both.types_of((params, inputs))).func


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("scene")
    parser.add_argument("--set", action="append", default=[])
    given = parser.parse_args()
    scene, inputs = configure(find_scene(given.scene), given.set)
    print(written(gradient(scene, scene.params(np.random.default_rng(0)), inputs)))


if __name__ == "__main__":
    main()
