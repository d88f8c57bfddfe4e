// TensorFlow.js under Node: pairs as matrices, its tape for the gradient. It has single precision alone.
// Speaks as serve.py does; the second argument has the sizes; NODE_MODULES says where the package lies.
import { pathToFileURL } from "node:url";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { serve } from "./serve.mjs";

const { steps, backend = "cpu" } = JSON.parse(process.argv[3]);
const begun = performance.now();
const folder = join(process.env.NODE_MODULES ?? "node_modules", "@tensorflow", "tfjs");
console.warn = console.log = () => {}; // it praises its other packages
const tf = (await import(pathToFileURL(join(folder, "dist", "tf.node.js")))).default;
await tf.setBackend(backend);
await tf.ready();
const imported = performance.now() - begun;
const version = JSON.parse(readFileSync(join(folder, "package.json"))).version;

const H = 0.003, R = 0.03, E = 0.8, N = 11, GOAL = [0.9, 0.75];
const SHOTS = [[0.1, 0.5, 0.3, 0.0], [0.42, 0.502, 0.9, 0.01]];
const rack = [];
for (let i = 0; i < 4; ++i) for (let j = 0; j <= i; ++j) rack.push([i * 0.06 + 0.5, j * 0.06 + 0.5 - 0.7 * R * i]);
const eye = tf.eye(N), other = tf.sub(1, eye);
const placed = tf.tensor2d(rack), still = tf.zeros([N - 1, 2]);
const pairs = (v) => tf.sub(v.expandDims(1), v.expandDims(0));

function step(x, v) {
  const d = pairs(tf.add(x, tf.mul(H, v)));
  const length = tf.sqrt(tf.add(tf.sum(tf.square(d), 2), eye));
  const u = tf.div(d, tf.add(length, 1e-6).expandDims(2));
  const s = tf.sum(tf.mul(u, pairs(v)), 2);
  const hit = tf.mul(tf.mul(tf.step(tf.sub(2 * R, length)), tf.step(tf.neg(s))), other); // comparisons have no gradient
  const size = tf.mul(hit, tf.mul(-(1 + E) / 2, s));
  const g = tf.minimum(tf.sub(tf.div(tf.sub(length, 2 * R), tf.minimum(-1e-3, s)), H), 0);
  const impulse = tf.mul(size.expandDims(2), u), shift = tf.mul(g.expandDims(2), impulse);
  const after = tf.add(v, tf.sum(impulse, 1));
  return [tf.add(tf.add(x, tf.sum(shift, 1)), tf.mul(H, after)), after];
}
const both = tf.valueAndGrad((z) => {
  let x = tf.concat([z.slice([0], [2]).expandDims(0), placed]);
  let v = tf.concat([z.slice([2], [2]).expandDims(0), still]);
  for (let t = 0; t < steps; ++t) [x, v] = step(x, v);
  return tf.sum(tf.square(tf.sub(x.slice([N - 1, 0], [1, 2]).reshape([2]), GOAL)));
});
const run = (shot) =>
  tf.tidy(() => {
    const { value, grad } = both(tf.tensor1d(shot));
    return [value.dataSync()[0], Array.from(grad.dataSync())];
  });

const started = performance.now();
const results = [run(SHOTS[0])];
const ready = performance.now() - started;
results.push(run(SHOTS[1]));
await serve({ import: imported / 1e3, ready: ready / 1e3, version, results }, () => run(SHOTS[0]));
