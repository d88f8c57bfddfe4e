// What a person takes hold of, and how it follows: rosesim/diagrams/live.py, in a page.

const THIN = 8; // pixels of the canvas by which a line, or a smaller shape, may be missed
const STEP = 1e-3; // of the differences that give a centre's slopes; centres are linear in nearly all diagrams
const TRIES = 4; // most corrections where a centre is not linear in its inputs
const RANK = 1e-12; // of the squared slopes, the part below which a direction cannot be moved in

/** Inputs that change by `pull` [input][coordinate] move the centre by one, as little as they can: J⁺ = Jᵀ (J Jᵀ)⁺. */
export function pullOf(slopes) {
  let [a, b, d] = [0, 0, 0];
  for (const [u, v] of slopes) [a, b, d] = [a + u * u, b + u * v, d + v * v];
  const half = (a + d) / 2, spread = Math.hypot((a - d) / 2, b), high = half + spread, low = (a * d - b * b) / high || 0;
  if (!(high > 0)) return slopes.map(() => [0, 0]);
  if (low > RANK * high) return slopes.map(([u, v]) => [(u * d - v * b) / (high * low), (v * a - u * b) / (high * low)]);
  // Of rank one: J Jᵀ is high times the projection onto its range.
  return slopes.map(([u, v]) => [(u * a + v * b) / high ** 2, (u * b + v * d) / high ** 2]);
}

export class Hand {
  constructor({ grips, size }, tape) {
    Object.assign(this, { grips, size, tape, held: null });
  }

  /** The smallest grip at a point; of equally small ones the topmost. `reach` is how far small ones extend. */
  find(values, point, reach = THIN) {
    let best = null, least = Infinity;
    for (const grip of this.grips) {
      const area = areaAt(grip, grip.extent.map((k) => values[k]), point, Math.max(reach, THIN));
      if (area <= least) [best, least] = [grip, area];
    }
    return best;
  }
  center(grip, values) {
    return grip.center.map((k) => values[k]);
  }

  grab(grip, x, point) {
    const now = this.center(grip, this.tape.at(x));
    const slopes = grip.inputs.map((i) => {
      const there = this.center(grip, this.tape.at(x.with(i, x[i] + STEP)));
      return there.map((v, k) => (v - now[k]) / STEP);
    });
    this.held = { grip, pull: pullOf(slopes), offset: point.map((v, k) => v - now[k]) };
  }
  /** Move what is held so that its centre follows, but stays on the canvas. Whether that changed x. */
  drag(x, point) {
    const { grip, pull, offset } = this.held;
    const target = point.map((v, k) => Math.min(Math.max(v - offset[k], -this.size[k] / 2), this.size[k] / 2));
    let changed = false;
    for (let n = 0; n < TRIES; n++) {
      const now = this.center(grip, this.tape.at(x)), away = target.map((v, k) => v - now[k]);
      const change = pull.map(([u, v]) => u * away[0] + v * away[1]);
      if (!change.some((v) => Math.abs(v) >= 1e-9)) break;
      grip.inputs.forEach((i, k) => (x[i] += change[k]));
      changed = true;
    }
    return changed;
  }
}

/** How large a shape is that lies at a point; NaN for one that does not. */
function areaAt({ form }, [a, b, c, d], [x, y], thin) {
  if (form === "line") {
    const [u, v] = [c - a, d - b], length = Math.hypot(u, v);
    const part = Math.min(Math.max(length ? ((x - a) * u + (y - b) * v) / length ** 2 : 0, 0), 1);
    return Math.hypot(x - a - part * u, y - b - part * v) <= thin / 2 ? length * thin : NaN;
  }
  const width = Math.max(c, thin), height = Math.max(d, thin), u = (2 * (x - a)) / width, v = (2 * (y - b)) / height;
  return (form === "round" ? u * u + v * v <= 1 : Math.max(Math.abs(u), Math.abs(v)) <= 1) ? width * height : NaN;
}
