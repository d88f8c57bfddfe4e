// Random numbers of a diagram: ARC4 keyed by a word, as rosesim/diagrams/style/draws.py draws them, to the bit.

const BYTES = 256, CHUNKS = 6, SIGNIFICANT = 2 ** 52, OVERFLOW = 2 ** 53;

export class Draws {
  constructor(word) {
    const key = [];
    for (let j = 0, smear = 0; j < word.length; j++) {
      smear ^= (key[j % BYTES] ?? 0) * 19;
      key[j % BYTES] = (smear + word.charCodeAt(j)) % BYTES;
    }
    if (!key.length) key.push(0);
    this.s = Array.from({ length: BYTES }, (_, i) => i);
    for (let i = 0, j = 0; i < BYTES; i++) {
      j = (j + key[i % key.length] + this.s[i]) % BYTES;
      [this.s[i], this.s[j]] = [this.s[j], this.s[i]];
    }
    this.i = this.j = 0;
    for (let k = 0; k < BYTES; k++) this.byte(); // seedrandom throws them away
  }
  byte() {
    const { s } = this, i = (this.i = (this.i + 1) % BYTES), t = s[i], j = (this.j = (this.j + t) % BYTES);
    s[i] = s[j];
    s[j] = t;
    return s[(s[i] + t) % BYTES];
  }
  /** In [0, 1), with 52 or 53 significant bits. */
  unit() {
    let n = 0, d = BYTES ** CHUNKS, x = 0;
    for (let k = 0; k < CHUNKS; k++) n = n * BYTES + this.byte();
    for (; n < SIGNIFICANT; x = this.byte()) [n, d] = [(n + x) * BYTES, d * BYTES];
    for (; n >= OVERFLOW; x >>>= 1) [n, d] = [n / 2, d / 2];
    return (n + x) / d;
  }
  uniform(low, high) {
    return this.unit() * (high - low) + low;
  }
}
