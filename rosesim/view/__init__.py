"""Pictures of scenes and of their optimisation, and the window to watch and steer it.

pygame, imageio and Pillow, the extra `view`, are imported at the first picture.
"""

from rosesim.optimise.descent import Stepper as Optimizer
from rosesim.view.attempt import Attempt, attempts
from rosesim.view.curves import loss_curves
from rosesim.view.display import NoDisplay, open_display
from rosesim.view.files import require_mp4, require_pictures, write_gif, write_mp4, write_png
from rosesim.view.live import Beginning, Live
from rosesim.view.movie import movie
from rosesim.view.raster import Box, render
from rosesim.view.session import Session
from rosesim.view.sheet import contact_sheet
from rosesim.view.slope import tangents
from rosesim.view.window import Window, watch

__all__ = [
    "Attempt",
    "Beginning",
    "Box",
    "Live",
    "NoDisplay",
    "Optimizer",
    "Session",
    "Window",
    "attempts",
    "contact_sheet",
    "loss_curves",
    "movie",
    "open_display",
    "render",
    "require_mp4",
    "require_pictures",
    "tangents",
    "watch",
    "write_gif",
    "write_mp4",
    "write_png",
]
