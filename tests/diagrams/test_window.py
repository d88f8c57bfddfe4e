"""The window of a diagram, by SDL's dummy driver: a person drags shapes, presses keys, and looks."""

from __future__ import annotations

import io
import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rosesim import diagrams as rd
from rosesim.cli import run
from rosesim.diagrams.errors import DiagramError, Fault
from rosesim.diagrams.labels import Measured
from rosesim.diagrams.layout import Diagram
from rosesim.diagrams.live import Live
from rosesim.diagrams.picture import png, shown, sized, svg
from rosesim.view.diagram import DiagramWindow
from rosesim.view.flatten import commands, dashed, flattened
from rosesim.view.panel import Panel
from rosesim.view.raster import Box
from rosesim.view.sketch import Hexadecimal, Sketch

Point = tuple[float, float]
PATIENCE = 60.0  # seconds, for a busy machine
RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


@pytest.fixture(autouse=True)
def dummy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")


def pair() -> tuple[rd.Canvas, rd.Circle, rd.Circle]:
    """Two discs that touch each other."""
    d = rd.Canvas(300, 200)
    a = d.circle(r=20, fill="red", center=(d.free(start=-60), d.free(start=0)))
    b = d.circle(r=20, fill="blue", center=(d.free(start=20), d.free(start=0)))
    d.ensure.touching(a, b, 10)
    return d, a, b


class Person:
    """Somebody at the window; pygame's events are all that reaches it."""

    def __init__(self, window: DiagramWindow):
        self.window, self.live, self.pygame = window, window.live, window.pygame

    def look(self) -> None:
        self.window.frame()

    def settle(self) -> None:
        """Until nothing is to be laid out any more, and that is drawn."""
        begun = time.perf_counter()
        self.look()
        while self.window.busy:
            assert time.perf_counter() - begun < PATIENCE, "waited in vain"
            time.sleep(0.001)
            self.look()
        self.look()

    def press(self, at: Point) -> None:
        self._post("MOUSEBUTTONDOWN", pos=self.window.pixel(at), button=1)

    def move(self, at: Point) -> None:
        self._post("MOUSEMOTION", pos=self.window.pixel(at), rel=(1, 1), buttons=(1, 0, 0))

    def release(self, at: Point) -> None:
        self._post("MOUSEBUTTONUP", pos=self.window.pixel(at), button=1)

    def key(self, name: str) -> None:
        self._post("KEYDOWN", key=getattr(self.pygame, f"K_{name}"), mod=0, unicode="", scancode=0)
        self.look()

    def _post(self, kind: str, **what: Any) -> None:
        self.pygame.event.post(self.pygame.event.Event(getattr(self.pygame, kind), **what))

    def center(self, shape: rd.Drawn | str) -> Point:
        """Where a shape is now."""
        name = shape if isinstance(shape, str) else shape.name
        (found,) = (s for s in self.live.shapes() if s.name == name)
        center: Any = found.properties["center"]
        return center.items

    def seen(self, at: Point) -> tuple[int, ...]:
        """The colour at a point of the diagram."""
        x, y = self.window.pixel(at)
        return tuple(self.window.surface.get_at((int(x), int(y))))[:3]


@contextmanager
def person(diagram: Diagram, folder: Path = Path(), seed: str = "") -> Iterator[Person]:
    """A person at a window whose diagram is laid out."""
    window = DiagramWindow(Live(diagram, seed), "pair", folder)
    try:
        someone = Person(window)
        someone.settle()
        yield someone
    finally:
        window.close()


def distance(p: Point, q: Point) -> float:
    return float(np.hypot(p[0] - q[0], p[1] - q[1]))


# --- dragging -----------------------------------------------------------------------------------------------------


def test_a_dragged_shape_follows_the_cursor_and_the_rest_is_laid_out_around_it():
    d, a, b = pair()
    with person(d.diagram()) as someone:
        ax, ay = someone.center(a)
        assert distance(someone.center(a), someone.center(b)) == pytest.approx(50, abs=0.02)
        assert someone.seen((ax, ay)) == RED and someone.seen(someone.center(b)) == BLUE
        someone.press((ax + 5, ay - 3))  # beside its middle: it stays there under the cursor
        for k in range(1, 11):
            someone.move((ax + 5 - 6 * k, ay - 3 + 5 * k))
            someone.look()  # the very next frame, whatever has been laid out
            assert someone.center(a) == pytest.approx((ax - 6 * k, ay + 5 * k))
            assert someone.seen((ax - 6 * k, ay + 5 * k)) == RED
        someone.settle()
        assert someone.center(a) == pytest.approx((ax - 60, ay + 50))
        assert distance(someone.center(a), someone.center(b)) == pytest.approx(50, abs=0.02)
        assert someone.seen(someone.center(b)) == BLUE and someone.seen((ax, ay)) != RED
        someone.release((ax - 55, ay + 47))
        someone.settle()
        assert someone.live.held is None and someone.live.layout is not None
        assert someone.live.layout.verdict() == "all 3 constraints hold"


def test_a_click_moves_nothing_and_neither_does_a_drag_from_where_there_is_no_shape():
    d, a, _ = pair()
    with person(d.diagram()) as someone:
        before = someone.live.x.tolist()
        for start, end in ((someone.center(a), someone.center(a)), ((140, 90), (100, 60))):
            someone.press(start)
            someone.move(end)
            someone.release(end)
            someone.settle()
            assert someone.live.x.tolist() == pytest.approx(before, abs=1e-3)


def test_what_is_dragged_stays_on_the_canvas():
    d, a, _ = pair()
    with person(d.diagram()) as someone:
        someone.press(someone.center(a))
        someone.move((-1000, 50))
        someone.look()
        assert someone.center(a)[0] == pytest.approx(-150)


def test_a_shape_whose_place_follows_from_others_drags_them_along():
    d, a, b = pair()
    dot = d.circle(r=4, center=(a.center + b.center) / 2, fill="black")
    fixed = d.circle(r=4, center=(100, 80))
    line = d.line(a.center, b.center, ensure_on_canvas=False)
    live = Live(d.diagram())
    assert not live.grab((100, 80)) and fixed.name == "circle4"
    assert live.grab((-20, 0)) and live.held is not None and live.held.name == dot.name
    live.drag((-10, 7))
    assert live.x[list(live.held.inputs)] == pytest.approx([-50, 7, 30, 7])  # each by the same, the least change
    live.drop()
    middle = live.at((-28, 8))  # a pixel beside the line, outside of the discs
    assert middle is not None and middle.name == line.name


def test_the_smallest_of_the_shapes_at_a_point_is_taken():
    d = rd.Canvas(300, 200)
    small = d.circle(r=10, center=(d.free(start=0), 0))
    d.rectangle(width=200, height=100, center=(d.free(start=0), 0))
    live = Live(d.diagram())
    found = live.at((0, 0)), live.at((50, 30)), live.at((9, 9))
    assert [s.name for s in found if s is not None] == [small.name, "rectangle1", "rectangle1"]


def test_a_layout_that_began_before_a_move_or_a_release_does_not_undo_it():
    d, a, _ = pair()
    live = Live(d.diagram())
    live.grab((-60, 0))
    live.drag((-70, 0))
    job = live.job()
    live.drag((-80, 10))
    live.drop()
    live.take(job())
    now: Any = live.shapes()[0].properties["center"]
    assert live.shapes()[0].name == a.name and now.items == pytest.approx((-80, 10)) and live.waiting


def test_a_layout_that_fails_is_told_and_everything_stays():
    d, _, _ = pair()
    with person(d.diagram()) as someone:
        before = someone.live.x.tolist()
        someone.live.take(DiagramError(Fault("NaNError", "the energy became infinite or NaN")))
        someone.look()
        assert someone.live.x.tolist() == before and "infinite or NaN" in someone.window._window.title  # pyright: ignore[reportPrivateUsage]


def test_a_canvas_without_size_has_no_window():
    texts = rd.read("type A", "A a", "canvas { width = 0\n height = 0 }")
    with pytest.raises(rd.DiagramError, match="the canvas is 0 pixels wide and 0 high; expected both above 0"):
        DiagramWindow(Live(texts.diagram()), "empty", Path())


# --- keys ---------------------------------------------------------------------------------------------------------


def test_r_starts_anew_by_the_next_seed():
    d = rd.Canvas(300, 200)
    a = d.circle(r=20)
    with person(d.diagram("word"), seed="word") as someone:
        assert someone.center(a) == d.layout("word")[a].center
        for k in (1, 2):
            someone.key("r")
            someone.settle()
            assert someone.center(a) == d.layout(f"word-{k}")[a].center


def test_s_saves_the_picture_as_it_is_into_a_new_file(tmp_path: Path):
    d, _, _ = pair()
    with person(d.diagram(), tmp_path) as someone:
        for name in ("pair.svg", "pair-1.svg"):
            someone.key("s")
            written = (tmp_path / name).read_text(encoding="utf-8")
            shapes = shown(someone.live.diagram.problem, someone.live.x.tolist())
            assert written == sized(svg(shapes, (300.0, 200.0)), (300.0, 200.0))


@pytest.mark.parametrize("key", ["ESCAPE", "q"])
def test_escape_leaves(key: str):
    d, _, _ = pair()
    with person(d.diagram()) as someone:
        assert not someone.window.over
        someone.key(key)
        assert someone.window.over


# --- what is seen -------------------------------------------------------------------------------------------------


def outlines(d: rd.Canvas) -> None:
    at = (20.0, 10.0)
    d.circle(r=30, center=at, fill="#88aadd", stroke="black", stroke_width=4)
    d.ellipse(rx=40, ry=10, center=(-80, 50), fill="#ff000080", stroke="blue", stroke_width=3, stroke_dasharray="8,4")
    d.rectangle(width=60, height=30, center=(-80, -40), rotation=30, corner_radius=8, fill="green")
    d.polygon([(60, 60), (120, 60), (90, 90)], fill="purple", stroke="black", stroke_width=2)
    d.line((-140, -90), (140, -80), stroke="black", stroke_width=6, end_arrowhead="straight", start_arrowhead="line")
    d.polyline([(-140, 90), (-100, 70), (-60, 90)], stroke="teal", stroke_width=5)


def labelled(d: rd.Canvas) -> None:
    d.equation("x^2", center=(40, 20), font_size=60, fill="black")
    d.text("Hello", center=(-60, -30), font_size=40, rotation=20)
    d.image("none.svg", center=(100, -60), width=50, height=50)


def curved(d: rd.Canvas) -> None:
    style: Any = {"stroke": "black", "stroke_width": 3, "end_arrowhead": "concave"}
    points = [(-100, -50), (0, 90), (100, -50), (120, 20)]
    d.path(d.functions.cubicCurveFromPoints("open", points), **style)
    d.path(d.functions.quadraticCurveFromPoints("closed", points[:3]), fill="gold")
    d.path(d.functions.arc("open", (-50, 0), (50, 0), (60, 40), 20, 1, 0), stroke="red", stroke_width=4)


def clipped(d: rd.Canvas) -> None:
    members = [d.rectangle(width=100, height=20, center=(0, y), fill="red") for y in (-30, 0, 30)]
    d.group(members, clip=d.circle(r=40, center=(10, 0)))


@pytest.mark.parametrize("drawn", [outlines, labelled, curved, clipped], ids=lambda f: f.__name__)
def test_the_window_shows_what_the_file_has(drawn: Callable[[rd.Canvas], None]):
    d = rd.Canvas(300, 200)
    drawn(d)
    diagram, size = d.diagram(), (300.0, 200.0)
    shapes = shown(diagram.problem, diagram.problem.x0)
    sketch = Sketch(size, diagram.labels)
    panel = Panel(Box(0, 0, 600, 400), sketch.extent, Hexadecimal(background=WHITE))
    sketch.scale = panel.view.scale * panel.samples
    panel.show(sketch.canvas(shapes))
    pixels, theirs = panel.pixels.astype(float), decoded(png(svg(shapes, size), 2.0))
    difference, inked = np.abs(theirs - pixels).max(axis=2), (theirs < 250).any(axis=2).mean()
    # Edges differ by antialiasing, by at most a pixel; a shape that is missing or misplaced would be all of its ink.
    assert inked > 0.01 and (difference > 64).mean() < 0.1 * inked


def decoded(file: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(file)).convert("RGB")).astype(float)


def test_a_shape_that_stays_is_drawn_once_and_a_label_that_moves_is_moved():
    d = rd.Canvas(300, 200)
    d.text("Hello", center=(d.free(start=0), 0))
    d.rectangle(width=9, height=9)
    live = Live(d.diagram())
    sketch = Sketch((300.0, 200.0), live.diagram.labels)
    before = sketch.canvas(live.shapes()).primitives
    live.x[d.problem().inputs.index(next(i for i in d.problem().inputs if i.kind == "given"))] = 50.0
    label, box = sketch.canvas(live.shapes()).primitives
    first: Any = before[0]
    moved: Any = label
    assert box is before[1] and moved.pixels is first.pixels and moved.low[0] == first.low[0] + 50


def test_a_shape_whose_numbers_are_not_finite_is_left_out():
    d = rd.Canvas(300, 200)
    d.circle(r=5, center=(d.functions.log(-1.0), 0))
    assert Sketch((300.0, 200.0), Measured()).canvas(shown(d.problem(), d.problem().x0)).primitives == []


def test_arcs_are_flattened_onto_their_circle_and_curves_onto_their_formula():
    ((points, closed),) = flattened([("M", (10, 0)), ("A", (10, 10, 0, 0, 1, -10, 0))])
    assert not closed and np.hypot(*np.transpose(points)) == pytest.approx(np.full(len(points), 10.0))
    assert max(y for _, y in points) == pytest.approx(10)  # with sweep, y downwards
    ((other, _),) = flattened([("M", (10, 0)), ("A", (10, 10, 0, 0, 0, -10, 0))])
    assert min(y for _, y in other) == pytest.approx(-10)
    ((curve, _),) = flattened([("M", (0, 0)), ("Q", (10, 20, 20, 0)), ("T", (40, 0))])
    assert (10.0, 10.0) in curve and (30.0, -10.0) in curve
    assert [len(n) for _, n in commands("M 1 10 A 4 4 0 0 1 1 19")] == [2, 7]


def test_dashes_cover_their_part_of_a_line():
    pieces = dashed([(0.0, 0.0), (30.0, 0.0), (30.0, 30.0)], (7.0, 5.0))
    length = sum(distance(p, q) for piece in pieces for p, q in itertools.pairwise(piece))
    assert length == pytest.approx(7 * 5) and pieces[2] == [(24.0, 0.0), (30.0, 0.0), (30.0, 1.0)]
    assert dashed([(0.0, 0.0), (1e6, 0.0)], (1e-9, 1e-9)) == [[(0.0, 0.0), (1e6, 0.0)]]


def test_colours_are_roles_of_their_own():
    assert Hexadecimal(background=WHITE)["#0a0b0c"] == (10, 11, 12)


# --- the command --------------------------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in (
        ("a.domain", "type Shop"),
        ("a.substance", "Shop a"),
        ("a.style", "canvas { width = 300\n height = 200 }\nforall Shop s { s.icon = Circle { r: 10 } }"),
        ("a.json", '{"domain": "a.domain", "substance": "a.substance", "style": ["a.style"], "variation": "w"}'),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        ["run", "a.json"],
        ["run", "a.substance", "--domain", "a.domain", "--style", "a.style", "--seed", "w"],
        ["diagram", "a.json", "--window"],
    ],
    ids=" ".join,
)
def test_the_commands_open_a_window(files: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]):
    opened: list[DiagramWindow] = []

    def look(window: DiagramWindow) -> None:
        opened.append(window)
        Person(window).settle()
        window.close()

    monkeypatch.setattr(DiagramWindow, "run", look)
    assert run(command) == 0
    (window,) = opened
    assert window.name == "a" and window.live.seed == "w" and window.live.layout is not None


def test_without_a_display_run_writes_a_new_svg(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    for name in ("SDL_VIDEODRIVER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert run(["run", "a.json"]) == run(["run", "a.json"]) == 0
    picture = sized(rd.load("a.json").layout().svg(), (300.0, 200.0))
    assert (files / "a.svg").read_text() == (files / "a-1.svg").read_text() == picture
    assert "there is no display" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["run", "a.json", "--set", "x=1"], "a diagram has no settings"),
        (["run", "a.substance"], "without --domain FILE and --style FILE"),
        (["run", "billiards", "--seed", "w"], "are of diagrams"),
        (["diagram", "a.json", "--window", "--watch"], "--window and --watch were given"),
    ],
)
def test_a_wrong_command_is_one_line(
    files: Path, command: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
):
    assert run(command) == 2
    assert sentence in capsys.readouterr().err
