"""Whether there is a display to open a window on."""

from __future__ import annotations

import os
import sys

from rosesim.ad.support.errors import RosesimError
from rosesim.view.painter import load_pygame


class NoDisplay(RosesimError):
    """A window was requested where none can be opened."""


def open_display() -> None:
    """Start SDL's video; NoDisplay where there is no display.

    If SDL_VIDEODRIVER names a driver (`dummy`, in tests), the user has chosen it: it is tried whatever
    else there is, and a RosesimError is raised where it fails.
    """
    chosen = os.environ.get("SDL_VIDEODRIVER")
    there = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if sys.platform.startswith("linux") and not (chosen or there):
        raise NoDisplay("there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)")
    # On Windows a window gets the display's own pixels only if the process declares that it handles them.
    os.environ.setdefault("SDL_WINDOWS_DPI_SCALING", "1")
    pygame = load_pygame()
    try:
        pygame.display.init()
    except pygame.error as e:
        if chosen:
            raise RosesimError(f"SDL_VIDEODRIVER={chosen} does not work here: {e}") from e
        raise NoDisplay(f"the display cannot be opened ({e})") from e
    if not chosen and pygame.display.get_driver() in ("dummy", "offscreen"):
        pygame.display.quit()
        raise NoDisplay("there is no display")
