// Bodies in space: a shader for the whole picture, with the formulas and numbers of rosesim/view/space.
import { Painter, choice, valueOf } from "./painter.js";

export const WIDTH = 20; // numbers of a body's row: centre and ball, three axes with sizes, colour and kind
const FADES = 2.2, THINNEST = 1e-4;
const SLOW_MS = 25; // where a picture takes longer, there is no graphics card: fewer rays, then larger pixels
const PATIENCE = 3; // slow pictures one after the other, before that is believed
const COARSEST = 4; // pixels of the screen for one of a picture that is slow, along each axis
const STEEPEST = 1.5, LOWEST = 0.035, CLOSEST = 0.2, FARTHEST = 4, NOTCH = 0.9;

const SHADER = `#version 300 es
precision highp float;
precision highp sampler2D;
uniform vec3 A[10];
uniform vec2 S;
uniform int n, rays;
uniform sampler2D B;
out vec4 C;
const float F = 1e9, T = 1e-6, W = .09, L = .016;
const vec3 X = vec3(1, 0, 0), Y = vec3(0, 1, 0), Z = vec3(0, 0, 1);
float sq(vec3 a) { return dot(a, a); }
float apart(float v) { return abs(v) < T ? T : v; }
vec3 unit(vec3 a) { return a / sqrt(max(sq(a), T * T)); }
vec4 at(int i, int k) { return texelFetch(B, ivec2(k, i), 0); }
float axial(vec3 o, vec3 d) { return dot(o.xy, d.xy) / max(dot(d.xy, d.xy), T * T); }
float meet(int k, vec3 o, vec3 d, vec3 s) {
  if (k < 2) {
    float a = max(dot(d.xy, d.xy), T * T), m = axial(o, d), w = s.x * s.x - dot(o.xy - m * d.xy, o.xy - m * d.xy), h = sqrt(max(w * a, 0.)) / a;
    if (k == 1) {
      float z = apart(d.z), g = s.z / abs(z), e = max(-m - h, -o.z / z - g);
      return w > 0. && e < min(h - m, g - o.z / z) && e > 0. ? e : F;
    }
    float t = -m - h, z = o.z + t * d.z;
    if (w > 0. && abs(z) <= s.z && t > 0.) return t;
    o.z -= (w > 0. ? z : o.z - m * d.z) < 0. ? -s.z : s.z;
    m = dot(o, d), w = s.x * s.x - sq(o - m * d), t = -m - sqrt(max(w, 0.));
    return w > 0. && t > 0. ? t : F;
  }
  if (k == 2) {
    d = vec3(apart(d.x), apart(d.y), apart(d.z));
    vec3 m = -o / d, h = s / abs(d), a = m - h, b = m + h;
    float e = max(max(a.x, a.y), a.z);
    return e < min(min(b.x, b.y), b.z) && e > 0. ? e : F;
  }
  o /= s, d /= s;
  float a = sq(d), b = dot(o, d), w = 1. - sq(o - b / a * d), t = (-b - sqrt(max(w * a, 0.))) / a;
  return w > 0. && t > 0. ? t : F;
}
vec3 normal(int k, vec3 p, vec3 s) {
  if (k == 0) return p - Z * clamp(p.z, -s.z, s.z);
  if (k == 1) return dot(p.xy, p.xy) * s.z * s.z > p.z * p.z * s.x * s.x ? vec3(p.xy, 0) : Z * p.z;
  if (k == 3) return p / s / s;
  p /= max(s, T);
  vec3 a = abs(p);
  return a.x >= a.y && a.x >= a.z ? X * p.x : a.z > a.y ? Z * p.z : Y * p.y;
}
vec2 passBy(int k, vec3 o, vec3 d, vec3 s) {
  if (k == 0) {
    float m = dot(o, d), z = clamp((o.z - m * d.z) / max(1. - d.z * d.z, T), -s.z, s.z), t = max(z * d.z - m, 0.);
    return vec2(t, length(o - Z * z + t * d) - s.x);
  }
  if (k == 1) {
    float z = apart(d.z), m = -o.z / z, h = s.z / abs(z), t = max(clamp(-axial(o, d), m - h, m + h), 0.);
    return vec2(t, m + h > 0. ? length(o.xy + t * d.xy) - s.x : F);
  }
  if (k == 2) {
    d = vec3(apart(d.x), apart(d.y), apart(d.z));
    vec3 m = -o / d, h = s / abs(d), a = m - h, b = m + h, v = d * d;
    vec2 e = vec2(a.x, v.x), l = vec2(b.x, v.x);
    if (a.y > e.x) e = vec2(a.y, v.y);
    if (a.z > e.x) e = vec2(a.z, v.z);
    if (b.y < l.x) l = vec2(b.y, v.y);
    if (b.z < l.x) l = vec2(b.z, v.z);
    float t = (e.x * e.y + l.x * l.y) / (e.y + l.y);
    return vec2(max(t, 0.), t > 0. ? (e.x - l.x) * sqrt(e.y * l.y / (e.y + l.y)) : F);
  }
  vec3 p = o / s, q = d / s;
  float t = max(-dot(p, q) / sq(q), 0.);
  return vec2(t, length(o + t * d) * (1. - 1. / sqrt(max(sq(p + t * q), T))));
}
vec4 nearest(int k, vec3 p, vec3 s) {
  if (k == 0) return vec4(Z * clamp(p.z, -s.z, s.z) - p, s.x);
  if (k == 1) {
    float b = min(s.x, s.z);
    return vec4(vec3(p.xy * min(1., (s.x - b) / max(length(p.xy), T)), clamp(p.z, b - s.z, s.z - b)) - p, b);
  }
  if (k == 2) {
    float b = min(min(s.x, s.y), s.z);
    return vec4(clamp(p, b - s, s - b) - p, b);
  }
  return vec4(-p, sqrt(sq(p) / max(sq(p / s), T)));
}
@lists
mat3 axes(int i) { return mat3(at(i, 1).xyz, at(i, 2).xyz, at(i, 3).xyz); }
vec3 size(int i) { return vec3(at(i, 1).w, at(i, 2).w, at(i, 3).w); }
vec2 lit(vec3 p, vec3 n_, float sun, int own) {
  vec2 f = vec2(1);
  @light
  for (int i = 0; i < n; i++) {
    vec4 c = at(i, 0);
    vec3 o = p - c.xyz;
    float t = max(-dot(o, A[4]), 0.), r = c.w + W * t;
    if (i == own || !(sq(o + t * A[4]) < r * r && sun > 0. || sq(o) < 25. * c.w * c.w)) continue;
    mat3 m = axes(i);
    vec3 q = o * m, s = size(i);
    int k = int(at(i, 4).w);
    vec2 g = passBy(k, q, A[4] * m, s);
    vec4 b = nearest(k, q, s);
    f.x *= 1. - smoothstep(0., 1., g.x / (.1 * b.w)) * (1. - smoothstep(0., 1., .5 + .5 * g.y / (W * max(g.x, 1e-5))));
    float d = max(sq(b.xyz), b.w * b.w);
    f.y *= 1. - .85 * clamp(dot(n_ * m, b.xyz) / sqrt(d), 0., 1.) * max(b.w * b.w / d - .04, 0.);
  }
  return f;
}
float lines(float x) { return floor(x) * L + min(fract(x), L); }
vec3 see(vec2 uv) {
  vec3 e = A[0], d = unit(A[3] + uv.x * A[1] + uv.y * A[2]), o, hitN;
  float best = F, z = abs(d.z) < 1e-6 ? 1e-6 : d.z, down = (A[9].x - e.z) / z, h = 1. - .22 * smoothstep(0., 1., 1.6 * max(d.z, 0.));
  vec3 sky = A[6] * vec3(h, h, .6 * h + .4);
  int hit = -1;
  for (int i = 0; i < n; i++) {
    vec4 c = at(i, 0);
    o = e - c.xyz;
    float b = dot(o, d);
    if (sq(o - b * d) >= c.w * c.w || -b - c.w >= best) continue;
    mat3 m = axes(i);
    vec3 q = o * m, v = d * m, s = size(i);
    int k = int(at(i, 4).w);
    float t = meet(k, q, v, s);
    if (t < best) best = t, hit = i, hitN = m * normal(k, q + t * v, s);
  }
  @first
  if (down > 0. && down < best) {
    vec3 p = e + down * d;
    float far = length(p.xy - A[5].xy) / A[9].z;
    if (far >= 1.) return sky;
    vec2 f = lit(p, Z, A[4].z, -1);
    float bright = (.8 * A[4].z * f.x + .42 * f.y) / (.8 * A[4].z + .42), bare = 1.;
    for (int k = 0; k < 2; k++) {
      float v = d[k] / z, w = max(down * max(abs(A[1][k] - v * A[1].z), abs(A[2][k] - v * A[2].z)) / A[9].y, 1e-4), x = p[k] / A[9].y + .5 * L;
      bare *= 1. - (lines(x + .5 * w) - lines(x - .5 * w)) / w;
    }
    vec3 own = mix(A[8], A[7], bare);
    return mix(own * bright * (1. + (1. - bright) * vec3(-.06, -.01, .06)), sky, smoothstep(0., 1., far));
  }
  if (hit < 0) return sky;
  vec3 nn = unit(hitN);
  float sun = dot(nn, A[4]), above = .5 + .5 * nn.z, edge = 1. + dot(nn, d);
  vec2 f = lit(e + best * d, nn, sun, hit);
  return (hit < n ? at(hit, 4).rgb : @tint) * (.8 * vec3(1.06, 1, .9) * max(sun, 0.) * f.x + f.y * (.42 * vec3(.94, .99, 1.06) * above + .16 * (1. - above)))
    + .16 * pow(max(dot(nn, unit(A[4] - d)), 0.), 32.) * f.x + .1 * edge * edge * edge * f.y * (.3 + .7 * above);
}
void main() {
  vec2 p = gl_FragCoord.xy - .5 * S;
  vec3 c = vec3(0);
  for (int k = 0; k < rays; k++) {
    vec2 q = rays < 2 ? vec2(0) : k == 0 ? vec2(.125, .375) : k == 1 ? vec2(-.375, .125) : k == 2 ? vec2(-.125, -.375) : vec2(.375, -.125);
    c += sqrt(clamp(see(p + q), 0., 1.));
  }
  C = vec4(c / float(rays), 1);
}`;

/** What is in the places of the shader that begin with an @, where a page draws many spheres. */
export const MANY = { tint: "X" };

/** Draws spaces into a canvas of its own. */
export class Caster {
  constructor() {
    this.canvas = document.createElement("canvas");
    const gl = (this.gl = this.canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false }));
    if (!gl) throw new Error("This picture in space needs WebGL 2, which this browser does not offer.");
    [this.rays, this.coarse] = [4, 1];
    const program = gl.createProgram();
    const corners = "#version 300 es\nvoid main() { gl_Position = vec4(gl_VertexID == 1 ? 3 : -1, gl_VertexID == 2 ? 3 : -1, 0, 1); }";
    for (const [type, text] of [[gl.VERTEX_SHADER, corners], [gl.FRAGMENT_SHADER, SHADER.replace(/@(\w+)/g, (_, name) => MANY[name] ?? "")]]) {
      const shader = gl.createShader(type);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(`The graphics driver refuses our shader. ${gl.getProgramInfoLog(program)}`);
    gl.useProgram(program);
    this.place = (name) => gl.getUniformLocation(program, name);
    this.table(0);
  }
  /** A table of numbers for the shader. */
  table(unit) {
    const { gl } = this;
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    for (const side of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, side, gl.NEAREST);
  }
  /** The canvas with the picture of bodies (rows of numbers) and what is around them (30 numbers). */
  cast(rows, around, width, height) {
    const { gl, canvas, place } = this, count = rows.length / WIDTH;
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    gl.viewport(0, 0, width, height);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32F, WIDTH / 4, Math.max(count, 1), 0, gl.RGBA, gl.FLOAT, Float32Array.from(count ? rows : Array(WIDTH).fill(0)));
    gl.uniform3fv(place("A"), around);
    gl.uniform2f(place("S"), width, height);
    gl.uniform1i(place("n"), count);
    gl.uniform1i(place("rays"), this.rays);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    return canvas;
  }
  /** Take less of a machine that was slow; but the first picture waits for the driver, which says nothing. */
  judge(ms) {
    this.slow = ms > SLOW_MS ? (this.slow ?? -1) + 1 : 0;
    if (this.slow < PATIENCE) return;
    if (this.rays > 1) this.rays = 1;
    else this.coarse = Math.min(2 * this.coarse, COARSEST);
    this.slow = 0;
  }
}

export const minus = (a, b) => a.map((v, k) => v - b[k]);
export const cross = ([a, b, c], [x, y, z]) => [b * z - c * y, c * x - a * z, a * y - b * x];
export const unit = (a) => a.map((v) => v / (Math.hypot(...a) || 1));
const scaled = (k, a) => a.map((v) => k * v);

/** The axes of a quaternion, each with its size. */
function axesOf([w, x, y, z], [a, b, c]) {
  return [
    1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y), a,
    2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x), b,
    2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y), c,
  ];
}

/** The shortest turn of the z axis to a direction. */
function turnTo([x, y, z]) {
  const length = Math.hypot(x, y, z), w = length + z;
  return w > 1e-9 * length ? unit([w, -y, x, 0]) : length ? [0, 1, 0, 0] : [1, 0, 0, 0];
}

/** The caster; another where the browser has taken its context, as it does from pages that are asleep. */
const caster = () => (Painter.caster && !Painter.caster.gl.isContextLost() ? Painter.caster : (Painter.caster = new Caster()));

/** The numbers of a body for the shader. */
function row({ kind, start, end, centre, radius, size, turn }, colour, least) {
  let type = ["capsule", "cylinder", "box", "ellipsoid"].indexOf(kind), middle = centre, sizes = size, quaternion = turn, ball;
  if (kind === "sphere") [type, sizes, quaternion, ball] = [0, [radius, radius, 0], [1, 0, 0, 0], radius];
  else if (type < 2) {
    const half = scaled(0.5, minus(end, start));
    middle = start.map((v, k) => v + half[k]);
    sizes = [radius, radius, Math.hypot(...half)];
    quaternion = turnTo(half);
    ball = type ? Math.hypot(radius, sizes[2]) : radius + sizes[2];
  } else ball = kind === "box" ? Math.hypot(...size) : Math.max(...size);
  const thick = [Math.max(sizes[0], least), Math.max(sizes[1], least), type ? Math.max(sizes[2], least) : sizes[2]];
  return [...middle, ball, ...axesOf(unit(quaternion), thick), ...colour, type];
}

Object.assign(Painter.prototype, {
  space({ camera, light, sky, low, high, bodies }, out) {
    const filled = (call) => Object.fromEntries(Object.entries(call).map(([name, v]) => [name, name === "kind" || name === "role" || name === "line" ? v : valueOf(v, out)]));
    const paint = (role) => {
      const hex = parseInt(this.colours[role.one_of ? choice(role.one_of, valueOf(role.which, out)) : role]?.slice(1) ?? "f0f", 16);
      return [hex >> 16, (hex >> 8) & 255, hex & 255].map((v) => (v / 255) ** 2);
    };
    const { eye: own, target, field } = filled(camera), eye = Painter.orbit ? moved(own, target, Painter.orbit) : own;
    const [left, bottom, right, top] = this.view.extent;
    const [x0, y1] = this.view.pixel(low ?? [left, bottom]).map(Math.round), [x1, y0] = this.view.pixel(high ?? [right, top]).map(Math.round);
    const { coarse } = caster(), width = Math.max(Math.round((x1 - x0) / coarse), 1), height = Math.max(Math.round((y1 - y0) / coarse), 1);
    const far = Math.hypot(...minus(target, eye)), ahead = unit(minus(target, eye)), aside = unit(cross(ahead, [0, 0, 1]));
    const pixel = (2 * Math.tan((field * Math.PI) / 360)) / height;
    const rows = [], spheres = [];
    let floor;
    for (const call of bodies) {
      const body = filled(call);
      if (body.kind === "ground") floor = body;
      else if (body.kind === "spheres") this.spheres(body, paint, THINNEST * far, out, spheres);
      else {
        const made = row(body, paint(body.role), THINNEST * far);
        if (made.every(Number.isFinite)) rows.push(...made);
      }
    }
    const back = paint(sky), ground = floor ? paint(floor.role) : back;
    const around = [
      ...eye, ...scaled(pixel, aside), ...scaled(pixel, cross(aside, ahead)), ...ahead, ...unit(light), ...target, ...back, ...ground,
      ...(floor?.cell > 0 ? paint(floor.line) : ground), floor ? floor.height : -1e9, floor?.cell > 0 ? floor.cell : FADES * far, FADES * far,
    ];
    caster().list?.(spheres, rows, around, width, height);
    const begun = performance.now(), picture = caster().cast(rows, around, width, height);
    this.context.globalAlpha = 1;
    this.context.imageSmoothingEnabled = true;
    this.context.drawImage(picture, x0, y0, x1 - x0, y1 - y0);
    caster().judge(performance.now() - begun);
  },
});

const between = (v, least, most) => Math.min(Math.max(v, least), most);

/** The eye after an orbit around its target: around the vertical, upward, and further away. */
function moved(eye, target, { yaw, pitch, distance }) {
  const away = minus(eye, target), far = Math.hypot(...away), own = Math.asin(away[2] / far);
  const angle = Math.atan2(away[1], away[0]) + yaw, up = between(own + pitch, Math.min(own, LOWEST), Math.max(own, STEEPEST)), d = far * distance;
  return [target[0] + d * Math.cos(up) * Math.cos(angle), target[1] + d * Math.cos(up) * Math.sin(angle), target[2] + d * Math.sin(up)];
}

/** Lets the pointer turn a page's space, and the wheel zoom. */
Painter.orbits = (page, scene) => {
  let from;
  const move = (change) => {
    const { yaw, pitch, distance } = Painter.orbit ?? { yaw: 0, pitch: 0, distance: 1 };
    Painter.orbit = { yaw: yaw + (change.yaw ?? 0), pitch: between(pitch + (change.pitch ?? 0), -Math.PI, Math.PI), distance: between(distance * (change.by ?? 1), CLOSEST, FARTHEST) };
    page.refresh();
  };
  scene.classList.add("turns");
  scene.addEventListener("pointerdown", (e) => {
    if (e.button || page.held || e.target.closest("button")) return;
    from = [e.clientX, e.clientY];
    scene.setPointerCapture(e.pointerId);
  });
  scene.addEventListener("pointermove", (e) => {
    if (!from) return;
    const turn = Math.PI / scene.clientWidth;
    move({ yaw: -turn * (e.clientX - from[0]), pitch: turn * (e.clientY - from[1]) });
    from = [e.clientX, e.clientY];
  });
  for (const type of ["pointerup", "pointercancel"]) scene.addEventListener(type, () => (from = null));
  scene.addEventListener("wheel", (e) => {
    e.preventDefault();
    move({ by: NOTCH ** -Math.sign(e.deltaY) });
  }, { passive: false });
};
