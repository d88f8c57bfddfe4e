"""The window, by SDL's dummy driver: a person's events change what they should, and the pixels show it."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from viewing import CASES, Descent, Person, opened, person

import rosesim.codegen
from rosesim.view import Session, Window
from rosesim.view.live import Live
from rosesim.view.theme import colours

NAMES = list(CASES)
SMOOTH = 12  # of 255: what antialiasing may mix into a pixel in the middle of a thing


@pytest.fixture(autouse=True)
def dummy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")


@pytest.fixture
def someone() -> Iterator[Person]:
    with person("billiards") as p:
        yield p


def near(seen: tuple[int, int, int], wanted: tuple[int, int, int]) -> bool:
    return max(abs(a - b) for a, b in zip(seen, wanted, strict=True)) <= SMOOTH


def around(p: Any, radius: float) -> list[np.ndarray]:
    """Points of a ring."""
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    return [np.asarray(p) + radius * np.array([math.cos(a), math.sin(a)]) for a in angles]


# -------------------------------------------------------------------------------- what is seen


@pytest.mark.parametrize("name", NAMES)
def test_a_thing_is_seen_where_the_state_of_the_time_has_it(name: str):
    case = CASES[name]
    with person(name) as someone:
        now: Any = someone.live.latest
        theme = colours(someone.session.scene.colours)
        for part in (0.0, 0.4, 1.0):
            someone.click(someone.on_track(part))
            someone.move((1.0, 1.0))  # away, so that no handle's ring covers what is looked for
            someone.look()
            t = someone.session.player.index
            assert t == pytest.approx(part * someone.session.player.last, abs=5)
            where = case.thing(now.attempt.trajectory[t])
            assert near(someone.colour_at(someone.on_scene(where)), theme[case.role])


@pytest.mark.parametrize("name", NAMES)
def test_the_goal_follows_the_mouse_at_once_and_the_loss_with_it(name: str):
    case = CASES[name]
    with person(name) as someone:
        old: Any = someone.live.latest
        goal = colours(someone.session.scene.colours)["goal"]
        before = someone.session.handles()["goal"]
        for to in case.places:
            start, end = someone.on_scene(someone.session.handles()["goal"]), someone.on_scene(to)
            someone.press(start)
            someone.move(end)
            someone.look()  # the very next frame, whether the worker has computed or not
            seen = [near(someone.colour_at(someone.on_scene(p)), goal) for p in around(to, case.ring)]
            assert np.mean(seen) > 0.6
            someone.release(end)
            someone.settle()
        someone.move((1.0, 1.0))
        someone.look()
        assert not any(near(someone.colour_at(someone.on_scene(p)), goal) for p in around(before, case.ring))
        now: Any = someone.live.latest
        pixel = 1.5 / someone.layout().scene.width * 2
        assert now.inputs.goal == pytest.approx(case.places[-1], abs=pixel)
        assert now.attempt.trajectory is not old.attempt.trajectory


@pytest.mark.parametrize("name", NAMES)
def test_what_lies_in_the_start_is_dragged_at_the_start_of_the_replay(name: str):
    handle = CASES[name].in_start
    with person(name) as someone:
        someone.click(someone.on_track(0.8))
        x, y = someone.session.handles()[handle]
        start, end = someone.on_scene((x, y)), someone.on_scene((x + 0.02, y + 0.05))
        someone.press(start)
        someone.move(end)
        someone.until(lambda: someone.session.player.index == 0)
        someone.release(end)
        someone.settle()
        there = someone.session.handles()[handle]
        assert there == pytest.approx((x + 0.02, y + 0.05), abs=0.004)  # within two pixels
        now: Any = someone.live.latest
        first = np.asarray(now.attempt.trajectory[0].position)
        assert np.hypot(*(first - there).T).min() < 1e-12


def test_a_goal_is_dragged_while_the_replay_goes_on(someone: Person):
    someone.key("SPACE")
    start = someone.on_scene(someone.session.handles()["goal"])
    someone.press(start)
    someone.move((start[0] - 60, start[1]))
    someone.settle()
    at = someone.session.player.index
    someone.look(0.5)
    assert someone.session.player.index > at
    someone.release(start)


def test_a_click_without_a_move_moves_nothing(someone: Person):
    before: Any = someone.live.latest
    x, y = someone.on_scene(someone.session.handles()["goal"])
    someone.click((x + 9, y - 5))  # beside its middle
    someone.settle()
    now: Any = someone.live.latest
    assert now.inputs.goal.tolist() == before.inputs.goal.tolist()
    someone.press((x + 9, y - 5))
    someone.move((x + 10, y - 5))  # a pixel
    someone.release((x + 10, y - 5))
    someone.settle()
    now = someone.live.latest
    pixel = someone.session.scene.extent[2] / someone.layout().scene.width
    assert now.inputs.goal[0] - before.inputs.goal[0] == pytest.approx(pixel, rel=0.1)


def test_what_is_dragged_out_of_the_picture_stays_at_its_edge(someone: Person):
    someone.drag(someone.on_scene(someone.session.handles()["goal"]), (5000.0, -300.0))
    someone.settle()
    assert someone.session.handles()["goal"] == pytest.approx((1.3, 1.0))


def test_a_handle_shows_that_it_can_be_taken(someone: Person):
    x, y = someone.on_scene(someone.session.handles()["goal"])
    ring = [(x + 27 * math.cos(a), y + 27 * math.sin(a)) for a in np.linspace(0, 2 * np.pi, 12)]
    someone.move((1.0, 1.0))
    someone.look()
    before = [someone.colour_at(p) for p in ring]
    someone.move((x, y))
    someone.look()
    assert np.mean([not near(someone.colour_at(p), b) for p, b in zip(ring, before, strict=True)]) > 0.5


def test_the_gradients_arrow_is_seen_at_the_cue_ball(someone: Person):
    now: Any = someone.live.latest
    gradient = colours(someone.session.scene.colours)["gradient"]
    cue = np.asarray(now.attempt.params.position)
    down = -now.gradient.position / np.linalg.norm(now.gradient.position)
    along = [near(someone.colour_at(someone.on_scene(cue + r * down)), gradient) for r in np.linspace(0.035, 0.07, 8)]
    assert np.mean(along) > 0.8
    assert not near(someone.colour_at(someone.on_scene(cue - 0.05 * down)), gradient)


# ---------------------------------------------------------------------------------------- keys


def test_keys_move_through_the_replay(someone: Person):
    player = someone.session.player
    assert (player.index, player.playing) == (0, False)
    someone.key("RIGHT")
    someone.key("RIGHT")
    someone.key("LEFT")
    assert (player.index, player.playing) == (1, False)
    someone.key("SPACE")
    someone.look(1.5)
    assert player.index == pytest.approx(1 + player.last / 2, abs=1.5)
    someone.key("DOWN")
    assert player.speed == 0.5
    someone.key("UP")
    someone.key("KP_PLUS", "+")
    assert player.speed == 2.0
    someone.key("MINUS", "-")
    assert player.speed == 1.0
    someone.key("HOME")
    assert player.index == 0 and player.playing


@pytest.mark.parametrize("key", [("ESCAPE",), ("q",)])
def test_keys_end_it(someone: Person, key: tuple[str]):
    someone.key(*key)
    assert someone.session.over


def test_closing_the_window_ends_it(someone: Person):
    someone.pygame.event.post(someone.pygame.event.Event(someone.pygame.WINDOWCLOSE))
    someone.look()
    assert someone.session.over


@pytest.mark.parametrize("key", [("h",), ("F1",), ("SLASH", "?")])
def test_help_covers_the_middle_of_the_scene_until_a_key_or_a_click(someone: Person, key: tuple[str, ...]):
    theme = colours(someone.session.scene.colours)
    box = someone.layout().help
    corner = (box.left + 8, box.top + 8)
    before = someone.colour_at(corner)
    assert near(before, theme["table"])
    someone.key(*key)
    assert near(someone.colour_at(corner), theme["panel"])
    someone.key(*key)
    assert someone.colour_at(corner) == before
    someone.key(*key)
    someone.click(someone.on_scene(someone.session.handles()["goal"]))
    assert someone.colour_at(corner) == before and someone.session.held is None


def test_reset_takes_back_what_was_dragged(someone: Person):
    before = dict(someone.session.handles())
    someone.drag_handle("goal", (0.6, 0.8))
    someone.drag_handle("cue", (0.2, 0.4))
    someone.settle()
    assert someone.session.handles()["goal"] != before["goal"]
    someone.key("r")
    someone.settle()
    assert someone.session.handles() == before
    now: Any = someone.live.latest
    assert now.inputs.goal.tolist() == list(before["goal"])


# --------------------------------------------------------------------------- everything by mouse


def test_everything_can_be_done_by_mouse(someone: Person):
    session = someone.session
    someone.click(someone.on_button("bar", "play"))
    assert session.player.playing
    someone.click(someone.on_button("bar", "forward"))
    assert (session.player.playing, session.player.index) == (False, 1)
    someone.click(someone.on_button("bar", "back"))
    assert session.player.index == 0
    someone.click(someone.on_button("bar", "faster"))
    someone.click(someone.on_button("bar", "slower"))
    someone.click(someone.on_button("bar", "slower"))
    assert session.player.speed == 0.5
    someone.click(someone.on_track(0.5))
    someone.click(someone.on_button("bar", "restart"))
    assert (session.player.playing, session.player.index) == (True, 0)
    someone.click(someone.on_button("switches", "ghosts"))
    assert not session.ghosts
    someone.click(someone.on_button("switches", "optimise"))
    someone.until(lambda: someone.live.evaluations > 5)
    someone.click(someone.on_button("switches", "optimise"))
    assert not someone.live.optimising
    someone.click(someone.on_button("switches", "reset"))
    someone.settle()
    assert someone.live.latest and someone.live.latest.attempt.iteration == 0
    someone.click(someone.on_button("switches", "help"))
    assert session.help


def test_the_scrub_bar_is_dragged_even_beyond_its_ends(someone: Person):
    player = someone.session.player
    someone.press(someone.on_track(0.2))
    someone.look()
    assert player.index == pytest.approx(0.2 * player.last, abs=3)
    x, y = someone.on_track(0.7)
    someone.move((x, y - 100))  # the hand slips off the bar
    someone.look()
    assert player.index == pytest.approx(0.7 * player.last, abs=3)
    someone.move((3000.0, y))
    someone.release((3000.0, y))
    someone.look()
    assert player.index == player.last
    someone.move(someone.on_track(0.1))  # released
    someone.look()
    assert player.index == player.last


# -------------------------------------------------------------------------------- live, ghosts


@pytest.mark.parametrize("name", NAMES)
def test_optimising_live_lowers_the_loss_while_it_is_watched(name: str):
    with person(name) as someone:
        first: Any = someone.live.latest
        someone.key("o")
        assert someone.session.status == "optimising"
        someone.until(lambda: someone.live.latest and someone.live.latest.attempt.iteration > 20)
        someone.key("o")
        someone.settle()
        now: Any = someone.live.latest
        assert now.attempt.loss < first.attempt.loss and someone.session.status == "ready"


def test_the_optimiser_follows_a_goal_that_is_dragged(someone: Person):
    someone.key("o")
    someone.drag_handle("goal", (0.75, 0.65))
    someone.until(lambda: someone.live.latest and len(someone.live.latest.curve) > 30)
    now: Any = someone.live.latest
    assert now.curve[0][0] == 0 and now.curve[-1][1] < now.curve[0][1]
    assert now.inputs.goal == pytest.approx([0.75, 0.65], abs=0.004)


def test_ghosts_of_past_iterations_are_seen_and_can_be_switched_off(someone: Person):
    someone.key("o")
    someone.until(lambda: someone.live.latest and len(someone.live.latest.ghosts) >= 4)
    someone.key("o")
    someone.settle()
    now: Any = someone.live.latest
    past = now.ghosts[-1].trails()[0]
    end = someone.on_scene(past[-1])
    seen = someone.colour_at(end)
    someone.key("g")
    table = colours(someone.session.scene.colours)["table"]
    assert near(someone.colour_at(end), table) and not near(seen, table)


# ------------------------------------------------------------------------ sizes and displays


@pytest.mark.parametrize("size", [(640, 420), (900, 900), (1600, 700)])
def test_after_resizing_everything_is_where_it_is_seen(someone: Person, size: tuple[int, int]):
    someone.window._window.size = size  # as a person's drag of the window's corner does
    someone.look()
    assert someone.window.surface.get_size() == size
    box = someone.layout()
    for part in (box.scene, box.bar, box.numbers, box.curve, box.switches, box.help):
        assert part.left >= 0 and part.top >= 0
        assert part.left + part.width <= size[0] and part.top + part.height <= size[1]
    someone.click(someone.on_button("bar", "forward"))
    assert someone.session.player.index == 1
    someone.drag_handle("goal", (0.5, 0.8))
    someone.settle()
    assert someone.session.handles()["goal"] == pytest.approx((0.5, 0.8), abs=0.006)


def test_on_a_high_dpi_display_the_mouse_takes_what_it_is_on(someone: Person):
    """There the surface has twice the pixels that the desktop speaks of; the dummy driver knows no such display."""
    window = someone.window._window
    big = someone.pygame.Surface((2 * window.size[0], 2 * window.size[1]), 0, 32)

    class Dense:
        size = window.size

        def get_surface(self) -> Any:
            return big

        def flip(self) -> None:
            pass

    someone.window._window = Dense()
    try:
        someone.look()
        someone.key("RIGHT")
        goal = np.array(someone.session.handles()["goal"])
        half = lambda p: (p[0] / 2, p[1] / 2)
        box = someone.window._scene.box
        assert box.width > 1.9 * 690
        view = someone.window._scene.view
        start, end = view.pixel(tuple(goal)), view.pixel((0.5, 0.5))
        someone.drag(half(start), half(end))
        someone.settle()
        assert someone.session.handles()["goal"] == pytest.approx((0.5, 0.5), abs=0.004)
    finally:
        someone.window._window = window


# ------------------------------------------------------------------------------------ the rest


def test_a_hundred_drags_of_the_goal_and_the_cue_ball_compile_nothing(
    someone: Person, monkeypatch: pytest.MonkeyPatch
):
    compile_func, compilations = rosesim.codegen.compile_func, []
    counted = lambda *a, **k: compilations.append(a) or compile_func(*a, **k)
    monkeypatch.setattr(rosesim.codegen, "compile_func", counted)
    someone.key("o")
    evaluations = someone.live.evaluations
    for k in range(50):
        someone.drag_handle("goal", (0.5 + 0.008 * k, 0.6 + 0.005 * k))
        someone.drag_handle("cue", (0.05 + 0.002 * k, 0.45 + 0.002 * k))
    someone.settle()
    assert someone.live.evaluations > evaluations
    now: Any = someone.live.latest
    assert now.inputs.goal == pytest.approx([0.892, 0.845], abs=0.004)
    assert compilations == []


def test_a_window_appears_before_anything_is_compiled():
    scene, beginning = opened("billiards", "steps=701")
    live = Live(scene, beginning, Descent(0.01))
    window = Window(Session(scene, live), "billiards")
    try:
        window.frame(0.0)
        someone = Person(window)
        assert someone.session.status == "compiling"
        goal = colours(scene.colours)["goal"]
        seen = [near(someone.colour_at(someone.on_scene(p)), goal) for p in around((0.9, 0.75), 1.25 * 0.03)]
        assert np.mean(seen) > 0.6  # the table and the goal need no simulation
        someone.drag_handle("goal", (0.7, 0.7))  # and can be dragged already
        live.start()
        someone.settle()
        someone.until(lambda: live.latest and live.latest.gradient is not None)
        assert someone.session.handles()["goal"] == pytest.approx((0.7, 0.7), abs=0.004)
    finally:
        live.close()
        window.close()


def test_what_fails_is_written_into_the_window():
    class Refuses(Descent):
        def step(self, x: Any, gradient: Any, state: int) -> tuple[Any, int]:
            raise RuntimeError("not today")

    with person("billiards", Refuses(0.0)) as someone:
        scene = someone.layout().scene
        edge = (scene.left + 1, scene.top + scene.height - 6)
        warning = colours({})["warning"]
        assert not near(someone.colour_at(edge), warning)
        someone.key("o")
        someone.until(lambda: someone.live.failure)
        someone.look()
        assert near(someone.colour_at(edge), warning)
        assert (someone.session.message, someone.session.status) == ("RuntimeError: not today", "stopped")
        someone.key("RIGHT")  # it still answers
        assert someone.session.player.index == 1
        someone.key("r")
        someone.settle()
        assert someone.session.message is None and not near(someone.colour_at(edge), warning)


def test_states_that_are_not_numbers_are_drawn_as_nothing():
    scene, beginning = opened("billiards")
    broken = replace(beginning, params=replace(beginning.params, position=np.array([np.nan, 0.5])))
    with person("billiards", beginning=broken) as someone:
        someone.look()
        assert near(someone.colour_at(someone.on_scene((1.2, 0.1))), colours(scene.colours)["table"])


# ---------------------------------------------------------------------------- sliders


def test_a_slider_changes_its_input_while_it_is_dragged(someone: Person):
    box, scene = someone.layout().sliders, someone.session.scene
    assert list(scene.ranges) == ["restitution"]
    row = box.top + box.height - 14 * someone.layout().unit  # the track
    knob = 7.5 * someone.layout().unit
    someone.press((box.left + knob, row))  # at its least value
    someone.settle()
    now: Any = someone.live.latest
    assert now.inputs.restitution == 0.0 and someone.session.values() == {"restitution": 0.0}
    someone.move((box.left + box.width / 2, row + 90))  # held, it follows the mouse outside of its row
    someone.settle()
    now = someone.live.latest
    assert now.inputs.restitution == pytest.approx(0.5, abs=0.01)
    someone.release((box.left + box.width + 50, row))
    someone.settle()
    now = someone.live.latest
    assert now.inputs.restitution == 1.0 and now.inputs.goal.tolist() == [0.9, 0.75]
    someone.move((box.left + knob, row))  # released, it stays
    someone.settle()
    assert someone.session.values() == {"restitution": 1.0}
    someone.key("r")
    someone.settle()
    assert someone.session.values() == {"restitution": 0.8}
