// Numbers of a diagram that follow from its inputs, step by step: rosesim/diagrams/tape.py says what a tape is.

const OPS = {
  add: (a, b) => a + b, sub: (a, b) => a - b, mul: (a, b) => a * b, div: (a, b) => a / b, neg: (a) => -a,
  pow: (a, b) => a ** b, sqrt: Math.sqrt, abs: Math.abs, sign: (a) => (a ? Math.sign(a) : 0), floor: Math.floor,
  ceil: Math.ceil, trunc: Math.trunc, sin: Math.sin, cos: Math.cos, tan: Math.tan, asin: Math.asin, acos: Math.acos,
  atan: Math.atan, atan2: Math.atan2, exp: Math.exp, log: Math.log, max: (a, b) => (a > b ? a : b), min: (a, b) => (a < b ? a : b),
  lt: (a, b) => a < b, le: (a, b) => a <= b, eq: (a, b) => a === b, and: (a, b) => a && b, or: (a, b) => a || b, not: (a) => !a,
  choose: (a, b, c) => (a ? b : c),
};

/**
 * `steps` has for each operation its number in `ops`, then as many operands as that takes: how many places an earlier
 * step lies back, or -1 - k for the k-th of inputs and constants.
 */
export class Tape {
  constructor({ inputs, constants, ops, steps }) {
    this.constants = constants.map(Number); // JSON has no word for infinity, so it comes as a text
    this.steps = [];
    for (let k = 0; k < steps.length; ) {
      const run = OPS[ops[steps[k]]], here = inputs + constants.length + this.steps.length;
      const [a, b, c] = steps.slice(k + 1, (k += 1 + run.length)).map((v) => (v > 0 ? here - v : -1 - v));
      this.steps.push({ run, a, b, c });
    }
  }

  /** All values where the inputs are x. */
  at(x) {
    const values = [...x, ...this.constants];
    for (const { run, a, b, c } of this.steps) values.push(run(values[a], values[b], values[c]));
    return values;
  }
}
