// A layer's template, filled with what its program gave, onto a 2D context.

const ARROW_HEAD = 4.5; // length of an arrow head, in line widths
const TURN = 2 * Math.PI;
const RAW = ["role", "ends", "palette", "text", "camera", "bodies", "sky"]; // what is no number, or has its own

/** The map from a scene's points to pixels of a box: the aspect ratio is kept, the scene is centred. */
export class View {
  constructor(extent, width, height) {
    const [left, bottom, right, top] = (this.extent = extent);
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
export function valueOf(field, out) {
  if (field === null || typeof field !== "object") return field;
  if (Array.isArray(field)) return field.flatMap((f) => { const v = valueOf(f, out); return ArrayBuffer.isView(v) ? [...v] : v; });
  const view = out[field.out];
  return field.shape?.length ? view : view[0];
}

export const choice = (list, which) => list[Math.min(Math.max(Math.round(which) || 0, 0), list.length - 1)];

export const at = (v, k) => (typeof v === "number" ? v : v[k]);

/** Paints layers with a theme's colours. Primitives that few scenes have are in files of their own. */
export class Painter {
  constructor(context, view, colours) {
    Object.assign(this, { context, view, colours });
    context.lineJoin = context.lineCap = "round";
  }

  paint(template, out) {
    for (const primitive of template) {
      const p = {};
      for (const name in primitive)
        p[name] = RAW.includes(name) ? primitive[name] : valueOf(primitive[name], out);
      if (p.role?.one_of) p.role = { ...p.role, which: valueOf(p.role.which, out) };
      this[p.kind](p, out, (primitive.pixels ?? primitive.height)?.shape);
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
}
