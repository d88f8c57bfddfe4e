/** The elements of an array, in the order of its rows; `shape` is its length along each axis. */
export type Numbers = (
  | Float64Array | Float32Array | Uint8Array | Uint16Array | Uint32Array | BigUint64Array | BigInt64Array
) & { readonly shape: readonly number[] };

/** A result: a number, an array, or objects and lists of these; null stands for None. */
export type Value = number | boolean | Numbers | null | Value[] | { [name: string]: Value };

/** An argument. An array may also be a list of numbers, nested or flat in a typed array. */
export type Argument =
  | number | boolean | ArrayLike<number> | ArrayLike<bigint> | null | readonly Argument[] | { readonly [name: string]: Argument };

/** Arrays on the module's memory. A single number is an array of length 1. */
export type Views = Numbers | null | Views[] | { [name: string]: Views };

/** A function of the module. */
export interface Program {
  /** Checks and copies the arguments, runs, and gives a copy of the result. Throws an Error with a failed check's message. */
  (...args: Argument[]): any;
  /** Where `run` reads the arguments, by name. Functions that take a parameter of the same name and type share it. */
  readonly parameters: { readonly [name: string]: any };
  /** Where `run` leaves the result. */
  readonly results: any;
  /** Runs on what the views hold. Nothing is copied, and integers are not compared with their bounds. */
  run(): void;
}

/** The functions of a module that rosesim has made. */
export function load(
  source: BufferSource | WebAssembly.Module | Response | Promise<BufferSource | WebAssembly.Module | Response>,
): Promise<{ readonly [name: string]: Program }>;
