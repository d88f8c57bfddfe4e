"""A scene's page as a widget: Python hears of what happens in it, and tells it what to do."""

from __future__ import annotations

import math
from importlib.resources import files
from typing import Any

import anywidget
import traitlets

from rosesim.scenes.compiled import compiled
from rosesim.web.data import numbers
from rosesim.web.notebook import HEIGHT, opened
from rosesim.web.reported import fitted, of_bytes, same


def _received(content: Any, _: Any) -> bytes | None:
    """What came over the wire, as a value that nobody else holds."""
    return None if content is None else bytes(content)


class Widget(anywidget.AnyWidget):
    """A scene, a run or a run's folder as a page in a notebook, as `rosesim.show` makes it, whose state Python has.

    `loss`, `iteration`, `optimising` and `failure` are those of the page, while it optimises and while a user drags.
    `params` and `inputs` are the scene's own dataclasses: what is assigned to them goes to the page, what is tuned
    or dragged there comes back. `observe` calls a function when one of these changes. Several views of one widget,
    each with its own page, take the same orders; the one that moved last is heard.

    It needs the extra `notebook`. Raises what `show` raises, and SceneError where params or inputs of another shape
    are assigned.

    >>> from rosesim.scenes import configure, find_scene
    >>> from dataclasses import replace
    >>> scene, inputs = configure(find_scene("bounce"), ["steps=50"])
    >>> widget = Widget(scene, inputs)
    >>> widget.observe(lambda change: print(change.new), "loss")
    >>> widget.inputs = replace(inputs, learning_rate=0.2)
    >>> widget.optimise()
    >>> [(order["rosesim"], order["serial"]) for order in widget._orders]
    [('put', 1), ('optimise', 2)]
    """

    _esm = files("rosesim.web").joinpath("widget.js").read_text(encoding="utf-8")
    _name = traitlets.Unicode().tag(sync=True)
    _page = traitlets.Unicode().tag(sync=True)
    _height = traitlets.Int(HEIGHT).tag(sync=True)
    _orders = traitlets.List().tag(sync=True)
    # What a view reports comes often, so nothing of it is sent back to the views.
    _report = traitlets.Dict().tag(sync=True, echo_update=False)
    _params = traitlets.Any().tag(sync=True, echo_update=False, from_json=_received)
    _inputs = traitlets.Any().tag(sync=True, echo_update=False, from_json=_received)

    loss = traitlets.Float(math.nan, help="The loss of what the page shows; NaN before the page is there.")
    iteration = traitlets.Int(0, help="The optimiser's iteration.")
    optimising = traitlets.Bool(False, help="Whether the page's optimiser runs.")
    failure = traitlets.Unicode(
        "", help="Why the page has stopped: a guard's message, or a number that is not finite."
    )
    params = traitlets.Any(help="Params of what the page shows.")
    inputs = traitlets.Any(help="Inputs of what the page shows.")

    def __init__(self, what: Any, inputs: Any = None, *, height: int = HEIGHT, **how: Any):
        found = opened(what, inputs, how)
        whole = compiled(found.scene)
        self._begun: dict[str, Any] = {"params": found.params, "inputs": found.inputs}
        self._types = dict(zip(self._begun, whole.loss.types_of(whole.examples), strict=True))
        self._precision, self._serial = how.get("precision", "f64"), 0
        self._heard: dict[str, Any] = {**self._begun}
        self._seen: dict[str, Any] = {}
        super().__init__(_name=found.scene.name, _page=found.text, _height=height, **self._begun)

    def optimise(self) -> None:
        """Let the page's optimiser run."""
        self._order("optimise", on=True)

    def stop(self) -> None:
        """Stop the page's optimiser."""
        self._order("optimise", on=False)

    def play(self) -> None:
        """Play the picture."""
        self._order("play", on=True)

    def pause(self) -> None:
        """Pause the picture."""
        self._order("play", on=False)

    def reset(self) -> None:
        """Go back to where the page began: nothing is tuned, dragged or assigned."""
        self._order("reset")

    def _order(self, verb: str, **more: Any) -> None:
        """Tell the pages, and keep what a page that comes later must be told."""
        self._serial += 1
        old = {"optimise", "put", "reset"} if verb == "reset" else {verb}
        kept = [o for o in self._orders if o["rosesim"] not in old or (verb == "put" and not more.keys() & o.keys())]
        self._orders = [*kept, {"rosesim": verb, "serial": self._serial, **more}]

    @traitlets.validate("params", "inputs")
    def _checked(self, proposal: Any) -> Any:
        name = proposal.trait.name
        heard = proposal.value is self._heard[name]
        return proposal.value if heard else fitted(proposal.value, self._begun[name], name)

    @traitlets.observe("params", "inputs")
    def _assigned(self, change: Any) -> None:
        if change.new is not self._heard[change.name]:  # by somebody else than the page
            self._order("put", **{change.name: numbers(change.new)})

    @traitlets.observe("_report", "_params", "_inputs")
    def _hear(self, _: Any) -> None:
        """Take over what a page has reported. What is older than our newest order is out of date."""
        report = self._report
        if not report:
            return
        current = report["serial"] >= self._serial
        with self.hold_trait_notifications():
            self.failure = report["failure"]
            if not current:
                return
            self.optimising = report["going"]
            if report.get("iteration") is None:
                return  # it has failed before it had computed anything
            self.iteration = report["iteration"]
            self.loss = math.nan if report["loss"] is None else report["loss"]
            for name, content in (("params", self._params), ("inputs", self._inputs)):
                if content is None or content is self._seen.get(name):
                    continue
                self._seen[name] = content
                made = of_bytes(content, self._types[name], self._begun[name], self._precision)
                if not same(made, getattr(self, name)):
                    self._heard[name] = made
                    setattr(self, name, made)
