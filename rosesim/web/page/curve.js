// The loss against the iteration.

const LOGARITHMIC_FROM = 10; // a positive loss that falls by at least this factor is shown on a logarithmic axis
const MARGIN = { left: 44, bottom: 22, right: 10, top: 10 };
const POINTS = 400; // more are not seen

/** About four multiples of 1, 2 or 5 times a power of ten, around the range. */
export function axisNumbers(low, high) {
  const spread = Math.max(high - low, high === low ? 0.1 * Math.abs(high) : 0, 1e-12);
  const power = 10 ** Math.floor(Math.log10(spread));
  const step = [0.2, 0.5, 1, 2].map((m) => m * power).find((s) => s >= spread / 5);
  const ticks = [];
  for (let k = Math.floor(low / step); k <= Math.ceil(high / step); k++) ticks.push(k * step);
  return ticks;
}

export function powersOfTen(low, high) {
  const first = Math.floor(Math.log10(low)), last = Math.ceil(Math.log10(high)), ticks = [];
  for (let k = first; k <= last; k += Math.max(1, Math.floor((last - first) / 5))) ticks.push(10 ** k);
  return ticks;
}

/** A number in a few characters; a dash where it is not finite. */
export function short(v, digits = 4, rest = 2) {
  if (!Number.isFinite(v)) return "–";
  const plain = v === 0 || (1e-3 <= Math.abs(v) && Math.abs(v) < 1e4);
  return plain ? String(+v.toPrecision(digits)) : v.toExponential(rest).replace("e+", "e");
}

/** Draw [iteration, loss] pairs: faint as a whole, strong up to iteration `now`, with a dot there. */
export function drawCurve(c, points, now, width, height, colours) {
  c.clearRect(0, 0, width, height);
  const all = points.filter(([, v]) => Number.isFinite(v));
  if (!all.length) return;
  let low = Infinity, high = -Infinity;
  for (const [, v] of all) [low, high] = [Math.min(low, v), Math.max(high, v)];
  const logarithmic = low > 0 && high / low >= LOGARITHMIC_FROM;
  const scale = logarithmic ? Math.log10 : Number, ticks = logarithmic ? powersOfTen(low, high) : axisNumbers(low, high);
  const bottom = Math.min(scale(low), scale(ticks[0])), top = Math.max(scale(high), scale(ticks.at(-1)));
  const first = all[0][0], last = Math.max(all.at(-1)[0], first + 1);
  const x = (i) => MARGIN.left + ((width - MARGIN.left - MARGIN.right) * (i - first)) / (last - first);
  const y = (v) => height - MARGIN.bottom - ((height - MARGIN.bottom - MARGIN.top) * (scale(v) - bottom)) / Math.max(top - bottom, 1e-300);
  const path = (list, colour, line) => {
    c.beginPath();
    for (const [i, v] of list) c.lineTo(x(i), y(v));
    [c.strokeStyle, c.lineWidth, c.lineJoin] = [colour, line, "round"];
    c.stroke();
  };
  c.font = "11px system-ui, sans-serif";
  c.fillStyle = colours.muted;
  for (const tick of ticks) {
    path([[first, tick], [last, tick]], colours.grid, 1);
    c.textAlign = "right";
    c.fillText(short(tick, 3, 0), MARGIN.left - 7, y(tick) + 4);
  }
  c.textAlign = "left";
  c.fillText(`iteration ${first}`, MARGIN.left, height - 5);
  c.textAlign = "right";
  c.fillText(last, width - MARGIN.right, height - 5);
  const every = Math.ceil(all.length / POINTS), seen = all.filter((_, k) => k % every === 0 || k === all.length - 1);
  const before = all.filter(([i]) => i <= now), dot = before.at(-1);
  c.globalAlpha = 0.5;
  if (now < all.at(-1)[0]) path(seen, colours.muted, 1.5);
  c.globalAlpha = 1;
  if (!dot) return;
  path([...seen.filter(([i]) => i < dot[0]), dot], colours.curve, 2);
  c.beginPath();
  c.arc(x(dot[0]), y(dot[1]), 4, 0, 2 * Math.PI);
  [c.fillStyle, c.strokeStyle, c.lineWidth] = [colours.curve, colours.panel, 2];
  c.stroke();
  c.fill();
}
