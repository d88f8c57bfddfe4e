"""Pictures of scenes and of their optimisation; pygame and imageio are imported at the first picture."""

from rosesim.view.files import write_gif, write_png
from rosesim.view.movie import Attempt, attempts, movie, picture
from rosesim.view.raster import Box, render

__all__ = ["Attempt", "Box", "attempts", "movie", "picture", "render", "write_gif", "write_png"]
