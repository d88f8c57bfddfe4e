// The page of a diagram: the picture follows the inputs, the worker lays them out again around what is held.
import { Draws } from "./draws.js";
import { Hand } from "./hand.js";
import { work } from "./layouts.js";
import { inflated } from "./module.js";
import { Picture } from "./slots.js";
import { Tape } from "./tape.js";

const FINGER = 24; // CSS pixels by which a finger may miss a small shape
const MOVED_MS = 300; // for the way from one layout to that of another start
const SOON_MS = 250; // after so long the page says that it is laying out
const NEAR = 0.01, FAR = 0.05; // of the canvas's height, by which an arrow key moves a shape
const ROOM = 4; // pixels of the canvas around a chosen shape

const KEYS = { r: "again", s: "save", n: "next", p: "previous", d: "theme", h: "help", "?": "help", F1: "help", Escape: "leave" };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const $ = (id) => document.getElementById(id);

class Page {
  constructor(data, worker) {
    const tape = new Tape(data.tape);
    Object.assign(this, { data, worker, tape, hand: new Hand(data, tape) });
    this.x = Float64Array.from(data.x); // all inputs now
    this.values = tape.at(this.x); // and all that follows from them
    this.picture = new Picture(data.svg, this.numbers());
    this.start = this.serial = 0; // how many other starts and orders there were
    this.chosen = this.motion = this.asked = null; // the last: when a verdict was missing first
    worker.onmessage = ({ data }) => this.take(data);
    worker.onerror = (e) => this.take({ serial: this.serial, start: this.start, failure: e.message });
    worker.postMessage({ page: data });
    this.build();
    this.listen();
    this.colour();
    this.draw(0);
  }

  build() {
    const { data, picture } = this, [width, height] = data.size;
    document.body.style.setProperty("--ratio", width / height);
    picture.drawing.setAttribute("role", "img");
    picture.drawing.setAttribute("aria-label", data.title);
    this.mark = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    this.mark.setAttribute("class", "mark");
    picture.drawing.append(this.mark);
    $("scene").append(picture.drawing);
    this.tell(data.verdict);
  }

  // --------------------------------------------------------------------------------------------------------- layouts

  get held() {
    return this.hand.held?.grip;
  }
  /** Something has changed: lay out again. */
  ask() {
    this.asked ??= performance.now();
    this.worker.postMessage({ serial: ++this.serial, start: this.start, x: this.x, fixed: this.held?.inputs ?? [] });
  }
  /** Everything goes where the layout has it, but what is held stays under the pointer, as does what has been let go since. */
  take({ serial, start, x, fixed, verdict, failure }) {
    if (start !== this.start) return; // of a start that is not wanted any more
    const last = serial === this.serial && !!(verdict || failure), now = performance.now();
    if (verdict) this.tell(verdict);
    else if (now - this.asked > SOON_MS) this.tell({ text: "laying out" });
    if (last) this.asked = null;
    else if (verdict) this.asked = now;
    if (failure) this.motion = null;
    else if (verdict || !this.motion?.waits) {
      if (this.motion?.waits) this.motion = { from: this.motion.from, began: now };
      for (const i of [...fixed, ...(this.held?.inputs ?? [])]) x[i] = this.x[i];
      this.x = x;
    }
    this.note(failure);
    this.refresh();
    if (last && this.nudged) this.drop();
  }
  again() {
    const { data } = this, draws = new Draws(`${data.seed}-${++this.start}`);
    const from = this.shown ?? this.x;
    this.x = Float64Array.from(data.x0);
    for (const [i, low, high] of data.draws) this.x[i] = draws.uniform(low, high);
    this.hand.held = null;
    this.motion = { from, waits: true }; // the old layout is shown until the new one is there
    this.ask();
  }

  // --------------------------------------------------------------------------------------------------------- picture

  /** The values of the picture's slots. */
  numbers() {
    return this.data.places.map((k) => this.values[k]);
  }
  refresh() {
    this.frame ??= requestAnimationFrame((now) => {
      this.frame = null;
      this.draw(now);
    });
  }
  draw(now) {
    const { motion } = this;
    this.shown = this.x;
    if (motion) {
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      const part = motion.waits ? 0 : still ? 1 : Math.min(Math.max(now - motion.began, 0) / MOVED_MS, 1), eased = part * part * (3 - 2 * part);
      this.shown = this.x.map((v, i) => motion.from[i] + eased * (v - motion.from[i]));
      if (part === 1) this.motion = null;
      else if (!motion.waits) this.refresh();
    }
    this.values = this.tape.at(this.shown);
    if (!this.picture.show(this.numbers())) this.note("a number of the picture is not finite here");
    this.frameChosen();
  }
  /** A dashed outline around the chosen shape. */
  frameChosen() {
    const { chosen, mark } = this, [width, height] = this.data.size;
    mark.style.display = chosen ? "" : "none";
    if (!chosen) return;
    let [a, b, c, d] = chosen.extent.map((k) => this.values[k]);
    if (chosen.form === "line") [a, b, c, d] = [(a + c) / 2, (b + d) / 2, Math.abs(c - a), Math.abs(d - b)];
    const box = { x: width / 2 + a - c / 2 - ROOM, y: height / 2 - b - d / 2 - ROOM, width: c + 2 * ROOM, height: d + 2 * ROOM };
    box.rx = chosen.form === "round" ? box.width / 2 : ROOM;
    box.ry = chosen.form === "round" ? box.height / 2 : ROOM;
    for (const name in box) mark.setAttribute(name, box[name]);
  }

  // ----------------------------------------------------------------------------------------------------------- words

  tell({ good, text }) {
    const verdict = $("verdict");
    if (verdict.textContent !== text) verdict.textContent = text; // said once: it is read aloud
    verdict.className = good ? "good" : "";
  }
  note(text, kind = "failed") {
    const box = $("note");
    box.hidden = !text;
    box.className = kind;
    if (text && box.textContent !== text) box.textContent = text;
  }
  colour() {
    document.documentElement.dataset.theme = this.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  }

  // --------------------------------------------------------------------------------------------------------- actions

  act(action) {
    ({
      again: () => this.again(),
      save: () => this.save(),
      next: () => this.choose(1),
      previous: () => this.choose(-1),
      leave: () => this.choose(0),
      theme: () => {
        this.theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
        this.colour();
      },
      help: () => {
        const hidden = ($("help").hidden = !$("help").hidden);
        document.querySelector('[data-act="help"]').ariaExpanded = String(!hidden);
      },
    })[action]();
  }
  save() {
    const saved = URL.createObjectURL(new Blob([this.picture.file()], { type: "image/svg+xml" }));
    Object.assign(document.createElement("a"), { href: saved, download: `${this.data.name}.svg` }).click();
    setTimeout(() => URL.revokeObjectURL(saved), 1000); // the download has begun then
    if (parent !== window) this.note("Nothing was saved if this frame may not download files", "");
  }
  /** Choose the next shape, the previous one, or none (0). */
  choose(way) {
    const { grips } = this.data, k = grips.indexOf(this.chosen);
    this.chosen = !way || !grips.length ? null : grips[(k < 0 ? (way > 0 ? 0 : grips.length - 1) : k + way + grips.length) % grips.length];
    $("chosen").textContent = this.chosen ? `${this.chosen.name.replace(/`/g, "")} is chosen` : "";
    this.refresh();
  }
  /** Move the chosen shape. It is let go when everything else has been laid out around it. */
  nudge([u, v], part) {
    const { hand, chosen } = this;
    if (!chosen || (this.held && !this.nudged)) return;
    const far = part * this.data.size[1], [x, y] = hand.center(chosen, this.tape.at(this.x));
    this.motion = null;
    hand.grab(chosen, this.x, [x, y]);
    this.nudged = hand.drag(this.x, [x + u * far, y + v * far]);
    if (this.nudged) this.ask();
    else hand.held = null;
    this.refresh();
  }
  drop() {
    $("scene").classList.remove("held");
    if (!this.held) return;
    this.hand.held = null;
    this.nudged = false;
    this.ask();
  }

  // --------------------------------------------------------------------------------------------------------- pointer

  /** The pointer on the canvas, whose origin is in the middle, y upwards; and how large a CSS pixel is there. */
  pointer({ clientX, clientY }) {
    const box = $("scene").getBoundingClientRect(), [width, height] = this.data.size, scale = width / box.width;
    return { point: [(clientX - box.left) * scale - width / 2, height / 2 - (clientY - box.top) * scale], scale };
  }
  under(e) {
    const { point, scale } = this.pointer(e);
    return this.hand.find(this.values, point, e.pointerType === "mouse" ? 0 : FINGER * scale);
  }
  grab(e) {
    const grip = !e.button && e.isPrimary && !this.held && !this.motion?.waits && this.under(e);
    if (!grip) return;
    if (this.motion) {
      this.x = Float64Array.from(this.shown);
      this.motion = null;
    }
    this.hand.grab(grip, this.x, this.pointer(e).point);
    $("scene").setPointerCapture(e.pointerId);
    $("scene").classList.add("held");
    this.nudged = false;
    this.chosen = null;
    this.refresh();
  }
  move(e) {
    if (!this.held || this.nudged) {
      $("scene").classList.toggle("over", e.pointerType === "mouse" && !!this.under(e));
    } else if (this.hand.drag(this.x, this.pointer(e).point)) {
      this.ask();
      this.refresh();
    }
  }

  listen() {
    const scene = $("scene");
    for (const button of document.querySelectorAll("[data-act]")) button.onclick = () => this.act(button.dataset.act);
    addEventListener("keydown", (e) => {
      if (e.ctrlKey || e.metaKey || e.altKey) return;
      const action = KEYS[e.key.length > 1 ? e.key : e.key.toLowerCase()], arrow = this.chosen && ARROWS[e.key];
      if (!action && !arrow) return;
      e.preventDefault();
      if (arrow) this.nudge(arrow, e.shiftKey ? FAR : NEAR);
      else if (e.key === "Escape" && !$("help").hidden) this.act("help");
      else this.act(action);
    });
    addEventListener("pointerdown", (e) => !$("help").hidden && !e.target.closest("#help, [data-act]") && this.act("help"));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.colour());
    scene.addEventListener("pointerdown", (e) => this.grab(e));
    scene.addEventListener("pointermove", (e) => this.move(e));
    for (const type of ["pointerup", "pointercancel"]) scene.addEventListener(type, () => this.nudged || this.drop());
    // A finger on a shape moves it; elsewhere it scrolls the page.
    scene.addEventListener("touchstart", (e) => this.held && e.preventDefault(), { passive: false });
  }
}

async function open(self) {
  const { src, textContent } = self; // this script, which is the worker's too: packed, or as it stands
  const code = src || URL.createObjectURL(new Blob([textContent], { type: "text/javascript" }));
  try {
    const told = JSON.parse($("data").textContent), data = told.packed ? await inflated(told.packed).json() : told;
    window.page = new Page(data, new Worker(code));
  } catch (error) {
    Object.assign($("note"), { hidden: false, className: "failed", textContent: `This page could not start: ${error.message}` });
  }
}

if (typeof document === "undefined") work();
else open(document.currentScript);
