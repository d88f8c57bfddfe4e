// The page: what is seen and touched. Numbers come from the worker's publications, pictures from the machine here.
import { drawCurve, short } from "./curve.js";
import { work } from "./live.js";
import { Machine } from "./machine.js";
import { inflated } from "./module.js";
import { Owner } from "./owner.js";
import { Painter, View } from "./painter.js";
import { Player } from "./player.js";
import { Reel, paths } from "./reel.js";

const THIN = 0.005; // width of a past path relative to the picture's height; the present one is wider
const GHOST_OPACITY = 0.5;
const LONGEST_ARROW = 0.16; // the gradient's longest arrow, relative to the picture's height
const SLENDER = 9; // an arrow is at least this many times as long as wide
const FEW = 6; // handles that are shown while the pointer is elsewhere
const READ_MS = 100; // between two updates of numbers and curve: no faster than a person reads
const LONGEST_FRAME = 0.1; // most seconds by which a frame advances the replay

const KEYS = {
  " ": "play", ArrowLeft: "back", ArrowRight: "forward", ArrowUp: "faster", ArrowDown: "slower", "+": "faster", "-": "slower",
  Home: "first", End: "last", o: "optimise", r: "reset", g: "ghosts", d: "theme", h: "help", "?": "help", F1: "help",
};
const $ = (id) => document.getElementById(id);
const made = (tag, fields) => Object.assign(document.createElement(tag), fields);

class Page {
  constructor(data, machine, worker) {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    Object.assign(this, { data, machine, worker, player: new Player(data.steps, !still), serial: 0, curve: [], ghosts: [], trails: true, sliders: [] });
    this.now = null; // the newest publication
    this.owner = new Owner(this);
    this.high = data.extent[3] - data.extent[1];
    worker.onmessage = ({ data }) => this.take(data);
    worker.onerror = (e) => this.take({ serial: 0, failure: e.message });
    this.build();
    this.listen();
    this.colour();
    this.send("open", { page: data });
    let before = performance.now();
    const frame = (now) => {
      this.frame(Math.min((now - before) / 1000, LONGEST_FRAME));
      before = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  send(what, more) {
    this.failure = null;
    this.worker.postMessage({ do: what, serial: ++this.serial, ...more });
  }

  // ------------------------------------------------------------------------------------------- what the worker says

  take(message) {
    this.changed = this.unread = true;
    this.owner.followed(message.serial);
    if (message.failure) {
      this.failure = message.failure;
      this.going = false;
      return this.owner.report();
    }
    if (message.course !== this.now?.course) this.curve = [];
    for (const point of message.curve) {
      while (this.curve.length && this.curve.at(-1)[0] >= point[0]) this.curve.pop();
      this.curve.push(point);
    }
    if (message.ghosts) {
      this.ghosts = message.ghosts;
      this.ghost = this.ghosts[0]?.states ? new Reel(this.machine, this.ghosts[0]) : null;
      this.ground = null;
    }
    this.now = message;
    this.trailed = paths(message.attempt).length > 0;
    this.reel = new Reel(this.machine, message.attempt);
    if (message.serial >= this.serial) {
      this.going = message.going;
      if (!this.held) this.dragged = null;
    }
    this.machine.point = message.attempt;
    if (message.serial >= this.serial) for (const show of this.sliders) show();
    const steep = message.steepest > 0 ? Math.cbrt(message.steep / message.steepest) : 0;
    this.arrows = message.slope ? this.machine.arrows(message.slope, LONGEST_ARROW * this.high * steep) : [];
    if (!message.early) this.owner.report(); // the loss is not known yet
  }

  // ------------------------------------------------------------------------------------------------------ pictures

  frame(seconds) {
    const { player, now } = this, index = player.index;
    if (now && this.held && now.startHeld) player.seek(0);
    else if (now) player.advance(seconds);
    if (this.changed || index !== player.index) {
      this.changed = false;
      $("scrub").value = player.index;
      $("time").textContent = `${player.index} / ${player.last}`;
      try {
        this.draw(player.index);
      } catch (error) {
        this.failure ??= error.message;
      }
      this.unread = true;
    }
    const time = performance.now();
    if (this.unread && time - (this.read ?? 0) > READ_MS) {
      this.read = time;
      this.unread = false;
      this.tell();
    }
  }

  /** Params and inputs as they are drawn: a dragged handle is already where the pointer has it. */
  place() {
    const { machine, now } = this;
    if (now) machine.point = now.attempt;
    else machine.begin();
    if (this.dragged) machine.drag(...this.dragged);
  }

  draw(t) {
    const { machine, now, data, dragged } = this, thin = THIN * this.high, { orbit } = Painter;
    const trails = this.trails && !orbit; // paths, arrows and rings are where the scene's own camera has them
    const deep = data.layers.draw.some(({ kind }) => kind === "space"); // it hides what lies below, so paths lie above
    let trail = [];
    this.place();
    this.backdrop(thin);
    const painter = this.painter("above");
    if (now) {
      if (trails && this.ghost && data.layers.ghost) {
        machine.point = { ...this.ghosts[0], inputs: now.attempt.inputs };
        this.ghost.seek(t);
        this.layer(painter, "ghost");
        machine.point = now.attempt;
      } else if (dragged) machine.point = now.attempt; // the states shown are still those of before
      this.reel.seek(t);
      if (trails && this.trailed) trail = paths(now.attempt, t, machine.trail());
      if (dragged) this.place();
    } else machine.start();
    if (deep) this.layer(painter, "draw"), this.past(painter, thin);
    for (const points of trail) painter.line({ points, role: "trail", width: 1.6 * thin, opacity: 1 });
    if (!deep) this.layer(painter, "draw");
    for (const [tail, vector] of (!orbit && this.arrows) || [])
      painter.arrow({ tail, vector, role: "gradient", width: Math.min(1.4 * thin, Math.hypot(...vector) / SLENDER), opacity: 1 });
    $("handles").hidden = !!orbit;
    this.rings(machine.handles());
  }

  /** The backdrop and the paths of past attempts: painted where they can have changed. */
  backdrop(thin) {
    const shown = [this.now, this.dragged, this.trails, this.ghosts];
    if (this.ground?.every((v, k) => v === shown[k])) return;
    this.ground = shown;
    const painter = this.painter("below");
    if (this.data.layers.backdrop) this.layer(painter, "backdrop");
    this.past(painter, thin);
  }
  past(painter, thin) {
    for (const ghost of this.trails && !Painter.orbit ? this.ghosts : [])
      for (const points of ghost.paths) {
        painter.line({ points, role: "ghost", width: thin, opacity: GHOST_OPACITY });
        painter.circle({ centre: points.slice(-2), radius: 2 * thin, role: "ghost", width: 0, opacity: GHOST_OPACITY });
      }
  }

  layer(painter, name) {
    const { run, results } = this.machine.programs[name];
    run();
    painter.paint(this.data.layers[name], results);
  }

  painter(id) {
    const canvas = $(id), context = canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.globalAlpha = 1;
    context.clearRect(0, 0, canvas.width, canvas.height);
    return new Painter(context, new View(this.data.extent, canvas.width, canvas.height), this.colours);
  }

  rings(handles) {
    const box = $("scene").getBoundingClientRect(), view = (this.view = new View(this.data.extent, box.width, box.height));
    this.spots = {};
    for (const [name, ring] of Object.entries(this.buttons)) {
      const [x, y] = (this.spots[name] = view.pixel(handles[name]));
      ring.style.transform = `translate(${x}px, ${y}px)`;
      ring.classList.toggle("low", y < 56);
    }
  }

  // -------------------------------------------------------------------------------------------------------- words

  tell() {
    const { now, player, going } = this;
    const status = going && now ? "Optimising" : this.failure ? "Stopped" : !now ? "Starting" : now.early ? "Computing" : now.done ?? (this.data.optimiser.note || "Ready");
    if (now) {
      const { loss, iteration } = now.attempt;
      $("loss").textContent = short(loss);
      $("iteration").textContent = iteration;
      $("steep").textContent = short(now.steep);
      const large = [...now.terms].sort((a, b) => Math.abs(b[1]) - Math.abs(a[1])).slice(0, 3), few = now.terms.filter((t) => large.includes(t));
      $("terms").textContent = few.map(([name, v]) => `${name} ${short(v)}`).join(" + ") + (now.terms.length > 3 ? " + …" : "");
      $("curve").ariaLabel = `${this.data.label} against iteration: ${short(loss)} at iteration ${iteration}`;
      this.list();
    }
    this.plot();
    const optimise = $("optimise");
    optimise.ariaPressed = String(!!going);
    optimise.textContent = going ? "Stop" : "Optimise";
    const play = document.querySelector('[data-act="play"]');
    play.classList.toggle("paused", !player.playing);
    play.ariaLabel = player.playing ? "Pause" : "Play";
    $("speed").textContent = player.speed < 1 ? `1/${1 / player.speed}×` : `${player.speed}×`;
    document.querySelector('[data-act="ghosts"]').ariaPressed = String(this.trails);
    const note = this.failure ?? now?.note ?? "", box = $("note");
    box.hidden = !note;
    if (box.textContent !== note) box.textContent = note;
    box.classList.toggle("failed", !!this.failure);
    if (this.status !== status) $("status").textContent = this.status = status; // said once: it is read aloud
  }

  plot() {
    const canvas = $("curve"), { width, height } = canvas.getBoundingClientRect(), context = canvas.getContext("2d");
    this.fit(canvas, width, height);
    context.setTransform(canvas.width / width, 0, 0, canvas.height / height, 0, 0);
    drawCurve(context, this.curve, this.now?.attempt.iteration ?? 0, width, height, this.chrome, this.data.label);
  }

  list() {
    const names = this.ghosts.map((g) => g.iteration).join();
    if (this.listed === names) return;
    this.listed = names;
    $("attempts").replaceChildren(...this.ghosts.map(({ iteration, loss, params, inputs }) => made("button", {
      textContent: iteration,
      title: `Iteration ${iteration}: loss ${short(loss)}`,
      onclick: () => this.send("visit", { iteration, params, inputs }),
    })));
  }

  // ------------------------------------------------------------------------------------------------- what is built

  build() {
    const { data } = this, [left, bottom, right, top] = data.extent;
    $("title").textContent = data.title;
    $("about").textContent = data.about ?? "";
    $("above").ariaLabel = `${data.title}: ${data.about ?? ""}`;
    document.body.style.setProperty("--ratio", (right - left) / (top - bottom));
    document.body.style.setProperty("--time", `${2 * String(data.steps).length + 3}ch`);
    $("scrub").max = data.steps;
    $("optimise").disabled = !this.machine.programs.optimise;
    this.buttons = Object.fromEntries((data.handles ?? []).map((name) => {
      const ring = made("button", { className: "handle", ariaLabel: `${name}: drag it, or move it with the arrows` });
      ring.append(made("span", { textContent: name }));
      ring.dataset.name = name;
      return [name, ring];
    }));
    $("handles").append(...Object.values(this.buttons));
    $("handles").classList.toggle("many", $("handles").childElementCount > FEW); // they would cover the picture
    for (const { name, label, unit, least, greatest } of data.sliders ?? []) {
      const input = made("input", { type: "range", min: least, max: greatest, step: "any", name });
      const shown = made("output"), row = made("label");
      const show = () => (shown.textContent = `${short(+input.value)}${unit ? ` ${unit}` : ""}`);
      input.oninput = () => {
        show();
        this.send("input", { name, value: +input.value });
      };
      this.sliders.push(() => {
        input.value = this.machine.input(name)[0];
        show();
      });
      row.append(label ?? name, input, shown); // the first is what the label names
      $("sliders").append(row);
    }
    for (const show of this.sliders) show();
    const list = $("settings").querySelector("dl");
    for (const [name, value] of data.settings ?? [])
      list.append(...[["dt", name], ["dd", value]].map(([tag, text]) => made(tag, { textContent: text })));
    $("settings").hidden = !data.settings?.length;
  }

  fit(canvas, width, height) {
    const density = devicePixelRatio || 1, w = Math.max(1, Math.round(width * density)), h = Math.max(1, Math.round(height * density));
    if (canvas.width === w && canvas.height === h) return;
    [canvas.width, canvas.height] = [w, h];
  }

  size() {
    const { width, height } = $("scene").getBoundingClientRect();
    for (const id of ["below", "above"]) this.fit($(id), width, height);
    this.refresh();
  }
  refresh() {
    this.ground = null;
    this.changed = this.unread = true;
    this.read = 0;
  }

  /** Take over the theme: the one chosen, or the system's. */
  colour() {
    const theme = this.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    document.documentElement.dataset.theme = theme;
    this.colours = this.data.colours[theme];
    const style = getComputedStyle(document.documentElement), v = (name) => style.getPropertyValue(name).trim();
    this.chrome = { muted: v("--muted"), grid: v("--line"), curve: v("--focus"), panel: v("--card") };
    this.size();
  }

  // ------------------------------------------------------------------------------------------------- what is done

  act(action) {
    const { player } = this;
    ({
      play: () => player.toggle(),
      back: () => player.step(-1),
      forward: () => player.step(1),
      faster: () => player.changeSpeed(1),
      slower: () => player.changeSpeed(-1),
      restart: () => player.restart(),
      first: () => player.scrub(0),
      last: () => player.scrub(player.last),
      ghosts: () => (this.trails = !this.trails),
      optimise: () => !$("optimise").disabled && this.send("optimise", { on: (this.going = !this.going) }),
      theme: () => {
        this.theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
        this.colour();
      },
      help: () => {
        const hidden = ($("help").hidden = !$("help").hidden);
        document.querySelector('[data-act="help"]').ariaExpanded = String(!hidden);
      },
      reset: () => {
        this.held = this.dragged = Painter.orbit = null;
        this.going = false;
        this.send("reset");
        if (player.playing) player.restart();
        else player.seek(0);
      },
    })[action]();
    this.changed = this.unread = true;
    this.read = 0;
  }

  listen() {
    for (const button of document.querySelectorAll("[data-act]")) button.onclick = () => this.act(button.dataset.act);
    $("theme").onclick = () => this.act("theme");
    $("scrub").oninput = (e) => {
      this.player.scrub(+e.target.value);
      this.changed = true;
    };
    addEventListener("keydown", (e) => {
      const action = KEYS[e.key.length > 1 ? e.key : e.key.toLowerCase()];
      if (e.key === "Escape" && !$("help").hidden) return this.act("help");
      if (!action || e.ctrlKey || e.metaKey || e.altKey) return;
      const { target } = e; // a focused control has its own keys
      if (target.classList.contains("handle") && e.key.startsWith("Arrow")) return this.nudge(e);
      if (/^(INPUT|SUMMARY)$/.test(target.tagName) && e.key.length > 1 || e.key === " " && target.closest("button, summary")) return;
      e.preventDefault();
      this.act(action);
    });
    addEventListener("pointerdown", (e) => !$("help").hidden && !e.target.closest("#help, [data-act]") && this.act("help"));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.colour());
    new ResizeObserver(() => this.size()).observe($("scene"));
    const scene = $("scene");
    scene.addEventListener("pointerdown", (e) => this.grab(e));
    scene.addEventListener("pointermove", (e) => this.move(e));
    for (const type of ["pointerup", "pointercancel"]) scene.addEventListener(type, () => this.drop());
    scene.addEventListener("pointerleave", () => this.hover(null));
    Painter.orbits?.(this, scene);
  }

  /** The pointer in the scene's box, in CSS pixels. */
  pointer(e) {
    const box = $("scene").getBoundingClientRect();
    return [e.clientX - box.left, e.clientY - box.top];
  }
  near([x, y], reach = 22) {
    let found = null;
    for (const [name, [a, b]] of Object.entries((!Painter.orbit && this.spots) || {})) {
      const d = Math.hypot(x - a, y - b);
      if (d <= reach) [found, reach] = [name, d];
    }
    return found;
  }
  hover(name) {
    for (const [other, ring] of Object.entries(this.buttons)) ring.classList.toggle("near", other === name);
  }
  grab(e) {
    const at = this.pointer(e), name = this.near(at);
    if (!name || e.button || this.held) return;
    e.preventDefault();
    $("scene").setPointerCapture(e.pointerId);
    const [x, y] = this.spots[name];
    Object.assign(this, { held: name, offset: [x - at[0], y - at[1]] }); // the point that was taken stays under the pointer
    this.buttons[name].classList.add("held");
    $("scene").classList.add("dragging");
  }
  move(e) {
    const at = this.pointer(e);
    if (!this.held) return this.hover(e.pointerType === "mouse" ? this.near(at) : null);
    this.hold(this.view.point([at[0] + this.offset[0], at[1] + this.offset[1]]));
  }
  hold([x, y]) {
    const [left, bottom, right, top] = this.data.extent;
    const to = [Math.min(Math.max(x, left), right), Math.min(Math.max(y, bottom), top)]; // outside, it could not be taken
    this.dragged = [this.held, to];
    this.send("hold", { handle: this.held, to });
    this.changed = true;
  }
  drop() {
    if (!this.held) return;
    this.buttons[this.held].classList.remove("held");
    $("scene").classList.remove("dragging");
    this.held = null;
    this.send("release");
  }
  /** Move the focused handle by an arrow key. */
  nudge(e) {
    e.preventDefault();
    const far = this.high * (e.shiftKey ? 0.05 : 0.01), [x, y] = this.view.point(this.spots[(this.held = e.target.dataset.name)]);
    const [u, v] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[e.key];
    this.hold([x + u * far, y + v * far]);
    this.drop();
  }
}

async function open(self) {
  const { src, textContent } = self; // this script, which is the worker's too: packed, or as it stands
  const code = src || URL.createObjectURL(new Blob([textContent], { type: "text/javascript" }));
  try {
    const told = JSON.parse($("data").textContent), data = told.packed ? await inflated(told.packed).json() : told;
    window.page = new Page(data, await Machine.open(data), new Worker(code));
  } catch (error) {
    Object.assign($("note"), { hidden: false, className: "failed", textContent: `This page could not start: ${error.message}` });
  }
}

if (typeof document === "undefined") work();
else open(document.currentScript);
