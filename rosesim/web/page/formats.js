// Numbers as Python's format() writes them: a canvas's texts are formatted by Python natively, and by this in a page.

/** format(value, spec) of Python for the types d, e, f, g, % and none, with width, sign, padding and grouping. */
export function format(value, spec = "") {
  const found = /^(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([defgs%]?)$/u.exec(spec);
  if (!found) throw new Error(`the format ${spec} of a number is unknown`);
  let [, fill, align, sign = "-", full, zeros, width, group, digits, kind] = found;
  const size = Math.abs(value);
  const front = value < 0 || Object.is(value, -0) && kind !== "d" ? "-" : sign === "-" ? "" : sign;
  let text = Number.isFinite(value) ? magnitude(size, kind, digits, full) : Number.isNaN(value) ? "nan" : "inf";
  if (zeros && !align) [fill, align] = ["0", "="];
  const room = (width ?? 0) - front.length;
  if (group) text = grouped(text, group, fill === "0" && align === "=" ? room : 0);
  const gap = Math.max(0, room - text.length), pad = (fill ?? " ").repeat(gap);
  switch (align ?? ">") {
    case "<": return front + text + pad;
    case "=": return front + pad + text;
    case "^": return (fill ?? " ").repeat(gap >> 1) + front + text + (fill ?? " ").repeat(gap - (gap >> 1));
    default: return pad + front + text;
  }
}

function magnitude(v, kind, digits, full) {
  switch (kind) {
    case "d": return BigInt(Math.round(v)).toString();
    case "f": return fixed(v, +(digits ?? 6));
    case "%": return `${fixed(100 * v, +(digits ?? 6))}%`;
    case "e": return scientific(v, +(digits ?? 6));
    case "g": return general(v, Math.max(1, +(digits ?? 6)), full);
    default: return digits === undefined ? shortest(v) : withPoint(general(v, Math.max(1, +digits), full, 1));
  }
}

/** Python rounds a tie to the even digit; toFixed and toExponential round it up. Only an exact tie has zeros after the 5. */
function even(text, longer, digits) {
  const point = longer.indexOf("."), end = point + 1 + digits;
  if (!/^50*$/.test(longer.slice(end).replace(/e.*$/, ""))) return text;
  const down = longer.slice(0, digits ? end : point);
  return "02468".includes(down.at(-1)) ? down : text;
}

function fixed(v, digits) {
  if (v >= 1e21) return BigInt(v).toString() + (digits ? "." + "0".repeat(digits) : "");
  return even(v.toFixed(digits), v.toFixed(Math.min(100, digits + 25)), digits);
}

function scientific(v, digits) {
  const longer = v.toExponential(Math.min(100, digits + 25));
  const [, exponent] = longer.split("e");
  let text = even(v.toExponential(digits), longer, digits);
  if (!text.includes("e")) text += "e" + exponent;
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}

function general(v, digits, full, earlier = 0) {
  const long = scientific(v, digits - 1), exponent = +long.split("e")[1];
  const inside = -4 <= exponent && exponent < digits - (earlier && exponent > 0 ? earlier : 0);
  const text = inside ? fixed(v, digits - 1 - exponent) : long;
  return full || !text.includes(".") ? text : text.replace(/\.?0+(?=e|$)/, "");
}

/** repr of a float: the fewest digits that give it back. */
function shortest(v) {
  if (v !== 0 && (v < 1e-4 || v >= 1e16)) return v.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  return withPoint(String(v));
}

const withPoint = (text) => (/[.e]/.test(text) ? text : text + ".0");

function grouped(text, mark, room) {
  let [, whole, rest] = /^(\d+)(.*)$/.exec(text) ?? [0, "", text];
  const put = () => whole.replace(/\B(?=(\d{3})+$)/g, mark) + rest;
  while (put().length < room) whole = "0" + whole;
  return put();
}

/** A number in a few characters; a dash where it is not finite. */
export function short(v) {
  if (!Number.isFinite(v)) return "–";
  return v === 0 || (1e-3 <= Math.abs(v) && Math.abs(v) < 1e4) ? format(v, ".4g") : format(v, ".2e");
}
