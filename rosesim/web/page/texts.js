// Lines of text with numbers.
import { format } from "./formats.js";
import { Painter, choice, valueOf } from "./painter.js";

const CAPITALS = 0.72; // height of a capital letter as a part of the font's size

function textOf(text, out) {
  if (typeof text === "string") return text;
  if (Array.isArray(text)) return text.map((t) => textOf(t, out)).join("");
  if (text.one_of) return textOf(choice(text.one_of, valueOf(text.which, out)), out);
  return format(out[text.out][0], text.format);
}

Object.assign(Painter.prototype, {
  text({ at: place, text, role, size, align, opacity = 1 }, out) {
    const c = this.context;
    this.begin(opacity, this.colour(role));
    c.textAlign = align === "centre" ? "center" : align;
    c.font = `${(size * this.view.scale) / CAPITALS}px Helvetica, Arial, "Liberation Sans", sans-serif`;
    const [x, y] = this.view.pixel(place), right = c.canvas.width - x;
    const room = align === "left" ? right : align === "right" ? x : 2 * Math.min(x, right);
    c.fillText(textOf(text, out), x, y, Math.max(room, 1)); // a wider font is made to fit
  },
});
