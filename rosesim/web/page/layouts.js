// Layouts by the compiled solver, and what became of the constraints: rosesim/diagrams/layout.py, in a page's worker.
import { format } from "./formats.js";
import { inflated, programsOf } from "./module.js";

const HOLDS = 1e-2; // a constraint holds where its value is at most this
const FIRST_WEIGHT = 1e3, GROWTH = 10, MOST_ROUNDS = 32; // of a stage, as in solver.py
const MOST_STEPS = 100000; // of a stage: a layout that takes more is of what cannot be
const LEAST_STEPS = 20, PART_MS = 15; // of a part; then newer orders are looked for, and the picture follows
const PATIENCE_MS = 100; // so long a newer order lets the present one go on, which mostly ends in that time

/** A whole number with commas, as Python groups it. */
const grouped = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");

export class Layouts {
  constructor(programs, data) {
    Object.assign(this, { programs, data, most: 200 });
  }
  static async open(data) {
    return new Layouts(await programsOf(await inflated(data.wasm).arrayBuffer()), data);
  }

  /**
   * A layout from x, in parts that take a few milliseconds each: gives all inputs after each part, those of `fixed` as
   * they were. A stage goes on from round to round as in rosesim/diagrams/solver.py; the part that a round is cut in
   * says nothing about whether x stays, nor does the rest of that round.
   */
  *parts(x, fixed) {
    const { run, parameters, results } = this.programs.solve, { live, stages } = this.data, at = x.slice();
    const stays = new Set(fixed);
    this.steps = 0;
    this.settled = true;
    for (const { objective, constraint, moves } of stages) {
      let rounds = 0, energy = Infinity, resumed = false, settled = false;
      for (let steps = 0; steps < MOST_STEPS; ) {
        const most = this.most, before = performance.now();
        parameters.x.set(live.map((i) => at[i]));
        parameters.objective.set(objective);
        parameters.constraint.set(constraint);
        parameters.moves.set([...moves].map((m, k) => (stays.has(live[k]) ? 0 : m)));
        const { weight } = parameters;
        weight[0] = FIRST_WEIGHT * GROWTH ** rounds;
        [parameters.energy[0], parameters.rounds[0], parameters.most[0]] = [energy, rounds, most];
        run();
        if (!Number.isFinite(results.energy[0]) || !results.x.every(Number.isFinite))
          throw new Error("the energy became infinite or NaN; another start (R) may do better");
        live.forEach((i, k) => (at[i] = results.x[k]));
        steps += results.steps[0];
        this.steps += results.steps[0];
        const [next] = results.rounds, isCut = results.steps[0] >= most, isDone = !!results.done[0];
        settled = !isCut && isDone && !(resumed && next === rounds + 1);
        if (settled || (!isCut && !isDone)) break; // or no further round can settle
        [rounds, energy, resumed] = [isCut ? next - 1 : next, results.energy[0], isCut];
        if (rounds >= MOST_ROUNDS) break;
        this.most = Math.max(LEAST_STEPS, Math.round((most * PART_MS) / Math.max(performance.now() - before, 1)));
        yield at;
      }
      this.settled &&= settled;
    }
    return at;
  }

  /** What became of the constraints at x, in one sentence. With one row as the only objective, phi is its value. */
  verdict(x) {
    const { run, parameters, results } = this.programs.phi, { live, checks, count } = this.data;
    parameters.x.set(live.map((i) => x[i]));
    for (const all of [parameters.objective, parameters.constraint, parameters.moves]) all.fill(0);
    const broken = [];
    for (const [row, text] of checks) {
      parameters.objective[row] = 1;
      run();
      parameters.objective[row] = 0;
      const by = results[0][0];
      if (!(by <= HOLDS)) broken.push({ text, by });
    }
    const late = this.settled === false ? `not settled after ${grouped(this.steps)} steps; ` : "";
    if (!broken.length) return { good: true, text: late + (count ? `all ${count} constraints hold` : "there are no constraints") };
    const worst = broken.reduce((a, b) => (b.by > a.by ? b : a));
    return { good: false, text: `${late}${broken.length} of ${count} constraints are violated; the worst is ${worst.text} by ${format(worst.by, ".3g")}` };
  }
}

/**
 * As a worker's whole program: the page's data come first, then orders {serial, start, x, fixed}. Each part of a layout is
 * told, with the order that it is of; the last with the verdict. A newer order waits for the present one, but not long.
 */
export function work() {
  const channel = new MessageChannel();
  let ready, go, next, running, last;
  channel.port1.onmessage = () => go();
  const pause = () => new Promise((resolve) => ((go = resolve), channel.port2.postMessage(0)));
  const lay = async (layouts) => {
    for (running = true; next; ) {
      const order = next, begun = performance.now(), { x, fixed } = order, held = last && new Set([...fixed, ...last.fixed]);
      next = null;
      // It goes on from where the layout before it has come to, which whoever gave the order did not know yet.
      if (last?.start === order.start) x.set(last.x.map((v, i) => (held.has(i) ? x[i] : v)));
      const parts = layouts.parts(x, fixed);
      try {
        for (let done = false; !done && !(next && performance.now() - begun > PATIENCE_MS); ) {
          const part = parts.next();
          done = part.done;
          last = { ...order, x: part.value };
          postMessage({ ...order, x: part.value, verdict: done && layouts.verdict(part.value) });
          await pause();
        }
      } catch (error) {
        last = null;
        postMessage({ ...order, failure: error.message || String(error) });
      }
    }
    running = false;
  };
  onmessage = async ({ data }) => {
    if (data.page) return void (ready = Layouts.open(data.page));
    next = data;
    try {
      const layouts = await ready;
      if (!running) lay(layouts);
    } catch (error) {
      postMessage({ ...data, failure: error.message || String(error) });
    }
  };
}
