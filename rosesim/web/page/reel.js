// The states of one attempt: every so many are kept, and those between are computed from the one before.
import { restore, saved } from "./machine.js";

const TRAIL_POINTS = 120; // fewer than states, because a pixel is wider than a step
const MOST_BYTES = 48e6; // the states that are kept of one attempt
const QUICK_MS = 2; // a frame may compute for that long

/** How many steps lie between two states that are kept; `msAStep` is what a step takes. */
export function stride(steps, bytes, msAStep) {
  const quick = Math.max(1, Math.floor(QUICK_MS / Math.max(msAStep, 1e-9)));
  return Math.max(Math.min(quick, Math.ceil(steps / TRAIL_POINTS)), Math.ceil((steps * bytes) / MOST_BYTES));
}

/** Compute an attempt from the machine's params and inputs: its kept states and its trail. */
export function rollout(machine, steps, every) {
  machine.start();
  const bytes = saved(machine.state).length, count = Math.floor(steps / every) + 1;
  const states = new Uint8Array(bytes * count), between = Math.max(1, Math.round(steps / TRAIL_POINTS / every));
  const times = [], points = [];
  for (let k = 0, t = 0; ; k++) {
    if (k < count) saved(machine.state, states.subarray(k * bytes, (k + 1) * bytes));
    if (machine.programs.trail && (k % between === 0 || t === steps)) {
      times.push(t);
      points.push(...machine.trail());
    }
    if (t === steps) break;
    const n = Math.min(every, steps - t);
    machine.advance(t, n);
    t += n;
  }
  return { every, states, times, points: Float64Array.from(points) };
}

/** The paths of an attempt until state t, each a list of numbers x, y, x, y. `now`: the trail's points at t. */
export function paths({ times, points }, t = Infinity, now) {
  if (!times.length) return [];
  const wide = points.length / times.length, made = [];
  for (let k = 0; k < wide; k += 2) {
    const path = [];
    for (let i = 0; i < times.length && times[i] < t; i++) path.push(points[i * wide + k], points[i * wide + k + 1]);
    if (now) path.push(now[k], now[k + 1]);
    made.push(path);
  }
  return made;
}

/** Puts any state of an attempt into the machine; going on by a state costs a step. */
export class Reel {
  constructor(machine, attempt) {
    Object.assign(this, { machine, attempt, at: -1 });
  }
  seek(t) {
    const { machine, attempt: { every, states } } = this;
    const bytes = saved(machine.state).length, kept = Math.min(Math.floor(t / every), states.length / bytes - 1);
    let from = kept * every;
    if (this.at >= from && this.at <= t) {
      from = this.at;
      restore(machine.state, this.state);
    } else restore(machine.state, states.subarray(kept * bytes, (kept + 1) * bytes));
    machine.advance(from, t - from);
    this.at = t;
    this.state = saved(machine.state, this.state);
  }
}
