// A WebAssembly module of ours in a page: its programs, with arrays on its memory.

const ARRAYS = { f64: Float64Array, f32: Float32Array, bool: Uint8Array, u8: Uint8Array, u16: Uint16Array, u32: Uint32Array, i64: BigInt64Array, u64: BigUint64Array };

/** A list or an object of what `f` makes of each of its values. */
export const mapped = (tree, f) => Array.isArray(tree) ? tree.map(f) : Object.fromEntries(Object.keys(tree).map((name) => [name, f(tree[name])]));

/** A module's programs, with arrays on its memory for what they take and give: `rosesim.js` without what checks and copies values, which would be a tenth of a page. */
export async function programsOf(code) {
  const { instance, module } = await WebAssembly.instantiate(code, { env: { fmod: (x, y) => x % y } });
  const { programs, failures } = JSON.parse(new TextDecoder().decode(WebAssembly.Module.customSections(module, "rosesim")[0]));
  const { memory, ...entries } = instance.exports;
  const viewOf = ({ fields, items, at, scalar, shape }) =>
    fields ?? items ? mapped(fields ?? items, viewOf) : !shape ? null
    : Object.assign(new (shape.length ? ARRAYS[scalar] : Float64Array)(memory.buffer, at, shape.reduce((a, b) => a * b, 1)), { shape });
  for (const name in programs) {
    const { parameters, result } = programs[name];
    const run = () => {
      const status = entries[name]();
      if (status) throw new Error(failures[status - 1]);
    };
    programs[name] = { parameters: mapped(parameters, viewOf), results: viewOf(result), run };
  }
  return programs;
}

/** The arrays of a tree of arrays, in order. */
export const leaves = (tree) => (!tree ? [] : ArrayBuffer.isView(tree) ? [tree] : Object.values(tree).flatMap(leaves));

export const unpacked = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

/** What base64 of packed bytes holds, as a response has it. */
export const inflated = (base64) => new Response(new Blob([unpacked(base64)]).stream().pipeThrough(new DecompressionStream("deflate")));
