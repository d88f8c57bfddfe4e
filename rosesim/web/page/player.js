// Time in the page: which state of a replay is shown, and how a user moves through it.

const REPLAY_SECONDS = 3; // a whole replay at speed 1, whatever the number of states
const HOLD_SECONDS = 0.8; // the last state is shown that long before the replay begins again
export const SPEEDS = [1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4];

/** A repeated replay of the states 0 to `last`. */
export class Player {
  constructor(last, playing = true) {
    Object.assign(this, { last, playing, time: 0, speed: 1, held: 0 });
  }
  get index() {
    return Math.min(Math.floor(this.time), this.last);
  }
  advance(seconds) {
    if (!this.playing) return;
    if (this.time < this.last) {
      this.time = Math.min(this.time + (seconds * this.speed * this.last) / REPLAY_SECONDS, this.last);
      this.held = 0;
    } else if ((this.held += seconds) >= HOLD_SECONDS) this.seek(0);
  }
  /** Play or pause; play starts from the beginning where the replay has ended. */
  toggle() {
    this.playing = !this.playing;
    if (this.playing && this.index === this.last) this.seek(0);
  }
  step(states) {
    this.playing = false;
    this.seek(this.index + states);
  }
  seek(index) {
    this.time = Math.min(Math.max(index, 0), this.last);
    this.held = 0;
  }
  scrub(index) {
    this.playing = false;
    this.seek(index);
  }
  restart() {
    this.seek(0);
    this.playing = true;
  }
  changeSpeed(notches) {
    const at = SPEEDS.indexOf(this.speed) + notches;
    this.speed = SPEEDS[Math.min(Math.max(at, 0), SPEEDS.length - 1)];
  }
}
