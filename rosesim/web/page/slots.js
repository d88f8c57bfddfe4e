// A picture whose text has slots for numbers: rosesim/diagrams/picture/slots.py writes it.

const SLOT = /\ufdd0([dx])(\d+)\ufdd1/;

/** A number as `paint.decimal` writes it, but for the last digit of an exact tie, a millionth of a pixel. */
const decimal = (v) => v.toFixed(6).replace(/\.?0+$/, "").replace(/^-0$/, "0");
const written = (kind, v) => (kind === "d" ? decimal(v) : v.toString(16).padStart(2, "0"));

/** The document with these values in its slots. */
export const filled = (text, values) => text.split(SLOT).map((part, k, all) => (k % 3 === 0 ? part : k % 3 === 1 ? "" : written(all[k - 1], values[part]))).join("");

/** The elements of a picture, whose attributes follow the values of its slots. */
export class Picture {
  constructor(text, slots) {
    this.text = text;
    this.last = new Float64Array(slots).fill(NaN);
    const { documentElement } = new DOMParser().parseFromString(text, "image/svg+xml");
    this.root = document.importNode(documentElement, true);
    this.bound = [];
    // A title would pop up wherever the pointer rests; the file that is saved has them.
    for (const extra of this.root.querySelectorAll("title, penrose")) extra.remove();
    for (const element of [this.root, ...this.root.querySelectorAll("*")])
      for (const { name, value } of [...element.attributes]) {
        const parts = value.split(SLOT);
        if (parts.length > 1) this.bound.push({ element, name, value, slots: parts.filter((_, k) => k % 3 === 2) });
      }
  }

  /** Show these values. False where one is not finite: then the picture stays. */
  show(values) {
    if (!values.every(Number.isFinite)) return false;
    for (const { element, name, value, slots } of this.bound)
      if (slots.some((k) => values[k] !== this.last[k])) element.setAttribute(name, filled(value, values));
    this.last.set(values);
    return true;
  }

  /** The picture as a file. */
  file() {
    return filled(this.text, this.last);
  }
}
