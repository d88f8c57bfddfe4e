"""phi and its gradient of diagrams in TensorFlow.js, beside ours: the comparison of Rose's paper.

    mkdir tf; (cd tf; npm init -y; npm i @tensorflow/tfjs@4.22.0)
    python benchmarks/diagrams_tfjs.py --node-modules tf/node_modules [--only ID …] [--seconds 3]

Prints our graphs of terms as operations of TensorFlow.js, twice: one operation for each number, which is what Penrose
did before Rose; and one for all terms of a kind, each operand gathered into a vector, as its users would write it.
The backend is its CPU one in Node, which has single precision alone. Both values are compared with ours before
anything is timed. Times are medians, in microseconds; ours are those of `diagrams_peers.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from diagrams_peers import SHARED, mean, ours

from rosesim.diagrams import solver
from rosesim.diagrams.scalars import Number, Scalar, postorder
from rosesim.diagrams.templates import Template
from rosesim.diagrams.trios import from_index, reference_labels

SMALL = (
    "spectral-graphs/examples/hypercube",
    "group-theory/quaternion-cayley-graph",
    "logic-circuit-domain/half-adder",
    "word-cloud/example",
    "group-theory/quaternion-multiplication-table",
)
NAMES = {
    "max": "maximum", "min": "minimum", "and": "logicalAnd", "or": "logicalOr", "not": "logicalNot",
    "choose": "where",
}  # fmt: skip
"""Where TensorFlow.js has another name for an operator of `scalars`."""
OURS = {"trunc": "trunc", "lt": "less", "le": "lessEqual", "eq": "equal"}
"""What the script below defines."""

SCRIPT = """
import { createRequire } from "node:module";
import { join } from "node:path";
const tf = createRequire(import.meta.url)(join(process.argv[2], "@tensorflow", "tfjs", "dist", "tf.node.js"));
tf.env().set("PROD", true);
await tf.setBackend("cpu");
const seconds = Number(process.argv[3]);
const N = (v) => (typeof v === "number" ? tf.scalar(v) : v);
// comparisons have no gradient there
const step = (f) => tf.customGrad((a, b) => ({ value: f(a, b), gradFunc: () => [tf.zerosLike(a), tf.zerosLike(b)] }));
const less = step(tf.less), lessEqual = step(tf.lessEqual), equal = step(tf.equal);
const trunc = (v) => tf.mul(tf.sign(v), tf.floor(tf.abs(v)));
const T = [
%(templates)s
];
const rows = %(rows)s, numbers = %(numbers)s, live = %(live)d, w = %(weight)r;
const rest = tf.tensor1d(numbers.slice(live));
const apart = (t) => (t.shape[0] > 1 ? tf.unstack(t) : [t.reshape(t.shape.slice(1))]); // unstack has no slope for one
const whole = (x) => (rest.size ? tf.concat([x, rest]) : x);
const added = (values, objective) => {
  if (objective) return tf.sum(values);
  const broken = tf.maximum(values, 0);
  return tf.mul(w, tf.sum(tf.mul(broken, broken)));
};
const each = (x) => {
  const all = apart(whole(x));
  let total = tf.scalar(0);
  for (const [k, objective, places] of rows)
    for (const row of places) total = tf.add(total, added(N(T[k](...row.map((i) => all[i]))), objective));
  return total;
};
const turned = (rows) => rows[0].map((_, j) => rows.map((r) => r[j]));
const indices = rows.map(([, , places]) => tf.tensor2d(turned(places), undefined, "int32"));
const together = (x) => {
  const all = whole(x);
  let total = tf.scalar(0);
  rows.forEach(([k, objective, places], n) => {
    const value = N(T[k](...apart(tf.gather(all, indices[n]))));
    const one = value.rank === 0 && places.length > 1 ? tf.mul(value, tf.ones([places.length])) : value;
    total = tf.add(total, added(one, objective));
  });
  return total;
};
const out = {};
for (const [name, f] of Object.entries({ each, together })) {
  const both = tf.valueAndGrad(f), x = tf.tensor1d(numbers.slice(0, live)), times = [];
  let value;
  const end = performance.now() + 1e3 * seconds;
  while (times.length < 3 || performance.now() < end) {
    const began = performance.now();
    value = tf.tidy(() => { const { value, grad } = both(x); return [value.dataSync()[0], ...grad.dataSync()]; });
    times.push(1e3 * (performance.now() - began));
  }
  out[name] = { value: value[0], grad: value.slice(1), time: times.sort((a, b) => a - b)[times.length >> 1] };
}
console.log(JSON.stringify(out));
"""


def _function(template: Template) -> str:
    """A template as a JavaScript function of its leaves."""
    lines: list[str] = []

    def said(a: Number | bool) -> str:
        return f"v{a.number}" if isinstance(a, Scalar) else repr(float(a)).replace("inf", "Infinity")

    for node in postorder(template.root):
        if node.op == "input":
            lines.append(f"const v{node.number} = x[{node.index}];")
        else:
            args = ", ".join(f"N({said(a)})" for a in node.args)
            call = OURS.get(node.op) or f"tf.{NAMES.get(node.op, node.op)}"
            lines.append(f"const v{node.number} = {call}({args});")
    return f"(...x) => {{ {' '.join(lines)} return {said(template.root)}; }}"


def theirs(name: str, modules: Path, seconds: float) -> dict[str, Any]:
    """TensorFlow.js' times, after its values have agreed with ours."""
    labels = reference_labels(SHARED / "reference" / f"{name.replace('/', '__')}.json")
    diagram = from_index(SHARED / "trios" / "index.json", name).read(labels=labels)
    e, problem = diagram.energy, diagram.problem
    templates = {k: i for i, k in enumerate(dict.fromkeys(r.template.key for r in e.rows))}
    first = {r.template.key: r.template for r in e.rows}
    groups: dict[tuple[int, bool], list[list[int]]] = {}
    for number, row in enumerate(e.rows):
        kind = templates[row.template.key], number < len(problem.objectives)
        groups.setdefault(kind, []).append([e.place(leaf) for leaf in row.leaves])
    numbers = e.numbers(problem.x0)[: len(e.live) + len(e.constants)]
    text = SCRIPT % {
        "templates": ",\n".join(_function(first[key]) for key in templates),
        "rows": json.dumps([[k, objective, places] for (k, objective), places in groups.items()]),
        "numbers": json.dumps(list(numbers)),
        "live": len(e.live),
        "weight": solver.FIRST_WEIGHT,
    }
    with tempfile.NamedTemporaryFile("w", suffix=".mjs") as file:
        file.write(text)
        file.flush()
        command = ["node", file.name, str(modules.resolve()), str(seconds)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ})
    if done.returncode:
        raise SystemExit(f"TensorFlow.js failed on {name}: {done.stderr.strip()[-1500:]}")
    out: dict[str, Any] = json.loads(done.stdout)
    value, gradient = diagram.phi(problem.x0)
    for way, found in out.items():
        if None in found["grad"]:  # how JSON has a NaN: a root at zero in the branch not taken, for one
            print(f"- {name}, {way}: TensorFlow.js' gradient is not a number")
            continue
        grad = np.asarray(found["grad"])
        size = np.abs(gradient[list(e.live)]).max()
        away = abs(found["value"] / value - 1.0), np.abs(grad - gradient[list(e.live)]).max() / size
        if not max(away) < 1e-3:  # single precision
            raise SystemExit(f"{name}, {way}: TensorFlow.js' phi or gradient differ by {away}")
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--node-modules", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=SMALL)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    print("| diagram | TensorFlow.js, a number at a time | all terms of a kind at once | ours | ratios |")
    print("|---|---|---|---|---|")
    ratios: list[tuple[float, float]] = []
    for name in options.only:
        them = theirs(name, options.node_modules, options.seconds)
        us = float(np.median(ours(name)["call"]))
        ratios.append((them["each"]["time"] / us, them["together"]["time"] / us))
        times = f"{them['each']['time']:.3g} | {them['together']['time']:.3g} | {us:.3g}"
        print(f"| {name} | {times} | {ratios[-1][0]:.3g}, {ratios[-1][1]:.3g} |", flush=True)
    print(f"\nGeometric means: {mean([a for a, _ in ratios]):.3g}, {mean([b for _, b in ratios]):.3g}")


if __name__ == "__main__":
    main()
