// A scene's programs, by what they mean, over one instance of its module.
import { inflated, leaves, programsOf, unpacked } from "./module.js";

const PUSH = 1e-6; // params are moved by this part of their length: far above rounding, far below the scale of curvature

const numbers = (tree) => leaves(tree).flatMap((v) => [...v]);
const bytesOf = (view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

/** Numbers of one tree into another of the same kind. */
export function copy(to, from) {
  const source = leaves(from);
  leaves(to).forEach((view, k) => view.set(source[k]));
}

/** A tree's numbers as bytes of their own, or written to `room`. */
export function saved(tree, room) {
  const parts = leaves(tree);
  const all = room ?? new Uint8Array(parts.reduce((n, v) => n + v.byteLength, 0));
  let at = 0;
  for (const view of parts) {
    all.set(bytesOf(view), at);
    at += view.byteLength;
  }
  return all;
}

export function restore(tree, bytes) {
  let at = 0;
  for (const view of leaves(tree)) bytesOf(view).set(bytes.subarray(at, (at += view.byteLength)));
}

const sameBytes = (a, b) => a.every((v, k) => v === b[k]);

/** Numbers (a number, a list, base64 of doubles) for a tree of arrays: what to write where. What is left out stays. */
function filled(tree, values, path = "") {
  if (!tree || values === undefined) return [];
  if (!ArrayBuffer.isView(tree)) {
    const odd = Object.keys(values ?? 0).find((name) => !(name in tree));
    if (odd || typeof values !== "object") throw new Error(`${path || "put"}: ${odd ?? values} was found; expected ${Object.keys(tree).join(", ")}`);
    return Object.keys(tree).flatMap((name) => filled(tree[name], values[name], path ? `${path}.${name}` : name));
  }
  let given = typeof values === "string" && values.length % 4 === 0 ? unpacked(values) : [values].flat(Infinity);
  if (given.buffer) given = given.length % 8 ? [] : [...new Float64Array(given.buffer)];
  else if (given.some((v) => !/number|boolean/.test(typeof v))) throw new Error(`${path}: ${values} was found; expected numbers`);
  if (given.length !== tree.length) throw new Error(`${path}: ${given.length} numbers were found; expected ${tree.length}`);
  return [[tree, tree instanceof BigInt64Array || tree instanceof BigUint64Array ? given.map(BigInt) : given]];
}

/** The length of a vector, of which no square overflows. */
export const norm = (xs) => {
  const most = xs.reduce((m, x) => Math.max(m, Math.abs(x)), 0);
  return most > 0 && most < Infinity ? most * Math.sqrt(xs.reduce((sum, x) => sum + (x / most) ** 2, 0)) : most;
};

export class Machine {
  constructor(programs, data) {
    this.programs = programs;
    this.data = data;
    const { params, inputs } = programs.start.parameters;
    Object.assign(this, { params, inputs });
    this.state = programs.advance.parameters.state;
    this.evaluates = "gradient" in programs;
    this.handlePlaces = programs.handles ? programs.handles.results : null;
    this.begin();
  }

  static async open(data) {
    return new Machine(await programsOf(await inflated(data.wasm).arrayBuffer()), data);
  }

  /** Params and inputs as the page has them. */
  begin() {
    this.put("params", this.data.params);
    this.put("inputs", this.data.inputs);
  }
  put(what, values) {
    for (const [view, given] of filled(this[what], values)) view.set(given);
  }
  /** Params and inputs as one value. */
  get point() {
    return { params: saved(this.params), inputs: saved(this.inputs) };
  }
  set point({ params, inputs }) {
    restore(this.params, params);
    restore(this.inputs, inputs);
  }

  start() {
    this.programs.start.run();
    copy(this.state, this.programs.start.results);
  }
  /** Go on from state t by n steps. */
  advance(t, n) {
    if (n < 1) return;
    const { run, parameters, results } = this.programs.advance;
    parameters.t[0] = t;
    parameters.n[0] = n;
    run();
    copy(this.state, results);
  }
  /** The points of the trail at the present state, x and y in turn. */
  trail() {
    const { run, results } = this.programs.trail;
    run();
    return leaves(results)[0];
  }
  /** The loss; the gradient is `slope`. */
  evaluate() {
    const { run, results } = this.programs.gradient;
    run();
    const [loss, gradient] = Object.values(results);
    this.gradient = gradient;
    return loss[0];
  }
  /** The gradient's numbers, in the order of the params'. */
  get slope() {
    return Float64Array.from(numbers(this.gradient));
  }
  /** The optimiser forgets what it remembers. */
  forget() {
    const memory = this.programs.optimise?.parameters.memory;
    if (memory) for (const view of leaves(memory)) view.fill(0);
  }
  /** A step of the optimiser from the last evaluation. Whether params changed. */
  optimise(iteration) {
    const { run, parameters, results } = this.programs.optimise;
    copy(parameters.gradient, this.gradient);
    if (parameters.iteration) parameters.iteration[0] = iteration;
    run();
    const before = saved(this.params);
    const [params, memory] = Object.values(results);
    copy(this.params, params);
    if (parameters.memory) copy(parameters.memory, memory);
    return !sameBytes(before, saved(this.params));
  }
  terms() {
    const program = this.programs.terms;
    if (!program) return [];
    program.run();
    return Object.entries(program.results).map(([name, view]) => [name, view[0]]);
  }
  /** The handles' points, by name. */
  handles() {
    if (!this.handlePlaces) return {};
    this.programs.handles.run();
    return Object.fromEntries(this.data.handles.map((name, k) => [name, numbers(this.handlePlaces[k])]));
  }
  drag(handle, [x, y]) {
    const { run, parameters, results } = this.programs[`drag_${this.data.handles.indexOf(handle)}`];
    parameters.x[0] = x;
    parameters.y[0] = y;
    run();
    const [params, inputs] = Object.values(results);
    copy(this.params, params);
    copy(this.inputs, inputs);
  }
  /** Whether the start state moves with a handle. */
  movesStart(handle) {
    const { point, data } = this;
    const [x, y] = this.handles()[handle];
    this.start();
    const here = saved(this.state);
    this.drag(handle, [x, y + 0.01 * (data.extent[3] - data.extent[1])]);
    this.start();
    this.point = point;
    return !sameBytes(here, saved(this.state));
  }
  input(path) {
    return path.split(".").reduce((tree, name) => tree[name], this.inputs);
  }

  /** [tail, vector] for each handle that params move: its motion along minus the gradient, the longest as given. */
  arrows(slope, longest) {
    const steep = norm(slope), xs = leaves(this.params);
    if (!this.handlePlaces || !(Number.isFinite(steep) && steep > 0)) return [];
    const before = saved(this.params);
    const push = PUSH * Math.max(1, norm(numbers(xs)));
    const here = this.handles();
    let k = 0;
    for (const view of xs) for (let i = 0; i < view.length; i++) view[i] -= (push / steep) * slope[k++];
    const there = this.handles();
    restore(this.params, before);
    const moves = Object.keys(here).map((name) => [here[name], here[name].map((v, i) => (there[name][i] - v) / push)]);
    const most = Math.max(...moves.map(([, v]) => Math.hypot(...v)));
    if (!(Number.isFinite(most) && most > PUSH)) return []; // a smaller motion is rounding
    return moves.filter(([, v]) => v.some(Boolean)).map(([at, v]) => [at, v.map((part) => (part * longest) / most)]);
  }
}
