// The npm package rose under Node: functions compiled to WebAssembly, steps as calls of one function.
// Speaks as serve.py does; the first argument is the task, the second its sizes; NODE_MODULES says where rose lies.
import { pathToFileURL } from "node:url";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { massSpring } from "./rose_mass_spring.mjs";
import { serve } from "./serve.mjs";

const given = JSON.parse(process.argv[3]);
const begun = performance.now();
const folder = join(process.env.NODE_MODULES ?? "node_modules", "rose");
const rose = await import(pathToFileURL(join(folder, "dist", "index.js")));
const { Dual, Real, Vec, add, and, compile, div, fn, gt, lt, mul, select, sqrt, sub, sum, vec, vjp } = rose;
const imported = performance.now() - begun;
const version = JSON.parse(readFileSync(join(folder, "package.json"))).version;

const H = 0.003, R = 0.03, E = 0.8, N = 11, GOAL = [0.9, 0.75];
const SHOTS = [[0.1, 0.5, 0.3, 0.0], [0.42, 0.502, 0.9, 0.01]];

const root = fn([Real], Real, (x) => sqrt(x)); // with a derivative that is finite at zero, for the pair (i, i)
root.jvp = fn([Dual], Dual, ({ re, du }) => {
  const y = sqrt(re);
  return { re: y, du: mul(du, div(0.5, select(gt(y, 1e-12), Real, y, 1))) };
});
const Vec2 = Vec(2, Real), Balls = Vec(N, Vec2), State = { x: Balls, v: Balls };
const Bump = { impulse: Vec2, shift: Vec2 };
const dot = (a, b) => add(mul(a[0], b[0]), mul(a[1], b[1]));
const both = (f) => [f(0), f(1)];
const least = (a, b) => select(lt(a, b), Real, a, b);

const bump = fn([Vec2, Vec2, Vec2, Vec2], Bump, (xi, vi, xj, vj) => {
  const d = both((k) => sub(add(xi[k], mul(H, vi[k])), add(xj[k], mul(H, vj[k]))));
  const length = root(dot(d, d));
  const u = both((k) => div(d[k], add(length, 1e-6)));
  const s = dot(u, both((k) => sub(vi[k], vj[k])));
  const hit = and(lt(length, 2 * R), lt(s, 0));
  const size = mul(-(1 + E) / 2, s);
  const g = least(sub(div(sub(length, 2 * R), least(-1e-3, s)), H), 0);
  const impulse = both((k) => select(hit, Real, mul(size, u[k]), 0));
  return { impulse, shift: both((k) => mul(g, impulse[k])) };
});
const step = fn([State], State, ({ x, v }) => {
  const bumps = vec(N, Vec(N, Bump), (i) => vec(N, Bump, (j) => bump(x[i], v[i], x[j], v[j])));
  const total = (i, of, k) => sum(N, (j) => bumps[i][j][of][k]);
  const after = vec(N, Vec2, (i) => both((k) => add(v[i][k], total(i, "impulse", k))));
  const moved = vec(N, Vec2, (i) => both((k) => add(add(x[i][k], total(i, "shift", k)), mul(H, after[i][k]))));
  return { x: moved, v: after };
});
const rack = [];
for (let i = 0; i < 4; ++i) for (let j = 0; j <= i; ++j) rack.push([i * 0.06 + 0.5, j * 0.06 + 0.5 - 0.7 * R * i]);

async function billiards({ steps }) {
  const loss = fn([Vec(4, Real)], Real, (z) => {
    let state = { x: [[z[0], z[1]], ...rack], v: [[z[2], z[3]], ...rack.map(() => [0, 0])] };
    for (let t = 0; t < steps; ++t) state = step(state);
    const miss = both((k) => sub(state.x[N - 1][k], GOAL[k]));
    return dot(miss, miss);
  });
  const derivative = vjp(loss);
  const program = fn([Vec(4, Real)], Vec(5, Real), (z) => {
    const { ret, grad } = derivative(z);
    const g = grad(1);
    return [ret, g[0], g[1], g[2], g[3]];
  });
  const run = await compile(program);
  return { runs: SHOTS.map((shot) => () => run(shot)), result: ([loss, ...gradient]) => [loss, gradient] };
}

/** The robot that a JSON file describes, which `web.py` writes. */
async function robot({ steps, file }) {
  return massSpring(rose, root, { steps, ...JSON.parse(readFileSync(file)) });
}

const started = performance.now();
const { runs, result } = await { billiards, mass_spring: robot }[process.argv[2]](given);
const results = [result(runs[0]())];
const ready = performance.now() - started;
results.push(...runs.slice(1).map((run) => result(run())));
await serve({ import: imported / 1e3, ready: ready / 1e3, version, results }, runs[0]);
