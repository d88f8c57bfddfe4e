"""The viewer's window: events in, pictures out."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rosesim.optimise.descent import Stepper
from rosesim.scenes.base import AnyScene
from rosesim.scenes.canvas import Canvas
from rosesim.scenes.ranges import Range, shown_ranges
from rosesim.scenes.space import Orbit
from rosesim.view import stage, words
from rosesim.view.controls import Bar, Switches
from rosesim.view.curve import loss_curve
from rosesim.view.display import open_display
from rosesim.view.layout import LEAST, layout, window_size
from rosesim.view.live import Beginning, Live
from rosesim.view.painter import load_pygame
from rosesim.view.panel import Panel
from rosesim.view.raster import Box
from rosesim.view.session import Session
from rosesim.view.sliders import ROW, Sliders
from rosesim.view.theme import colours

if TYPE_CHECKING:
    import pygame

FRAMES_A_SECOND = 60
WAITING_FRAMES = 20
"""Frames a second while the worker compiles: that needs Python's lock, which drawing would take from it."""
READ_A_SECOND = 10
"""Updates a second of numbers and curve, in turn: no faster than a person reads."""
REACH = 20.0
"""Distance within which the mouse takes a handle, in points."""
CHARACTERS = {"?": "help", "+": "faster", "-": "slower"}
"""Actions of characters: these are on different keys of different keyboards."""
LONGEST_FRAME = 0.1
"""Most seconds by which a frame advances the replay, however long the window was busy."""


class Window:
    """A session in a window; `run` shows it until the user closes it, `frame` makes one picture."""

    def __init__(self, session: Session, title: str):
        open_display()
        self.pygame = pygame = load_pygame()
        self.session = session
        self.title = title
        self._window: Any = pygame.Window(
            f"rosesim {title}", window_size(session.scene.extent), resizable=True, allow_high_dpi=True
        )
        self._window.minimum_size = LEAST
        self._colours = colours(session.scene.colours)
        self._keys = _keys(pygame)
        self._mouse: tuple[float, float] | None = None
        """The mouse in pixels of the surface; None where it is outside the window."""
        self._scrubbing = self._turning = self._has_space = False
        self._sliding: str | None = None
        self._cursor: int | None = None
        self._read, self._turn = -math.inf, False
        self._message: tuple[str, Panel] | None = None
        self._size = (0, 0)
        self._arrange()

    @property
    def surface(self) -> pygame.Surface:
        """The picture shown, in the display's pixels."""
        return self._window.get_surface()

    def run(self) -> None:
        """Show the session until it is over."""
        clock = self.pygame.time.Clock()
        before = time.perf_counter()
        try:
            while not self.session.over:
                clock.tick(WAITING_FRAMES if self.session.status == "compiling" else FRAMES_A_SECOND)
                now = time.perf_counter()
                self.frame(min(now - before, LONGEST_FRAME))
                before = now
        finally:
            self.close()

    def close(self) -> None:
        """Close the window."""
        self._window.destroy()
        self.pygame.display.quit()

    def frame(self, seconds: float) -> None:
        """Handle the events since the last frame, advance by these seconds, and draw."""
        for event in self.pygame.event.get():
            self._event(event)
        if self.surface.get_size() != self._size:
            self._arrange()
        self.session.tick(seconds)
        self._draw()
        self._window.flip()

    # -------------------------------------------------------------------------------- events

    def _event(self, event: pygame.event.Event) -> None:
        pygame = self.pygame
        if event.type in (pygame.QUIT, pygame.WINDOWCLOSE):
            self.session.act("quit")
        elif event.type == pygame.KEYDOWN:
            action = self._keys.get(event.key) or CHARACTERS.get(event.dict.get("unicode", ""))
            if action is not None:
                self.session.act(action)
        elif event.type == pygame.MOUSEMOTION:
            self._move(self._pixels(event.pos))
        elif event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
            self._press(self._pixels(event.pos))
        elif event.type == pygame.MOUSEBUTTONUP and event.button == 1:
            self._move(self._pixels(event.pos))
            self._scrubbing, self._sliding, self._turning = False, None, False
            self.session.drop()
        elif event.type == pygame.MOUSEWHEEL and self._over_space():
            self.session.zoom(event.precise_y)
        elif event.type == pygame.WINDOWLEAVE:
            self._mouse = None

    def _pixels(self, at: tuple[float, float]) -> tuple[float, float]:
        """A position reported by the desktop in pixels of the surface, of which a high-DPI display has more."""
        surface, window = self.surface.get_size(), self._window.size
        return at[0] * surface[0] / window[0], at[1] * surface[1] / window[1]

    def _press(self, at: tuple[float, float]) -> None:
        self._mouse = at
        if self.session.help:
            self.session.act("help")
            return
        what = self._under_mouse()
        match what:
            case ("button", action):
                self.session.act(action)
            case ("scrub", _):
                self._scrubbing = True
                self._move(at)
            case ("slider", name):
                self._sliding = name
                self._slide(name, at)
            case ("handle", name):
                self.session.grab(name, self._scene.view.point(at))
            case _:
                self._turning = self._over_space()

    def _over_space(self) -> bool:
        """Whether the mouse is on a view of space."""
        return self._has_space and self._mouse is not None and self._scene.box.holds(*self._mouse)

    def _move(self, at: tuple[float, float]) -> None:
        before, moved = self._mouse, at != self._mouse
        self._mouse = at
        if self._turning and before is not None:
            wide = self._scene.box.width
            self.session.turn((at[0] - before[0]) / wide, (at[1] - before[1]) / wide)
            return
        if self._scrubbing:
            self.session.player.scrub(self._bar_parts.part(self._bar.view.point(at)))
        elif self._sliding is not None:
            if moved:
                self.session.slide(
                    self._sliding, self._slider_parts.value(self._sliding, self._sliders.view.point(at))
                )
        elif moved:
            self.session.drag(self._scene.view.point(at))

    def _slide(self, name: str, at: tuple[float, float]) -> None:
        self.session.slide(name, self._slider_parts.value(name, self._sliders.view.point(at)))

    def _under_mouse(self) -> tuple[str, str] | None:
        """The thing under the mouse: ("button", action), ("scrub", ""), ("slider" or "handle", name) or None."""
        if self._mouse is None or self.session.help:
            return None
        for panel, parts in ((self._bar, self._bar_parts), (self._switches, self._switch_parts)):
            p = panel.view.point(self._mouse)
            for button in parts.buttons:
                if button.holds(p):
                    return "button", button.action
        if self._bar_parts.on_track(self._bar.view.point(self._mouse)):
            return "scrub", ""
        if self._sliders.box.holds(*self._mouse):
            name = self._slider_parts.at(self._sliders.view.point(self._mouse))
            return None if name is None else ("slider", name)
        if self._scene.box.holds(*self._mouse) and self.session.orbit == Orbit():
            view = self._scene.view
            near = self.session.handle_near(view.point(self._mouse), REACH * self._unit / view.scale)
            if near is not None:
                return "handle", near
        return None

    # ------------------------------------------------------------------------------- picture

    @cached_property
    def _ranges(self) -> Mapping[str, Range]:
        """Those of the sliders, as the inputs are at first."""
        return shown_ranges(self.session.scene.ranges, self.session.numbers()[1])

    def _arrange(self) -> None:
        """Make new panels for the window's size."""
        self._size = self.surface.get_size()
        scene = self.session.scene
        high = ROW * len(scene.ranges)
        made = layout(*self._size, density=self._size[0] / self._window.size[0], sliders=high)
        self._unit = made.unit

        def panel(box: Box, layers: int = 1) -> Panel:
            return Panel(box, (0.0, 0.0, *made.points(box)), self._colours, layers)

        self._scene = Panel(made.scene, scene.extent, self._colours, layers=2)
        self._bar_parts, self._switch_parts = Bar(made.points(made.bar)[0]), Switches(made.points(made.switches)[0])
        self._bar, self._switches = panel(made.bar, layers=2), panel(made.switches)
        self._still: tuple[object, Canvas] = None, Canvas(self._bar.extent)
        self._numbers, self._curve = panel(made.numbers), panel(made.curve)
        self._slider_parts = Sliders(made.points(made.sliders)[0], self._ranges)
        self._sliders = Panel(made.sliders, (0.0, 0.0, self._slider_parts.width, max(high, 1.0)), self._colours)
        self._help = Panel(made.help, (0.0, 0.0, *words.HELP_SIZE), self._colours)
        self._read, self._message = -math.inf, None

    def _draw(self) -> None:
        session, surface = self.session, self.surface
        kind, name = self._under_mouse() or ("nothing", "")
        hovered = "scrub" if self._scrubbing or kind == "scrub" else name if kind == "button" else None
        self._point(
            hand=self._scrubbing or self._sliding is not None or session.held is not None or kind != "nothing"
        )
        surface.fill(self._colours["background"])
        self._draw_scene(session.held or (name if kind == "handle" else None))
        player = session.player
        if self._still[0] != (player.playing, hovered):
            self._still = (player.playing, hovered), self._bar_parts.still(player.playing, hovered)
        self._bar.show(self._still[1], self._bar_parts.moving(player, hovered))
        on = [name for name, is_on in self._switched().items() if is_on]
        self._switches.refresh((on, hovered), lambda: self._switch_parts.canvas(on, hovered))
        if session.scene.ranges:
            values, slider = session.values(), self._sliding or (name if kind == "slider" else None)
            self._sliders.refresh((values, slider), lambda: self._slider_parts.canvas(values, slider))
        now = time.perf_counter()
        if now - self._read >= 1 / READ_A_SECOND:
            fresh, self._turn = self._read == -math.inf, not self._turn
            self._read = now
            if fresh or self._turn:
                self._draw_numbers()
            if fresh or not self._turn:
                self._draw_curve()
        panels = [self._scene, self._bar, self._switches, self._numbers, self._curve]
        if session.scene.ranges:
            panels.append(self._sliders)
        if session.message is not None:
            panels.append(self._message_panel(session.message))
        if session.help:
            self._help.refresh("help", words.help_card)
            panels.append(self._help)
        for panel in panels:
            panel.blit(surface)

    def _switched(self) -> dict[str, bool]:
        session = self.session
        return {"optimise": session.live.optimising, "ghosts": session.ghosts, "help": session.help}

    def _draw_scene(self, hovered: str | None) -> None:
        session, now = self.session, self.session.live.latest
        scene = session.scene
        params, inputs = session.numbers()
        is_at_home = session.orbit == Orbit()  # paths, arrows and rings are where the scene's own camera has them
        trails = session.ghosts and is_at_home
        ghosts = now.ghosts if now is not None and trails else ()
        below = stage.below(scene, params, inputs, ghosts)
        if now is None:
            above = Canvas(scene.extent)
        else:
            t, first = session.player.index, ghosts[0] if ghosts else None
            above = stage.above(scene, now.attempt, params, inputs, t, first, ghosts=ghosts, trails=trails)
            if is_at_home:
                stage.draw_gradient(above, session.arrows())
        self._has_space = stage.move_eye((below, above), session.orbit)
        over = self._mouse is not None and self._scene.box.holds(*self._mouse) and not session.help
        if is_at_home and (over or session.held is not None):
            stage.draw_handles(above, session.handles(), hovered)
        self._scene.show(below, above)

    def _draw_numbers(self) -> None:
        session, now = self.session, self.session.live.latest
        at = None if now is None else now.attempt.iteration
        loss, steep = (math.nan, math.nan) if now is None else (now.attempt.loss, now.steep)
        width, height = self._numbers.extent[2:]
        terms = None if now is None else now.attempt.terms
        measured = session.scene.measure.name
        self._numbers.show(
            words.numbers((width, height), self.title, session.status, at, loss, steep, terms, measured)
        )

    def _draw_curve(self) -> None:
        now = self.session.live.latest
        points, at = ((), 0) if now is None else (now.curve, now.attempt.iteration)
        self._curve.show(loss_curve(points, at, self._curve.extent[2:], self.session.scene.measure.label))

    def _message_panel(self, text: str) -> Panel:
        """A card at the scene's lower edge."""
        if self._message is None or self._message[0] != text:
            box = self._scene.box
            width = box.width / self._unit
            card = words.message(width, text, self.session.live.failure is not None)
            high = round(card.height * self._unit)
            low = Box(box.left, box.top + box.height - high, box.width, high)
            panel = Panel(low, card.extent, self._colours)
            panel.show(card)
            self._message = text, panel
        return self._message[1]

    def _point(self, hand: bool) -> None:
        """Set the cursor, which shows whether there is something to take."""
        shape = self.pygame.SYSTEM_CURSOR_HAND if hand else self.pygame.SYSTEM_CURSOR_ARROW
        if shape != self._cursor:
            self._cursor = shape
            with contextlib.suppress(self.pygame.error):  # not every video driver has cursors
                self.pygame.mouse.set_cursor(shape)


def watch(scene: AnyScene, beginning: Beginning, optimizer: Stepper) -> None:
    """Open the viewer on a scene, and return when the user has closed it; NoDisplay where there is no display."""
    live = Live(scene, beginning, optimizer)
    window = Window(Session(scene, live), scene.name)
    live.start()  # after the window, which shows that something is being compiled
    try:
        window.run()
    finally:
        live.close()


def _keys(pygame: Any) -> dict[int, str]:
    return {
        pygame.K_SPACE: "play",
        pygame.K_LEFT: "back",
        pygame.K_RIGHT: "forward",
        pygame.K_UP: "faster",
        pygame.K_EQUALS: "faster",  # the key of +, on keyboards that need shift for it
        pygame.K_DOWN: "slower",
        pygame.K_HOME: "restart",
        pygame.K_o: "optimise",
        pygame.K_r: "reset",
        pygame.K_g: "ghosts",
        pygame.K_h: "help",
        pygame.K_F1: "help",
        pygame.K_ESCAPE: "quit",
        pygame.K_q: "quit",
    }
