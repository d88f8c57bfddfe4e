// The loss against the iteration.

const LOGARITHMIC_FROM = 10; // a positive loss that falls by at least this factor is shown on a logarithmic axis
const SUBDIVIDED_BELOW = 2; // decades; powers of ten alone would be few
const MARGIN = { left: 12, bottom: 34, right: 16, top: 26 }; // on the left besides the numbers
const POINTS = 400; // more are not seen

/** About four multiples of 1, 2 or 5 times a power of ten, around the range; a single number lies in their middle. */
export function axisNumbers(low, high) {
  if (high === low) [low, high] = low ? [low - 0.05 * Math.abs(low), low + 0.05 * Math.abs(low)] : [0, 1];
  const spread = Math.max(high - low, 1e-12);
  const power = 10 ** Math.floor(Math.log10(spread));
  const step = [0.2, 0.5, 1, 2].map((m) => m * power).find((s) => s >= spread / 5);
  const ticks = [];
  for (let k = Math.floor(low / step); k <= Math.ceil(high / step); k++) ticks.push(k * step);
  return ticks;
}

/** Several round numbers around a positive range: powers of ten, and 2 and 5 times those where they are few. */
export function logNumbers(low, high) {
  const first = Math.floor(Math.log10(low)), few = Math.log10(high) - Math.log10(low) < SUBDIVIDED_BELOW;
  let last = Math.ceil(Math.log10(high));
  const stride = Math.max(1, Math.ceil((last - first) / 5)), every = [];
  last = first + stride * Math.ceil((last - first) / stride);
  for (let k = first; k <= last; k += few ? 1 : stride) every.push(...(few ? [1, 2, 5] : [1]).map((m) => +`${m}e${k}`));
  const held = every.filter((v) => v > 0 && v < Infinity), below = held.filter((v) => v <= low).length;
  const above = held.filter((v) => v < high).length;
  return held.slice(Math.max(below - 1, 0), above + 1);
}

/** The multiples of 1, 2 or 5 times a power of ten from `first` to `last`, `most` + 1 of them or fewer. */
export function wholeNumbers(first, last, most) {
  const wide = (last - first) / Math.max(most, 1), ticks = [];
  let power = 1;
  while (10 * power < wide) power *= 10;
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= wide);
  for (let i = Math.ceil(first / step) * step; i <= last; i += step) ticks.push(i);
  return ticks;
}

/** The numbers beside an axis, each in as few digits as say it but for its rounding. */
export function tickTexts(ticks) {
  return ticks.map((v) => {
    const text = Array.from({ length: 17 }, (_, n) => v.toExponential(n)).find((t) => Math.abs(t - v) <= 1e-12 * Math.abs(v));
    const [digits, power] = text.split("e"), size = Math.abs(v);
    if (v && (size < 1e-3 || size >= 1e5)) return `${digits}e${+power}`;
    return v.toFixed(Math.max(0, (digits.split(".")[1] ?? "").length - power));
  });
}

/** A number in a few characters; a dash where it is not finite. */
export function short(v, digits = 4, rest = 2) {
  if (!Number.isFinite(v)) return "–";
  const plain = v === 0 || (1e-3 <= Math.abs(v) && Math.abs(v) < 1e4);
  return plain ? String(+v.toPrecision(digits)) : v.toExponential(rest).replace("e+", "e");
}

/** Draw [iteration, loss] pairs: faint as a whole, strong up to iteration `now`, with a dot there; `label` is the losses'. */
export function drawCurve(c, points, now, width, height, colours, label) {
  c.clearRect(0, 0, width, height);
  const all = points.filter(([, v]) => Number.isFinite(v));
  if (!all.length) return;
  let low = Infinity, high = -Infinity;
  for (const [, v] of all) [low, high] = [Math.min(low, v), Math.max(high, v)];
  const logarithmic = low > 0 && high / low >= LOGARITHMIC_FROM;
  const scale = logarithmic ? Math.log10 : Number, ticks = logarithmic ? logNumbers(low, high) : axisNumbers(low, high);
  const bottom = Math.min(scale(low), scale(ticks[0])), top = Math.max(scale(high), scale(ticks.at(-1)));
  const first = all[0][0], last = Math.max(all.at(-1)[0], first + 1);
  c.font = "11px system-ui, sans-serif";
  const texts = tickTexts(ticks), left = MARGIN.left + Math.max(...texts.map((t) => c.measureText(t).width));
  const x = (i) => left + ((width - left - MARGIN.right) * (i - first)) / (last - first);
  const y = (v) => height - MARGIN.bottom - ((height - MARGIN.bottom - MARGIN.top) * (scale(v) - bottom)) / Math.max(top - bottom, 1e-300);
  const path = (list, colour, line) => {
    c.beginPath();
    for (const [i, v] of list) c.lineTo(x(i), y(v));
    [c.strokeStyle, c.lineWidth, c.lineJoin] = [colour, line, "round"];
    c.stroke();
  };
  c.fillStyle = colours.muted;
  c.textAlign = "right";
  for (const [k, tick] of ticks.entries()) {
    path([[first, tick], [last, tick]], colours.grid, 1);
    c.fillText(texts[k], left - 7, y(tick) + 4);
  }
  c.fillText("iteration", width - MARGIN.right, height - 4);
  c.textAlign = "center";
  const under = height - MARGIN.bottom;
  for (const i of wholeNumbers(first, last, Math.min(7, Math.floor((width - left) / (c.measureText(last).width + 18))))) {
    c.fillRect(x(i), under, 1, 4);
    c.fillText(i, x(i), under + 15);
  }
  c.textAlign = "left";
  c.fillText(label, 4, 14);
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
