// What a peer in Node says, as serve.py has it: first one line about itself, then the milliseconds of runs on request.
import { createInterface } from "node:readline";

const say = (value) => process.stdout.write(JSON.stringify(value) + "\n");

/** `first`: import and ready in seconds, version, results. `run` does the work once. */
export async function serve(first, run) {
  say({ facts: {}, ...first });
  for await (const line of createInterface({ input: process.stdin })) {
    const times = [];
    for (let k = 0; k < Number(line); ++k) {
      const at = performance.now();
      run();
      times.push(performance.now() - at);
    }
    say(times);
  }
}
