"""A widget on display in a browser, for tests.

The browser has the widget's own JavaScript, on a stand-in for the model that a notebook would give it: what is set
there comes to Python as over the wire, what Python sets goes there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from web.browsers import DESK, until

from rosesim.web import Widget

HOST = """async ({ esm, state }) => {
  const url = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
  const { render } = (await import(url)).default;
  const listeners = {};
  let changed = {};
  const plain = (v) => (v instanceof DataView ? [...new Uint8Array(v.buffer, v.byteOffset, v.byteLength)] : v);
  const model = {
    get: (name) => state[name],
    set: (name, value) => (state[name] = changed[name] = value),
    save_changes: () => {
      toPython(Object.fromEntries(Object.entries(changed).map(([name, value]) => [name, plain(value)])));
      changed = {};
    },
    on: (event, f) => (listeners[event] ??= new Set()).add(f),
    off: (event, f) => listeners[event]?.delete(f),
  };
  window.change = ([name, value]) => {
    state[name] = value;
    for (const f of listeners["change:" + name] ?? []) f();
  };
  document.body.innerHTML = "<div id=one></div><div id=two></div>";
  window.leave = render({ model, el: one });
  window.count = () => Object.values(listeners).reduce((n, fs) => n + fs.size, 0);
}"""
BINARY = ("_params", "_inputs")


class Notebook:
    """A widget on display."""

    def __init__(self, browser: Any, widget: Widget):
        self.widget, self.waiting = widget, list[Any]()
        self.context = browser.new_context(**DESK)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.page.on("console", lambda m: self.said.append(m.text))
        self.page.on("pageerror", lambda e: self.said.append(str(e)))
        self.page.expose_function("toPython", lambda state: self.waiting.append(state))
        self.page.goto("about:blank")
        self.losses: list[float] = []
        widget.observe(self.send, ["_orders"])
        widget.observe(lambda change: self.losses.append(change.new), "loss")
        state = {name: getattr(widget, name) for name in ("_name", "_page", "_height", "_orders")}
        self.page.evaluate(HOST, {"esm": str(Widget._esm), "state": state})

    def send(self, change: Any) -> None:
        """What the wire carries to the browser; only the last of what Python sets while it is busy."""
        self.orders = change.new

    orders: Any = None

    def until(self, holds: Any) -> None:
        """Let both sides work until something holds."""

        def now() -> bool:
            self.page.evaluate("0")  # what the browser has called is heard meanwhile
            while self.waiting:
                state = self.waiting.pop(0)
                self.widget.set_state({n: memoryview(bytes(v)) if n in BINARY else v for n, v in state.items()})
            if self.orders is not None:
                self.page.evaluate("change", ["_orders", self.orders])
                self.orders = None
            return holds()

        until(now)

    def heard(self) -> None:
        """Until the page has followed the newest order."""
        self.until(lambda: self.widget._report.get("serial") == self.widget._serial)

    @property
    def frame(self) -> Any:
        return self.page.frames[-1]

    def close(self) -> None:
        self.context.close()
        assert self.said == [] and self.losses and np.isfinite(self.losses).all()
