// A program in Node: our WebAssembly module, C compiled to WebAssembly, or our program as plain JavaScript.
// Speaks as serve.py does; the first argument is the kind, the second a file with what `web.py` wrote for it.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { serve } from "./serve.mjs";

const given = JSON.parse(readFileSync(JSON.parse(process.argv[3]).file));
const leaves = (v) => (typeof v === "number" ? [v] : v === null ? [] : ArrayBuffer.isView(v) ? [...v] : Object.values(v).flatMap(leaves));

/** The program's own run without a copy, and its loss and gradient. */
const kinds = {
  async module({ wasm, client, params, inputs }) {
    const { load } = await import(pathToFileURL(client));
    const { gradient } = await load(readFileSync(wasm));
    const [loss, slope] = gradient(params, inputs);
    return { run: gradient.run, result: [loss, leaves(slope)] };
  },
  async javascript({ file, args }) {
    const { run } = await import(pathToFileURL(file));
    const [loss, ...slope] = run(...args);
    const result = [loss, slope.flatMap(leaves)];
    return { run: () => run(...args), result };
  },
  async c({ wasm, name, numbers, blocks, gradient, scratch }) {
    const { exports: c } = (await WebAssembly.instantiate(readFileSync(wasm))).instance;
    const at = blocks.map((block) => c.malloc(block.length + 64));
    blocks.forEach((block, k) => new Uint8Array(c.memory.buffer, at[k], block.length).set(block));
    const g = c.malloc(8 * gradient);
    const memory = scratch.map(([made, ...sizes]) => c[made](...sizes));
    const run = () => c[`${name}_grad`](...numbers, ...at, g, ...memory);
    const loss = run();
    return { run, result: [loss, [...new Float64Array(c.memory.buffer, g, gradient)]] };
  },
};

const begun = performance.now();
const { run, result } = await kinds[process.argv[2]](given);
const ready = performance.now() - begun;
await serve({ import: 0, ready: ready / 1e3, version: process.version, results: [result] }, run);
