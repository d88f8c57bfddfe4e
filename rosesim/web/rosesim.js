// Runs the functions of a WebAssembly module of rosesim's. The module itself says what they take and give.

const ARRAYS = {
  f64: Float64Array, f32: Float32Array, bool: Uint8Array, u8: Uint8Array, u16: Uint16Array, u32: Uint32Array,
  u64: BigUint64Array, i64: BigInt64Array,
};

/** The functions of a module, by name. `source`: bytes, a compiled module, or a response that has one or will have. */
export async function load(source) {
  const given = await source;
  if (given.ok === false) throw new Error(`${given.url}: the answer ${given.status} was found; expected a module there`);
  const code = given.arrayBuffer ? await given.arrayBuffer() : given;
  const module = code instanceof WebAssembly.Module ? code : await WebAssembly.compile(code);
  const [section] = WebAssembly.Module.customSections(module, "rosesim");
  if (!section) throw new TypeError("a module without the section rosesim was found; expected one that rosesim has made");
  const { version, programs, failures } = JSON.parse(new TextDecoder().decode(section));
  if (version !== 1) throw new TypeError(`version ${version} of a module was found; expected 1: take both from one rosesim`);
  const { exports } = await WebAssembly.instantiate(module, { env: { fmod: (x, y) => x % y } });
  const made = {};
  for (const [name, program] of Object.entries(programs)) made[name] = functionOf(name, program, exports, failures);
  return made;
}

function functionOf(name, { parameters, result }, exports, failures) {
  const names = Object.keys(parameters);
  const views = Object.fromEntries(names.map((n) => [n, viewsOf(parameters[n], exports.memory.buffer)]));
  const results = viewsOf(result, exports.memory.buffer);
  const run = () => {
    const status = exports[name]();
    if (status) throw Object.assign(new Error(failures[status - 1]), { name: "ProgramError" });
  };
  const call = (...args) => {
    if (args.length !== names.length)
      throw new TypeError(`${name}: ${args.length} arguments were found; expected ${names.length}: ${names.join(", ")}`);
    names.forEach((n, k) => put(n, parameters[n], views[n], args[k]));
    run();
    return got(result, results);
  };
  return Object.defineProperties(call, {
    name: { value: name }, parameters: { value: views }, results: { value: results }, run: { value: run },
  });
}

// A described type has `fields`, `items` or, for a number or array, its place; one without any of them is null.

function viewsOf(type, buffer) {
  if (type.fields) return mapped(type.fields, (t) => viewsOf(t, buffer));
  if (type.items) return type.items.map((t) => viewsOf(t, buffer));
  if (type.at === undefined) return null;
  const size = type.shape.reduce((a, b) => a * b, 1); // a number lies there as a double, whatever its type
  const view = new (type.shape.length ? ARRAYS[type.scalar] : Float64Array)(buffer, type.at, size);
  return Object.assign(view, { shape: type.shape });
}

function put(name, type, view, value) {
  const expected = (what) => new TypeError(`${name}: ${shown(value)} was found; expected ${what}`);
  if (type.fields) {
    if (value === null || typeof value !== "object") throw expected(`an object with ${Object.keys(type.fields).join(", ")}`);
    for (const [n, t] of Object.entries(type.fields)) put(`${name}.${n}`, t, view[n], value[n]);
  } else if (type.items) {
    if (!Array.isArray(value) || value.length !== type.items.length) throw expected(`a list of ${type.items.length}`);
    type.items.forEach((t, k) => put(`${name}[${k}]`, t, view[k], value[k]));
  } else if (type.at !== undefined) {
    const flat = type.shape.length ? flattened(value, type.shape) : isNumber(value) ? [value] : null;
    if (!flat) throw expected(type.shape.length ? `numbers of the shape ${type.shape.join(" × ")}` : "a number");
    if (type.low !== undefined)
      for (const v of flat)
        if (!(Number.isInteger(Number(v)) && v >= type.low && v <= type.high))
          throw new RangeError(`${name}: ${v} was found; expected an integer from ${type.low} to ${type.high}`);
    if (view instanceof BigInt64Array || view instanceof BigUint64Array) view.set(Array.from(flat, BigInt));
    else view.set(flat);
  }
}

function got(type, view) {
  if (type.fields) return mapped(type.fields, (t, n) => got(t, view[n]));
  if (type.items) return type.items.map((t, k) => got(t, view[k]));
  if (type.at === undefined) return null;
  if (type.shape.length) return Object.assign(view.slice(), { shape: type.shape });
  return type.scalar === "bool" ? view[0] !== 0 : view[0];
}

const isNumber = (v) => typeof v === "number" || typeof v === "boolean";
const mapped = (object, f) => Object.fromEntries(Object.entries(object).map(([n, v]) => [n, f(v, n)]));
const shown = (v) => (v === null || typeof v !== "object" ? String(v) : v.length === undefined ? "an object" : `a list of ${v.length}`);

/** The numbers of an array as one list, or null where it has another shape: a typed array is flat already. */
function flattened(value, [n, ...inner]) {
  if (ArrayBuffer.isView(value)) return value.length === inner.reduce((a, b) => a * b, n) ? value : null;
  if (!Array.isArray(value) || value.length !== n) return null;
  if (!inner.length) return value.every((v) => isNumber(v) || typeof v === "bigint") ? value : null;
  const rows = value.map((v) => flattened(v, inner));
  return rows.includes(null) ? null : rows.flatMap((r) => Array.from(r));
}
