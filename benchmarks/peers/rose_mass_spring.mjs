// The robot of mass_spring in the language of the npm package rose: networks by `vec` and `sum`, a step as a function,
// a spring as a function; points and springs are written out. tanh and its derivative are JavaScript's.
const OMEGA = 10, DAMPING = 15, GRAVITY = -4.8, GROUND = 0.1, H = 0.004, WAVES = 10, SOFTENING = 1e-4, LEAST_FALL = 1e-4;

/** Value and gradient by the weights, of a robot and weights as `web.py` writes them. */
export async function massSpring(rose, root, { steps, robot, weights }) {
  const { Dual, Real, Vec, add, and, compile, div, fn, lt, mul, neg, opaque, select, sub, sum, vec, vjp } = rose;
  const { points, goal, springs } = robot;
  const N = points.length, S = springs.length, hidden = weights.bias1.length, F = WAVES + 4 * N + 2;
  const Vec2 = Vec(2, Real), Points = Vec(N, Vec2), State = { x: Points, v: Points }, Body = { x: Vec2, v: Vec2 };
  const Weights1 = Vec(hidden, Vec(F, Real)), Weights2 = Vec(S, Vec(hidden, Real));
  const Net = { weights1: Weights1, bias1: Vec(hidden, Real), weights2: Weights2, bias2: Vec(S, Real) };
  const both = (f) => [f(0), f(1)];
  const total = (terms) => terms.reduce((a, b) => add(a, b));

  const jsTanh = opaque([Real], Real, Math.tanh);
  const tanh = fn([Real], Real, (x) => jsTanh(x));
  tanh.jvp = fn([Dual], Dual, ({ re, du }) => {
    const y = tanh(re);
    return { re: y, du: mul(du, sub(1, mul(y, y))) };
  });

  const network = fn([Net, Vec(F, Real)], Vec(S, Real), ({ weights1, bias1, weights2, bias2 }, f) => {
    const h = vec(hidden, Real, (i) => tanh(add(bias1[i], sum(F, (j) => mul(weights1[i][j], f[j])))));
    return vec(S, Real, (i) => tanh(add(bias2[i], sum(hidden, (j) => mul(weights2[i][j], h[j])))));
  });
  const pull = fn([Vec2, Vec2, Real, Real, Real, Real], Vec2, (a, b, activation, rest, stiffness, actuation) => {
    const d = both((k) => sub(a[k], b[k]));
    const length = add(root(add(mul(d[0], d[0]), mul(d[1], d[1]))), SOFTENING);
    const wanted = mul(rest, add(1, mul(activation, actuation)));
    const size = div(mul(mul(H, stiffness), sub(length, wanted)), length);
    return both((k) => mul(size, d[k]));
  });
  const keep = Math.exp(-H * DAMPING);
  const move = fn([Vec2, Vec2, Vec2], Body, (x, v, pulled) => {
    const forced = [add(mul(keep, v[0]), pulled[0]), add(add(mul(keep, v[1]), H * GRAVITY), pulled[1])];
    const hit = and(lt(add(x[1], mul(H, forced[1])), GROUND), lt(forced[1], -LEAST_FALL));
    const impact = select(hit, Real, div(sub(GROUND, x[1]), select(hit, Real, forced[1], -1)), 0);
    const after = both((k) => select(hit, Real, 0, forced[k]));
    return { x: both((k) => add(x[k], add(mul(impact, forced[k]), mul(sub(H, impact), after[k])))), v: after };
  });
  const step = fn([State, Net, Vec(WAVES, Real)], State, ({ x, v }, net, waves) => {
    const centre = both((k) => div(sum(N, (i) => x[i][k]), N));
    const f = [];
    for (let j = 0; j < WAVES; ++j) f.push(waves[j]);
    for (let i = 0; i < N; ++i)
      f.push(...both((k) => mul(0.05, sub(x[i][k], centre[k]))), ...both((k) => mul(0.05, v[i][k])));
    f.push(...both((k) => sub(goal[k], centre[k])));
    const activation = network(net, f);
    const pulls = points.map(() => [[0], [0]]);
    springs.forEach(([a, b, rest, stiffness, actuation], i) => {
      const impulse = pull(x[a], x[b], activation[i], rest, stiffness, actuation);
      both((k) => (pulls[a][k].push(neg(impulse[k])), pulls[b][k].push(impulse[k])));
    });
    const bodies = points.map((_, i) => move(x[i], v[i], both((k) => total(pulls[i][k]))));
    return { x: bodies.map((b) => b.x), v: bodies.map((b) => b.v) };
  });

  const loss = fn([Net], Real, (net) => {
    let state = { x: points, v: points.map(() => [0, 0]) };
    for (let t = 0; t < steps; ++t) {
      const waves = Array.from({ length: WAVES }, (_, j) => Math.sin(t * OMEGA * H + (2 * Math.PI * j) / WAVES));
      state = step(state, net, waves);
    }
    return neg(state.x[0][0]);
  });
  const derivative = vjp(loss);
  const Both = { loss: Real, gradient: Net };
  const program = fn([Net], Both, (net) => {
    const { ret, grad } = derivative(net);
    return { loss: ret, gradient: grad(1) };
  });
  const run = await compile(program);
  const flat = (v) => (typeof v === "number" ? [v] : Array.from(v).flatMap(flat));
  return {
    runs: [() => run(weights)],
    result: ({ loss, gradient: g }) => [loss, [g.weights1, g.bias1, g.weights2, g.bias2].flatMap(flat)],
  };
}
