"""rosesim's diagrams beside both npm releases of Penrose: front end, gradient, calls, whole layouts, whole processes.

    mkdir 3 4; (cd 3; npm init -y; npm i @penrose/core@3.2.0 jsdom @napi-rs/canvas)
    (cd 4; npm init -y; npm i @penrose/core@4.0.0-alpha.5 jsdom @napi-rs/canvas)
    python benchmarks/diagrams_peers.py --penrose 3 4 [--rounds 3] [--only ID …]
    python benchmarks/diagrams_peers.py --penrose 3 4 --rounds 1 --all --brief --out benchmarks/data/diagrams.json

Each round runs the three tools one after the other, each in a process of its own, on one thread; figures are medians
over the rounds of the median of five repetitions in a process. Texts, seed and schedule are the same, labels are
measured by each tool itself but for ours, which takes the references' sizes. Milliseconds; a call is phi and its
gradient, in microseconds, timed inside of the optimisation for Penrose, and over 200 calls at the start for us. The
gradient's build is a part of reading for 4.0.0-alpha.5 (timed apart once more), is spread over reading and the first
calls for 3.2.0, and for us is all from a problem to a solver that runs: first in its process with code from disk,
once more in that process, and cold. `--brief` leaves out what takes long: cold builds, and whole processes.
`--out` writes all figures, which `pictures.py diagrams` draws.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from rosesim import Index, scan
from rosesim.diagrams import solver
from rosesim.diagrams.layout import arguments, capacity_of
from rosesim.diagrams.trios import from_index, reference_labels

SHARED = Path(__file__).parents[2] / "shared" / "diagrams"
TIMED = (
    "group-theory/quaternion-cayley-graph",
    "word-cloud/example",
    "spectral-graphs/examples/hypercube",
    "logic-circuit-domain/half-adder",
    "graph-domain/other-examples/hamiltonian-cycle",
    "structural-formula/reactions/methane-combustion",
    "triangle-mesh-2d/diagrams/cotan-formula",
    "graph-domain/textbook/sec2/fig3",
    "group-theory/quaternion-multiplication-table",
)
REPEATS = 5

PENROSE = r"""
import fs from "node:fs"; import path from "node:path";
import { createRequire } from "node:module"; import { pathToFileURL } from "node:url";
const [install, trios, id, repeats] = process.argv.slice(2);
const need = createRequire(path.resolve(install, "x.js"));
const { JSDOM } = need("jsdom"), { createCanvas } = need("@napi-rs/canvas");
const page = new JSDOM("<!doctype html><body></body>").window;
Object.assign(globalThis, { window: page, document: page.document });
for (const k of ["Node", "HTMLElement", "SVGElement", "DOMParser", "XMLSerializer"]) globalThis[k] = page[k];
const make = page.document.createElement.bind(page.document);
page.document.createElement = (tag, ...rest) => {
  if (tag !== "canvas") return make(tag, ...rest);
  const c = createCanvas(8, 8); c.remove = () => {}; return c;
};
const core = await import(pathToFileURL(path.resolve(install, "node_modules/@penrose/core/dist/index.js")).href);
const entry = JSON.parse(fs.readFileSync(path.join(trios, "index.json"), "utf8")).find((e) => e.id === id);
const text = (f) => fs.readFileSync(path.join(trios, "files", f), "utf8");
const program = { domain: text(entry.domain), substance: text(entry.substance),
  style: entry.style.map(text).join("\n"), variation: entry.variation, excludeWarnings: [] };
const out = { read: [], build: [], solve: [], call: [] };
for (let k = 0; k < Number(repeats); k++) {
  const began = performance.now();
  const made = await core.compile(program);
  out.read.push(performance.now() - began);
  if (made.isErr()) throw Error(core.showError(made.error));
  let calls = 0, inside = 0;
  const state = made.value;
  const outputs = (terms) => terms.map((t) => t.output);
  const again = performance.now();
  if (core.genGradient) {
    await core.genGradient(state.inputs.map((i) => i.handle), outputs(state.objFns), outputs(state.constrFns));
    out.build.push(performance.now() - again);
  }
  const counted = { ...state, gradient: (...xs) => {
    const t = performance.now(), r = state.gradient(...xs);
    inside += performance.now() - t; calls++;
    return r;
  } };
  const start = performance.now();
  core.optimize(counted);
  out.solve.push(performance.now() - start);
  out.call.push(calls ? 1e3 * inside / calls : NaN);
}
console.log(JSON.stringify(out));
"""


MOST_TIMES = 100_000


@cache
def phi_often(c: solver.Capacity) -> solver.Call:
    """phi and its gradient n times at points near x: of x and n, then the fields of `Terms`."""

    def often(x: Any, n: Any, *given: Any):
        terms = solver.Terms(*given)

        def once(carry: Any, _: Any) -> Any:
            at, total = carry
            value, gradient = solver.phi_at(c, terms, at, solver.FIRST_WEIGHT)
            return at - 1e-12 * gradient, total + value

        return scan(once, (x, 0.0), MOST_TIMES, upto=n)[1]

    return solver.program("often", c, often, Index[MOST_TIMES + 1])


def ours(name: str) -> dict[str, list[float]]:
    """What this process measures of one trio."""
    labels = reference_labels(SHARED / "reference" / f"{name.replace('/', '__')}.json")
    out: dict[str, list[float]] = {"read": [], "build": [], "solve": [], "call": []}
    for _ in range(REPEATS):
        began = time.perf_counter()
        diagram = from_index(SHARED / "trios" / "index.json", name).read(labels=labels)
        out["read"].append(1e3 * (time.perf_counter() - began))
        began = time.perf_counter()
        diagram.prepare()
        out["build"].append(1e3 * (time.perf_counter() - began))
        began = time.perf_counter()
        diagram.layout()
        out["solve"].append(1e3 * (time.perf_counter() - began))
        e, blocks = diagram.energy, diagram.energy.everything
        call, given = phi_often(capacity_of(e, blocks)), arguments(blocks)
        x = np.asarray(e.numbers(diagram.problem.x0))
        n = 200
        call(x, n, *given)
        began = time.perf_counter()
        call(x, n, *given)
        many = time.perf_counter() - began
        began = time.perf_counter()
        call(x, 1, *given)
        out["call"].append(1e6 * (many - (time.perf_counter() - began)) / (n - 1))
    return out


class Failed(Exception):
    """A tool that ended with an error."""


def process(command: Sequence[str], **more: str) -> tuple[dict[str, list[float]], float]:
    """The figures that a process prints, and its milliseconds from start to end."""
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **more})
    spent = 1e3 * (time.perf_counter() - began)
    if done.returncode:
        raise Failed(f"{Path(command[0]).name} failed: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
    return json.loads(done.stdout) if done.stdout.startswith("{") else {}, spent


def measured(name: str, penrose: Sequence[Path], rounds: int, brief: bool) -> dict[str, dict[str, float]]:
    """For each tool, the medians of its figures; without cold builds and processes if `brief`."""
    here = [sys.executable, __file__]
    svg = Path(tempfile.mkdtemp()) / "out.svg"
    index = f"{SHARED / 'trios' / 'index.json'}#{name}"
    labels = SHARED / "reference" / f"{name.replace('/', '__')}.json"
    command = [
        sys.executable,
        "-m",
        "rosesim",
        "diagram",
        "--trio",
        index,
        "--labels",
        str(labels),
        "--svg",
        str(svg),
    ]
    with tempfile.NamedTemporaryFile("w", suffix=".mjs") as script:
        script.write(PENROSE)
        script.flush()
        found: dict[str, list[dict[str, float]]] = {}
        cold = None
        if not brief:
            with tempfile.TemporaryDirectory() as empty:
                cold, _ = process([*here, "--one", name], ROSESIM_CACHE_DIR=empty)
        for _ in range(rounds):
            for k, install in enumerate(penrose):
                node = ["node", script.name, str(install), str(SHARED / "trios"), name]
                many, _ = process([*node, str(REPEATS)])
                spent = {} if brief else {"process": process([*node, "1"])[1]}
                found.setdefault(f"penrose {k}", []).append(_medians(many) | spent)
            many, _ = process([*here, "--one", name])
            spent = {} if brief else {"process": process(command)[1]}
            found.setdefault("rosesim", []).append(_medians(many) | spent | {"first": many["build"][0]})
    out = {tool: {k: statistics.median(r[k] for r in rows) for k in rows[0]} for tool, rows in found.items()}
    if cold is not None:
        out["rosesim"]["cold"] = cold["build"][0]
    return out


def _medians(figures: dict[str, list[float]]) -> dict[str, float]:
    return {k: statistics.median(v) for k, v in figures.items() if v}


def mean(values: Sequence[float]) -> float:
    """The geometric mean."""
    return math.exp(sum(map(math.log, values)) / len(values))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--penrose", nargs=2, type=Path, metavar=("OLD", "NEW"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--all", action="store_true", help="all trios of milestones 1 to 3")
    parser.add_argument("--brief", action="store_true", help="no cold builds and no whole processes")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(ours(options.one)))
        return
    index: list[Any] = json.loads((SHARED / "trios" / "index.json").read_text(encoding="utf-8"))
    names = options.only or ([t["id"] for t in index if t["milestone"]] if options.all else TIMED)
    print("| diagram | read: old, new, ours | gradient's build: new; ours cached, again, cold | call: old, new, ours "
          "| layout: old, new, ours | process: old, new, ours |")  # fmt: skip
    print("|---|---|---|---|---|---|")
    ratios: dict[str, list[float]] = {}
    records: list[dict[str, Any]] = []
    for name in names:
        try:
            m = measured(name, options.penrose, options.rounds, options.brief)
        except Failed as error:
            print(f"| {name} | {error} |", flush=True)
            continue
        records.append({"diagram": name, **m})
        old, new, us = m["penrose 0"], m["penrose 1"], m["rosesim"]
        both = [k for k in ("read", "call", "solve", "process") if k in us]
        cells = [f"{old[k]:.3g}, {new[k]:.3g}, {us[k]:.3g}" for k in both]
        builds = [k for k in ("first", "build", "cold") if k in us]
        cells.insert(1, f"{new['build']:.3g}; {', '.join(f'{us[k]:.3g}' for k in builds)}")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
        for k in both:
            ratios.setdefault(f"{k}, old / ours", []).append(old[k] / us[k])
            ratios.setdefault(f"{k}, new / ours", []).append(new[k] / us[k])
        for k in builds:
            ratios.setdefault(f"{k}, ours / new", []).append(us[k] / new["build"])
        if options.out:
            options.out.write_text(json.dumps({"measured": records}, indent=1) + "\n", encoding="utf-8")
    print()
    for k, values in ratios.items():
        q = statistics.quantiles(values, n=4) if len(values) > 1 else [values[0]] * 3
        print(f"- {k}: geometric mean {mean(values):.3g}, quartiles {q[0]:.3g}, {q[1]:.3g}, {q[2]:.3g}")


if __name__ == "__main__":
    main()
