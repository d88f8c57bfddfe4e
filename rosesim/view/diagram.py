"""A diagram in a window: drag a shape, and everything else is laid out around it."""

from __future__ import annotations

import contextlib
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rosesim.diagrams.errors import DiagramError
from rosesim.diagrams.layout import Layout
from rosesim.diagrams.live import Live
from rosesim.diagrams.picture import sized, svg
from rosesim.scenes.writing import fresh, write_beside
from rosesim.view.display import open_display
from rosesim.view.painter import load_pygame
from rosesim.view.panel import Panel
from rosesim.view.raster import Box
from rosesim.view.sketch import Hexadecimal, Sketch

if TYPE_CHECKING:
    import pygame

FRAMES_A_SECOND = 60
FITS = (1000, 730)
"""The largest new window, as the viewer's; a smaller canvas is magnified until it fills one of them."""
LEAST = (240, 180)
COARSE = 2
"""Samples per pixel along each axis while things move. At rest there is one more, for thin slanted lines."""
KEYS = "drag a shape; R another start, S save, Esc leave"


class DiagramWindow:
    """A diagram in a window; `run` shows it until the user closes it, `frame` makes one picture.

    Layouts run on a thread, one after the other, each from where everything stands; a frame shows the newest. The
    shape that is held follows the cursor in each frame, whatever the layout is about.
    """

    def __init__(self, live: Live, name: str, folder: Path):
        open_display()
        self.pygame = pygame = load_pygame()
        self.live, self.name, self.folder = live, name, folder
        self.over = False
        width, height = live.diagram.problem.visible_canvas()
        scale = min(FITS[0] / width, FITS[1] / height)
        self._window: Any = pygame.Window(
            f"rosesim {name}", (round(scale * width), round(scale * height)), resizable=True, allow_high_dpi=True
        )
        self._window.minimum_size = LEAST
        self._worker = ThreadPoolExecutor(1)
        self._running: Future[Layout | DiagramError] | None = None
        self._mouse: tuple[float, float] | None = None
        self._cursor: int | None = None
        self._saved = ""
        self._size = (0, 0)
        self._arrange()

    @property
    def surface(self) -> pygame.Surface:
        """The picture shown, in the display's pixels."""
        return self._window.get_surface()

    @property
    def busy(self) -> bool:
        """Whether a layout runs, or is to."""
        return self._running is not None or self.live.waiting

    def run(self) -> None:
        """Show the diagram until the user leaves."""
        clock = self.pygame.time.Clock()
        try:
            while not self.over:
                clock.tick(FRAMES_A_SECOND)
                self.frame()
        finally:
            self.close()

    def close(self) -> None:
        """Close the window, after the layout that runs."""
        self._worker.shutdown(cancel_futures=True)
        self._window.destroy()
        self.pygame.display.quit()

    def frame(self) -> None:
        """Handle the events since the last frame, take the layout if one is ready, and draw."""
        for event in self.pygame.event.get():
            self._event(event)
        if self._running is not None and self._running.done():
            self.live.take(self._running.result())
            self._running = None
        if self._running is None and self.live.waiting:
            self._running = self._worker.submit(self.live.job())
        if self.surface.get_size() != self._size:
            self._arrange()
        self._draw()
        self._window.flip()

    # -------------------------------------------------------------------------------- events

    def _event(self, event: pygame.event.Event) -> None:
        pygame = self.pygame
        if event.type in (pygame.QUIT, pygame.WINDOWCLOSE):
            self.over = True
        elif event.type == pygame.KEYDOWN:
            self._key(event.key)
        elif event.type == pygame.MOUSEMOTION:
            self._mouse = self._pixels(event.pos)
            self.live.drag(self.point(self._mouse))
        elif event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
            self._mouse = self._pixels(event.pos)
            self.live.grab(self.point(self._mouse))
        elif event.type == pygame.MOUSEBUTTONUP and event.button == 1:
            self.live.drag(self.point(self._pixels(event.pos)))
            self.live.drop()
        elif event.type == pygame.WINDOWLEAVE:
            self._mouse = None

    def _key(self, key: int) -> None:
        pygame = self.pygame
        if key in (pygame.K_ESCAPE, pygame.K_q):
            self.over = True
        elif key == pygame.K_r:
            self.live.resample()
            self._saved = ""
        elif key == pygame.K_s:
            self.save()

    def save(self) -> Path:
        """Write the picture as it is now, beside earlier ones; the title says where."""
        diagram = self.live.diagram
        text = svg(self.live.shapes(), diagram.problem.canvas, diagram.labels, diagram.folder)
        file = fresh(self.folder / f"{self.name}.svg")
        write_beside(file, sized(text, diagram.problem.canvas).encode())
        self._saved = f"saved {file.name}; "
        return file

    def point(self, pixel: tuple[float, float]) -> tuple[float, float]:
        """The diagram's point at a pixel of the surface."""
        x, y = self._fine[1].view.point(pixel)
        width, height = self.live.diagram.problem.canvas
        return x - width / 2, y + height / 2

    def pixel(self, point: tuple[float, float]) -> tuple[float, float]:
        """The surface's pixel of a point of the diagram."""
        width, height = self.live.diagram.problem.canvas
        return self._fine[1].view.pixel((point[0] + width / 2, point[1] - height / 2))

    def _pixels(self, at: tuple[float, float]) -> tuple[float, float]:
        """A position reported by the desktop in pixels of the surface, of which a high-DPI display has more."""
        surface, window = self.surface.get_size(), self._window.size
        return at[0] * surface[0] / window[0], at[1] * surface[1] / window[1]

    # ------------------------------------------------------------------------------- picture

    def _arrange(self) -> None:
        """Make new panels for the window's size."""
        self._size = self.surface.get_size()
        self._coarse, self._fine = self._made(COARSE), self._made(None)

    def _made(self, samples: int | None) -> tuple[Sketch, Panel]:
        diagram = self.live.diagram
        sketch = Sketch(diagram.problem.canvas, diagram.labels, diagram.folder)
        panel = Panel(Box(0, 0, *self._size), sketch.extent, Hexadecimal(background=(255, 255, 255)), samples=samples)
        sketch.scale = panel.view.scale * panel.samples
        return sketch, panel

    def _draw(self) -> None:
        shapes = self.live.shapes()
        held = self.live.held is not None
        over = self._mouse is not None and not held and self.live.at(self.point(self._mouse)) is not None
        self._point(hand=held or over)
        sketch, panel = self._coarse if held or self.busy else self._fine
        panel.show(sketch.canvas(shapes))
        panel.blit(self.surface)
        self._tell()

    def _tell(self) -> None:
        """Say in the title how well the layout went, and what can be done."""
        live = self.live
        state = live.failure or ("laying out" if live.layout is None else live.layout.verdict())
        title = f"rosesim {self.name}: {self._saved}{state} ({KEYS})"
        if self._window.title != title:
            self._window.title = title

    def _point(self, hand: bool) -> None:
        """Set the cursor, which shows whether there is something to take."""
        shape = self.pygame.SYSTEM_CURSOR_HAND if hand else self.pygame.SYSTEM_CURSOR_ARROW
        if shape != self._cursor:
            self._cursor = shape
            with contextlib.suppress(self.pygame.error):  # not every video driver has cursors
                self.pygame.mouse.set_cursor(shape)


def watch_diagram(live: Live, name: str, folder: Path) -> None:
    """Open a diagram, and return when the user has left it; NoDisplay where there is no display."""
    DiagramWindow(live, name, folder).run()
