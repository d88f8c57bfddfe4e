"""The notebook's widget, and the page behind it in a real browser."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from web.guarded import Walker
from web.widgets import Notebook

import rosesim.web
from rosesim import Bool, Index, Program, Real, Vec
from rosesim.ad.language import types as T
from rosesim.scenes import configure, find_scene
from rosesim.scenes.compiled import compiled
from rosesim.scenes.errors import SceneError
from rosesim.train import train
from rosesim.web import Widget, wasm
from rosesim.web.reported import fitted, of_bytes

SCENE, INPUTS = configure(find_scene("billiards"), ["steps=400", "layers=1", "goal=0.55,0.52"])
NATIVE = cast(Any, compiled(SCENE)).loss


@pytest.fixture(scope="module")
def readable(browser: Any) -> Iterator[Notebook]:
    """A widget with a readable page, in which tests find names."""
    notebook = Notebook(browser, Widget(SCENE, INPUTS, iterations=40, math="strict", readable=True))
    yield notebook
    notebook.close()


@pytest.fixture
def shown(readable: Notebook) -> Notebook:
    """The same at its beginning."""
    readable.widget.pause()
    readable.widget.reset()
    readable.heard()
    return readable


@pytest.fixture(scope="module")
def program() -> Any:
    """The loss in strict machine code."""
    given = SCENE.params(np.random.default_rng(0)), INPUTS
    return Program(NATIVE, NATIVE.types_of(given), math="strict")


def test_python_hears_of_the_descent_and_has_its_params_to_the_bit(browser: Any, program: Any) -> None:
    """The page is the terse one, as users have it."""
    shown = Notebook(browser, Widget(SCENE, INPUTS, iterations=40, math="strict"))
    widget, seen = shown.widget, list[tuple[float, float]]()
    shown.until(lambda: widget._report)
    begun = widget.loss
    assert begun == program(widget.params, widget.inputs) and widget.iteration == 0 and not widget.optimising

    def look(_: Any) -> None:
        seen.append((widget.loss, program(widget.params, widget.inputs)))

    widget.observe(look, "loss")
    widget.optimise()
    shown.until(lambda: widget.iteration == 40 and not widget.optimising)
    assert widget.loss < 0.5 * begun and seen
    assert all(loss == native for loss, native in seen)  # each loss comes with the params that have it
    assert type(widget.params) is type(SCENE.params(np.random.default_rng(0)))
    widget.reset()
    shown.heard()
    assert widget.loss == begun and widget.iteration == 0
    shown.close()


def test_the_page_takes_inputs_and_params_from_python(shown: Notebook, program: Any) -> None:
    widget = shown.widget
    shown.page.evaluate("() => addEventListener('message', ({ data }) => { window.fields = data.fields; })")
    widget.inputs = replace(widget.inputs, goal=(0.9, 0.3), restitution=0.25)
    inputs = widget.inputs
    params = replace(widget.params, velocity=np.array([0.4, 0.01]))
    widget.params = params
    shown.heard()
    assert widget.loss == program(params, inputs)
    assert inputs.goal.tolist() == [0.9, 0.3]
    assert widget.params is params and widget.inputs is inputs  # nothing out of date came back
    fields = shown.page.evaluate("fields")  # what a page of one's own reads: by name, numbers and lists of them
    assert fields["params"] == {"position": [0.1, 0.5], "velocity": [0.4, 0.01]}
    assert (fields["inputs"]["goal"], fields["inputs"]["restitution"]) == ([0.9, 0.3], 0.25)
    assert shown.frame.evaluate("document.querySelector('#sliders input').value") == "0.25"
    shown.frame.evaluate("page.act('reset')")
    shown.until(lambda: widget.inputs.restitution == 0.8)
    assert widget.inputs.goal.tolist() == [0.55, 0.52] and widget.params.velocity.tolist() == [0.3, 0.0]
    sent = shown.frame.evaluate("page.serial")
    widget.play()  # is told with all orders before it, which are not carried out once more
    shown.until(lambda: shown.frame.evaluate("page.player.playing"))
    assert shown.frame.evaluate("page.serial") == sent


def test_an_observer_may_answer_with_an_order(shown: Notebook, program: Any) -> None:
    """Here it moves the goal as soon as the optimiser has begun."""
    widget = shown.widget
    moved = replace(widget.inputs, goal=np.array([0.6, 0.5]))

    def move(_: Any) -> None:
        widget.unobserve(move, "iteration")
        widget.inputs = moved

    widget.observe(move, "iteration")
    widget.optimise()
    shown.until(lambda: widget.inputs is moved)
    widget.stop()
    shown.heard()
    shown.until(lambda: not widget.optimising)
    assert widget.inputs is moved and widget.loss == program(widget.params, moved)


def test_the_picture_plays_and_pauses(shown: Notebook) -> None:
    playing = "page.player.playing"
    assert not shown.frame.evaluate(playing)  # motion is reduced here
    for order, state in ((shown.widget.play, True), (shown.widget.play, True), (shown.widget.pause, False)):
        order()
        shown.until(lambda state=state: shown.frame.evaluate(playing) is state)


def test_strangers_are_not_heard(shown: Notebook) -> None:
    widget, begun = shown.widget, shown.widget.loss
    shown.page.evaluate('postMessage({ rosesim: "billiards", serial: 99, loss: -1, iteration: 7 }, "*")')
    shown.page.evaluate(
        """() => {
          two.append(Object.assign(document.createElement("iframe"), { srcdoc:
            '<script>parent.frames[0].postMessage({ rosesim: "optimise", serial: 99, on: true }, "*")</script>' }));
          window.later = new Promise((done) => setTimeout(done, 200));
          return later;
        }"""
    )
    widget.inputs = replace(
        widget.inputs, restitution=0.8 - 1e-9
    )  # another problem, but the same loss before any touch
    shown.heard()
    assert shown.page.frames[1].evaluate("page.owner.told") == widget._serial
    assert widget.iteration == 0 and not widget.optimising and widget.loss != -1 and abs(widget.loss - begun) < 1e-3


def test_a_page_that_is_moved_begins_anew_and_follows_the_same_orders(browser: Any, program: Any) -> None:
    shown = Notebook(browser, Widget(SCENE, INPUTS, iterations=40, math="strict", readable=True))
    widget = shown.widget
    inputs = replace(widget.inputs, goal=np.array([0.9, 0.3]))
    widget.inputs = inputs
    shown.heard()
    loss = widget.loss
    shown.frame.evaluate("window.old = true")
    shown.page.evaluate("two.append(one.firstChild)")  # a notebook moves a cell: the browser loads the frame again
    shown.until(
        lambda: not shown.frame.evaluate("window.old") and shown.frame.evaluate("window.page?.owner.obeyed") == 1
    )
    assert widget.loss == loss == program(widget.params, inputs)
    assert shown.frame.evaluate("page.now.attempt.loss") == loss
    shown.page.evaluate("leave()")
    assert shown.page.evaluate("count()") == 0 and len(shown.page.frames) == 1
    shown.close()


def test_a_guards_message_is_shown_in_the_page_and_told_to_python(browser: Any) -> None:
    notebook = Notebook(browser, Widget(Walker()))
    notebook.until(lambda: notebook.widget._report)
    notebook.widget.inputs = replace(notebook.widget.inputs, start=9.0)
    notebook.until(lambda: notebook.widget.failure)
    says = "an index outside of 0 .. 7 was computed"
    assert says in notebook.widget.failure
    notebook.until(lambda: notebook.frame.evaluate("note.hidden || note.textContent") == notebook.widget.failure)
    assert notebook.frame.evaluate("document.getElementById('status').textContent") == "Stopped"
    notebook.widget.reset()
    notebook.heard()
    assert notebook.widget.failure == "" and notebook.widget.inputs.start == 1.0
    notebook.until(lambda: notebook.frame.evaluate("note.hidden"))
    notebook.close()


@dataclass(frozen=True)
class Mixed:
    gain: Real
    on: Bool
    choice: Index[300]
    choices: Vec[Index[300], 2]
    table: Vec[Vec[Real, 2], 3]
    parts: tuple[Real, None]


def test_integers_beyond_their_bounds_are_refused() -> None:
    """A page would read beside its array."""
    like: Any = Mixed(0.5, True, 299, np.array([7, 299]), np.zeros((3, 2)), (2.5, None))  # pyright: ignore[reportArgumentType]
    assert fitted(like, like, "inputs") is like
    for name, value in (("choice", 300), ("choices", np.array([-1, 0]))):
        with pytest.raises(SceneError, match=rf"inputs.{name}: .* was given; expected integers from 0 to 299"):
            fitted(replace(like, **{name: value}), like, "inputs")


@pytest.mark.parametrize("precision", ["f64", "f32"])
def test_bytes_are_read_as_the_module_lays_them_out(precision: Any) -> None:
    """The description of a module says where each number lies, and as what."""
    from rosesim import fn

    @fn
    def same(x: Mixed) -> Mixed:
        return x

    (described,) = wasm({"same": same}, precision=precision).description["programs"]["same"]["parameters"].values()
    table = np.arange(6.0).reshape(3, 2)
    given: Any = Mixed(0.5, True, 299, np.array([7, 299]), table, (2.5, None))  # pyright: ignore[reportArgumentType]
    content = b""
    for name, value in vars(given).items():
        for t, v in zip(
            described["fields"][name].get("items", [described["fields"][name]]),
            value if name == "parts" else [value],
            strict=True,
        ):
            if "at" in t:
                kind = {"f64": "f8", "f32": "f4", "bool": "u1", "u16": "u2"}[t["scalar"]] if t["shape"] else "f8"
                content += np.asarray(v).astype(f"<{kind}").tobytes()
    found = of_bytes(content, T.from_annotation(Mixed), given, precision)
    assert found.parts == (2.5, None) and (found.gain, found.on, found.choice) == (0.5, True, 299)
    assert type(found.on) is bool and type(found.choice) is int
    assert found.choices.tolist() == [7, 299] and found.choices.dtype == np.uint16
    assert found.table.tolist() == table.tolist() and found.table.dtype == np.float64


def test_a_page_that_comes_later_is_told_what_still_holds() -> None:
    widget = Widget(SCENE, INPUTS, iterations=40, math="strict")
    widget.play()
    for restitution in (0.1, 0.2):
        widget.inputs = replace(INPUTS, restitution=restitution)
    widget.params = replace(widget.params, velocity=np.array([0.4, 0.01]))
    widget.optimise()
    widget.stop()
    told = [(o["rosesim"], o["serial"], o.keys() & {"params", "inputs"}) for o in widget._orders]
    assert told == [("play", 1, set()), ("put", 3, {"inputs"}), ("put", 4, {"params"}), ("optimise", 6, set())]
    widget.reset()
    assert [o["rosesim"] for o in widget._orders] == ["play", "reset"]


def test_what_is_out_of_date_is_not_heard_but_for_a_failure() -> None:
    widget = Widget(SCENE, INPUTS, iterations=40, math="strict")
    inputs = replace(INPUTS, goal=np.array([0.9, 0.3]))
    widget.inputs = inputs
    report = {"serial": 0, "loss": 5.0, "iteration": 3, "going": True, "failure": ""}
    old = memoryview(np.zeros(4).tobytes())
    widget.set_state({"_report": report, "_inputs": old})
    assert widget.inputs is inputs and np.isnan(widget.loss) and not widget.optimising
    widget.set_state({"_report": report | {"failure": "no memory"}})
    assert widget.failure == "no memory" and np.isnan(widget.loss)
    widget.set_state({"_report": report | {"serial": 1}, "_inputs": old})
    assert widget.inputs.goal.tolist() == [0.0, 0.0] and widget.loss == 5.0 and widget.optimising
    assert len(widget._orders) == 1  # what is heard is no order


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("params", 3.0, "params: float was given; expected Shot"),
        ("inputs", SCENE.params(np.random.default_rng(0)), "inputs: Shot was given; expected Table"),
        (
            "inputs",
            replace(INPUTS, goal=(1.0, 2.0, 3.0)),
            "inputs.goal: (1.0, 2.0, 3.0) was given; expected numbers of",
        ),
        ("inputs", replace(INPUTS, restitution="1"), "inputs.restitution: '1' was given; expected a number"),
    ],
)
def test_what_does_not_fit_the_scene_is_refused(name: str, value: Any, says: str) -> None:
    widget = Widget(SCENE, INPUTS, iterations=40, math="strict")
    with pytest.raises(SceneError) as refused:
        setattr(widget, name, value)
    assert says in str(refused.value) and widget._orders == []


def test_a_run_begins_at_its_best_params(tmp_path: Path) -> None:
    scene, inputs = configure(find_scene("bounce"), ["steps=60"])
    run = train(scene, inputs=inputs, iterations=3, out=tmp_path / "run")
    widget = Widget(run)
    assert widget.params == run.params and widget.inputs.place is not None and '"losses":[' in widget._page


def test_only_a_widget_needs_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anywidget", None)
    monkeypatch.delitem(sys.modules, "rosesim.web.widget")
    with pytest.raises(SceneError, match=r"a widget needs the package anywidget: pip install 'rosesim\[notebook\]'"):
        rosesim.web.__getattr__("Widget")
