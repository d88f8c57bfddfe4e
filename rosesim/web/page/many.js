// Many segments or arrows at once.
import { Painter, at } from "./painter.js";

Object.assign(Painter.prototype, {
  segments({ points, ends, role, width, opacity }) {
    const c = this.context;
    let last;
    const put = () => last && this.stroke(last[2]);
    ends.forEach(([a, b], k) => {
      const from = this.view.pixel([points[2 * a], points[2 * a + 1]]);
      const to = this.view.pixel([points[2 * b], points[2 * b + 1]]);
      const now = [this.colour(role, k), at(opacity, k), at(width, k)];
      if (!(now[1] > 0 && [...from, ...to, now[2]].every(Number.isFinite))) return;
      if (!last || now[1] < 1 || now.some((v, i) => v !== last[i])) {
        put();
        this.begin(now[1], now[0]);
        last = now;
      }
      c.moveTo(...from);
      c.lineTo(...to);
    });
    put();
  },
  arrows({ tails, vectors, ...rest }) {
    for (let k = 0; k < tails.length; k += 2)
      this.arrow({ tail: [tails[k], tails[k + 1]], vector: [vectors[k], vectors[k + 1]], ...rest });
  },
});
