// Numbers as Python's format() writes them: a canvas's texts are formatted by Python natively, and by this in a page.

/** format(value, spec) of Python: a sign, a width, a precision and d, e, f, g or %. */
export function format(value, spec) {
  const found = /^([-+ ]?)(0?)(\d*)(?:\.(\d+))?([defg%])$/.exec(spec);
  if (!found) throw new Error(`the format ${spec} of a number is unknown`);
  const [, sign, zero, width, digits = 6, kind] = found, size = Math.abs(value);
  const front = value < 0 || (Object.is(value, -0) && kind !== "d") ? "-" : sign === "-" ? "" : sign;
  const text = Number.isFinite(value) ? WRITERS[kind](size, +digits) : Number.isNaN(value) ? "nan" : "inf";
  const unsigned = text + (kind === "%" && !text.endsWith("%") ? "%" : "");
  return zero ? front + unsigned.padStart(width - front.length, "0") : (front + unsigned).padStart(width);
}

const WRITERS = {
  d: (v) => String(BigInt(v)),
  e: scientific,
  f: fixed,
  g: general,
  "%": (v, digits) => fixed(100 * v, digits) + "%",
};

/** Python rounds an exact tie to the even digit, toFixed and toExponential round it up. */
function even(text, longer, digits) {
  const end = longer.indexOf(".") + 1 + digits, down = longer.slice(0, digits ? end : end - 1);
  return /^50*(e|$)/.test(longer.slice(end)) && "02468".includes(down.at(-1)) ? down : text;
}

function fixed(v, digits) {
  if (v >= 1e21) return BigInt(v) + (digits ? "." + "0".repeat(digits) : "");
  return even(v.toFixed(digits), v.toFixed(Math.min(100, digits + 25)), digits);
}

function scientific(v, digits) {
  const longer = v.toExponential(Math.min(100, digits + 25)), text = even(v.toExponential(digits), longer, digits);
  return (text.includes("e") ? text : text + "e" + longer.split("e")[1]).replace(/e([+-])(\d)$/, "e$10$2");
}

function general(v, digits) {
  const long = scientific(v, Math.max(digits, 1) - 1), [, exponent] = long.split("e");
  const text = -4 <= exponent && exponent < Math.max(digits, 1) ? fixed(v, Math.max(digits, 1) - 1 - exponent) : long;
  return text.replace(/(\.\d*?)0+(e|$)/, "$1$2").replace(/\.(e|$)/, "$1");
}
