// A picture whose text has slots for numbers: rosesim/diagrams/picture/slots.py writes it.

const SLOT = /\ufdd0([dx])(\d+)\ufdd1/;

/** A number as `paint.decimal` writes it, but for the last digit of an exact tie, a millionth of a pixel. */
const decimal = (v) => v.toFixed(6).replace(/\.?0+$/, "").replace(/^-0$/, "0");
const SPACE = ' xmlns="http://www.w3.org/2000/svg"';
const parsed = (text) => new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
const written = (kind, v) => (kind === "d" ? decimal(v) : v.toString(16).padStart(2, "0"));

/** The document with these values in its slots. */
export const filled = (text, values) => text.split(SLOT).map((part, k, all) => (k % 3 === 0 ? part : k % 3 === 1 ? "" : written(all[k - 1], values[part]))).join("");

/** The elements of a picture, whose attributes follow the values of its slots. */
export class Picture {
  constructor(text, values) {
    this.text = text;
    this.last = Float64Array.from(values);
    this.drawing = document.importNode(parsed(filled(text, values)), true);
    // Which attributes have slots says the same text out of SVG's namespace: within it, a slot would be a wrong number.
    const marked = parsed(text.replace(SPACE, "")), all = [this.drawing, ...this.drawing.querySelectorAll("*")];
    this.slotted = [marked, ...marked.querySelectorAll("*")].flatMap(({ attributes }, k) =>
      [...attributes].map(({ name, value }) => ({ piece: all[k], name, value, slots: value.split(SLOT).filter((_, n) => n % 3 === 2) })),
    ).filter(({ slots }) => slots.length);
    // A title would pop up wherever the pointer rests; the file that is saved has them.
    for (const extra of this.drawing.querySelectorAll("title, penrose")) extra.remove();
  }

  /** Show these values. False where one is not finite: then the picture stays. */
  show(values) {
    if (!values.every(Number.isFinite)) return false;
    for (const { piece, name, value, slots } of this.slotted)
      if (slots.some((k) => values[k] !== this.last[k])) piece.setAttribute(name, filled(value, values));
    this.last.set(values);
    return true;
  }

  /** The picture as a file. */
  file() {
    return filled(this.text, this.last);
  }
}
