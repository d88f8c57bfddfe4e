// A layer's template, filled with what its program gave, onto a 2D context.
import { format } from "./formats.js";

const ARROW_HEAD = 4.5; // length of an arrow head, in line widths
const CAPITALS = 0.72; // height of a capital letter as a part of the font's size
const TURN = 2 * Math.PI;

/** The map from a scene's points to pixels of a box: the aspect ratio is kept, the scene is centred. */
export class View {
  constructor([left, bottom, right, top], width, height) {
    this.scale = Math.min(width / (right - left), height / (top - bottom));
    this.x = (width - this.scale * (right - left)) / 2 - this.scale * left;
    this.y = (height - this.scale * (top - bottom)) / 2 + this.scale * top;
  }
  pixel([x, y]) {
    return [this.x + this.scale * x, this.y - this.scale * y];
  }
  point([x, y]) {
    return [(x - this.x) / this.scale, (this.y - y) / this.scale];
  }
}

/** What a template's field is: a number, a list of numbers, or an array of a program. */
function valueOf(field, out) {
  if (field === null || typeof field !== "object") return field;
  if (Array.isArray(field)) return field.flatMap((f) => { const v = valueOf(f, out); return ArrayBuffer.isView(v) ? [...v] : v; });
  const view = out[field.out];
  return field.shape?.length ? view : view[0];
}

const choice = (list, which) => list[Math.min(Math.max(Math.round(which) || 0, 0), list.length - 1)];

function textOf(text, out) {
  if (typeof text === "string") return text;
  if (Array.isArray(text)) return text.map((t) => textOf(t, out)).join("");
  if (text.one_of) return textOf(choice(text.one_of, valueOf(text.which, out)), out);
  return format(out[text.out][0], text.format);
}

const rounded = (v) => Math.round(255 * Math.min(Math.max(v || 0, 0), 1));
const at = (v, k) => (typeof v === "number" ? v : v[k]);

/** Paints layers with a theme's colours. */
export class Painter {
  constructor(context, view, colours) {
    Object.assign(this, { context, view, colours });
    context.lineJoin = context.lineCap = "round";
  }

  paint(template, out) {
    for (const primitive of template) {
      const p = {};
      for (const name in primitive)
        p[name] = name === "text" ? textOf(primitive.text, out) : name === "role" || name === "ends" || name === "palette"
          ? primitive[name] : valueOf(primitive[name], out);
      if (p.role?.one_of) p.role = { ...p.role, which: valueOf(p.role.which, out) };
      this[p.kind](p, (primitive.pixels ?? primitive.height)?.shape);
    }
    this.context.globalAlpha = 1;
  }

  colour(role, k = 0) {
    return this.colours[role.one_of ? choice(role.one_of, at(role.which, k)) : role] ?? "#f0f";
  }
  begin(opacity, colour) {
    const c = this.context;
    c.globalAlpha = Math.min(opacity, 1);
    c.fillStyle = c.strokeStyle = colour;
    c.beginPath();
    return opacity > 0;
  }
  trace(points) {
    for (let k = 0; k < points.length; k += 2) this.context.lineTo(...this.view.pixel([points[k], points[k + 1]]));
    return points.every(Number.isFinite);
  }
  stroke(width) {
    this.context.lineWidth = Math.max(width * this.view.scale, 1);
    this.context.stroke();
  }

  circle({ centre, radius, role, width, opacity }) {
    this.circles({ centres: centre, radius, role, width, opacity });
  }
  circles({ centres, radius, role, opacity, width = 0, which, depth }) {
    const c = this.context, { scale } = this.view;
    const order = which ? [...which] : Array.from({ length: centres.length / 2 }, (_, k) => k);
    if (depth) order.sort((a, b) => depth[b] - depth[a]);
    let colour, alpha = 0; // neighbours of one colour are one path, where they do not shine through
    const put = () => alpha && (width ? this.stroke(width) : c.fill());
    for (const k of order) {
      const own = this.colour(role, k), o = at(opacity, k), r = at(radius, k) * scale;
      const [x, y] = this.view.pixel([centres[2 * k], centres[2 * k + 1]]);
      if (!(o > 0 && r >= 0 && Number.isFinite(x + y))) continue;
      if (own !== colour || o !== alpha || o < 1) {
        put();
        this.begin((alpha = o), (colour = own));
      }
      c.moveTo(x + r, y);
      c.arc(x, y, r, 0, TURN);
    }
    put();
  }
  line({ points, role, width, opacity }) {
    if (points.length > 2 && this.begin(opacity, this.colour(role)) && this.trace(points)) this.stroke(width);
  }
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
  }
  polygon({ points, role, opacity }) {
    if (this.begin(opacity, this.colour(role)) && this.trace(points)) this.context.fill();
  }
  box({ low: [a, b], high: [c, d], ...rest }) {
    this.polygon({ points: [a, b, c, b, c, d, a, d], ...rest });
  }
  arrow({ tail, vector, role, width, opacity }) {
    const [x, y] = this.view.pixel([tail[0] + vector[0], tail[1] + vector[1]]), [x0, y0] = this.view.pixel(tail);
    const length = Math.hypot(x - x0, y - y0);
    if (!(length > 0 && Number.isFinite(length) && this.begin(opacity, this.colour(role)))) return;
    const c = this.context, u = (x - x0) / length, v = (y - y0) / length;
    const head = Math.min(ARROW_HEAD * width * this.view.scale, length), side = 0.45 * head;
    const nx = x - head * u, ny = y - head * v;
    if (head < length) {
      c.moveTo(x0, y0);
      c.lineTo(nx, ny);
      c.lineCap = "butt"; // a round end would look out of the head
      this.stroke(width);
      c.lineCap = "round";
      c.beginPath();
      c.arc(x0, y0, Math.max(width * this.view.scale, 1) / 2, 0, TURN);
    }
    c.moveTo(x, y);
    c.lineTo(nx - side * v, ny + side * u);
    c.lineTo(nx + side * v, ny - side * u);
    c.fill();
  }
  arrows({ tails, vectors, ...rest }) {
    for (let k = 0; k < tails.length; k += 2)
      this.arrow({ tail: [tails[k], tails[k + 1]], vector: [vectors[k], vectors[k + 1]], ...rest });
  }
  text({ at: place, text, role, size, align, opacity = 1 }) {
    const c = this.context;
    this.begin(opacity, this.colour(role));
    c.textAlign = align === "centre" ? "center" : align;
    c.font = `${(size * this.view.scale) / CAPITALS}px Helvetica, Arial, "Liberation Sans", sans-serif`;
    const [x, y] = this.view.pixel(place), right = c.canvas.width - x;
    const room = align === "left" ? right : align === "right" ? x : 2 * Math.min(x, right);
    c.fillText(text, x, y, Math.max(room, 1)); // a wider font is made to fit
  }

  image({ pixels, low, high, palette, least, greatest }, shape) {
    const colours = shape.length === 3, [rows, columns] = shape;
    this.pixels(rows, columns, low, high, (k, put) => {
      if (colours) return put(rounded(pixels[3 * k]), rounded(pixels[3 * k + 1]), rounded(pixels[3 * k + 2]));
      const grey = palette ? 0 : rounded(pixels[k]);
      if (!palette) return put(grey, grey, grey);
      const place = Math.min(Math.max((pixels[k] - least) / (greatest - least) || 0, 0), 1) * (palette.length - 1);
      const below = Math.min(Math.floor(place), palette.length - 2), rest = place - below;
      const a = palette[below], b = palette[below + 1], mix = (i) => rounded((1 - rest) * a[i] + rest * b[i]);
      put(mix(0), mix(1), mix(2));
    });
  }
  /** A grey surface lit from the upper left. */
  lit({ height, steepness, low, high }, [rows, columns]) {
    const h = (r, c) => height[r * columns + c] || 0;
    const slope = (f, i, n) => (n < 2 ? 0 : (f(Math.min(i + 1, n - 1)) - f(Math.max(i - 1, 0))) / (i > 0 && i < n - 1 ? 2 : 1));
    this.pixels(rows, columns, low, high, (k, put) => {
      const r = Math.floor(k / columns), c = k % columns;
      const x = slope((j) => h(r, j), c, columns) / steepness, y = slope((i) => h(i, c), r, rows) / steepness;
      const v = rounded((0.5 * x + 0.5 * y + Math.SQRT1_2) / Math.sqrt(1 + x * x + y * y));
      put(v, v, v);
    });
  }
  pixels(rows, columns, low, high, each) {
    const image = new ImageData(columns, rows), { data } = image;
    let at = 0;
    const put = (r, g, b) => {
      data[at++] = r;
      data[at++] = g;
      data[at++] = b;
      data[at++] = 255;
    };
    for (let k = 0; k < rows * columns; k++) each(k, put);
    const sheet = (this.context.sheet ??= document.createElement("canvas"));
    [sheet.width, sheet.height] = [columns, rows];
    sheet.getContext("2d").putImageData(image, 0, 0);
    const [x0, y1] = this.view.pixel(low), [x1, y0] = this.view.pixel(high);
    this.context.globalAlpha = 1;
    this.context.imageSmoothingEnabled = false; // a cell is a cell
    this.context.drawImage(sheet, x0, y0, x1 - x0, y1 - y0);
  }
}
