// The loss against the iteration.

const LOGARITHMIC_FROM = 10; // a positive loss that falls by at least this factor is shown on a logarithmic axis
const SUBDIVIDED_BELOW = 2; // decades; powers of ten alone would be few
const MARGIN_LEFT = 12, MARGIN_BOTTOM = 34, MARGIN_RIGHT = 16, MARGIN_TOP = 26; // on the left besides the numbers
const NUMBER_WIDE = 56; // pixels for one below the curve
const POINTS = 400; // more are not seen

/** The least of 1, 2 or 5 times a power of ten that is not below the number. */
function roundNumber(v) {
  const power = 10 ** Math.floor(Math.log10(v));
  return [1, 2, 5, 10].map((m) => m * power).find((s) => s >= v);
}

/** About four multiples of 1, 2 or 5 times a power of ten, around the range; a single number lies in their middle. */
export function axisNumbers(low, high) {
  if (high === low) [low, high] = low ? [low - 0.05 * Math.abs(low), low + 0.05 * Math.abs(low)] : [0, 1];
  const step = roundNumber(Math.max(high - low, 1e-12) / 5), ticks = [];
  for (let k = Math.floor(low / step); k <= Math.ceil(high / step); k++) ticks.push(k * step);
  return ticks;
}

/** Several round numbers around a positive range: powers of ten, and 2 and 5 times those where they are few. */
export function logNumbers(low, high) {
  const first = Math.floor(Math.log10(low)), stride = Math.max(1, Math.ceil((Math.ceil(Math.log10(high)) - first) / 5));
  const few = Math.log10(high) - Math.log10(low) < SUBDIVIDED_BELOW, ticks = [];
  for (let k = first; k < 309; k += stride) for (const m of few ? [1, 2, 5] : [1]) {
    if (+`${m}e${k}` && !(ticks.at(-1) >= high)) ticks.push(+`${m}e${k}`);
  }
  return ticks.slice(Math.max(ticks.filter((v) => v <= low).length - 1, 0));
}

/** The multiples of 1, 2 or 5 times a power of ten from `first` to `last`, `most` + 1 of them or fewer. */
export function wholeNumbers(first, last, most) {
  const step = Math.max(1, roundNumber((last - first) / most)), ticks = [];
  for (let i = Math.ceil(first / step) * step; i <= last; i += step) ticks.push(i);
  return ticks;
}

/** The numbers beside an axis, each in as few digits as say it but for its rounding. */
export function tickTexts(ticks) {
  return ticks.map((tick) => {
    const v = +tick.toPrecision(12);
    return v && (v * v < 1e-6 || v * v >= 1e10) ? v.toExponential().replace("e+", "e") : `${v}`;
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
  for (const [, v] of all) low = Math.min(low, v), high = Math.max(high, v);
  const logarithmic = low > 0 && high / low >= LOGARITHMIC_FROM;
  const scale = logarithmic ? Math.log10 : Number, ticks = logarithmic ? logNumbers(low, high) : axisNumbers(low, high);
  const bottom = scale(ticks[0]), top = scale(ticks.at(-1));
  const first = all[0][0], last = Math.max(all.at(-1)[0], first + 1);
  c.font = "11px system-ui, sans-serif";
  const texts = tickTexts(ticks), left = MARGIN_LEFT + Math.max(...texts.map((t) => c.measureText(t).width));
  const x = (i) => left + ((width - left - MARGIN_RIGHT) * (i - first)) / (last - first);
  const under = height - MARGIN_BOTTOM, y = (v) => under - ((under - MARGIN_TOP) * (scale(v) - bottom)) / (top - bottom);
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
  c.fillText("iteration", width - MARGIN_RIGHT, height - 4);
  c.textAlign = "center";
  for (const i of wholeNumbers(first, last, Math.min(7, (width - left) / NUMBER_WIDE))) {
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
