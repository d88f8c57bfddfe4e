// Layouts by the compiled solver, and what became of the constraints: rosesim/diagrams/layout.py, in a page's worker.
import { format } from "./formats.js";
import { inflated, programsOf } from "./module.js";

const HOLDS = 1e-2; // a constraint holds where its value is at most this

export class Layouts {
  constructor(programs, data) {
    Object.assign(this, { programs, data });
  }
  static async open(data) {
    return new Layouts(await programsOf(await inflated(data.wasm).arrayBuffer()), data);
  }

  /** All inputs after a layout from x. Those of `fixed` stay. */
  layOut(x, fixed) {
    const { run, parameters, results } = this.programs.solve, { live, stages } = this.data, at = x.slice();
    const stays = new Set(fixed);
    for (const { objective, constraint, moves } of stages) {
      parameters.x.set(live.map((i) => at[i]));
      parameters.objective.set(objective);
      parameters.constraint.set(constraint);
      parameters.moves.set([...moves].map((m, k) => (stays.has(live[k]) ? 0 : m)));
      run();
      if (!Number.isFinite(results.energy[0]) || !results.x.every(Number.isFinite))
        throw new Error("the energy became infinite or NaN; another start (R) may do better");
      live.forEach((i, k) => (at[i] = results.x[k]));
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
    if (!broken.length) return { good: true, text: count ? `all ${count} constraints hold` : "there are no constraints" };
    const worst = broken.reduce((a, b) => (b.by > a.by ? b : a));
    return { good: false, text: `${broken.length} of ${count} constraints are violated; the worst is ${worst.text} by ${format(worst.by, ".3g")}` };
  }
}

/** As a worker's whole program: the page's data come first. Whoever asks waits for the answer before asking again. */
export function work() {
  let ready;
  onmessage = async ({ data: { page, serial, x, fixed } }) => {
    if (page) return void (ready = Layouts.open(page));
    try {
      const layouts = await ready, at = layouts.layOut(x, fixed);
      postMessage({ serial, x: at, ...layouts.verdict(at) });
    } catch (error) {
      postMessage({ serial, failure: error.message || String(error) });
    }
  };
}
