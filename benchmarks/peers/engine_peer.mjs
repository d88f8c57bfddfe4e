// Our WebAssembly module, or our program as plain JavaScript, in the shell of an engine other than Node's: SpiderMonkey's
// or JavaScriptCore's. Speaks as serve.py does. The last two arguments are the kind and what `web.py` wrote for it.

const given = globalThis.scriptArgs ?? globalThis.arguments;
const binary = (path) => (globalThis.os?.file ? os.file.readFile(path, "binary") : read(path, "binary"));
const text = (path) => (globalThis.os?.file ? os.file.readFile(path) : read(path));
const now = globalThis.preciseTime ? () => 1e3 * preciseTime() : () => dateNow();
globalThis.TextDecoder ??= class {
  decode(bytes) {
    return Array.from(new Uint8Array(bytes), (b) => String.fromCharCode(b)).join("");
  }
};
const leaves = (v) => (typeof v === "number" ? [v] : v === null ? [] : ArrayBuffer.isView(v) ? [...v] : Object.values(v).flatMap(leaves));
const { file } = JSON.parse(given[given.length - 1]);
const peer = JSON.parse(text(file));

const kinds = {
  async module({ wasm, client, params, inputs }) {
    const { load } = await import(client);
    const { gradient } = await load(binary(wasm));
    const [loss, slope] = gradient(params, inputs);
    return { run: gradient.run, result: [loss, leaves(slope)] };
  },
  async javascript({ file, args }) {
    const { run } = await import(file);
    const [loss, ...slope] = run(...args);
    return { run: () => run(...args), result: [loss, slope.flatMap(leaves)] };
  },
};

const begun = now();
const { run, result } = await kinds[given[given.length - 2]](peer);
print(JSON.stringify({ facts: {}, import: 0, ready: (now() - begun) / 1e3, version: "", results: [result] }));
for (let line; (line = readline()); ) {
  const times = [];
  for (let k = 0; k < Number(line); ++k) {
    const at = now();
    run();
    times.push(now() - at);
  }
  print(JSON.stringify(times));
}
