/** `A` with the length along each axis; the elements are in the order of the rows. */
export type Shaped<A, S extends readonly number[]> = A & { readonly shape: Readonly<S> };

/** The elements of an array, in the order of its rows; `shape` is its length along each axis. */
export type Numbers = Shaped<
  Float64Array | Float32Array | Uint8Array | Uint16Array | Uint32Array | BigUint64Array | BigInt64Array, number[]
>;

/** A result: a number, an array, or objects and lists of these; null stands for None. */
export type Value = number | boolean | Numbers | null | Value[] | { [name: string]: Value };

/** A typed array whose elements an array of numbers takes. */
export type Typed =
  | Float64Array | Float32Array | Int8Array | Uint8Array | Uint8ClampedArray | Int16Array | Uint16Array | Int32Array | Uint32Array;
/** A typed array whose elements an array of 64-bit integers takes. */
export type BigTyped = Typed | BigInt64Array | BigUint64Array;

/** An array as an argument: a list of its rows, or all of its elements in a typed array. */
export type Rows<Row, Flat = Typed> = Flat | readonly Row[];

/** An argument: a number, an array, or objects and lists of these. */
export type Argument =
  | number | boolean | bigint | BigTyped | null | readonly Argument[] | { readonly [name: string]: any };

/** Arrays on the module's memory. A single number is an array of length 1. */
export type Views = Numbers | null | Views[] | { [name: string]: Views };

/** A function of the module: its arguments, its result, and the views on both. */
export interface Program<Arguments extends readonly any[] = Argument[], Result = any, Parameters = any, Results = any> {
  /** Checks and copies the arguments, runs, and gives a copy of the result. Throws an Error with a failed check's message. */
  (...args: Arguments): Result;
  /** Where `run` reads the arguments, by name. Functions that take a parameter of the same name and type share it. */
  readonly parameters: Parameters;
  /** Where `run` leaves the result. */
  readonly results: Results;
  /** Runs on what the views hold. Nothing is copied, and integers are not compared with their bounds. */
  run(): void;
}

/**
 * A module: its bytes, a response (of `fetch`, say) or a blob that has them, or a compiled WebAssembly.Module, whose type
 * is not named here because it needs the browser's types.
 */
export type Given = ArrayBuffer | ArrayBufferView | { arrayBuffer(): Promise<ArrayBuffer> } | object;
export type Source = Given | Promise<Given>;

/** The functions of a module that rosesim has made. */
export function load<Programs = { readonly [name: string]: Program }>(source: Source): Promise<Programs>;
