// The worker behind the page: it evaluates what the user drags, keeps an optimiser running, and publishes attempts.
import { Machine, norm, saved } from "./machine.js";
import { paths, rollout, stride } from "./reel.js";

const PUBLISHED_MS = 33; // between two publications while optimising: a person cannot see more of them
const SHARE = 3; // and at least so many times as long as a publication's states take
const BATCH_MS = 8; // then commands are looked for
const SOON_MS = 30; // where a gradient takes longer, the path of what was dragged is shown before it
const SHOWN = 8; // attempts in a picture

/** Iterations 0, 1, 2, 4, 8, ... are remembered: denser where descent is quick. */
export const isRemembered = (i) => (i & (i - 1)) === 0;

/**
 * A scene that is tuned while a user watches. `post(message, transferred)` publishes, `pause()` lets commands in.
 *
 * Commands are objects with a `serial` and what is `do`ne: optimise {on}, hold {handle, to}, release, input {name, value},
 * put {params, inputs}, visit {attempt}, reset. They are executed in order; a publication has the serial of the last one before it.
 */
export class Live {
  constructor(machine, data, post, pause, clock = () => performance.now()) {
    Object.assign(this, { machine, data, post, pause, clock });
    this.commands = [];
    this.serial = 0;
    this.going = this.running = false;
    machine.start();
    this.every = stride(data.steps, saved(machine.state).length, 1);
    this.interval = PUBLISHED_MS;
    this.starts = {};
    this.published = -Infinity;
    this.reset();
  }

  /** Take a command; the loop begins again if it has ended. */
  command(command) {
    this.commands.push(command);
    if (!this.running) this.running = this.run();
    return this.running;
  }

  async run() {
    do {
      const commands = this.commands.splice(0);
      try {
        this.turn(commands);
      } catch (error) {
        this.going = false;
        this.post({ serial: this.serial, failure: error.message || String(error) }, []);
      }
      await this.pause();
    } while (this.commands.length || this.going);
    this.running = false;
  }

  turn(commands) {
    const { machine } = this, begun = this.clock();
    for (const command of commands) {
      this.serial = command.serial;
      this[command.do](command);
    }
    do {
      const { course } = this;
      if (machine.evaluates && course.stale) {
        if (commands.length && !(this.took < SOON_MS)) this.publish(true); // the path, while the gradient is computed
        const before = this.clock();
        this.look(machine.evaluate());
        this.took = this.clock() - before;
      }
      const last = !this.going || course.settled || course.iteration >= course.until;
      if (last && this.going) this.follows = this.keep(); // it ended by itself: what is moved next begins it again
      if (last) this.going = false;
      if (commands.length || last || this.clock() - this.published >= this.interval) this.publish();
      commands = [];
      if (this.going) this.step();
    } while (this.going && this.clock() - begun < BATCH_MS);
  }

  /** Take over an evaluation at the present point. */
  look(loss) {
    const { course, machine } = this;
    course.stale = false;
    course.slope = machine.slope;
    const steep = norm(course.slope), i = course.iteration;
    if (!Number.isFinite(loss) || !Number.isFinite(steep))
      throw new Error(`the ${Number.isFinite(loss) ? "gradient" : "loss"} is not finite at iteration ${i}: reset (R) goes back`);
    Object.assign(course, { loss, steep, steepest: Math.max(course.steepest, steep) });
    if (course.recorded && !this.going) return;
    course.recorded = false;
    course.fresh.push([i, loss]);
    if (course.held) course.least = null; // of another problem
    else if (!(course.least?.loss <= loss)) course.least = { iteration: i, loss, ...machine.point };
    if (this.going && isRemembered(i)) this.remember(i, loss);
  }

  step() {
    const { course, machine } = this, { held } = course;
    course.settled = !machine.optimise(course.iteration - course.begun) && !held; // its memory began there too
    if (course.settled) return;
    if (held) machine.drag(...held);
    course.iteration++;
    course.stale = true;
  }

  remember(iteration, loss) {
    const { course, machine } = this;
    if (course.ghosts.some((g) => g.iteration === iteration)) return;
    const first = !course.ghosts.length;
    course.ghosts = [...course.ghosts, { iteration, loss, ...machine.point, ...this.rolled(), first }];
    if (course.ghosts.length > SHOWN) course.ghosts.splice(1, 1); // the first stays: it is drawn beside the present one
    course.ghosts.sort((a, b) => a.iteration - b.iteration);
    course.haunted = true;
  }

  /** The best attempt stays within reach. */
  keep() {
    const { course, machine } = this, { least } = course, now = machine.point;
    if (least?.loss < course.loss) {
      machine.point = least;
      this.remember(least.iteration, least.loss);
      machine.point = now;
    }
    return true;
  }

  /** The states of the present point. The first measures how far apart they may be. */
  rolled() {
    const { machine, data } = this, before = this.clock();
    const made = rollout(machine, data.steps, this.every);
    const took = this.clock() - before, bytes = made.states.length / (Math.floor(data.steps / this.every) + 1);
    this.every = stride(data.steps, bytes, took / data.steps);
    this.interval = Math.max(PUBLISHED_MS, SHARE * took);
    return made;
  }

  publish(early = false) {
    const { course, machine, data } = this;
    const { iteration, loss, steep, steepest, slope, settled, until, least } = course;
    const attempt = { iteration, loss, ...machine.point, ...this.rolled() };
    const done = !this.going && iteration >= until && iteration > 0 && !course.recorded;
    const message = {
      serial: this.serial, going: this.going, course: course.id, early, attempt, slope, steep, steepest, took: this.took,
      curve: course.fresh.splice(0), terms: machine.terms(), startHeld: course.held ? this.starts[course.held[0]] : false,
      note: !early && steep === 0 ? "The gradient is zero here: no small change of the params changes the loss."
        : settled ? "Settled: a step along the gradient changes nothing any more." : null,
      done: done ? `Done: ${iteration} iterations of ${data.optimiser.name}${least?.loss < loss ? `, best ${least.iteration}` : ""}` : undefined,
    };
    if (course.haunted) {
      message.ghosts = course.ghosts.map(({ iteration, loss, params, inputs, ...g }) =>
        ({ iteration, loss, params, inputs, every: g.every, states: g.first ? g.states : null, paths: paths(g) }));
      course.haunted = false;
    }
    this.post(message, [attempt.states.buffer]);
    this.published = this.clock();
  }

  // ------------------------------------------------------------------------------------------------- commands

  /** A new course from the present point: another problem has another curve. */
  begin(iteration = 0, ghosts = []) {
    this.course = {
      id: (this.course?.id ?? 0) + 1, iteration, begun: iteration, until: iteration + (this.data.optimiser?.iterations ?? 0), ghosts, fresh: [],
      loss: NaN, steep: NaN, steepest: 0, slope: null, stale: true, settled: false, held: null, recorded: false, haunted: true,
    };
    this.machine.forget();
  }
  reset() {
    const { machine, data } = this;
    machine.begin();
    this.going = this.follows = false;
    if (this.course && !this.recorded) this.recorded = this.replayed();
    this.begin(data.iteration ?? 0, this.recorded ?? []);
    if (data.losses?.length) {
      this.course.fresh = data.losses.map((loss, i) => [i, loss]);
      this.course.recorded = true;
    }
  }
  /** The remembered attempts of a run, with their states. */
  replayed() {
    const { machine, data } = this;
    const made = (data.remembered ?? []).slice(0, SHOWN).map(({ iteration, loss, params }, k) => {
      machine.begin();
      machine.put("params", params);
      return { iteration, loss, ...machine.point, ...this.rolled(), first: k === 0 };
    });
    machine.begin();
    return made;
  }
  open() {
    this.reset();
  }
  optimise({ on }) {
    const { course, data } = this;
    if (on && course.iteration >= course.until) course.until = course.iteration + data.optimiser.iterations;
    course.settled = this.follows = false;
    if (!on && this.going) this.keep();
    this.going = on && this.machine.evaluates;
    if (on && !course.stale && isRemembered(course.iteration)) this.remember(course.iteration, course.loss);
  }
  hold({ handle, to }) {
    const { machine } = this;
    if (this.course.held?.[0] !== handle) this.begin();
    this.follow();
    this.starts[handle] ??= machine.movesStart(handle);
    this.course.held = [handle, to];
    machine.drag(handle, to);
    this.course.stale = true;
  }
  release() {
    this.course.held = null;
  }
  /** Optimise again, after it had ended by itself. */
  follow() {
    const { course, data } = this;
    if (!this.follows) return;
    this.going = this.machine.evaluates;
    this.follows = course.settled = false;
    course.until = course.iteration + data.optimiser.iterations;
  }
  input({ name, value }) {
    this.begin();
    this.follow();
    this.machine.input(name)[0] = value;
  }
  /** Params or inputs of whoever holds the page. */
  put({ params, inputs }) {
    const { machine } = this, before = machine.point;
    try {
      if (params) machine.put("params", params);
      if (inputs) machine.put("inputs", inputs);
    } catch (error) {
      machine.point = before; // an order that does not fit changes nothing
      throw error;
    }
    this.begin();
    this.follow();
  }
  visit({ iteration, params, inputs }) {
    this.going = this.follows = false;
    const { ghosts } = this.course;
    this.machine.point = { params, inputs };
    this.begin(iteration, ghosts);
    this.course.recorded = true; // the curve stays until a step is taken
    this.course.id--;
  }
}

/** As a worker's whole program. */
export function work() {
  const channel = new MessageChannel();
  let ready;
  onmessage = async ({ data }) => {
    ready ??= Machine.open(data.page).then((machine) => {
      let go;
      channel.port1.onmessage = () => go();
      const pause = () => new Promise((resolve) => ((go = resolve), channel.port2.postMessage(0)));
      return new Live(machine, data.page, (message, moved) => postMessage(message, moved), pause);
    });
    try {
      (await ready).command(data);
    } catch (error) {
      postMessage({ serial: 0, failure: error.message || String(error) });
    }
  };
}
