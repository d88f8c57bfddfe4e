// Whoever holds the page in a frame is told where it is, and gives it orders. docs/web.md has both kinds of messages.
import { mapped } from "./module.js";

/** A tree of arrays as numbers and lists of them, by the names of its fields. */
const named = (tree) => ArrayBuffer.isView(tree) ? (tree.shape.length ? Array.from(tree, Number) : tree[0]) : tree && mapped(tree, named);

export class Owner {
  constructor(page) {
    this.page = page;
    this.told = this.asked = this.obeyed = 0; // the newest order, the page's message to its worker for it, the newest carried out
    addEventListener("message", ({ source, data }) => source === parent && parent !== window && data?.rosesim && this.obey(data));
  }

  /** The worker has followed the page's messages up to this serial. */
  followed(serial) {
    if (serial >= this.asked) this.obeyed = this.told;
  }

  /** Where the page is. `serial` is that of the newest order that this follows. */
  report() {
    if (parent === window) return;
    const { data, going, failure, now, machine } = this.page;
    const { loss, iteration, params, inputs } = (!failure && now?.attempt) || {}; // nothing of what failed is known
    const fields = params && { params: named(machine.params), inputs: named(machine.inputs) }; // it is at the attempt
    parent.postMessage({ rosesim: data.name, serial: this.obeyed, loss, iteration, params, inputs, fields, going: !!going, failure: failure ?? "" }, "*");
  }

  /** Carry out an order, once. Serials grow from 1. */
  obey({ rosesim, serial, on, params, inputs }) {
    const { page } = this;
    if (!(serial > this.told)) return;
    this.told = serial;
    if (rosesim === "optimise" && page.machine.programs.optimise) page.going = !on; // said anew: it may have ended just now
    if (!["optimise", "play", "reset", "put"].includes(rosesim)) page.take({ serial: page.serial, failure: `the order ${rosesim} was found; expected optimise, play, reset or put` });
    else if (rosesim === "put") page.send("put", { params, inputs });
    else if (rosesim !== "play" || page.player.playing !== on) page.act(rosesim);
    this.asked = page.serial;
  }
}
