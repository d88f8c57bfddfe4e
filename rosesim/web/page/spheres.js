// Many spheres in space: lists for tiles of the picture and for cells across the light, as rosesim/view/space/clouds.py.
import { Painter, at, choice, valueOf } from "./painter.js";
import { Caster, MANY, WIDTH, cross, minus, unit } from "./space.js";

const SPHERE = 7; // numbers of a sphere: centre, radius, colour
const MOST = 32768, LISTED = 524288, TILE = 8, CELL = 2, TIGHT = 1.001;
const ROW = 1024; // texels of a row of the table

Object.assign(MANY, {
  lists: `uniform sampler2D V;
uniform vec4 G[4];
vec4 v(int k) { return texelFetch(V, ivec2(k & 1023, k >> 10), 0); }
ivec2 listed(vec2 p, int g) {
  vec2 c = floor((p - G[g].xy) / G[g].z);
  return c.x >= 0. && c.y >= 0. && c.x < G[g].w && c.y < G[g + 2].w ? ivec2(v(int(c.y * G[g].w + c.x) + g * int(G[0].w * G[2].w)).xy) : ivec2(0);
}`,
  first: `ivec2 l = listed(uv, 0);
  for (int k = l.x; k < l.y; k += 2) {
    vec4 c = v(k);
    o = e - c.xyz;
    if (length(o) - c.w >= best) break;
    float b = dot(o, d), w = c.w * c.w - sq(o - b * d), t = -b - sqrt(max(w, 0.));
    if (w > 0. && t > 0. && t < best) best = t, hit = n + k, hitN = o + t * d;
  }`,
  light: `ivec2 l = listed(vec2(dot(p, G[2].xyz), dot(p, G[3].xyz)), 1);
  for (int k = l.x; k < l.y && sun > 0. && f.x > .004; k++) {
    vec4 c = v(k);
    vec3 o = p - c.xyz;
    float m = -dot(o, A[4]), t = max(m, 0.);
    if (m + c.w <= 0.) break;
    f.x *= 1. - smoothstep(0., 1., t / (.1 * c.w)) * (1. - smoothstep(0., 1., .5 + .5 * (length(o + t * A[4]) - c.w) / min(W * max(t, 1e-5), 2. * c.w)));
  }`,
  tint: "v(hit - n + 1).rgb",
});

const dot = (a, of, k) => a[0] * of[k] + a[1] * of[k + 1] + a[2] * of[k + 2];

/** Square cells of a box, and in the order of `order` which of the boxes (left, bottom, right, top) reach into each. */
function cells(boxes, order, [left, bottom, right, top], size) {
  const wide = right - left, high = top - bottom;
  size = Math.max(size, Math.sqrt((2 * wide * high) / MOST), (4 * Math.max(wide, high)) / MOST);
  const columns = Math.ceil(wide / size), rows = Math.ceil(high / size), first = new Uint32Array(columns * rows + 1);
  const spans = boxes.map((v, k) => Math.min(Math.max(Math.floor((v - (k % 2 ? bottom : left)) / size), -1), k % 2 ? rows : columns));
  const each = (put) => {
    for (const k of order)
      for (let y = Math.max(spans[4 * k + 1], 0); y <= spans[4 * k + 3] && y < rows; y++)
        for (let x = Math.max(spans[4 * k], 0); x <= spans[4 * k + 2] && x < columns; x++) put(y * columns + x, k);
  };
  each((cell) => first[cell + 1]++);
  for (let k = 0; k < columns * rows; k++) first[k + 1] += first[k];
  const sum = first[columns * rows];
  if (sum > LISTED && columns * rows > 1) return cells(boxes, order, [left, bottom, right, top], 2 * size);
  const which = new Uint32Array(sum), places = first.slice();
  each((cell, k) => (which[places[cell]++] = k));
  return { first, which, rows, grid: [left, bottom, size, columns] };
}

Object.assign(Painter.prototype, {
  /** The rows of spheres, at the end of `rows`. */
  spheres({ centres, radius, role, values, palette, least, greatest }, paint, thin, out, rows) {
    const which = role.one_of && valueOf(role.which, out), roles = (role.one_of ?? [role]).map((r) => !palette && paint(r));
    const shades = palette?.length / 3 - 1, size = Math.max(radius, thin);
    const tint = (v) => {
      const place = shades * Math.min(Math.max((v - least) / (greatest - least) || 0, 0), 1), below = Math.min(Math.floor(place), shades - 1);
      return [0, 1, 2].map((i) => (palette[3 * below + i] + (place - below) * (palette[3 * below + 3 + i] - palette[3 * below + i])) ** 2);
    };
    for (let k = 0; 3 * k < centres.length; k++) {
      const row = [centres[3 * k], centres[3 * k + 1], centres[3 * k + 2], size, ...(palette ? tint(values[k]) : choice(roles, which ? at(which, k) : 0))];
      if (row.every(Number.isFinite)) rows.push(...row);
    }
  },
});

/** Gives the shader the spheres (rows of numbers), beside bodies and what is around: `Caster.cast` has the rest. */
Caster.prototype.list = function (spheres, bodies, around, width, height) {
  const { gl, place } = this, n = spheres.length / SPHERE, three = (k) => around.slice(k, k + 3), pixel = Math.hypot(...three(3));
  const eye = three(0), right = unit(three(3)), up = unit(three(6)), ahead = three(9), light = three(12), floor = around[27];
  const [near, high, seen, shade] = [1, 1, 4, 4].map((wide) => new Float64Array(wide * n));
  let low = Infinity, radii = 0;
  for (let k = 0; k < bodies.length; k += WIDTH) low = Math.min(low, dot(light, bodies, k) - bodies[k + 3]);
  for (let k = 0; k < n; k++) {
    const at = SPHERE * k, r = spheres[at + 3], off = [spheres[at] - eye[0], spheres[at + 1] - eye[1], spheres[at + 2] - eye[2]];
    const depth = dot(ahead, off, 0), span = (depth - r) * (depth + r);
    near[k] = Math.hypot(off[0], off[1], off[2]) - r;
    high[k] = -dot(light, spheres, at) - r;
    low = Math.min(low, -high[k] - 2 * r);
    radii += r;
    for (let i = 0; i < 2; i++) {
      const v = dot(i ? up : right, off, 0), half = r * Math.sqrt(Math.max(v * v + span, 0)), scale = span * pixel;
      seen[4 * k + i] = depth > r * TIGHT ? (v * depth - half) / scale : depth < -r ? 1 : -Infinity;
      seen[4 * k + i + 2] = depth > r * TIGHT ? (v * depth + half) / scale : depth < -r ? -1 : Infinity;
    }
  }
  const side = unit(cross(light, Math.abs(light[0]) < 0.6 ? [1, 0, 0] : [0, 1, 0])), along = cross(light, side);
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (let k = 0; k < n; k++) {
    const at = SPHERE * k, r = spheres[at + 3], fall = light[2] > 0 && floor > -1e9 ? (spheres[at + 2] + 3 * r - floor) / light[2] : 0;
    const reach = r + Math.min(0.09 * Math.max(-high[k] - r - low, fall), 2 * r);
    for (let i = 0; i < 2; i++) {
      const v = dot(i ? along : side, spheres, at);
      box[i] = Math.min(box[i], (shade[4 * k + i] = v - reach));
      box[i + 2] = Math.max(box[i + 2], (shade[4 * k + i + 2] = v + reach));
    }
  }
  const sorted = (by) => Uint32Array.from(by.keys()).sort((a, b) => by[a] - by[b]);
  const tiles = cells(seen, sorted(near), [-width / 2, -height / 2, width / 2, height / 2], TILE);
  const casts = n ? cells(shade, sorted(high), box, (CELL * radii) / n) : tiles;
  // A texel for each cell's place, then two for each sphere of a tile, then one for each of a cell.
  const second = tiles.first.length - 1, begin = second + casts.first.length - 1, then = begin + 2 * tiles.which.length;
  const table = new Float32Array(4 * ROW * Math.ceil((then + casts.which.length + 1) / ROW));
  const lists = ({ first, which }, texel, begin, wide) => {
    for (let k = 0; k + 1 < first.length; k++) for (let i = 0; i < 2; i++) table[4 * (texel + k) + i] = begin + wide * first[k + i];
    for (let k = 0; k < which.length; k++) for (let i = 0; i < 4 * wide && i < SPHERE; i++) table[4 * (begin + wide * k) + i] = spheres[SPHERE * which[k] + i];
  };
  lists(tiles, 0, begin, 2);
  lists(casts, second, then, 1);
  if (!this.listed) this.table(1), gl.uniform1i(place("V"), (this.listed = 1));
  gl.activeTexture(gl.TEXTURE1);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32F, ROW, table.length / ROW / 4, 0, gl.RGBA, gl.FLOAT, table);
  gl.activeTexture(gl.TEXTURE0);
  gl.uniform4fv(place("G"), [...tiles.grid, ...casts.grid, ...side, tiles.rows, ...along, casts.rows]);
};
